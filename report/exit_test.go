package report

import (
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
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
