package report

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// defaultWidth is the width of a terminal of which nothing is known.
const defaultWidth = 80

// minWidth is the narrowest width that is kept to: below it, indents and ids
// would leave no room for words.
const minWidth = 40

// style is how a piece of text looks on a terminal: the parameters of ANSI's
// "select graphic rendition".
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
	blue   style = "1;34"
	purple style = "1;35"
)

// screen collects lines of a fixed width.
type screen struct {
	buf   bytes.Buffer
	width int
	color bool
}

func newScreen(width int, color bool) *screen {
	if width <= 0 {
		width = defaultWidth
	}
	return &screen{width: max(width, minWidth), color: color}
}

// paint puts text in a style, where colour is wanted.
func (s *screen) paint(look style, text string) string {
	if !s.color || look == plain || text == "" {
		return text
	}
	return "\x1b[" + string(look) + "m" + text + "\x1b[0m"
}

// line writes one line as it is.
func (s *screen) line(text string) { s.buf.WriteString(strings.TrimRight(text, " ") + "\n") }

// gap writes an empty line.
func (s *screen) gap() { s.buf.WriteByte('\n') }

// text writes a wrapped paragraph, each line indented by so many columns.
func (s *screen) text(indent int, text string) {
	s.hanging(indent, indent, "", plain, text)
}

// hanging writes a wrapped paragraph that starts with a label in a style of its
// own; its first line is indented by first columns and the others by rest.
func (s *screen) hanging(first, rest int, label string, look style, text string) {
	lead := ""
	if label != "" {
		lead = label + " "
	}
	taken := first + utf8.RuneCountInString(lead)
	lines := wrap(oneLine(text), s.width-taken, s.width-rest)
	if len(lines) == 0 {
		lines = []string{""}
	}
	s.line(strings.Repeat(" ", first) + s.paint(look, label) + lead[len(label):] + lines[0])
	for _, l := range lines[1:] {
		s.line(strings.Repeat(" ", rest) + l)
	}
}

// column pads text to width columns.
func column(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// columnRight pads text on the left.
func columnRight(text string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0)) + text
}
