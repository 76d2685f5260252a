package steps

import (
	"context"
	"net/http"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// opensExactly tries every operation of the API, HEAD for each GET as well.
func (w *World) opensExactly(ctx context.Context, client, want string) error {
	set, err := scope(want)
	if err != nil {
		return err
	}
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	issue, err := o.issued()
	if err != nil {
		return err
	}
	for _, op := range issue.API().Operations {
		if op.Name == "me" && !w.capable("rs.user_bound") {
			continue
		}
		methods := []string{op.Method}
		if op.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		for _, method := range methods {
			if err := w.opensOne(ctx, o, issue, op, method, set); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *World) opensOne(ctx context.Context, o *outcome, issue *actor.Issue, op target.Operation, method string, set oauth.ScopeSet) error {
	var on *actor.Object
	if addressed(op) {
		var err error
		if on, err = w.object(ctx, o.owner); err != nil {
			return err
		}
	}
	a, err := w.cast.CallWire(ctx, o.client.Name, issue.API(), op, issue.Response.AccessToken, on, o.owner, actor.Wire{Method: method})
	if err != nil {
		return err
	}
	if method == http.MethodHead && !a.Served() {
		return w.headNotServed(ctx, a, op, on, o.owner, op.Allows(set))
	}
	if err := w.note(a, op, on); err != nil {
		return err
	}
	needs, _ := op.Needs()
	switch {
	case a.Served() && !op.Allows(w.hierarchy().Closure(set)):
		return excess("%s %s is served to a token with %q: got %d, want 401 or 403, it needs %q", method, op.Path, set, a.Status, needs)
	case !a.Served() && op.Allows(set): // one that includes what is needed may be refused: an API may go by the word
		return violation("%s %s is refused to a token with %q: got %d%s, want 2xx", method, op.Path, set, a.Status, reason(a))
	}
	return nil
}

func (w *World) nothingWithoutToken(ctx context.Context, owner string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	for _, op := range w.target().API.Operations {
		var on *actor.Object
		if addressed(op) {
			if on, err = w.object(ctx, o); err != nil {
				return err
			}
		}
		a, err := w.cast.CallWire(ctx, "Stranger", w.target().API, op, "", on, o, actor.Wire{})
		if err != nil {
			return err
		}
		if a.Status == http.StatusBadRequest { // a token is missing in it (RFC 6750 section 3.1)
			w.attempts = append(w.attempts, a)
			continue
		}
		if err := w.note(a, op, on); err != nil {
			return err
		}
		if a.Served() {
			return excess("%s %s is served without a token: got %d, want 401", op.Method, op.Path, a.Status)
		}
	}
	return nil
}
