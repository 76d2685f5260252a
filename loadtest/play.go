package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Player plays clients and resource owners, one act after another: as a script of
// the load ([Stage.Scripts]), or while a scenario prepares ([Stage.Each]). Its
// clients and resource owners are those that the stage knows when it is made; each
// has a browser of their own. It is for one goroutine.
type Player struct {
	stage  *Stage
	cast   *actor.Cast
	script *script // nil: it prepares
}

// Player is one that prepares.
func (s *Stage) Player() *Player { return &Player{stage: s, cast: s.cast.Double(nil)} }

// Expect judges the last answer that a script was given. Said several times, the
// gravest verdict counts.
func (p *Player) Expect(e Expectation) { p.Judge(e(p.Answer())) }

// Judge says what the last answer amounts to.
func (p *Player) Judge(v Verdict) {
	if p.script != nil {
		p.script.verdict = worse(p.script.verdict, v)
	}
}

// Answer is the last answer that a script was given.
func (p *Player) Answer() Answer {
	if p.script == nil {
		return Answer{}
	}
	return p.script.answer
}

// Rest waits, in a script without holding up the load.
func (p *Player) Rest(ctx context.Context, d time.Duration) error {
	if p.script != nil {
		return p.script.rest(d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Send sends a request and returns the answer. That there was none is an error.
func (p *Player) Send(ctx context.Context, r Request) (Answer, error) {
	if p.script != nil {
		return p.script.send(r)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(string(r.Body)))
	if err != nil {
		return Answer{}, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	resp, err := p.cast.Recorder.RoundTrip(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := target.ReadAnswer(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}

// Consent is what a client asks a resource owner for.
type Consent struct {
	Scope oauth.ScopeSet
	// Only is what the resource owner agrees to; nil: all of it.
	Only *oauth.ScopeSet
	// Refreshing asks for a refresh token as well, in the way of the target.
	Refreshing bool
	// Prompt is the prompt parameter, such as "consent" (OpenID Connect Core section
	// 3.1.2.1); empty: none, or what a refresh token needs.
	Prompt string
	// Other asks for the second API.
	Other bool
	// Pushed has the request pushed before it is brought (RFC 9126).
	Pushed bool
}

// Code is an authorization code that was not redeemed (RFC 6749 section 4.1.2).
type Code struct {
	Client *Client
	Owner  string
	// Asked is what was asked for, with what every request of the target has in it.
	Asked oauth.ScopeSet
	// Obtained is when it was received.
	Obtained time.Time

	authorization *actor.Authorization
}

// Code sends the resource owner's browser to the authorization endpoint, where
// they sign in if need be and consent, and returns the code that comes of it (RFC
// 6749 section 4.1). A refusal is an error that [errors.As] finds as
// *[oauth.ErrorResponse].
func (p *Player) Code(ctx context.Context, c *Client, owner string, want Consent) (*Code, error) {
	client, person, err := p.meet(ctx, c, owner)
	if err != nil {
		return nil, err
	}
	p.cast.Refreshing = want.Refreshing
	defer func() { p.cast.Refreshing = false }()
	raw := want.Scope.Raw()
	r := actor.Request{Owner: person, Scope: &raw, Prompt: want.Prompt, Other: want.Other, Decision: &oauth.ConsentDecision{Only: want.Only}}
	var a *actor.Authorization
	if want.Pushed {
		a, err = pushed(ctx, client, r)
	} else {
		a, err = client.Authorize(ctx, r)
	}
	switch {
	case err != nil:
		return nil, err
	case a.Refused != nil:
		return nil, fmt.Errorf("%s asks %s for %q: %w", c.Name, owner, want.Scope, a.Refused)
	case a.Code == "":
		return nil, fmt.Errorf("%s asks %s for %q: got no code, but a page with status %d", c.Name, owner, want.Scope, a.Arrival.Status)
	}
	return &Code{Client: c, Owner: owner, Asked: a.Asked, Obtained: time.Now(), authorization: a}, nil
}

func pushed(ctx context.Context, c *actor.Client, r actor.Request) (*actor.Authorization, error) {
	request, err := c.Push(ctx, r)
	if err != nil {
		return nil, err
	}
	if request.Refused != nil {
		return nil, fmt.Errorf("%s pushes its request: %w", c.Name, request.Refused)
	}
	return c.Bring(ctx, request, r)
}

// Expired is an access token for the API that has expired, signed with a key that
// the API trusts; it needs the capability rs.mint.
func (p *Player) Expired(ctx context.Context, c *Client, owner string, scope oauth.ScopeSet) (*Token, error) {
	client, person, err := p.meet(ctx, c, owner)
	if err != nil {
		return nil, err
	}
	subject, err := person.LearnSubject(ctx)
	if err != nil {
		return nil, err
	}
	const then = 1600000000 // in 2020, seconds
	secret, err := p.cast.Mint(subject, client.ID, map[string]any{"scope": p.stage.wire(scope).String(), "iat": then, "exp": then + 300})
	return &Token{Secret: secret, Scope: scope, Client: c, Owner: owner}, err
}

// Altered is a token that was made to name another scope, so that its signature does
// not fit; one that is opaque has another character in its middle. No server has
// issued it (RFC 9068 section 4).
func (p *Player) Altered(ctx context.Context, t *Token, scope oauth.ScopeSet) (*Token, error) {
	altered := *t
	altered.Scope, altered.issue = scope, nil
	if jwtClaims([]byte(t.Secret.Reveal()), nil) == nil {
		altered.Secret = oauth.AccessToken(spoilt(t.Secret.Reveal()))
		return &altered, nil
	}
	forged, err := p.cast.ForgeScope(ctx, t.Secret, actor.KeptSignature, scope.Raw())
	if err != nil {
		return nil, err
	}
	altered.Secret = forged[0]
	return &altered, nil
}

// spoilt is an opaque token with another character in its middle.
func spoilt(token string) string {
	octets := []byte(token)
	at := len(octets) / 2
	if octets[at] == 'x' {
		octets[at] = 'w'
	} else {
		octets[at] = 'x'
	}
	return string(octets)
}

// Redeem exchanges a code for tokens (RFC 6749 section 4.1.3). The token is nil
// where that is refused.
func (p *Player) Redeem(ctx context.Context, code *Code) (*Token, error) {
	client, err := p.client(ctx, code.Client)
	if err != nil {
		return nil, err
	}
	return p.got(code.Client, code.Owner)(client.Redeem(ctx, code.authorization, nil))
}

// Token obtains a token by way of a code (RFC 6749 section 4.1).
func (p *Player) Token(ctx context.Context, c *Client, owner string, want Consent) (*Token, error) {
	code, err := p.Code(ctx, c, owner, want)
	if err != nil {
		return nil, err
	}
	t, err := p.Redeem(ctx, code)
	if err == nil && t == nil {
		err = fmt.Errorf("%s redeems its code: it was refused", c.Name)
	}
	return t, err
}

// refresh is the refresh token that came with the token, or empty.
func (t *Token) refresh() string { return t.issue.Response.RefreshToken.Reveal() }

// Refresh trades a refresh token for another token (RFC 6749 section 6); scope nil
// sends none. The token is nil where that is refused.
func (p *Player) Refresh(ctx context.Context, t *Token, scope *oauth.ScopeSet) (*Token, error) {
	client, err := p.client(ctx, t.Client)
	if err != nil {
		return nil, err
	}
	var raw *oauth.RawScope
	if scope != nil {
		text := scope.Raw()
		raw = &text
	}
	issue, err := client.Refresh(ctx, t.issue, raw, nil)
	if err == nil && issue.Response != nil && issue.Response.RefreshToken == "" {
		issue.Response.RefreshToken = t.issue.Response.RefreshToken // the old one goes on (RFC 6749 section 6)
	}
	return p.got(t.Client, t.Owner)(issue, err)
}

// Machine obtains a token for a client that acts for itself (RFC 6749 section
// 4.4); an empty scope is left out. The token is nil where that is refused.
func (p *Player) Machine(ctx context.Context, c *Client, scope oauth.ScopeSet) (*Token, error) {
	client, err := p.client(ctx, c)
	if err != nil {
		return nil, err
	}
	if scope.IsEmpty() {
		return p.got(c, "")(client.ClientCredentials(ctx, nil, nil))
	}
	raw := scope.Raw()
	return p.got(c, "")(client.ClientCredentials(ctx, &raw, nil))
}

// Exchange trades an access token for another one (RFC 8693); the token is nil
// where that is refused.
func (p *Player) Exchange(ctx context.Context, t *Token, scope oauth.ScopeSet) (*Token, error) {
	client, err := p.client(ctx, t.Client)
	if err != nil {
		return nil, err
	}
	raw := scope.Raw()
	return p.got(t.Client, t.Owner)(client.Exchange(ctx, actor.Exchange{Subject: t.issue, Scope: &raw}))
}

// got is the token of an issue.
func (p *Player) got(c *Client, owner string) func(*actor.Issue, error) (*Token, error) {
	return func(issue *actor.Issue, err error) (*Token, error) {
		if err != nil || issue.Response == nil {
			return nil, err
		}
		if p.script == nil {
			p.stage.holders.learn(Holder{c, owner}, []byte(issue.Response.AccessToken.Reveal()))
		}
		return &Token{Secret: issue.Response.AccessToken, Scope: issue.Means(), Client: c, Owner: owner, issue: issue}, nil
	}
}

// Revoke ends a token (RFC 7009): the refresh token that came with it, or the
// access token alone. A refusal is an error.
func (p *Player) Revoke(ctx context.Context, t *Token, refresh bool) error {
	client, err := p.client(ctx, t.Client)
	if err != nil {
		return err
	}
	secret := t.issue.Response.AccessToken
	if refresh {
		secret = t.issue.Response.RefreshToken
	}
	got, err := client.RevokeToken(ctx, secret, "")
	if err == nil && got.Refused != nil {
		return fmt.Errorf("%s revokes its token: %w", t.Client.Name, got.Refused)
	}
	return err
}

// RemoveScope takes scopes out of what a resource owner granted to a client; left
// is what remains.
func (p *Player) RemoveScope(ctx context.Context, owner string, c *Client, removed, left oauth.ScopeSet) error {
	client, person, err := p.meet(ctx, c, owner)
	if err != nil {
		return err
	}
	return person.RemoveScope(ctx, client, removed, left)
}

// Device is a request for access from a device (RFC 8628).
type Device struct {
	Client *Client
	// Asked is what was asked for, Interval what polling has to wait.
	Asked    oauth.ScopeSet
	Interval time.Duration
	pending  *actor.PendingRequest
	owner    string
}

// Device asks for access from a device (RFC 8628 section 3.1). A refusal is an
// error.
func (p *Player) Device(ctx context.Context, c *Client, scope oauth.ScopeSet) (*Device, error) {
	client, err := p.client(ctx, c)
	if err != nil {
		return nil, err
	}
	raw := scope.Raw()
	pending, err := client.StartDevice(ctx, actor.Request{Scope: &raw})
	switch {
	case err != nil:
		return nil, err
	case pending.Refused != nil:
		return nil, fmt.Errorf("%s asks from a device for %q: %w", c.Name, scope, pending.Refused)
	}
	return &Device{Client: c, Asked: pending.Asked, Interval: pending.Interval(), pending: pending}, nil
}

// Approve takes a resource owner to the page where the request of a device is
// decided; only is what they agree to, nil: all of it.
func (p *Player) Approve(ctx context.Context, d *Device, owner string, only *oauth.ScopeSet) error {
	_, person, err := p.meet(ctx, d.Client, owner)
	if err != nil {
		return err
	}
	d.owner = owner
	_, err = d.pending.Decide(ctx, actor.Request{Owner: person, Decision: &oauth.ConsentDecision{Only: only}})
	return err
}

// Poll asks once for the token of a device (RFC 8628 section 3.4). It is nil where
// that is refused; code is the error then.
func (p *Player) Poll(ctx context.Context, d *Device) (t *Token, code oauth.ErrorCode, err error) {
	client, err := p.client(ctx, d.Client)
	if err != nil {
		return nil, "", err
	}
	issue, err := client.PollOnce(ctx, d.pending)
	if err == nil && issue.Refused != nil {
		code = issue.Refused.Code
	}
	t, err = p.got(d.Client, d.owner)(issue, err)
	return t, code, err
}

// PollRequest is one request of a device for its token.
func (s *Stage) PollRequest(d *Device) Request {
	r := s.TokenRequest(d.Client, d.pending.PollForm())
	r.Purpose = "polls for its token"
	return r
}

// meet is a client and a resource owner of the player's own cast.
func (p *Player) meet(ctx context.Context, c *Client, owner string) (*actor.Client, *actor.Owner, error) {
	client, err := p.client(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	person, err := p.cast.Owner(ctx, owner)
	return client, person, err
}

func (p *Player) client(ctx context.Context, c *Client) (*actor.Client, error) {
	client, err := p.cast.Client(ctx, c.Name)
	if err == nil && client.ID != c.ID {
		return nil, fmt.Errorf("%s is a client of another stage", c.Name)
	}
	return client, err
}

// RefusedWith is the error response in an error of a [Player], or nil: it is about
// something else.
func RefusedWith(err error) *oauth.ErrorResponse {
	var refused *oauth.ErrorResponse
	if errors.As(err, &refused) {
		return refused
	}
	return nil
}
