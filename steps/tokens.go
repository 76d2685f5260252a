package steps

import (
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerTokens adds the judgements about what a client was issued and told.
func registerTokens(r registrar, w *World) {
	r.Then(`^(\w+) holds exactly "([^"]*)"$`, w.holdsExactly)
	r.Then(`^(\w+) holds no scope beyond "([^"]*)"$`, w.holdsNoMore)
	r.Then(`^(\w+) receives no scope beyond "([^"]*)"$`, w.holdsNoMore)
	r.Then(`^(\w+)'s first token holds no scope beyond "([^"]*)"$`, w.firstHoldsNoMore)
	r.Then(`^(\w+) holds at least "([^"]*)"$`, w.holdsAtLeast)
	r.Then(`^(\w+) holds the required scopes$`, w.holdsRequired)
	r.Then(`^(\w+) holds none of the required scopes$`, w.holdsNoneRequired)
	r.Then(`^(\w+) holds the scopes for people only$`, w.holdsUserOnly)
	r.Then(`^each of them holds exactly what it asked for$`, w.eachHoldsExactly)
	r.Then(`^each of them holds exactly what its owner may grant, or is refused$`, w.eachHoldsPermitted)
}

func (w *World) holdsExactly(ctx context.Context, client, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	set, err := scope(want)
	if err != nil {
		return err
	}
	return w.judgeExactly(ctx, o, set)
}

// judgeExactly compares what an outcome is good for with a set, both ways.
func (w *World) judgeExactly(ctx context.Context, o *outcome, want oauth.ScopeSet) error {
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a token with %q", o.client.Name, r, want)
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if err := w.judgeSeen(o.issue, seen, want); err != nil {
		return err
	}
	if missing := want.Minus(seen.Effective); !missing.IsEmpty() {
		return violation("%s holds %q, want exactly %q: %q is missing", o.client.Name, w.plain(seen.Effective, want), want, missing)
	}
	return nil
}

func (w *World) holdsNoMore(ctx context.Context, client, most string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	limit, err := scope(most)
	if err != nil {
		return err
	}
	if o.refusal() != nil {
		return nil // it was issued nothing
	}
	return w.judgeNoMore(ctx, o.issue, limit)
}

func (w *World) judgeNoMore(ctx context.Context, i *actor.Issue, limit oauth.ScopeSet) error {
	seen, err := i.Observe(ctx, w.epoch)
	if err != nil {
		return err
	}
	return w.judgeSeen(i, seen, limit)
}

// judgeSeen takes everything that any account of the token says it is good for:
// some resource server will go by that account.
func (w *World) judgeSeen(i *actor.Issue, seen *actor.Observation, limit oauth.ScopeSet) error {
	held := seen.Effective
	if seen.JWT != nil {
		held = held.Union(*seen.JWT)
	}
	if in := seen.Introspected; in != nil && in.Active {
		held = held.Union(in.Scope.Set)
	}
	held = w.plain(held, limit)
	if w.unites() { // what was agreed to before comes with every request, as declared
		limit = limit.Union(w.ledger.consents[consentKey{i.Owner, i.Root().Client, i.Other}])
	}
	if extra := held.Minus(limit); !extra.IsEmpty() {
		return excess("%s holds %q, want at most %q: %q is too much", i.Client.Name, held, limit, extra)
	}
	return nil
}

// first is the first issue that gave a client a token.
func (w *World) first(ctx context.Context, client string) (*actor.Issue, error) {
	c, err := w.client(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, i := range c.Issues {
		if i.Response != nil {
			return i, nil
		}
	}
	return nil, fmt.Errorf("%s was issued no token", client)
}

func (w *World) firstHoldsNoMore(ctx context.Context, client, most string) error {
	i, err := w.first(ctx, client)
	if err != nil {
		return err
	}
	limit, err := scope(most)
	if err != nil {
		return err
	}
	return w.judgeNoMore(ctx, i, limit)
}

func (w *World) holdsRequired(ctx context.Context, client string) error {
	return w.holdsAtLeast(ctx, client, w.target().Description.AuthorizationServer.RequiredScopes)
}

// holdsAtLeast is for controls: what is too much is judged elsewhere.
func (w *World) holdsAtLeast(ctx context.Context, client, want string) error {
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a token with %q", client, r, want)
	}
	held, err := w.effective(ctx, o.issue)
	if err != nil {
		return err
	}
	if missing := oauth.FieldsScope(want).Minus(held); !missing.IsEmpty() {
		return violation("%s holds %q, want %q as well", client, held, missing)
	}
	return nil
}

func (w *World) holdsNoneRequired(ctx context.Context, client string) error {
	none := oauth.FieldsScope(w.target().Description.AuthorizationServer.RequiredScopes)
	o, err := w.outcomeOf(client)
	if err != nil || o.refusal() != nil {
		return err
	}
	held, err := w.effective(ctx, o.issue)
	if err != nil {
		return err
	}
	if extra := held.Intersect(none); !extra.IsEmpty() {
		return excess("%s holds %q, want none of %q", client, held, extra)
	}
	return nil
}

func (w *World) holdsUserOnly(ctx context.Context, client string) error {
	return w.holdsAtLeast(ctx, client, w.target().Description.AuthorizationServer.UserOnlyScopes)
}

func (w *World) eachHoldsExactly(ctx context.Context) error {
	if len(w.batch) == 0 {
		return fmt.Errorf("nothing was asked for")
	}
	for n, o := range w.batch {
		if err := w.judgeExactly(ctx, o, o.asked); err != nil {
			return numbered(n, err)
		}
	}
	return nil
}

func (w *World) eachHoldsPermitted(ctx context.Context) error {
	if len(w.batch) == 0 {
		return fmt.Errorf("nothing was asked for")
	}
	for n, o := range w.batch {
		may := o.asked
		if o.owner.Limited {
			may = may.Intersect(o.owner.Permissions)
		}
		if o.refusal() != nil && !may.Equal(o.asked) {
			continue // refusing what is too much is lawful
		}
		if err := w.judgeExactly(ctx, o, may); err != nil {
			return numbered(n, err)
		}
	}
	return nil
}

// numbered says in which repetition a violation was seen.
func numbered(n int, err error) error {
	if v, ok := err.(*Violation); ok {
		of := *v
		of.Message = fmt.Sprintf("request %d: %s", n+1, v.Message)
		return &of
	}
	return fmt.Errorf("request %d: %w", n+1, err)
}
