package actor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Client is a client that acts.
type Client struct {
	oauth.Client
	cast   *Cast
	static bool // it was there before this cast

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
}

// Authorization is what came of an authorization request.
type Authorization struct {
	Client   *Client
	Owner    *Owner
	Asked    oauth.ScopeSet // canonical names, what was really sent
	Omitted  bool           // no scope was sent
	Added    oauth.ScopeSet // what was added to obtain a refresh token
	Prompt   string
	Other    bool
	Union    bool // the parameter that asks for the union was sent
	Decision oauth.ConsentDecision
	Arrival  *target.Arrival

	Code     oauth.Secret
	Refused  *oauth.ErrorResponse
	StateOK  bool              // state came back as sent
	Scope    oauth.ScopeMember // the scope parameter of the redirect
	Redeemed bool

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
	a, visit, err := c.visit(ctx, r)
	if err != nil {
		return nil, err
	}
	visit.Transport = c.cast.Recorder
	a.Arrival, err = c.cast.Stage.agent.Visit(c.visiting(ctx, r), visit)
	if err != nil {
		return nil, fmt.Errorf("%s asks %s: %w", c.Name, r.Owner.Name, err)
	}
	return a, c.arrived(a)
}

func (c *Client) visiting(ctx context.Context, r Request) context.Context {
	return as(ctx, r.Owner.Name, "is sent by "+c.Name+" to authorize")
}

// visit makes an authorization request, and says how the browser is to play it.
func (c *Client) visit(ctx context.Context, r Request) (*Authorization, target.Visit, error) {
	none := target.Visit{}
	endpoint := metadata(c.cast.Stage.Target.Target, "authorization_endpoint")
	if endpoint == "" {
		return nil, none, fmt.Errorf("the target has no authorization_endpoint")
	}
	if err := c.meet(ctx, r.Owner); err != nil {
		return nil, none, err
	}
	a := &Authorization{Client: c, Owner: r.Owner, Prompt: r.Prompt, Other: r.Other, verifier: random(32), redirectURI: c.RedirectURI, Number: len(c.Issues)}
	a.state = random(12)
	q := c.authorizeParams(a, r, a.state)
	a.Decision = r.Owner.Decision
	if r.Decision != nil {
		a.Decision = *r.Decision
	}
	if a.Decision.Only != nil && !a.Added.IsEmpty() {
		with := a.Decision.Only.Union(a.Added)
		a.Decision.Only = &with
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, none, err
	}
	query := u.Query()
	for k, v := range q {
		query[k] = v
	}
	u.RawQuery = query.Encode()
	return a, target.Visit{
		URL: u.String(), RedirectURI: a.redirectURI, Owner: r.Owner.ResourceOwner, Jar: r.Owner.jar,
		Decide:        func(target.ConsentPage) oauth.ConsentDecision { return c.cast.wireDecision(a.Decision) },
		StopAtConsent: r.StopAtConsent,
	}, nil
}

// arrived reads where a visit ended.
func (c *Client) arrived(a *Authorization) error {
	if a.Arrival.Redirect == nil && oauth.Unready(a.Arrival.Status) {
		return fmt.Errorf("%s asks %s: got a page with status %d, want an answer", c.Name, a.Owner.Name, a.Arrival.Status)
	}
	a.read(a.state)
	c.cast.Recorder.keep(a.Code)
	c.Authorizations = append(c.Authorizations, a)
	return nil
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
		a.Asked = oauth.FieldsScope(string(raw))
		if more := oauth.FieldsScope(d.Refresh.Scope); c.cast.Refreshing && c.mayRefresh() && !more.SubsetOf(a.Asked) {
			a.Added = more.Minus(a.Asked)
			a.Asked = a.Asked.Union(more)
			raw = oauth.RawScope(strings.TrimSpace(string(raw) + " " + a.Added.String()))
		}
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
	if a.Prompt == "" && r.Owner.shared {
		a.Prompt = "login"
	}
	if a.Prompt != "" {
		q.Set("prompt", a.Prompt)
	}
	if r.Other {
		q.Set(d.ResourceParameter, c.cast.Stage.Target.OtherAPI.Resource)
	} else if d.ResourceParameter != "" && c.cast.Stage.Target.API != nil && c.cast.Stage.Target.API.Resource != "" {
		q.Set(d.ResourceParameter, c.cast.Stage.Target.API.Resource)
	}
	for name, values := range r.Params {
		q[name] = values
		if d.IncrementalParameter == name+"="+values[0] {
			a.Union = true
		}
	}
	return q
}

func (c *Client) mayRefresh() bool {
	for _, g := range c.GrantTypes {
		if g == oauth.RefreshTokenGrant {
			return true
		}
	}
	return false
}

// read takes the parameters of the redirect (RFC 6749 sections 4.1.2 and
// 4.1.2.1).
func (a *Authorization) read(state string) {
	if a.Arrival.Redirect == nil {
		return
	}
	q := a.Arrival.Redirect.Query()
	a.StateOK = q.Get("state") == state
	a.Code = oauth.Secret(q.Get("code"))
	if q.Has("scope") {
		set := a.Client.cast.canonical(oauth.FieldsScope(q.Get("scope")))
		a.Scope = oauth.ScopeMember{Present: true, Text: q.Get("scope"), Set: set}
	}
	if code := q.Get("error"); code != "" || a.Code == "" {
		a.Refused = &oauth.ErrorResponse{Code: oauth.ErrorCode(code), Description: q.Get("error_description")}
		a.Refused.Tokens = carries(q) || carries(a.fragment())
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

// Issue is one answer of the token endpoint.
type Issue struct {
	Client  *Client
	Owner   *Owner // nil for client credentials
	Grant   oauth.GrantType
	Asked   oauth.ScopeSet // of the token request, canonical names
	Omitted bool           // the token request had no scope
	Other   bool           // for the second API
	// Authorization is where a code came from, From the issue that gave the
	// refresh token.
	Authorization *Authorization
	From          *Issue

	Response *oauth.TokenResponse // nil: refused
	Refused  *oauth.ErrorResponse
	Started  time.Time
	// Told is the scope of the response in canonical names.
	Told oauth.ScopeMember

	cast     *Cast
	observed *Observation
	epoch    int
}

// Root is the issue at the start of a refresh family: that of the code.
func (i *Issue) Root() *Issue {
	for i.From != nil {
		i = i.From
	}
	return i
}

// Redeem exchanges the code of an authorization for tokens (RFC 6749 section
// 4.1.3), presented by c. Params are put in place of what the request would
// have.
func (c *Client) Redeem(ctx context.Context, a *Authorization, params url.Values) (*Issue, error) {
	return c.alone(c.Redemption(ctx, a, params))
}

// Redemption is the request of Redeem, to be made at once with others.
func (c *Client) Redemption(ctx context.Context, a *Authorization, params url.Values) (*Entry, error) {
	if a.Code == "" {
		return nil, fmt.Errorf("%s has no code to redeem: the authorization was refused with %v", c.Name, a.Refused)
	}
	form := url.Values{
		"grant_type": {string(oauth.AuthorizationCode)}, "code": {a.Code.Reveal()},
		"redirect_uri": {a.redirectURI}, "code_verifier": {a.verifier},
	}
	a.Redeemed = true
	issue := &Issue{Owner: a.Owner, Grant: oauth.AuthorizationCode, Authorization: a, Omitted: true, Other: a.Other}
	if params.Has("scope") {
		issue.Asked = c.cast.canonical(oauth.FieldsScope(params.Get("scope")))
	}
	return c.token(as(ctx, c.Name, "redeems its code"), issue, form, params)
}

// Refresh trades the refresh token of an earlier issue for new tokens (RFC 6749
// section 6). Scope nil sends no scope.
func (c *Client) Refresh(ctx context.Context, from *Issue, scope *oauth.RawScope, params url.Values) (*Issue, error) {
	return c.alone(c.Refreshment(ctx, from, scope, params))
}

// Refreshment is the request of Refresh, to be made at once with others.
func (c *Client) Refreshment(ctx context.Context, from *Issue, scope *oauth.RawScope, params url.Values) (*Entry, error) {
	if from.Response == nil || from.Response.RefreshToken == "" {
		return nil, fmt.Errorf("%s was given no refresh token", from.Client.Name)
	}
	form := url.Values{
		"grant_type": {string(oauth.RefreshTokenGrant)}, "refresh_token": {from.Response.RefreshToken.Reveal()},
	}
	issue := &Issue{Owner: from.Owner, Grant: oauth.RefreshTokenGrant, From: from, Authorization: from.Authorization, Omitted: scope == nil, Other: from.Other}
	purpose := "refreshes its token"
	if scope != nil {
		form.Set("scope", c.cast.Wire(*scope))
		issue.Asked = oauth.FieldsScope(string(*scope))
		purpose += " asking for " + string(*scope)
	}
	return c.token(as(ctx, c.Name, purpose), issue, form, params)
}

// ClientCredentials asks for a token on the client's own behalf (RFC 6749
// section 4.4).
func (c *Client) ClientCredentials(ctx context.Context, scope *oauth.RawScope, params url.Values) (*Issue, error) {
	form := url.Values{"grant_type": {string(oauth.ClientCredentials)}}
	issue := &Issue{Grant: oauth.ClientCredentials, Omitted: scope == nil}
	if scope != nil {
		form.Set("scope", c.cast.Wire(*scope))
		issue.Asked = oauth.FieldsScope(string(*scope))
	}
	t := c.cast.Stage.Target
	if p := t.Description.AuthorizationServer.ResourceParameter; p != "" && t.API != nil && t.API.Resource != "" {
		form.Set(p, t.API.Resource)
	}
	return c.alone(c.token(as(ctx, c.Name, "asks on its own behalf"), issue, form, params))
}

// alone makes a request at the token endpoint by itself.
func (c *Client) alone(e *Entry, err error) (*Issue, error) {
	if err != nil {
		return nil, err
	}
	got, err := c.cast.Recorder.do(e.req.Context(), e.req)
	if err != nil {
		return nil, err
	}
	return e.Issue, e.read(got)
}

// token is a request at the token endpoint.
func (c *Client) token(ctx context.Context, issue *Issue, form, params url.Values) (*Entry, error) {
	for name, values := range params {
		form[name] = values
	}
	req, err := c.form(ctx, metadata(c.cast.Stage.Target.Target, "token_endpoint"), form)
	if err != nil {
		return nil, err
	}
	issue.Client, issue.cast, issue.epoch = c, c.cast, -1
	return &Entry{req: req, Issue: issue, read: func(got answer) error { return c.take(issue, got) }}, nil
}

// take reads an answer of the token endpoint.
func (c *Client) take(issue *Issue, got answer) (err error) {
	issue.Started = time.Now()
	issue.Response, issue.Refused, err = oauth.ParseTokenResponse(got.status, got.header.Get("Content-Type"), got.body)
	if err != nil {
		return err
	}
	if r := issue.Response; r != nil {
		c.cast.Recorder.keep(r.AccessToken)
		c.cast.Recorder.keep(r.RefreshToken)
		c.cast.Recorder.keep(r.IDToken)
		issue.Told = r.Scope
		issue.Told.Set = c.cast.canonical(r.Scope.Set)
	}
	c.Issues = append(c.Issues, issue)
	return nil
}

// post sends a form with the client's credentials (RFC 6749 section 2.3).
func (c *Client) post(ctx context.Context, endpoint string, form url.Values) (answer, error) {
	req, err := c.form(ctx, endpoint, form)
	if err != nil {
		return answer{}, err
	}
	return c.cast.Recorder.do(ctx, req)
}

// form is a form with the client's credentials.
func (c *Client) form(ctx context.Context, endpoint string, form url.Values) (*http.Request, error) {
	if endpoint == "" {
		return nil, fmt.Errorf("the target has no such endpoint")
	}
	switch c.AuthMethod {
	case oauth.AuthPost:
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret.Reveal())
	case oauth.AuthNone:
		form.Set("client_id", c.ID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if c.AuthMethod == oauth.AuthBasic {
		// RFC 6749 section 2.3.1 has both parts form-encoded first.
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	return req, nil
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
// and reads where that leads.
func (a *Authorization) Submit(ctx context.Context, sender *Owner) error {
	pages := a.Arrival.ConsentPages
	if len(pages) == 0 || pages[0].Submission == nil {
		return fmt.Errorf("no consent form was shown")
	}
	ctx = as(ctx, sender.Name, "sends the form that "+a.Owner.Name+" was shown")
	arrival, err := useragent.Submit(ctx, a.Client.cast.Recorder, sender.jar, pages[0].Submission, a.redirectURI)
	if err != nil {
		return err
	}
	arrival.ConsentPages = append(pages, arrival.ConsentPages...)
	a.Arrival, a.Code, a.Refused = arrival, "", nil
	a.read(a.state)
	a.Client.cast.Recorder.keep(a.Code)
	return nil
}
