package actor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Client is a client that acts.
type Client struct {
	oauth.Client
	cast   *Cast
	static bool // it was there before this cast
	proof  *ProofKey
	key    *harnessKey // signs what it sends; nil: it registered none

	Authorizations []*Authorization // what it asked resource owners, in order
	Issues         []*Issue         // what the token endpoint answered it, in order
}

// Request is an authorization request (RFC 6749 section 4.1.1) and how the
// resource owner is to answer it.
type Request struct {
	Owner *Owner
	Scope *oauth.RawScope // nil: no scope parameter
	// Prompt is the prompt parameter (OpenID Connect Core section 3.1.2.1).
	Prompt string
	// Other asks for the second API.
	Other bool
	// Params are put in place of what the request would have.
	Params url.Values
	// Decision overrides the owner's own.
	Decision *oauth.ConsentDecision
	// StopAtConsent leaves the first consent page unanswered.
	StopAtConsent bool
	Way
}

// Authorization is what came of an authorization request.
type Authorization struct {
	Client   *Client
	Owner    *Owner
	Asked    oauth.ScopeSet // canonical names, what was really sent
	Omitted  bool           // no scope was sent
	Added    oauth.ScopeSet // what was added to obtain a refresh token
	Beside   oauth.ScopeSet // what stood in the address, where what counts was somewhere else
	Prompt   string
	Other    bool
	Unaimed  bool // no API of ours was named
	Union    bool // the parameter that asks for the union was sent
	Decision oauth.ConsentDecision
	May      oauth.ScopeSet // what the client could have when it asked
	Arrival  *target.Arrival

	// ResponseType is what was asked for; empty: "code". Front is what came of it in
	// the redirect; nil: no token. InFragment says where the answer stood.
	ResponseType string
	Front        *Issue
	InFragment   bool
	Resources    []string // that were named, where that is not the usual one
	AtPush       bool     // the refusal came from the endpoint that requests are pushed to

	Code     oauth.Secret
	Refused  *oauth.ErrorResponse
	StateOK  bool              // state came back as sent
	Scope    oauth.ScopeMember // the scope parameter of the redirect
	Redeemed bool
	// Pending is the request that was decided away from the client; nil: the answer
	// is a redirect. Answered says that a consent page of it was answered.
	Pending  *PendingRequest
	Answered bool

	hinted      bool // an ID token was sent as a hint
	state       string
	verifier    string
	redirectURI string
	// Number is how many issues the client had when it asked.
	Number int
}

// WasAsked reports whether a consent page was shown.
func (a *Authorization) WasAsked() bool { return len(a.Arrival.ConsentPages) > 0 }

// Shown is the union of the scopes on the consent pages, and whether they could
// be read.
func (a *Authorization) Shown() (oauth.ScopeSet, bool) {
	var all oauth.ScopeSet
	lists := len(a.Arrival.ConsentPages) > 0
	for _, p := range a.Arrival.ConsentPages {
		all = all.Union(a.Client.cast.canonical(p.Scopes))
		lists = lists && p.Lists
	}
	return all, lists
}

// Authorize sends the resource owner to the authorization endpoint and records
// where they end. An error response is an observation, not an error.
func (c *Client) Authorize(ctx context.Context, r Request) (*Authorization, error) {
	a, visit, err := c.prepare(ctx, r)
	if err != nil || a.AtPush {
		return a, err
	}
	if a, err = c.open(ctx, a, visit); err != nil {
		return nil, err
	}
	if hinted, ok := c.hinting(a, r); ok {
		c.Authorizations = c.Authorizations[:len(c.Authorizations)-1]
		return c.Authorize(ctx, hinted)
	}
	return a, nil
}

// WantsHint reports whether a silent request without an ID token as a hint was
// refused as such a one may be (OpenID Connect Core section 3.1.2.1).
func (a *Authorization) WantsHint() bool {
	return a.Prompt == "none" && !a.hinted && a.Refused != nil && a.Refused.Code == "invalid_request"
}

// hinting is a silent request with an ID token as a hint, where one without it was
// refused for that. It reports false where there is nothing to try.
func (c *Client) hinting(a *Authorization, r Request) (Request, bool) {
	if !a.WantsHint() {
		return r, false
	}
	for _, issue := range slices.Backward(c.Issues) {
		if issue.Owner == r.Owner && issue.Response != nil && issue.Response.IDToken != "" {
			r.Params = maps.Clone(r.Params)
			if r.Params == nil {
				r.Params = url.Values{}
			}
			r.Params.Set("id_token_hint", issue.Response.IDToken.Reveal())
			return r, true
		}
	}
	return r, false
}

// prepare makes an authorization request, and says how the browser is to play
// it. There is nothing to play where it was pushed and refused.
func (c *Client) prepare(ctx context.Context, r Request) (*Authorization, target.Visit, error) {
	endpoint := metadata(c.cast.Stage.Target.Target, "authorization_endpoint")
	if endpoint == "" {
		return nil, target.Visit{}, fmt.Errorf("the target has no authorization_endpoint")
	}
	if err := c.meet(ctx, r.Owner); err != nil {
		return nil, target.Visit{}, err
	}
	a := c.begun(r)
	q := c.authorizeParams(a, r, a.state)
	a.redirectURI = q.Get("redirect_uri")
	c.take(a, r, q)
	return c.send(ctx, endpoint, a, r, q)
}

// begun is an authorization request that nobody has been asked for yet.
func (c *Client) begun(r Request) *Authorization {
	return &Authorization{
		Client: c, Owner: r.Owner, Prompt: r.Prompt, Other: r.Other, ResponseType: r.ResponseType,
		verifier: random(32), state: random(12), redirectURI: c.RedirectURI, May: c.Scope, Number: len(c.Issues),
	}
}

// visit is how the owner's browser plays an authorization request: it opens its
// address, or posts a form there.
func (c *Client) visit(a *Authorization, r Request, address, form string) target.Visit {
	a.Decision = r.Owner.Decision
	if r.Decision != nil {
		a.Decision = *r.Decision
	}
	if a.Decision.Only != nil && !a.Added.IsEmpty() {
		with := a.Decision.Only.Union(a.Added)
		a.Decision.Only = &with
	}
	return target.Visit{
		URL: address, Form: form, Scope: c.cast.Wire(oauth.RawScope(a.Asked.String())), RedirectURI: a.redirectURI, Owner: r.Owner.ResourceOwner,
		Jar: r.Owner.jar, Known: c.cast.KnownScopes().Map(c.cast.wireToken),
		Decide:        func(target.ConsentPage) oauth.ConsentDecision { return c.cast.wireDecision(a.Decision) },
		StopAtConsent: r.StopAtConsent,
		Seen:          c.cast.Stage.Seen,
	}
}

// open plays a visit by itself and reads where it ends.
func (c *Client) open(ctx context.Context, a *Authorization, visit target.Visit) (*Authorization, error) {
	var err error
	visit.Transport = c.cast.Recorder
	a.Arrival, err = c.cast.Stage.visit(c.visiting(ctx, a.Owner), visit)
	if err != nil {
		return nil, fmt.Errorf("%s asks %s: %w", c.Name, a.Owner.Name, err)
	}
	if err := c.arrived(a); err != nil {
		return nil, err
	}
	return a, nil
}

func (c *Client) visiting(ctx context.Context, o *Owner) context.Context {
	return as(ctx, o.Name, "is sent by "+c.Name+" to authorize")
}

// arrived reads where a visit ended.
func (c *Client) arrived(a *Authorization) error {
	own := a.redirectURI == c.RedirectURI // an error page for another one may have any status
	if own && c.cast.Stage.unready(a.Arrival, a.Decision) {
		return &endedInTrouble{c.Name + " asks " + a.Owner.Name, a.Arrival}
	}
	a.read(a.state)
	c.Authorizations = append(c.Authorizations, a)
	return nil
}

// refuses reports whether the last page is one that browsers are sent to with the
// error in its address: such pages exist with any status.
func refuses(a *target.Arrival) bool {
	return a.Address != nil && oauth.ErrorCode(a.Address.Query().Get("error")).RefusesRequest()
}

func (c *Cast) wireDecision(d oauth.ConsentDecision) oauth.ConsentDecision {
	if d.Only != nil {
		only := d.Only.Map(c.wireToken)
		d.Only = &only
	}
	d.Add = d.Add.Map(c.wireToken)
	return d
}

func (c *Client) authorizeParams(a *Authorization, r Request, state string) url.Values {
	d := c.cast.Stage.Target.Description.AuthorizationServer
	sum := sha256.Sum256([]byte(a.verifier))
	q := url.Values{
		"response_type":         {"code"},
		"client_id":             {c.ID},
		"redirect_uri":          {c.RedirectURI},
		"state":                 {state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	if r.Scope != nil {
		raw := *r.Scope
		raw, a.Asked, a.Added = c.completed(raw)
		a.Omitted = a.Asked.Minus(a.Added).IsEmpty() // without a value it counts as left out (RFC 6749 section 3.1)
		q.Set("scope", c.cast.Wire(raw))
		if a.Asked.Has("openid") {
			q.Set("nonce", random(8))
		}
	} else {
		a.Omitted = true
	}
	if a.Prompt == "" && c.cast.Refreshing && a.Asked.Has(oauth.ScopeToken(d.Refresh.Scope)) {
		a.Prompt = d.Refresh.Prompt
	}
	if a.Prompt == "" && r.Owner != nil && r.Owner.shared {
		a.Prompt = "login"
	}
	if a.Prompt != "" {
		q.Set("prompt", a.Prompt)
	}
	c.aim(q, r.Other)
	a.hinted = r.Params.Has("id_token_hint")
	for name, values := range r.Params {
		q[name] = values
		if name == "scope" { // whichever of them the server goes by was asked for
			for _, value := range values {
				a.Asked = a.Asked.Union(c.cast.canonical(oauth.FieldsScope(value)))
			}
		}
		if d.IncrementalParameter == name+"="+values[0] {
			a.Union = true
		}
	}
	return q
}

// completed is a scope with what the server wants in every request, unless it is
// empty, and with what a client that wants a refresh token adds to it.
func (c *Client) completed(raw oauth.RawScope) (full oauth.RawScope, asked, added oauth.ScopeSet) {
	asked = oauth.FieldsScope(string(raw))
	as := c.cast.Stage.Target.Description.AuthorizationServer
	var more oauth.ScopeSet
	if !asked.IsEmpty() {
		more = oauth.FieldsScope(as.AlwaysAsked)
	}
	if c.cast.Refreshing && c.MayUse(oauth.RefreshTokenGrant) {
		more = more.Union(oauth.FieldsScope(as.Refresh.Scope))
	}
	if added = more.Minus(asked); added.IsEmpty() {
		return raw, asked, added
	}
	return oauth.RawScope(strings.TrimSpace(string(raw) + " " + added.String())), asked.Union(more), added
}

// MayUse reports whether the client is registered for a grant type.
func (c *Client) MayUse(g oauth.GrantType) bool { return slices.Contains(c.GrantTypes, g) }

// aim names the API that a request is about, where the target has a parameter
// for that (RFC 8707 section 2).
func (c *Client) aim(form url.Values, other bool) {
	t := c.cast.Stage.Target
	p := t.Description.AuthorizationServer.ResourceParameter
	switch {
	case other && t.OtherAPI != nil:
		form.Set(either(p, "resource"), t.OtherAPI.Resource)
	case p != "" && t.API != nil && t.API.Resource != "":
		form.Set(p, t.API.Resource)
	}
}

// read takes the parameters of the redirect (RFC 6749 sections 4.1.2 and
// 4.1.2.1).
func (a *Authorization) read(state string) {
	if a.Arrival.Redirect == nil {
		return
	}
	q := a.answer()
	a.StateOK = q.Get("state") == state
	a.Code = oauth.Secret(q.Get("code"))
	a.Client.cast.Recorder.keep(a.Code)
	if q.Has("scope") {
		set := a.Client.cast.canonical(oauth.FieldsScope(q.Get("scope")))
		a.Scope = oauth.ScopeMember{Present: true, Text: q.Get("scope"), Set: set}
	}
	if q.Get("error") == "" {
		a.Front = a.front(q)
	}
	if code := q.Get("error"); code != "" || a.Code == "" && a.Front == nil {
		a.Refused = &oauth.ErrorResponse{Code: oauth.ErrorCode(code), Description: q.Get("error_description")}
		a.Refused.Tokens = carries(a.Arrival.Redirect.Query()) || carries(a.fragment())
	}
}

// fragment is what stands in the redirect's fragment, where the implicit grant
// puts its answer (RFC 6749 section 4.2.2).
func (a *Authorization) fragment() url.Values {
	values, _ := url.ParseQuery(a.Arrival.Redirect.EscapedFragment()) // what cannot be read carries nothing
	return values
}

// carries reports whether the parameters of a redirect have a code or a token.
func carries(q url.Values) bool {
	return slices.ContainsFunc([]string{"code", "access_token", "id_token", "refresh_token"}, func(name string) bool { return q.Get(name) != "" })
}

// Last returns the latest issue, or an error when there is none.
func (c *Client) Last() (*Issue, error) {
	if len(c.Issues) == 0 {
		return nil, fmt.Errorf("%s has not been to the token endpoint", c.Name)
	}
	return c.Issues[len(c.Issues)-1], nil
}

// LastAuthorization returns the latest authorization, or an error.
func (c *Client) LastAuthorization() (*Authorization, error) {
	if len(c.Authorizations) == 0 {
		return nil, fmt.Errorf("%s has not asked anybody for access", c.Name)
	}
	return c.Authorizations[len(c.Authorizations)-1], nil
}

// Smuggle is the code with what belongs to it, to be added to a request that is
// none of its business.
func (a *Authorization) Smuggle() url.Values {
	return url.Values{"code": {a.Code.Reveal()}, "redirect_uri": {a.redirectURI}, "code_verifier": {a.verifier}}
}

// Submit sends the consent form that was shown, from the browser of an owner,
// and reads where that leads. Elsewhere says that a page of another site sends it.
func (a *Authorization) Submit(ctx context.Context, sender *Owner, elsewhere bool) error {
	pages := a.Arrival.ConsentPages
	if len(pages) == 0 || pages[0].Submission == nil {
		return fmt.Errorf("no consent form was shown")
	}
	ctx = as(ctx, sender.Name, "sends the form that "+a.Owner.Name+" was shown")
	a.Answered = true
	form := *pages[0].Submission
	if elsewhere {
		form.Page, form.Elsewhere = "https://elsewhere.example/", true
	}
	arrival, err := useragent.Submit(ctx, a.Client.cast.Recorder, sender.jar, &form, a.redirectURI)
	if err != nil {
		return err
	}
	arrival.ConsentPages = append(pages, arrival.ConsentPages...)
	a.Arrival, a.Code, a.Refused = arrival, "", nil
	a.read(a.state)
	return nil
}
