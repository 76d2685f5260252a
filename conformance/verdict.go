package conformance

import (
	"slices"
	"strings"
)

func verdict(rule *Rule) *Verdict {
	v := &Verdict{
		ID: rule.ID, Level: rule.Level, Text: rule.Text, Derived: rule.Derived, Loss: rule.Loss, Area: rule.Area(),
		Feature: rule.Feature, File: rule.File, Line: rule.Line, Sources: []string{}, Scenarios: []ScenarioResult{},
	}
	for _, s := range rule.Sources {
		v.Sources = append(v.Sources, s.String())
	}
	for _, n := range rule.Needs {
		v.Needs = append(v.Needs, n.Text)
	}
	return v
}

// leaveOut takes out the scenarios of which only their play showed that they do not
// apply. Without its control a rule that is not broken is not judged.
func (v *Verdict) leaveOut(rule *Rule) {
	var absent, control string
	judged, broken := len(v.Scenarios) == 0, false
	kept := []ScenarioResult{}
	for _, res := range v.Scenarios {
		n := slices.IndexFunc(rule.Scenarios, func(s Scenario) bool { return s.Line == res.Line })
		isControl := n >= 0 && rule.Scenarios[n].Control
		switch {
		case res.Outcome != NotApplicable:
			kept = append(kept, res)
			judged, broken = judged || !isControl, broken || res.Outcome == Violates
		case isControl:
			control = res.Message
		default:
			absent = res.Message
		}
	}
	v.Scenarios = kept
	switch {
	case !judged && absent != "":
		v.Outcome, v.Reason, v.Scenarios = NotApplicable, absent, []ScenarioResult{}
	case control != "" && !broken:
		v.Outcome, v.Reason, v.Scenarios = NotApplicable, control, []ScenarioResult{}
	}
}

// settle makes the verdict of a rule from its scenarios.
func (v *Verdict) settle() {
	if v.Outcome == NotApplicable {
		return
	}
	v.Outcome, v.Reason = Conforms, ""
	rank := map[Outcome]int{Conforms: 0, Deviates: 1, Inconclusive: 2, Violates: 3}
	var notes []string
	for _, s := range v.Scenarios {
		if rank[s.Outcome] > rank[v.Outcome] {
			v.Outcome, v.Reason = s.Outcome, s.Message
		}
		if s.Note != "" && !slices.Contains(notes, s.Note) {
			notes = append(notes, s.Note)
		}
	}
	v.Note = strings.Join(notes, "; ")
	if len(v.Scenarios) == 0 {
		v.Outcome, v.Reason = Inconclusive, "nothing was played"
	}
}
