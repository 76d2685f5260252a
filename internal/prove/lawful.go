package prove

import (
	"context"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// lawful runs the rules against a server that answers otherwise, and lawfully:
// nothing may be violated, and every rule must be judged or not apply.
func (p *proof) lawful(ctx context.Context, c lawful.Choice) (Result, error) {
	r := Result{ID: c.ID, Text: c.Text, Lawful: true, Breaks: selected(c.Deviates, p.rules), Violated: []string{}, Inconclusive: []string{}, Shown: map[string]string{}}
	var narrow narrowing
	if c.Apply != nil && len(c.Declares)+len(c.Without)+len(c.With) == 0 {
		narrow = p.undeclared.within(c.Apply, c.Deviates)
	}
	rep, err := p.run(ctx, fewRounds, narrow, embedded.Lawful(c.ID))
	if err != nil {
		return r, err
	}
	r.read(rep, p.rules)
	r.Run = len(rep.Rules)
	r.judge("", true)
	for _, v := range rep.Rules {
		if v.Outcome == conformance.Violates && slices.Contains(r.Violated, v.ID) {
			r.Reason, r.Proven = fmt.Sprintf("accused of %s; %s", v.ID, r.Reason), false
		}
	}
	return r, nil
}
