package steps

import (
	"cmp"
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerTokens adds the judgements about what a client was issued.
func registerTokens(r registrar, w *World) {
	r.Then(`^`+subject+` holds (exactly|at least|no scope beyond|no known scope beyond|none of) `+what+`(, or is refused)?$`, w.holds)
	r.Then(`^each of them holds (exactly|no scope beyond) what (it asked for|its owner may grant)(, or is refused)?$`, w.eachHolds)
}

// holds compares what tokens are good for with a set.
func (w *World) holds(ctx context.Context, subject, how, named, otherwise string) error {
	set, err := w.set(named)
	if err != nil {
		return err
	}
	return w.each(ctx, subject, func(o *outcome) error {
		limit := set.Union(o.adds)
		switch {
		case o.refusal() != nil && otherwise != "":
			return nil
		case how == "exactly":
			return w.judgeExactly(ctx, o, limit, limit)
		case how == "at least":
			return w.judgeAtLeast(ctx, o, set)
		case o.refusal() != nil:
			return nil // it was issued nothing
		case how == "none of":
			return w.judgeNone(ctx, o, set)
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		if how == "no known scope beyond" { // what nobody knows opens nothing
			limit = limit.Union(anyAccount(seen).Minus(w.cast.KnownScopes()))
		}
		return w.judgeSeen(o.issue, seen, limit)
	})
}

// judgeExactly compares what an outcome is good for with what it is to have and
// what it may have.
func (w *World) judgeExactly(ctx context.Context, o *outcome, want, limit oauth.ScopeSet) error {
	if o.trouble != nil {
		return o.trouble
	}
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a token with %q", o.client.Name, r, want)
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if err := w.judgeSeen(o.issue, seen, limit); err != nil {
		return err
	}
	if missing := want.Minus(seen.Covers); !missing.IsEmpty() {
		return violation("%s holds %q, want exactly %q: %q is missing", o.client.Name, w.plain(seen.Effective, want), want, missing)
	}
	return nil
}

// anyAccount is everything that any account of a token says it is good for.
func anyAccount(seen *actor.Observation) oauth.ScopeSet {
	held := seen.Effective
	if seen.JWT != nil {
		held = held.Union(*seen.JWT)
	}
	if in := seen.Introspected; in != nil && in.Active {
		held = held.Union(in.Scope.Set)
	}
	return held
}

// judgeSeen takes every account of the token: some resource server will go by
// it.
func (w *World) judgeSeen(i *actor.Issue, seen *actor.Observation, limit oauth.ScopeSet) error {
	held := w.plain(anyAccount(seen), limit)
	limit = w.united(i, limit)
	if extra := w.beyond(held, limit); !extra.IsEmpty() {
		return excess("%s holds %q, want at most %q: %q is too much%s", i.Client.Name, held, limit, extra, cmp.Or(w.mayInclude(extra, limit), w.mayBeDefault(i)))
	}
	return nil
}

// united is a limit with what was agreed to before, where that comes with every
// request, as declared.
func (w *World) united(i *actor.Issue, limit oauth.ScopeSet) oauth.ScopeSet {
	if !w.unites() {
		return limit
	}
	return limit.Union(w.ledger.consents[consentKey{i.Owner, i.Root().Client, i.Other}])
}

// mayBeDefault ends a message about what came of a request without scope, where
// nobody has said what that means, and the server did not.
func (w *World) mayBeDefault(i *actor.Issue) string {
	if i.Authorization == nil || !i.Authorization.Omitted || !w.target().DefaultScope.IsEmpty() {
		return ""
	}
	return "; if that is what a request without scope means here, the target file can say so with authorization_server: {default_scope: …}"
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

// judgeAtLeast is for controls: what is too much is judged elsewhere.
func (w *World) judgeAtLeast(ctx context.Context, o *outcome, want oauth.ScopeSet) error {
	if r := o.refusal(); r != nil {
		return violation("%s was refused with %s, want a token with %q", o.client.Name, r, want)
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if missing := want.Minus(seen.Covers); !missing.IsEmpty() {
		return violation("%s holds %q, want %q as well", o.client.Name, seen.Effective, missing)
	}
	return nil
}

func (w *World) judgeNone(ctx context.Context, o *outcome, none oauth.ScopeSet) error {
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	if extra := w.hierarchy().Unexplained(seen.Effective, none); !extra.IsEmpty() {
		return excess("%s holds %q, want none of %q%s", o.client.Name, seen.Effective, extra, w.mayInclude(extra, seen.Effective.Minus(none)))
	}
	return nil
}

// eachHolds compares each outcome of a batch with what was asked, or with what
// was asked and may be granted. Where it says so, a refusal will do: of what was
// asked, or of what is more than may be granted.
func (w *World) eachHolds(ctx context.Context, how, what, otherwise string) error {
	err := w.each(ctx, "each of them", func(o *outcome) error {
		want, limit, refusable := o.asked, o.asked, otherwise != ""
		if what == "its owner may grant" {
			if o.owner.Limited {
				want, limit = want.Intersect(o.owner.Permissions), w.hierarchy().Meet(want, o.owner.Permissions)
			}
			refusable = refusable && !want.Equal(o.asked)
		}
		if o.refusal() != nil && (refusable || how != "exactly") {
			return nil
		}
		if how == "exactly" {
			return w.judgeExactly(ctx, o, want, limit)
		}
		seen, err := w.look(ctx, o)
		if err != nil {
			return err
		}
		return w.judgeSeen(o.issue, seen, limit)
	})
	if err != nil {
		return err
	}
	return w.robust()
}
