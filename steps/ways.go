package steps

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// askEverywhere asks on each way that the target has.
func (w *World) askEverywhere(ctx context.Context, r request) error {
	ways, err := w.ways(ctx, r)
	if err != nil {
		return err
	}
	w.batch = nil
	for _, way := range ways {
		o, err := w.ask(ctx, way)
		if err != nil {
			return fmt.Errorf("%s: %w", way.how, err)
		}
		o.how, o.way, o.adds = way.how, way.via, way.adds
		if way.via == "" {
			o.way = target.ByAuthorization
		}
		if way.alone {
			o.way = target.ByCredentials
		}
		if err := w.repeat(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// ways are the requests for the same scope that the target understands. Where a
// machine asks, it is the one that may have what the client may have.
func (w *World) ways(ctx context.Context, r request) ([]request, error) {
	var all []request
	for _, way := range target.Ways() {
		own := r
		own.every, own.how = "", strings.ReplaceAll(string(way), "_", " ")
		switch way {
		case target.ByAuthorization:
		case target.ByCredentials:
			own.client, own.owner, own.alone = actor.Machine(r.client), "", true
		default:
			own.via = way
		}
		if r.every == "request" && !decided(way) || !w.stage.HasClient(own.client) {
			continue
		}
		c, err := w.client(ctx, own.client)
		if err != nil {
			return nil, err
		}
		adds, open := c.Open(way, r.scope)
		if !open {
			continue
		}
		if !adds.IsEmpty() {
			raw := oauth.RawScope(adds.String()) + " " + *r.scope
			own.scope, own.adds = &raw, adds
		}
		all = append(all, own)
	}
	return all, nil
}

// decided reports whether a resource owner is asked on a way.
func decided(way target.Way) bool {
	return way == target.ByAuthorization || way == target.ByDevice || way == target.ByBackchannel
}

// askVia asks on another way than by an authorization request.
func (w *World) askVia(ctx context.Context, r request) (*outcome, error) {
	if r.prompt != "" || r.silent || r.hint || r.foreign {
		return nil, fmt.Errorf("%s asks: that is said in an authorization request, and this is none", r.client)
	}
	c, err := w.client(ctx, r.client)
	if err != nil {
		return nil, err
	}
	owner, err := w.owner(ctx, r.owner)
	if err != nil {
		return nil, err
	}
	req := actor.Request{Owner: owner, Scope: r.scope, Other: r.other, Decision: r.decision}
	if req.Params, err = w.params(r); err != nil {
		return nil, err
	}
	params := url.Values{}
	if r.redeem != nil {
		params.Set("scope", string(*r.redeem))
	}
	a, err := c.Ask(ctx, r.via, req, params)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: c, owner: owner, auth: a.Authorization, issue: a.Issue, refused: a.Refused}
	if r.scope != nil {
		o.asked = oauth.FieldsScope(string(*r.scope))
	}
	if a.Authorization != nil {
		o.asked = a.Authorization.Asked.Minus(a.Authorization.Added)
		w.ledger.consent(w, a.Authorization)
		if w.mustDecide(r, owner) && a.Issue.Response != nil && !a.Authorization.WasAsked() {
			return nil, fmt.Errorf("%s was not asked by %s: consent from before may be remembered, and the client is not a fresh one", owner.Name, c.Name)
		}
	}
	if refused := o.refusal(); refused != nil && (refused.Code == oauth.ServerError || refused.Code == oauth.TemporarilyUnavailable) {
		return nil, fmt.Errorf("%s asks %s: %w", c.Name, owner.Name, refused) // the server's trouble, not its answer
	}
	w.settle(o)
	return o, nil
}
