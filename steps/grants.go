package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// registerGrants adds the states that a scenario starts from.
func registerGrants(r registrar, w *World) {
	r.Given(`^(\w+) has granted (\w+) "([^"]*)"$`, w.hasGranted)
	r.Given(`^(\w+) has then granted (\w+) "([^"]*)"$`, w.hasGranted)
	r.Given(`^(\w+) has granted (\w+) "([^"]*)", insisting on consent$`, w.hasGrantedInsisting)
	r.Given(`^(\w+) has granted (\w+) only "([^"]*)" of "([^"]*)"$`, w.hasGrantedOnly)
	r.Given(`^(\w+) has denied (\w+) "([^"]*)"$`, w.hasDenied)
	r.Given(`^(\w+) has a code from (\w+) for "([^"]*)"$`, w.hasCode)
	r.Given(`^(\w+) carries a token for (\w+) with the scope "([^"]*)"$`, w.carriesScope)
	r.Given(`^(\w+) carries a token for (\w+) whose scope claim is (.+)$`, w.carriesClaim)
}

func (w *World) hasGranted(ctx context.Context, owner, client, asked string) error {
	return w.grant(ctx, owner, client, asked, asked, "")
}

func (w *World) hasGrantedInsisting(ctx context.Context, owner, client, asked string) error {
	return w.grant(ctx, owner, client, asked, asked, "consent")
}

func (w *World) hasGrantedOnly(ctx context.Context, owner, client, granted, asked string) error {
	return w.grant(ctx, owner, client, granted, asked, "")
}

// grant plays a whole authorization as set-up: whatever goes wrong in it leaves
// the scenario inconclusive.
func (w *World) grant(ctx context.Context, owner, client, granted, asked, prompt string) error {
	want, err := scope(granted)
	if err != nil {
		return err
	}
	w.cast.Refreshing = w.ledger.refreshing
	defer func() { w.cast.Refreshing = false }()
	// The words of the consent page never have a part here: the form is answered scope by scope.
	o, err := w.ask(ctx, request{client: client, owner: owner, scope: asked, prompt: prompt, decision: &oauth.ConsentDecision{Only: &want}})
	if err != nil {
		return err
	}
	issue, err := o.issued()
	if err != nil {
		return fmt.Errorf("%s grants %s %q: %w", owner, client, granted, err)
	}
	if missing := want.Minus(issue.Means()); !missing.IsEmpty() {
		return fmt.Errorf("%s grants %s %q: got %q, want %q as well", owner, client, granted, issue.Means(), missing)
	}
	return nil
}

func (w *World) hasDenied(ctx context.Context, owner, client, asked string) error {
	o, err := w.ask(ctx, request{client: client, owner: owner, scope: asked, decision: &oauth.ConsentDecision{Deny: true}})
	if err != nil {
		return err
	}
	if !o.auth.WasAsked() {
		return fmt.Errorf("%s denies %s %q: no consent page was shown", owner, client, asked)
	}
	return nil
}

func (w *World) hasCode(ctx context.Context, client, owner, asked string) error {
	w.cast.Refreshing = w.ledger.refreshing
	defer func() { w.cast.Refreshing = false }()
	a, err := w.authorize(ctx, request{client: client, owner: owner, scope: asked})
	if err != nil {
		return err
	}
	if a.Code == "" {
		return fmt.Errorf("%s has no code from %s: %w", client, owner, (&outcome{auth: a}).refusal())
	}
	w.codes[client] = a
	return nil
}

func (w *World) carriesScope(ctx context.Context, client, owner, text string) error {
	return w.carry(ctx, client, owner, w.cast.Wire(oauth.RawScope(text)))
}

func (w *World) carriesClaim(ctx context.Context, client, owner, value string) error {
	claim, err := jsonValue(value)
	if err != nil {
		return fmt.Errorf("the scope claim %s: %w", value, err)
	}
	return w.carry(ctx, client, owner, claim)
}

func (w *World) carry(ctx context.Context, client, owner string, claim any) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	subject, err := o.LearnSubject(ctx)
	if err != nil {
		return err
	}
	token, err := w.cast.Mint(subject, strings.ToLower(client), map[string]any{"scope": claim})
	if err != nil {
		return err
	}
	w.act()
	w.carried[client] = carried{token, o}
	return nil
}

// request is one request for access as a scenario words it.
type request struct {
	client, owner, scope string
	prompt               string
	silent, other        bool
	union                bool
	params               map[string]string
	decision             *oauth.ConsentDecision
	way                  actor.Way
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
	raw := oauth.RawScope(r.scope)
	req := actor.Request{Owner: o, Scope: &raw, Prompt: r.prompt, Other: r.other, Decision: r.decision, Way: r.way}
	if r.silent {
		req.Prompt, req.StopAtConsent = "none", true
	}
	if req.Params, err = w.params(r); err != nil {
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
		return nil, fmt.Errorf("%s was not asked by %s: consent from before may be remembered, and the client is not a fresh one", o.Name, c.Name)
	}
	if r := a.Refused; r != nil && (r.Code == oauth.ServerError || r.Code == oauth.TemporarilyUnavailable) {
		return nil, fmt.Errorf("%s asks %s: %w", c.Name, o.Name, r) // the server's trouble, not its answer
	}
	w.ledger.consent(w, a)
	return a, nil
}

// mustDecide says that a scenario hangs on the answer at a consent page that a
// client which others have used before may not be shown.
func (w *World) mustDecide(r request, o *actor.Owner) bool {
	d := o.Decision
	if r.decision != nil {
		d = *r.decision
	}
	restricts := d.Deny || d.Only != nil || !d.Add.IsEmpty()
	return restricts && !r.silent && !w.capable("fx.clients.fresh") && w.target().Capabilities["consent.ui"].Value != "none"
}

// ask is authorize and, where a code came, its redemption.
func (w *World) ask(ctx context.Context, r request) (*outcome, error) {
	a, err := w.authorize(ctx, r)
	if err != nil {
		return nil, err
	}
	o := &outcome{client: a.Client, owner: a.Owner, auth: a, asked: a.Asked.Minus(a.Added)}
	o.issue = a.Front // which a token from a code comes after
	if a.Code != "" {
		if o.issue, err = a.Client.Redeem(ctx, a, nil); err != nil {
			return nil, err
		}
	}
	w.settle(o)
	return o, nil
}
