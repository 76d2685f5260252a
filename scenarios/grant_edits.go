package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

const (
	// stormers is how many refresh one grant while it is edited, each a token of its own
	// where the server lets a client have several.
	stormers = 6
	// before and after are how often each of them refreshes before and after an
	// edit.
	before, after = 4, 6
)

// GrantEdits has people take a scope out of what they granted while several tokens
// of that grant are refreshed. What is issued before has all of it (REF-01); what
// is asked for once the edit was answered has no more than what is left (CONC-03).
func GrantEdits() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "grant-edits",
		Text:    "People take a scope out of a grant while its tokens are refreshed; nothing that is asked for after the answer has more than what is left.",
		Rules:   []string{"CONC-03", "REF-01"},
		Needs:   needs("as.code", "as.refresh", "consent.edit=edit_scopes"),
		Prepare: prepareEdits,
	}
}

func prepareEdits(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(3 * burst)}
	if !s.HasClient("Planner") || !s.HasOwner("Ada") {
		return plan, errors.New("the target has no client Planner, or no Ada")
	}
	cells := 1
	if s.Registers() {
		cells = min(max(2, int(s.Rate/50)), 16)
	}
	var chains []loadtest.Chain
	for range cells {
		o := s.Others()
		c, err := o.Client(ctx, "Planner")
		if err != nil {
			return plan, err
		}
		if err := o.Owner(ctx, "Ada"); err != nil {
			return plan, err
		}
		st, err := newStorm(ctx, o, c)
		if err != nil {
			return plan, err
		}
		chains = append(chains, o.Scripts(1, st.edit)...)
		chains = append(chains, o.Scripts(int(st.crew), st.refresh)...)
	}
	plan.Hits = []loadtest.Hit{{Chains: chains}}
	return plan, nil
}

// storm is a grant whose tokens are refreshed while it is edited, round after
// round.
type storm struct {
	client *loadtest.Client
	crew   int64 // how many refresh
	// all is what is granted in the beginning, left what an edit leaves of it.
	all, left oauth.ScopeSet

	whole, either, narrowed loadtest.Expectation
	late                    *loadtest.Measure

	round   atomic.Int64
	ready   atomic.Int64 // who has refreshed often enough for the edit to come
	editing atomic.Bool  // the edit was sent
	edited  atomic.Int64 // when it was answered, in nanoseconds since began; 0: it was not
	done    atomic.Int64 // who has refreshed often enough since
	began   time.Time
}

func newStorm(ctx context.Context, s *loadtest.Stage, c *loadtest.Client) (*storm, error) {
	t, err := s.Player().Token(ctx, c, "Ada", loadtest.Consent{Scope: both, Refreshing: true})
	if err != nil {
		return nil, err
	}
	if !writing.SubsetOf(t.Scope) {
		return nil, fmt.Errorf("%s asks Ada for %q alone: was granted %q", c.Name, both, t.Scope)
	}
	if _, err := s.Player().Token(ctx, c, "Ada", loadtest.Consent{Scope: both, Refreshing: true}); err != nil {
		return nil, err
	}
	still, err := s.Player().Refresh(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	st := &storm{client: c, crew: stormers, all: t.Scope, left: t.Scope.Union(s.Of(both, t.Scope)).Minus(writing), began: time.Now()}
	if still == nil { // what is granted later ends what was granted before
		st.crew = 1
	}
	whose := loadtest.Holder{Client: c, Owner: "Ada"}
	st.whole = s.Issues(loadtest.Grant{Rule: "REF-01", Denied: "REF-01", Asked: st.all, Must: st.all, May: st.all, Holder: whose})
	// While the edit is under way both are right, and so is ending what was edited.
	st.either = s.Issues(loadtest.Grant{Rule: "REF-01", Denied: "REF-01", Asked: st.all, May: st.all, Refusal: loadtest.RefusalIsLawful, Holder: whose})
	st.narrowed = s.Issues(loadtest.Grant{Rule: "CONC-03", Denied: "CONC-03", Asked: st.all, May: st.left, Refusal: loadtest.RefusalIsLawful, Holder: whose})
	st.late = s.Measure("stale_after_edit", "ms", "for how long a refresh yielded what was taken out of the grant, after the answer to that")
	return st, nil
}

// edit takes a scope out of the grant when all have refreshed for a while, waits
// until they have done so afterwards, and lets the next round begin.
func (st *storm) edit(ctx context.Context, p *loadtest.Player) error {
	for st.ready.Load() < st.crew {
		if err := p.Rest(ctx, moment); err != nil {
			return err
		}
	}
	st.editing.Store(true)
	if err := p.RemoveScope(ctx, "Ada", st.client, writing, st.left); err != nil {
		return err
	}
	st.edited.Store(int64(time.Since(st.began)) + 1)
	for st.done.Load() < st.crew {
		if err := p.Rest(ctx, moment); err != nil {
			return err
		}
	}
	st.ready.Store(0)
	st.done.Store(0)
	st.edited.Store(0)
	st.editing.Store(false)
	st.round.Add(1)
	return nil
}

// refresh obtains a token, refreshes it until the grant was edited and a while
// longer, and waits for the next round.
func (st *storm) refresh(ctx context.Context, p *loadtest.Player) error {
	round := st.round.Load()
	t, err := p.Token(ctx, st.client, "Ada", loadtest.Consent{Scope: both, Refreshing: true})
	if err != nil {
		return err
	}
	for n := 1; t != nil && st.edited.Load() == 0; n++ {
		if n == before {
			st.ready.Add(1)
		}
		if t, err = st.once(ctx, p, t); err != nil {
			st.leave(n >= before)
			return err
		}
	}
	for n := 0; t != nil && n < after; n++ {
		if t, err = st.once(ctx, p, t); err != nil {
			break
		}
	}
	st.done.Add(1)
	for err == nil && st.round.Load() == round {
		err = p.Rest(ctx, moment)
	}
	return err
}

// leave takes back that somebody is ready who begins anew.
func (st *storm) leave(ready bool) {
	if ready {
		st.ready.Add(-1)
	}
}

// once refreshes, and judges the answer by what was known when it was asked for
// and when it was answered. The token is nil where the grant has ended.
func (st *storm) once(ctx context.Context, p *loadtest.Player, t *loadtest.Token) (*loadtest.Token, error) {
	edited := st.edited.Load()
	sent := int64(time.Since(st.began)) + 1
	next, err := p.Refresh(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case edited > 0:
		p.Expect(st.narrowed)
		late := 0.0
		if next != nil && next.Scope.Has("write:appointments") {
			late = float64(sent-edited) / 1e6
		}
		st.late.Add(late)
	case st.editing.Load():
		p.Expect(st.either)
	default:
		p.Expect(st.whole)
	}
	return next, nil
}
