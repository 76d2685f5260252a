package prove

import (
	"context"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// otherwise are the lawful answers with which nothing else goes, in the server or in
// what describes it.
func otherwise(answers []lawful.Choice) map[string]func(*refserver.Policy) {
	all := map[string]func(*refserver.Policy){}
	for _, c := range answers {
		if c.Apply != nil && len(c.Declares)+len(c.Without)+len(c.With) == 0 {
			all[c.ID] = c.Apply
		}
	}
	return all
}

// lawful runs the rules against a server that answers otherwise, and lawfully:
// nothing may be violated, and every rule must be judged or not apply.
func (p *proof) lawful(ctx context.Context, c lawful.Choice) (Result, error) {
	r := Result{ID: c.ID, Text: c.Text, Lawful: true, Breaks: selected(c.Deviates, p.rules), Violated: []string{}, Inconclusive: []string{}, Shown: map[string]string{}}
	rep, err := p.run(ctx, fewRounds, p.undeclared.within(c.ID, c.Deviates), embedded.Lawful(c.ID))
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
