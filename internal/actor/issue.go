package actor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

// Issue is one answer of the token endpoint.
type Issue struct {
	Client *Client
	Owner  *Owner // nil for client credentials
	Grant  oauth.GrantType
	Added  oauth.ScopeSet // what was added to the request to obtain a refresh token
	Asked  oauth.ScopeSet // of the token request, canonical names
	// Repeated are the scopes of a request with several scope parameters, which is
	// malformed (RFC 6749 section 3.2): whoever answers it may go by any of them.
	Repeated []oauth.ScopeSet
	Omitted  bool // the token request had no scope
	Other    bool // for the second API
	Unaimed  bool // no API of ours was named
	// Authorization is where a code came from, From the issue that gave the
	// refresh token.
	Authorization *Authorization
	From          *Issue
	// Subject gave the token that was exchanged, Actor the one of who acts for its
	// owner (RFC 8693 section 2.1); nil for every other grant.
	Subject, Actor *Issue
	// Number is how many issues the client had before.
	Number int

	Response *oauth.TokenResponse // nil: refused
	Refused  *oauth.ErrorResponse
	Started  time.Time
	// Told is the scope of the response in canonical names.
	Told oauth.ScopeMember

	cast     *Cast
	proof    *ProofKey // the key that the token is bound to; nil: none
	observed *Observation
	epoch    int
	named    oauth.ScopeSet // by what was observed so far
}

// Root is the issue at the start of a refresh family: the one that was not
// refreshed.
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
	issue := &Issue{Owner: a.Owner, Grant: oauth.AuthorizationCode, Authorization: a, Omitted: true, Other: a.Other, Unaimed: a.Unaimed}
	if params.Has("scope") {
		issue.Asked = c.cast.canonical(oauth.FieldsScope(params.Get("scope")))
	}
	return c.token(as(ctx, c.Name, "redeems its code"), issue, form, params)
}

// NoRefreshToken is the error of an issue that has to be refreshed and cannot be: a
// server need not give refresh tokens to clients that cannot prove who they are (RFC
// 6749 section 1.5, RFC 9700 section 2.2.2).
func (i *Issue) NoRefreshToken() error {
	if i.Response != nil && i.Client.IsPublic() {
		return &Lacking{fmt.Sprintf("a refresh token for %s, which cannot prove who it is and was given none", i.Client.Name)}
	}
	return fmt.Errorf("%s was given no refresh token", i.Client.Name)
}

// Refresh trades the refresh token of an earlier issue for new tokens (RFC 6749
// section 6). Scope nil sends no scope.
func (c *Client) Refresh(ctx context.Context, from *Issue, scope *oauth.RawScope, params url.Values) (*Issue, error) {
	return c.alone(c.Refreshment(ctx, from, scope, params))
}

// Refreshment is the request of Refresh, to be made at once with others.
func (c *Client) Refreshment(ctx context.Context, from *Issue, scope *oauth.RawScope, params url.Values) (*Entry, error) {
	if from.Response == nil || from.Response.RefreshToken == "" {
		return nil, from.NoRefreshToken()
	}
	form := url.Values{
		"grant_type": {string(oauth.RefreshTokenGrant)}, "refresh_token": {from.Response.RefreshToken.Reveal()},
	}
	issue := &Issue{Owner: from.Owner, Grant: oauth.RefreshTokenGrant, From: from, Authorization: from.Authorization, Omitted: scope == nil, Other: from.Other, Unaimed: from.Unaimed}
	purpose := "refreshes its token"
	if scope != nil {
		form.Set("scope", c.cast.Wire(*scope))
		issue.Asked = oauth.FieldsScope(string(*scope))
		issue.Omitted = *scope == "" // RFC 6749 section 3.2
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
		issue.Omitted = issue.Asked.IsEmpty() // RFC 6749 section 3.2
	}
	c.aim(form, false)
	return c.alone(c.token(as(ctx, c.Name, "asks on its own behalf"), issue, form, params))
}

// alone makes a request at the token endpoint by itself.
func (c *Client) alone(e *Entry, err error) (*Issue, error) {
	if err != nil {
		return nil, err
	}
	got, err := c.deliver(e.req.Context(), e.req)
	if err != nil {
		return nil, err
	}
	if err := e.read(got); err != nil {
		return nil, err
	}
	return e.Issue, nil
}

// token is a request at the token endpoint.
func (c *Client) token(ctx context.Context, issue *Issue, form, params url.Values) (*Entry, error) {
	for name, values := range params {
		form[name] = values
		if name == "scope" && len(values) > 1 {
			for _, value := range values {
				one := c.cast.canonical(oauth.FieldsScope(value))
				issue.Asked, issue.Repeated = issue.Asked.Union(one), append(issue.Repeated, one)
			}
		}
	}
	c.cast.aimed(issue, params)
	req, err := c.form(ctx, metadata(c.cast.Stage.Target.Target, "token_endpoint"), form, "")
	if err != nil {
		return nil, err
	}
	issue.Client, issue.cast, issue.epoch = c, c.cast, -1
	return &Entry{req: req, Issue: issue, read: func(got answer) error { return c.answered(issue, got) }}, nil
}

// answered reads an answer of the token endpoint.
func (c *Client) answered(issue *Issue, got answer) (err error) {
	issue.Number, issue.Started = len(c.Issues), time.Now()
	if f := failingAnswer(issue.Grant, got); f != (failing{}) && slices.Contains(c.cast.Stage.failing, f) {
		issue.Refused = &oauth.ErrorResponse{Status: f.status, Code: f.code}
	} else if issue.Response, issue.Refused, err = oauth.ParseTokenResponse(got.status, got.header.Get("Content-Type"), got.body); err != nil {
		return err
	}
	if r := issue.Response; r != nil {
		if strings.EqualFold(r.TokenType, "DPoP") {
			issue.proof = c.proof
		}
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
	return c.postRaw(ctx, endpoint, form, "")
}

// postRaw is post with more of the form, encoded already.
func (c *Client) postRaw(ctx context.Context, endpoint string, form url.Values, more string) (answer, error) {
	req, err := c.form(ctx, endpoint, form, more)
	if err != nil {
		return answer{}, err
	}
	return c.deliver(ctx, req)
}

// deliver makes a request, and once more with the nonce that a proof of the client's
// key has to have, if the server names one.
func (c *Client) deliver(ctx context.Context, req *http.Request) (answer, error) {
	got, err := c.cast.Recorder.do(ctx, req)
	if err != nil || req.Header.Get("DPoP") == "" || !c.proof.wanted(req.URL.Host, got.status, got.header) {
		return got, err
	}
	again := req.Clone(ctx)
	if again.Body, err = req.GetBody(); err != nil {
		return answer{}, err
	}
	if err := c.cast.prove(again, c.proof, ""); err != nil {
		return answer{}, err
	}
	return c.cast.Recorder.do(ctx, again)
}

// form is a form with the client's credentials, and more of it, encoded already.
func (c *Client) form(ctx context.Context, endpoint string, form url.Values, more string) (*http.Request, error) {
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(joined(form.Encode(), more)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if c.AuthMethod == oauth.AuthBasic {
		// RFC 6749 section 2.3.1 has both parts form-encoded first.
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	if c.proof != nil && endpoint == metadata(c.cast.Stage.Target.Target, "token_endpoint") {
		if err := c.cast.prove(req, c.proof, ""); err != nil {
			return nil, err
		}
	}
	return req, nil
}
