package target

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing that is wrong with a target file.
type Problem struct {
	// File is the file as the caller named it, or "--set KEY" or the environment
	// variable when the value came from there.
	File         string
	Line, Column int    // from 1; 0 when there is no place in a file
	Path         string // the key: "clients.actors.Planner.auth_method"; empty: the file
	Text         string // "got …, want …"
	Hint         string // how to mend it; may be empty
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Text)
	if p.Hint != "" {
		b.WriteString("\n    hint: " + p.Hint)
	}
	return b.String()
}

// Problems is everything that is wrong with a target file, in the order of the
// file. Secrets are never in it.
type Problems struct {
	List []Problem
}

// Error gives one problem a line, each hint on a line of its own beneath.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, problem := range p.List {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// err returns the problems as an error, sorted by place, or nil if there are
// none.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	sort.SliceStable(p.List, func(i, j int) bool {
		a, b := p.List[i], p.List[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		default:
			return a.Column < b.Column
		}
	})
	return p
}

// nearest returns a name among known that a typing mistake could have turned
// into got, or "".
func nearest(got string, known []string) string {
	best, most := "", max(1, len(got)/3)
	for _, name := range known {
		if strings.EqualFold(name, got) {
			return name
		}
		if d := distance(strings.ToLower(got), strings.ToLower(name)); d <= most {
			best, most = name, d-1
		}
	}
	return best
}

// distance is the number of single-byte insertions, deletions and changes
// between two strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost = 1 + min(previous, row[j], row[j+1])
			}
			previous, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// listed writes names for a message: `"a", "b" or "c"`.
func listed(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
