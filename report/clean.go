package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine makes text safe to print on one line of a terminal: line breaks and
// runs of white space become a space, other control and direction characters
// become visible escapes.
func oneLine(s string) string {
	return visible(strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " "))
}

// visible replaces control characters and those that change the direction of
// text by escapes, and keeps line feeds and tabs.
func visible(s string) string {
	if strings.IndexFunc(s, isHidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if isHidden(c) {
			fmt.Fprintf(&b, `\u%04x`, c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// isHidden reports whether a character would act on a terminal or a page rather
// than show.
func isHidden(c rune) bool {
	if c == '\n' || c == '\t' {
		return false
	}
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
}

// cut shortens text to at most limit characters and says how many it left out.
func cut(s string, limit int) string {
	total := utf8.RuneCountInString(s)
	if total <= limit {
		return s
	}
	kept := 0
	for i := range s {
		if kept == limit {
			s = s[:i]
			break
		}
		kept++
	}
	return fmt.Sprintf("%s… (%s more)", s, count(total-limit, "character"))
}

// wrap breaks text into lines: the first of at most first characters, the others
// of at most rest. Words that are longer than a line are broken.
func wrap(text string, first, rest int) []string {
	var lines []string
	var line []rune
	width := max(first, 1)
	end := func() {
		lines, line, width = append(lines, string(line)), nil, max(rest, 1)
	}
	for _, field := range strings.Fields(text) {
		word := []rune(field)
		if len(line) > 0 && len(line)+1+len(word) <= width {
			line = append(append(line, ' '), word...)
			continue
		}
		if len(line) > 0 {
			end()
		}
		for len(word) > width {
			line = append(line, word[:width]...)
			word = word[width:]
			end()
		}
		line = append(line, word...)
	}
	if len(line) > 0 {
		end()
	}
	return lines
}
