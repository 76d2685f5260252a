package steps

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerGrants adds the states that a scenario starts from.
func registerGrants(r registrar, w *World) {
	how := asking().capture()
	r.Given(`^(\w+) has (?:then )?granted (\w+) `+what+how+`$`, w.hasGranted)
	r.Given(`^(\w+) has granted (\w+) only "([^"]*)" of "([^"]*)"$`, w.hasGrantedOnly)
	r.Given(`^(\w+) has denied (\w+) `+what+how+`$`, w.hasDenied)
	r.Given(`^(\w+) has a code from (\w+) for `+what+how+`$`, w.hasCode)
	r.Given(`^(\w+) has redeemed a code from (\w+) for "([^"]*)"`+how+`$`, w.hasRedeemed)
	r.Given(`^(\w+) carries a token for (\w+) with the scope "([^"]*)"`+carrying().capture()+`$`, w.carriesScope)
	r.Given(`^(\w+) carries a token for (\w+) whose scope claim is (.+)$`, w.carriesClaim)
}

func (w *World) hasGranted(ctx context.Context, owner, client, asked, how string) error {
	r, err := w.request(client, owner, asked, how)
	if err != nil {
		return err
	}
	want := oauth.ScopeSet{}
	if r.scope != nil {
		if want, err = scope(string(*r.scope)); err != nil {
			return err
		}
	}
	for range max(r.times, 1) {
		if err := w.grant(ctx, r, want); err != nil {
			return err
		}
		w.checkInvariants(ctx) // while the token is new: the next grant may end it
	}
	return nil
}

func (w *World) hasGrantedOnly(ctx context.Context, owner, client, granted, asked string) error {
	want, err := scope(granted)
	if err != nil {
		return err
	}
	raw := oauth.RawScope(asked)
	return w.grant(ctx, request{client: client, owner: owner, scope: &raw}, want)
}

// grant plays a whole authorization as set-up: whatever goes wrong in it leaves
// the scenario inconclusive.
func (w *World) grant(ctx context.Context, r request, want oauth.ScopeSet) error {
	w.cast.Refreshing = w.ledger.refreshing
	defer func() { w.cast.Refreshing = false }()
	// The words of the consent page never have a part here: the form is answered scope by scope, where that can be done.
	if r.scope != nil && !r.union && w.target().Capabilities["consent.ui"].Value != "all_or_nothing" {
		boxes := want
		if r.details != "" {
			boxes = want.Union(oauth.NewScopeSet("authorization_details"))
		}
		r.decision = &oauth.ConsentDecision{Only: &boxes}
	}
	if r.union && w.nothingToAdd(ctx, r, want) {
		return actor.ErrIncluded
	}
	o, err := w.ask(ctx, r)
	if err != nil {
		return err
	}
	issue, err := o.issued()
	if err != nil {
		return fmt.Errorf("%s grants %s %q: %w", r.owner, r.client, want, err)
	}
	if r.redeem != nil || r.target != "" {
		return nil // the response is about what was asked for with the code
	}
	missing := w.beyond(want, issue.Means())
	if issue.Response.RefreshToken != "" { // it is what offline_access is for, which need not be named
		missing = missing.Minus(oauth.FieldsScope("offline_access " + w.target().Description.AuthorizationServer.Refresh.Scope))
	}
	if !missing.IsEmpty() {
		return fmt.Errorf("%s grants %s %q: got %q, want %q as well", r.owner, r.client, want, issue.Means(), missing)
	}
	return nil
}

// nothingToAdd reports whether what is asked for on top of what a client has includes
// all of that, so that it makes no difference whether it is added.
func (w *World) nothingToAdd(ctx context.Context, r request, asked oauth.ScopeSet) bool {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return false // the act itself will say so
	}
	o, err := w.owner(ctx, r.owner)
	if err != nil {
		return false
	}
	has := w.ledger.current(o, c).Minus(w.cast.ProtocolScopes()).Minus(asked)
	return !has.IsEmpty() && w.within(has, asked)
}

func (w *World) hasDenied(ctx context.Context, owner, client, asked, how string) error {
	r, err := w.request(client, owner, asked, how)
	if err != nil {
		return err
	}
	r.decision = &oauth.ConsentDecision{Deny: true}
	o, err := w.ask(ctx, r)
	if err != nil {
		return err
	}
	if o.auth != nil {
		key := consentKey{o.auth.Owner, o.auth.Client, o.auth.Other}
		again := w.ledger.denied[key] && o.refusal() != nil // it may be denied as it was before
		if w.ledger.denied[key] = true; again || o.auth.WasAsked() {
			return nil
		}
	}
	return fmt.Errorf("%s denies %s %s: no consent page was shown", owner, client, asked)
}

func (w *World) hasCode(ctx context.Context, client, owner, asked, how string) error {
	r, err := w.request(client, owner, asked, how)
	if err != nil {
		return err
	}
	w.cast.Refreshing = w.ledger.refreshing
	defer func() { w.cast.Refreshing = false }()
	obtain := w.authorize
	if r.via != "" {
		obtain = w.askAway
	}
	a, err := obtain(ctx, r)
	if err != nil {
		return err
	}
	if a.Code == "" && a.Pending == nil {
		return fmt.Errorf("%s has no code from %s: %w", client, owner, (&outcome{auth: a}).refusal())
	}
	w.codes[client] = append(w.codes[client], a)
	return nil
}

func (w *World) hasRedeemed(ctx context.Context, client, owner, asked, how string) error {
	if err := w.hasCode(ctx, client, owner, `"`+asked+`"`, how); err != nil {
		return err
	}
	a, err := w.code(client, false)
	if err != nil {
		return err
	}
	o, err := w.redeem(ctx, a.Client, a, request{})
	if err != nil {
		return err
	}
	_, err = o.issued()
	return err
}

// notAsked is the error of a scenario in which a resource owner has to decide and is
// shown nothing: with clients that other scenarios use as well, an answer from
// before may be remembered.
func (w *World) notAsked(o *actor.Owner, c *actor.Client) error {
	if !w.capable("fx.clients.fresh") {
		return &actor.Lacking{What: fmt.Sprintf("a page at which %s decides; what %s was granted before is remembered, and the client is not a fresh one (declared: clients)", o.Name, c.Name)}
	}
	return fmt.Errorf("%s was not asked by %s", o.Name, c.Name)
}

// authorize takes the resource owner through the authorization endpoint.
func (w *World) authorize(ctx context.Context, r request) (*actor.Authorization, error) {
	c, err := w.client(ctx, r.client)
	if err != nil {
		return nil, err
	}
	o, err := w.owner(ctx, r.owner)
	if err != nil {
		return nil, err
	}
	req, err := w.worded(ctx, r, o)
	if err != nil {
		return nil, err
	}
	decides := w.mustDecide(r, o)
	if decides && r.prompt == "" && w.capable("as.oidc.prompt") {
		req.Prompt = "consent"
	}
	a, err := c.Authorize(ctx, req)
	if err != nil {
		return nil, err
	}
	if decides && a.Code != "" && !a.WasAsked() {
		return nil, w.notAsked(o, c)
	}
	return a, w.agreed(a)
}

// agreed notes what a resource owner agreed to. The error is the server's
// trouble, which is not its answer.
func (w *World) agreed(a *actor.Authorization) error {
	if r := a.Refused; r != nil && (r.Code == oauth.ServerError || r.Code == oauth.TemporarilyUnavailable) {
		return fmt.Errorf("%s asks %s: %w", a.Client.Name, a.Owner.Name, r)
	}
	w.ledger.consent(w, a)
	return nil
}

// worded is an authorization request as a scenario words it.
func (w *World) worded(ctx context.Context, r request, o *actor.Owner) (actor.Request, error) {
	req := actor.Request{Owner: o, Scope: r.scope, Prompt: r.prompt, Other: r.other, Decision: r.decision}
	var err error
	if req.Way, err = w.way(ctx, r); err != nil {
		return req, err
	}
	if r.silent {
		req.Prompt = "none"
	}
	// No page may come: if one does, it is seen and not answered.
	req.StopAtConsent = strings.Contains(req.Prompt, "none")
	if r.beside != nil {
		req.Beside = url.Values{"scope": {w.cast.Wire(*r.beside)}}.Encode()
		req.Twice = true
	}
	if r.both {
		req.Resources = w.cast.Resources()
	}
	if r.lost {
		req.Resources = []string{actor.UnknownResource}
	}
	if req.Params, err = w.params(r); err != nil {
		return req, err
	}
	if r.hint {
		req.Params.Set("login_hint", o.Username)
	}
	return req, nil
}

// mustDecide says that a scenario hangs on the answer at a consent page that a
// client which others have used before may not be shown.
func (w *World) mustDecide(r request, o *actor.Owner) bool {
	d := o.Decision
	if r.decision != nil {
		d = *r.decision
	}
	restricts := d.Deny || d.Only != nil || !d.Add.IsEmpty()
	return restricts && !r.silent && r.prompt == "" && !w.capable("fx.clients.fresh") && w.target().Capabilities["consent.ui"].Value != "none"
}
