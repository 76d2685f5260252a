package steps

import (
	"context"
	"errors"
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
		if r.every == "request" && !decided(way) || !w.stage.HasClient(own.client) || own.alone && !w.capable("as.cc") {
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
		if way == target.ByAuthorization {
			all = append(all, w.kinds(own)...)
		}
	}
	return all, nil
}

// kinds are the same authorization request, sent in the other ways that the
// target understands.
func (w *World) kinds(r request) []request {
	var all []request
	add := func(how string, can target.Capability, change func(*request)) {
		if kind := r; w.capable(can) {
			kind.how = how
			change(&kind)
			all = append(all, kind)
		}
	}
	if w.capable("as.post.alone") || r.openID() {
		add("authorization request by POST", "as.post", func(kind *request) { kind.way.Via = actor.ByPost })
	}
	add("pushed request", "as.par", func(kind *request) { kind.way.Via = actor.Pushed })
	if w.readsObjects(r) {
		add("request object", "as.jar", inObject)
	}
	return all
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
	c, req, err := w.prepared(ctx, r)
	if err != nil {
		return nil, err
	}
	owner, params := req.Owner, url.Values{}
	if r.redeem != nil {
		params.Set("scope", string(*r.redeem))
	}
	var a actor.Answer
	if r.claimed != "" {
		a.Issue, err = c.Assert(ctx, req, map[string]any{"scope": w.cast.Wire(oauth.RawScope(r.claimed))})
	} else {
		a, err = c.Ask(ctx, r.via, req, params)
	}
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
			return nil, w.notAsked(owner, c)
		}
	}
	if refused := o.refusal(); refused != nil && (refused.Code == oauth.ServerError || refused.Code == oauth.TemporarilyUnavailable) {
		return nil, fmt.Errorf("%s asks %s: %w", c.Name, owner.Name, refused) // the server's trouble, not its answer
	}
	w.settle(o)
	return o, nil
}

// prepared is who asks on another way than by an authorization request, and what.
func (w *World) prepared(ctx context.Context, r request) (*actor.Client, actor.Request, error) {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return nil, actor.Request{}, err
	}
	owner, err := w.owner(ctx, r.owner)
	if err != nil {
		return nil, actor.Request{}, err
	}
	params, err := w.params(r)
	return c, actor.Request{Owner: owner, Scope: r.scope, Other: r.other, Decision: r.decision, Params: params}, err
}

// askAway makes a request that is decided in another place and takes the resource
// owner there. What it comes to is not polled for.
func (w *World) askAway(ctx context.Context, r request) (*actor.Authorization, error) {
	c, req, err := w.prepared(ctx, r)
	if err != nil {
		return nil, err
	}
	start := c.StartDevice
	switch r.via {
	case target.ByDevice:
	case target.ByBackchannel:
		start = c.StartBackchannel
	default:
		return nil, fmt.Errorf("%s asks %s: no code comes on that way", r.client, r.owner)
	}
	p, err := start(ctx, req)
	if err != nil {
		return nil, err
	}
	if p.Refused != nil {
		return nil, fmt.Errorf("%s has no code from %s: %w", r.client, r.owner, p.Refused)
	}
	if r.wavers {
		return w.answerTwice(ctx, p, req)
	}
	req.StopAtConsent = r.unanswered
	a, err := p.Decide(ctx, req)
	if err != nil {
		return nil, err
	}
	w.ledger.consent(w, a)
	return a, nil
}

// answerTwice has the resource owner say no, come back and say yes. A page that
// does not take the code a second time leaves it at the no.
func (w *World) answerTwice(ctx context.Context, p *actor.PendingRequest, r actor.Request) (*actor.Authorization, error) {
	yes := r
	r.Decision = &oauth.ConsentDecision{Deny: true}
	denied, err := p.Decide(ctx, r)
	if err != nil {
		return nil, err
	}
	w.ledger.consent(w, denied)
	changed, err := p.Decide(ctx, yes)
	if errors.Is(err, actor.ErrCodeRefused) {
		return denied, nil
	}
	if err != nil {
		return nil, err
	}
	w.ledger.consent(w, changed)
	return changed, nil
}
