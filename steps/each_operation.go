package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// eachOperation tries all operations of the API, those as well of which rules do not
// speak by name.
func (w *World) eachOperation(ctx context.Context, how, owner string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	for _, f := range w.allOperations() {
		op := f.Operation()
		sets := justEnough(op)
		if how == "refused" {
			sets = w.justTooLittle(op)
		}
		for _, scope := range sets {
			if err := w.tryWith(ctx, f, o, scope, how == "served"); err != nil {
				return err
			}
		}
	}
	return nil
}

// allOperations are those that a token can be good for.
func (w *World) allOperations() (all []target.FurtherOperation) {
	api := w.target().API
	for _, op := range api.Operations {
		if op.Name == "me" && !w.capable("rs.user_bound") || op.AllOf == "" && op.AnyOf == "" {
			continue
		}
		all = append(all, target.FurtherOperation{
			Name: op.Name, Method: op.Method, Path: op.Path, AllOf: op.AllOf, AnyOf: op.AnyOf, JSON: op.JSON,
		})
	}
	return append(all, api.Further...)
}

// justEnough are the scopes of which each is enough for an operation, and no more.
func justEnough(op target.Operation) (sets []oauth.ScopeSet) {
	needs, all := op.Needs()
	if all {
		return []oauth.ScopeSet{needs}
	}
	for _, token := range needs.Tokens() {
		sets = append(sets, oauth.NewScopeSet(token))
	}
	return sets
}

// justTooLittle are the scopes that have everything of the API but what an operation
// cannot do without, and what includes that. Where nothing is left, it is a token that
// says who somebody is.
func (w *World) justTooLittle(op target.Operation) (sets []oauth.ScopeSet) {
	needs, all := op.Needs()
	without := func(lost oauth.ScopeSet) (rest oauth.ScopeSet) {
		for _, token := range w.cast.APIScopes().Tokens() {
			if one := oauth.NewScopeSet(token); w.hierarchy().Closure(one).Intersect(lost).IsEmpty() {
				rest = rest.Union(one)
			}
		}
		if rest.IsEmpty() && w.capable("as.oidc") {
			return oauth.NewScopeSet("openid")
		}
		return rest
	}
	if !all {
		return []oauth.ScopeSet{without(needs)}
	}
	for _, token := range needs.Tokens() {
		sets = append(sets, without(oauth.NewScopeSet(token)))
	}
	return sets
}

// tryWith tries an operation with a token that is good for a scope.
func (w *World) tryWith(ctx context.Context, f target.FurtherOperation, o *actor.Owner, scope oauth.ScopeSet, enough bool) error {
	if scope.IsEmpty() {
		return nil // a token for nothing is another rule's
	}
	token, err := w.cast.Good(ctx, o, scope)
	if err != nil {
		return err
	}
	if enough {
		return w.opensTo(ctx, f, o, token, scope)
	}
	for range effectTries {
		if same, err := w.comesToNothing(ctx, f, o, token, scope); same || err != nil {
			return err
		}
	}
	return excess("Planner is refused %s (%s %s) with %q, and it is done all the same", f.Name, f.Method, f.Path, scope)
}

// effectTries is how often a refused attempt is seen to have had an effect before it
// is believed: others are at work there too.
const effectTries = 3

// comesToNothing says whether nothing came of an attempt.
func (w *World) comesToNothing(ctx context.Context, f target.FurtherOperation, o *actor.Owner, token oauth.AccessToken, scope oauth.ScopeSet) (same bool, err error) {
	trial, on, err := w.prepare(ctx, f, o)
	if err != nil {
		return false, err
	}
	before, err := trial.Effect(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, trial.Undo(ctx)) }()
	a, err := trial.Attempt(ctx, "Planner", token, on)
	if err != nil {
		return false, err
	}
	if err := w.note(a, f.Operation(), on); err != nil {
		return false, err
	}
	if a.Served() {
		needs, _ := f.Operation().Needs()
		return false, excess("Planner is served %s (%s %s) with %q: got %d, want 401 or 403, it needs %q", f.Name, f.Method, f.Path, scope, a.Status, needs)
	}
	after, err := trial.Effect(ctx)
	return before == after, err
}

// opensTo is an error where an attempt is refused, which means nothing where one
// with every scope is refused as well.
func (w *World) opensTo(ctx context.Context, f target.FurtherOperation, o *actor.Owner, token oauth.AccessToken, scope oauth.ScopeSet) error {
	a, err := w.perform(ctx, f, o, token)
	if err != nil || a.Served() {
		return err
	}
	if token, err = w.cast.Good(ctx, o, w.cast.APIScopes()); err != nil {
		return err
	}
	with, err := w.perform(ctx, f, o, token)
	switch {
	case err != nil:
		return err
	case !with.Served():
		return fmt.Errorf("%s (%s %s) is not served to a token with every scope of the API either: got %d, want 2xx; is it described as it is?", f.Name, f.Method, f.Path, with.Status)
	case !a.Refused():
		return fmt.Errorf("%s (%s %s) with %q: got %d, want 2xx", f.Name, f.Method, f.Path, scope, a.Status)
	}
	return violation("Planner is refused %s (%s %s) with %q: got %d%s, want 2xx", f.Name, f.Method, f.Path, scope, a.Status, reason(a))
}

// perform makes an attempt, and undoes it.
func (w *World) perform(ctx context.Context, f target.FurtherOperation, o *actor.Owner, token oauth.AccessToken) (*actor.Attempt, error) {
	trial, on, err := w.prepare(ctx, f, o)
	if err != nil {
		return nil, err
	}
	a, err := trial.Attempt(ctx, "Planner", token, on)
	if err != nil {
		return nil, err
	}
	if a.Served() && on != nil && mutates(f.Operation()) {
		w.changed[on] = true
	}
	return a, trial.Undo(ctx)
}

// prepare makes what an operation is about.
func (w *World) prepare(ctx context.Context, f target.FurtherOperation, o *actor.Owner) (trial *actor.Trial, on *actor.Object, err error) {
	if addressed(f.Operation()) {
		if on, err = w.object(ctx, o); err != nil {
			return nil, nil, err
		}
	}
	trial, err = w.cast.Prepare(ctx, f, o, on)
	return trial, on, err
}
