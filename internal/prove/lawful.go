package prove

import (
	"context"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// oneLawful runs the rules against a server that answers otherwise, and lawfully:
// nothing may be violated, and every rule must be judged or not apply.
func oneLawful(ctx context.Context, c lawful.Choice, o Options, catalogue *conformance.Catalogue, rules []*conformance.Rule) (Result, error) {
	r := Result{ID: c.ID, Text: c.Text, Lawful: true, Breaks: selected(c.Deviates, rules), Violated: []string{}, Inconclusive: []string{}, Shown: map[string]string{}}
	rep, err := conformance.Run(ctx, embedded.Reference(embedded.Lawful(c.ID)), conformance.With(conformance.Options{
		Seed: 1, Parallel: 1, Version: "prove", Catalogue: catalogue, Rules: o.Rules, Rounds: fewRounds,
	}))
	if err != nil {
		return r, err
	}
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	r.read(rep, rules)
	r.Run = len(rep.Rules)
	r.judge("", true)
	for _, v := range rep.Rules {
		if v.Outcome == conformance.Violates && slices.Contains(r.Violated, v.ID) {
			r.Reason, r.Proven = fmt.Sprintf("accused of %s; %s", v.ID, r.Reason), false
		}
	}
	return r, nil
}
