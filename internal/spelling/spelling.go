// Package spelling writes the names that are allowed for a message, and finds those
// that somebody meant who wrote another.
package spelling

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	mostMeant  = 3  // how many names a hint has
	mostListed = 24 // how many names a message has
)

// Nearest returns the name that a typing mistake could have turned into got, or "".
func Nearest(got string, known []string) string {
	if near := Near(got, known); len(near) > 0 {
		return near[0]
	}
	return ""
}

// Near returns the few names that somebody may have meant with got, the likeliest
// first: the same in other letter case, those that differ by a typing mistake, and
// those that begin with got, or else have it as a word.
func Near(got string, known []string) []string {
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	lower := strings.ToLower(got)
	allowed := max(1, len(got)/3)
	for _, name := range known {
		other := strings.ToLower(name)
		far := distance(lower, other)
		switch {
		case far <= allowed:
		case len(got) >= 2 && strings.HasPrefix(other, lower):
			far = allowed + 1
		case len(got) >= 3 && slices.Contains(words(other), lower):
			far = allowed + 2
		default:
			continue
		}
		found = append(found, candidate{name, far})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.far - b.far })
	var names []string
	for _, c := range found {
		// What is as near as a typing mistake leaves out what is further.
		if len(names) == mostMeant || found[0].far <= 1 && c.far > found[0].far {
			break
		}
		names = append(names, c.name)
	}
	return names
}

// words are the parts of a name: "unknown" and "scope" of unknown_scope.
func words(name string) []string {
	return strings.FieldsFunc(name, func(c rune) bool { return strings.ContainsRune("-_./", c) })
}

// DidYouMean is a hint with what somebody may have meant: `did you mean "a" or
// "b"?`; else the otherwise given one.
func DidYouMean(got string, known []string, otherwise string) string {
	if near := Near(got, known); len(near) > 0 {
		return "did you mean " + Listed(near) + "?"
	}
	return otherwise
}

// Listed writes names for a message: `"a", "b" or "c"`.
func Listed(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// TooMany reports whether names are too many for one message.
func TooMany(names []string) bool { return len(names) > mostListed }

// Wanted is [Listed], or of names that are [TooMany] how many there are.
func Wanted(names []string) string {
	if TooMany(names) {
		return fmt.Sprintf("one of %d", len(names))
	}
	return Listed(names)
}

// distance is how many bytes must be put in, taken out, changed, or exchanged with
// the next one to turn a into b.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
