package report

import (
	"fmt"

	"github.com/scopeproof/scopeproof/conformance"
)

// Line is one rule on one line, for output that is not a terminal: the outcome,
// the id, the requirement and, unless it conforms, why; if it does, how far. There is no line feed at
// the end.
func Line(v conformance.Verdict) string {
	line := fmt.Sprintf("%-14s  %s  %s", label(v.Outcome), oneLine(v.ID), oneLine(v.Text))
	if why := oneLine(summary(v)); why != "" && v.Outcome != conformance.Conforms {
		line += " (" + cut(why, 500) + ")"
	}
	if v.Outcome == conformance.Conforms && v.Note != "" {
		line += " (" + oneLine(v.Note) + ")"
	}
	return line
}
