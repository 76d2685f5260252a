package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/target"
)

// Warning is something that was observed of the target, that may well be so, and that
// a target which is broken in just this shows as well: rules that need it otherwise
// were not judged. What the target file declares is no warning.
type Warning struct {
	// Text is what was observed, and of how many rules it took scenarios away.
	Text string `json:"text"`
	Hint string `json:"hint"`
	// Capabilities are what was observed to be otherwise than rules need it.
	Capabilities []target.Capability `json:"capabilities"`
	// Rules are those that would apply otherwise, or would have more scenarios.
	Rules []string `json:"rules"`
}

// warnings are what took rules away, by what was observed, that of most rules first.
func (r *run) warnings() []Warning {
	var all []Warning
	sources := map[string]int{}
	for _, rule := range r.selected {
		for name, finding := range r.observed(rule) {
			n, known := sources[finding.Source]
			if !known {
				n = len(all)
				sources[finding.Source] = n
				all = append(all, Warning{})
			}
			w := &all[n]
			if !slices.Contains(w.Capabilities, name) {
				w.Capabilities = append(w.Capabilities, name)
			}
			if !slices.Contains(w.Rules, rule.ID) {
				w.Rules = append(w.Rules, rule.ID)
			}
		}
	}
	for i := range all {
		all[i].say(r.stage.Target)
	}
	slices.SortStableFunc(all, func(a, b Warning) int {
		if d := len(b.Rules) - len(a.Rules); d != 0 {
			return d
		}
		return strings.Compare(a.Text, b.Text)
	})
	return all
}

// observed is what alone keeps scenarios of a rule from being played: what they need,
// and was observed to be otherwise.
func (r *run) observed(rule *Rule) map[target.Capability]target.Finding {
	found := map[target.Capability]target.Finding{}
	for _, s := range rule.Scenarios {
		missing := map[target.Capability]target.Finding{}
		only := r.missing(s) == ""
		for _, n := range slices.Concat(rule.Needs, s.Needs) {
			if answer, _ := n.Met(r.stage.Target); answer != NotMet {
				continue
			}
			doubted := n.doubted(r.stage.Target)
			only = only && len(doubted) > 0
			for name, finding := range doubted {
				missing[name] = finding
			}
		}
		if only {
			for name, finding := range missing {
				found[name] = finding
			}
		}
	}
	return found
}

// doubted are the capabilities of a need that were observed to be missing.
func (n Need) doubted(t *target.Resolved) map[target.Capability]target.Finding {
	found := map[target.Capability]target.Finding{}
	for _, c := range n.any {
		name := target.Capability(c.name)
		if f := t.Capabilities[name]; !c.choice && f.Doubtful() {
			found[name] = f
		}
	}
	return found
}

// say writes what there is to read.
func (w *Warning) say(t *target.Resolved) {
	order := target.Capabilities()
	place := func(name target.Capability) int {
		return slices.IndexFunc(order, func(i target.CapabilityInfo) bool { return i.Name == name })
	}
	slices.SortFunc(w.Capabilities, func(a, b target.Capability) int { return place(a) - place(b) })
	slices.Sort(w.Rules)
	first := w.Capabilities[0]
	f := t.Capabilities[first]
	rules := "1 rule is not judged, or only in part"
	if n := len(w.Rules); n > 1 {
		rules = fmt.Sprintf("%d rules are not judged, or only in part", n)
	}
	w.Text = fmt.Sprintf("%s is %s (%s): %s", first, f.Value, f.Source, rules)
	w.Hint = fmt.Sprintf("a server that is broken in this looks the same; capabilities.%s in the target file says how it should be, and then it is held to that", first)
}
