package report

import (
	"bytes"
	"fmt"
	"strings"
)

// markdownLimit is the most that a summary may have, in bytes. GitHub drops a job
// summary of 1 MiB as a whole, and now and then one that is a little smaller.
const markdownLimit = 900_000

// markdownNote is the room kept for the note that says what was left out.
const markdownNote = 400

// mdWriter collects Markdown up to the limit. Once a block does not fit, it and
// all that follow are left out and counted.
type mdWriter struct {
	buf     bytes.Buffer
	limit   int
	leftOut int // rules and rows that did not fit
}

// add writes a block if it fits, and reports whether it did.
func (m *mdWriter) add(block string) bool {
	if m.leftOut > 0 || m.buf.Len()+len(block) > m.limit-markdownNote {
		m.leftOut++
		return false
	}
	m.buf.WriteString(block)
	return true
}

// table writes a table, row by row; an empty one is not written.
func (m *mdWriter) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	rule := strings.Repeat("| --- ", len(head)) + "|\n"
	m.add("| " + strings.Join(head, " | ") + " |\n" + rule)
	for _, row := range rows {
		m.add("| " + strings.Join(row, " | ") + " |\n")
	}
	m.add("\n")
}

// fold writes what body writes inside a <details> that is always closed again.
func (m *mdWriter) fold(title string, body func()) {
	if !m.add("<details><summary>" + md(title) + "</summary>\n\n") {
		return
	}
	body()
	m.buf.WriteString("</details>\n\n") // kept room for
}

// bytes is what was written, with a note where something was left out.
func (m *mdWriter) bytes(file string) []byte {
	if m.leftOut > 0 {
		fmt.Fprintf(&m.buf, "\n**Cut to fit:** %s or more (a rule, a row of a table or a section) left out from here on; %s has everything.\n",
			count(m.leftOut, "block"), file)
	}
	return m.buf.Bytes()
}

// md escapes text for Markdown, also inside a table: nothing in it becomes
// markup, a mention or HTML, and it stays on one line.
func md(s string) string {
	s = oneLine(s)
	var b strings.Builder
	for _, c := range s {
		switch c {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '@':
			b.WriteString("&#64;")
		case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '|', '~', '!', '$':
			b.WriteRune('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// mdCut escapes text and shortens it first, for a cell of a table.
func mdCut(s string, limit int) string { return md(cut(oneLine(s), limit)) }
