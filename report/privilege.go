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
	for _, o := range p.Operations {
		switch {
		case len(o.Undeclared) > 0:
			lines = append(lines, fmt.Sprintf("%s %s is served with %s, and is declared to need %s", o.API, o.Name, quoted(o.Undeclared), quoted(o.Declared)))
		case len(o.Sufficient) > 1:
			lines = append(lines, fmt.Sprintf("%s %s accepts %s, as declared: to ask for one is enough", o.API, o.Name, quoted(o.Sufficient)))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "no operation was served with less than it is declared to need, and every scope that was granted opened something")
	}
	return lines
}

// privilegeBrief says the same in one line: how many of each there are.
func privilegeBrief(r *conformance.Report) string {
	p := r.Privilege
	if p == nil {
		return ""
	}
	var parts []string
	add := func(n int, noun, what string) {
		if n > 0 {
			parts = append(parts, count(n, noun)+" "+what)
		}
	}
	add(len(p.Unneeded()), "scope", "that no operation was seen to need")
	add(len(p.Unexercised()), "scope", "granted that opened nothing")
	add(len(p.Undeclared()), "operation", "served with less or else than declared")
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " (-v and report.html list them)"
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
