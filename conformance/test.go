package conformance

import (
	"context"
	"slices"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

// Test judges the rules inside go test: each rule is a subtest named by its id,
// each scenario one beneath it, so that -run 'TestScopes/REF-03' plays that rule
// alone. A rule that does not apply is skipped with its reason. The target is
// closed when the test ends.
func Test(t *testing.T, src target.Source, opts ...Option) {
	t.Helper()
	ctx := t.Context()
	r, err := open(ctx, src, opts)
	if err != nil {
		t.Fatal(err)
	}
	// Subtests that run in parallel end after this function has returned, and
	// before the clean-up.
	t.Cleanup(func() { r.report(t) })
	parallel := r.parallel()
	slots := make(chan struct{}, parallel)
	for _, rule := range r.selected {
		t.Run(rule.ID, func(t *testing.T) {
			if parallel > 1 && !r.exclusive(rule) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
			}
			r.replay(t, r.judge(t.Context(), rule))
		})
	}
}

// replay shows a verdict as the result of a subtest.
func (r *run) replay(t *testing.T, v *Verdict) {
	t.Helper()
	shown := *v
	shown.Scenarios = slices.Clone(v.Scenarios)
	excuse(&shown, r.options.Expect)
	if shown.Outcome == NotApplicable {
		t.Skipf("%s does not apply: %s", shown.ID, shown.Reason)
	}
	for _, s := range shown.Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			switch s.Outcome {
			case Conforms:
			case Known:
				t.Skipf("%s: known: %s", shown.ID, s.Message)
			case Deviates:
				if r.options.Strict {
					t.Errorf("%s", shown.Describe(s))
				} else {
					t.Logf("%s", shown.Describe(s))
				}
			default:
				t.Errorf("%s", shown.Describe(s))
			}
		})
	}
}

// report ends the run: what was charged to a rule after its subtest had ended,
// and what is wrong with the run as a whole, fails the test itself.
func (r *run) report(t *testing.T) {
	t.Helper()
	if len(r.verdicts) < len(r.selected) {
		r.options.Expect = nil // -run chose a part: an entry that was not looked for is not stale
	}
	rep, err := r.finish(context.WithoutCancel(t.Context())) // which has ended, and interrupted nothing
	if err != nil {
		t.Error(err)
	}
	if rep != nil {
		for _, v := range rep.Rules {
			for _, s := range v.Scenarios {
				if s.ChargedFrom != "" && s.Outcome == Violates {
					t.Errorf("%s", v.Describe(s))
				}
			}
		}
		if len(r.verdicts) == len(r.selected) {
			for _, p := range rep.Problems {
				t.Error(p.Text)
			}
		}
	}
}
