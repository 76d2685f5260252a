package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Expectation is a known deviation of a target: one entry of an expectation
// file.
type Expectation struct {
	Rule string `yaml:"rule" json:"rule"`
	// Scenario is the name of the scenario; left out: any of the rule.
	Scenario string `yaml:"scenario,omitempty" json:"scenario,omitempty"`
	// Shows is a part of the message that must still appear, so that the entry
	// cannot hide a new break of the same rule.
	Shows string `yaml:"shows" json:"shows"`
	// Sometimes says that what comes of requests at once is not seen each time, so
	// that the entry is not stale when it is not.
	Sometimes bool `yaml:"sometimes,omitempty" json:"sometimes,omitempty"`
	// Reason says why it is so, in a sentence.
	Reason string `yaml:"reason" json:"reason"`
	// Source cites the standard.
	Source string `yaml:"source" json:"source"`
	// Evidence is an excerpt of the exchange.
	Evidence string `yaml:"evidence" json:"evidence"`
	// Upstream is the issue with those who make the server, where there is one.
	Upstream string `yaml:"upstream,omitempty" json:"upstream,omitempty"`

	// File and Line are where the entry begins, for messages; not of a file: empty.
	File string `yaml:"-" json:"-"`
	Line int    `yaml:"-" json:"-"`
}

// FillIn begins the value of a field that a person has to write before the entry
// counts. A file in which one is left is refused.
const FillIn = "TODO: "

// place is the beginning of a message about an entry: "expect.yaml:12: ".
func (e Expectation) place() string {
	if e.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", e.File, e.Line)
}

// knows refuses entries about rules that do not exist, all of them at once.
func (c *Catalogue) knows(entries []Expectation) error {
	var problems []string
	hint := ""
	for _, e := range entries {
		if c.Find(e.Rule) == nil {
			problems = append(problems, fmt.Sprintf("%san expectation names rule %q, which does not exist", e.place(), e.Rule))
			hint = c.near(e.Rule)
		}
	}
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return &UsageError{Text: problems[0], Hint: hint + "; or remove the entry"}
	}
	return &UsageError{Text: strings.Join(problems, "\n"), Hint: "correct the entries, or remove them"}
}

// ReadExpect reads an expectation file: a list of entries. File is for
// messages. Every entry that is wrong is named.
func ReadExpect(file string, data []byte) ([]Expectation, error) {
	var nodes []yaml.Node
	if err := yaml.Unmarshal(data, &nodes); err != nil {
		return nil, &UsageError{Text: fmt.Sprintf("%s: %v", file, err), Hint: "an expectation file is a list of {rule, scenario, shows, sometimes, reason, source, evidence, upstream}"}
	}
	var all []Expectation
	var problems []string
	for _, n := range nodes {
		e := Expectation{File: file, Line: n.Line}
		if err := strict(&n, &e); err != nil {
			problems = append(problems, fmt.Sprintf("%s%v", e.place(), err))
			continue
		}
		for _, field := range []struct{ name, value string }{
			{"rule", e.Rule}, {"shows", e.Shows}, {"reason", e.Reason}, {"source", e.Source}, {"evidence", e.Evidence}, {"upstream", e.Upstream},
		} {
			switch {
			case strings.TrimSpace(field.value) == "" && field.name != "upstream":
				problems = append(problems, fmt.Sprintf("%s%s is missing or empty", e.place(), field.name))
			case strings.HasPrefix(field.value, strings.TrimSpace(FillIn)):
				problems = append(problems, fmt.Sprintf("%s%s is still to be written: got %q", e.place(), field.name, field.value))
			}
		}
		e.Rule = strings.ToUpper(e.Rule) // as ids are
		all = append(all, e)
	}
	if len(problems) > 0 {
		return nil, &UsageError{Text: strings.Join(problems, "\n")}
	}
	return all, nil
}

// strict decodes a node and refuses members that the type does not have.
func strict(n *yaml.Node, into any) error {
	data, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// matches reports whether an entry is about a scenario that did not hold.
func (e Expectation) matches(rule string, s ScenarioResult) bool {
	return e.Rule == rule && (e.Scenario == "" || e.Scenario == s.Name) && strings.Contains(s.Message, e.Shows)
}

// excuse turns what is known into Known, and returns which entries matched. What
// is left of the verdict is that of the other scenarios.
func excuse(v *Verdict, known []Expectation) (used []int) {
	reason := ""
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		if s.Outcome != Violates && s.Outcome != Deviates {
			continue
		}
		for n, e := range known {
			if e.matches(v.ID, *s) {
				used = append(used, n)
				s.Outcome = Known
				reason = e.Reason
				break
			}
		}
	}
	if len(used) == 0 {
		return nil
	}
	if v.settle(); v.Outcome == Conforms {
		v.Outcome, v.Reason = Known, reason
	}
	return used
}
