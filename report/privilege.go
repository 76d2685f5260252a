package report

import (
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// privilegeTitle heads what was observed of least privilege.
const privilegeTitle = "Least privilege, as observed in this run"

// privilegeLines say in a line each where less would have done.
func privilegeLines(r *conformance.Report) []string {
	p := r.Privilege
	if p == nil {
		return nil
	}
	var lines []string
	if names := p.Unneeded(); len(names) > 0 {
		lines = append(lines, "no operation was seen to need: "+strings.Join(names, ", "))
	}
	if names := p.Unexercised(); len(names) > 0 {
		lines = append(lines, "granted, and opened nothing to any token: "+strings.Join(names, ", "))
	}
	for _, o := range p.Undeclared() {
		lines = append(lines, fmt.Sprintf("%s %s is served with %s, and is declared to need %s", o.API, o.Name, quoted(o.Undeclared), quoted(o.Declared)))
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("each of %s was served with what it is declared to need and with no less, and every scope that was granted opened something", count(len(p.Operations), "operation")))
	}
	return lines
}

// quoted lists scopes of which one is enough.
func quoted(scopes []string) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = `"` + s + `"`
		if s == "" {
			words[i] = "no scope"
		}
	}
	return strings.Join(words, " or ")
}
