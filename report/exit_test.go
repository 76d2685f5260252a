package report

import (
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

func TestExitCodes(t *testing.T) {
	type problems = []conformance.Problem
	type outcomes = []conformance.Outcome
	for _, c := range []struct {
		name     string
		outcomes outcomes
		problems problems
		strict   bool
		want     int
	}{
		{"all conform", outcomes{conformance.Conforms}, nil, false, 0},
		{"a known deviation", outcomes{conformance.Conforms, conformance.Known}, nil, true, 0},
		{"only known deviations", outcomes{conformance.Known}, nil, false, 0},
		{"some not applicable", outcomes{conformance.Conforms, conformance.NotApplicable}, nil, false, 0},
		{"a deviation", outcomes{conformance.Deviates}, nil, false, 0},
		{"a deviation in a strict run", outcomes{conformance.Deviates, conformance.Conforms}, nil, true, 1},
		{"a violation", outcomes{conformance.Conforms, conformance.Violates}, nil, false, 1},
		{"a violation wins over inconclusive", outcomes{conformance.Inconclusive, conformance.Violates}, nil, false, 1},
		{"inconclusive", outcomes{conformance.Conforms, conformance.Inconclusive}, nil, false, 3},
		{"an outcome that nobody knows", outcomes{conformance.Conforms, "fine"}, nil, false, 3},
		{"all not applicable", outcomes{conformance.NotApplicable}, nil, false, 3},
		{"no rules", nil, nil, false, 3},
		{"a stale entry", outcomes{conformance.Conforms}, problems{{Exit: 1}}, false, 1},
		{"a problem of usage wins", outcomes{conformance.Violates}, problems{{Exit: 2}}, false, 2},
		{"an inconclusive problem", outcomes{conformance.Conforms}, problems{{Exit: 3}}, false, 3},
		{"a problem without a code", outcomes{conformance.Conforms}, problems{{}}, false, 3},
		{"an interruption wins over all", outcomes{conformance.Violates}, problems{{Exit: 1}, {Exit: 130}}, false, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &conformance.Report{Problems: c.problems}
			for _, o := range c.outcomes {
				r.Rules = append(r.Rules, conformance.Verdict{Outcome: o})
			}
			if got := ExitCode(r, c.strict); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestLoadExitCodes(t *testing.T) {
	one := 1.0
	kept := loadtest.ScenarioReport{Outcome: loadtest.Kept}
	for _, c := range []struct {
		name string
		r    loadtest.Report
		want int
	}{
		{"kept", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept, {Outcome: loadtest.NotApplicable}}, Thresholds: []loadtest.ThresholdResult{{Value: &one, Held: true}}}, 0},
		{"a leak", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Inconclusive, Leaks: 1}}}, 1},
		{"broken", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Broken}}}, 1},
		{"a missed threshold", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept}, Thresholds: []loadtest.ThresholdResult{{Value: &one}}}, 1},
		{"a threshold without samples", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept}, Thresholds: []loadtest.ThresholdResult{{Held: true}}}, 3},
		{"too slow", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept, {Outcome: loadtest.Inconclusive}}}, 3},
		{"nothing applies", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.NotApplicable}}}, 3},
		{"nothing ran", loadtest.Report{}, 3},
		{"interrupted", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Broken}}, Interrupted: true}, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LoadExitCode(&c.r); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
