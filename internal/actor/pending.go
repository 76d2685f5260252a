package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

const (
	// defaultInterval is the time between two polls where the server names none (RFC
	// 8628 section 3.2, CIBA Core section 7.3).
	defaultInterval = 5 * time.Second
	// slowDown is what slow_down adds to it (RFC 8628 section 3.5).
	slowDown = 5 * time.Second
	// patience is how often a decision that was made is polled for.
	patience = 3
	// nowhere is the redirect URI of a visit that ends at a page.
	nowhere = "urn:scopeproof:nowhere"
)

// PendingRequest is a request for access that is decided in another place than
// it was made: that of a device (RFC 8628) or over the backchannel (OpenID
// Connect CIBA Core).
type PendingRequest struct {
	Client  *Client
	Owner   *Owner // who is asked over the backchannel; nil for a device until somebody decides
	Grant   oauth.GrantType
	Asked   oauth.ScopeSet // canonical names, what was really sent
	Omitted bool           // no scope was sent
	Added   oauth.ScopeSet // what was added to obtain a refresh token
	Other   bool           // for the second API

	// Refused is the answer of the endpoint where there is no request.
	Refused *oauth.ErrorResponse
	// Authorization is what the latest visit of a resource owner led to; nil as
	// long as nobody came.
	Authorization *Authorization

	handle   oauth.Secret // device_code or auth_req_id
	userCode oauth.Secret
	page     string // where the resource owner decides
	interval time.Duration
}

// pendingAnswer is what the endpoints of RFC 8628 section 3.2 and CIBA Core
// section 7.3 answer.
type pendingAnswer struct {
	DeviceCode oauth.Secret `json:"device_code"`
	RequestID  oauth.Secret `json:"auth_req_id"`
	UserCode   oauth.Secret `json:"user_code"`
	Page       string       `json:"verification_uri"`
	FormerPage string       `json:"verification_url"` // of drafts
	WithCode   string       `json:"verification_uri_complete"`
	Interval   *float64     `json:"interval"`
}

// begin sends a request whose decision is polled for. A refusal is an
// observation, not an error.
func (c *Client) begin(ctx context.Context, g oauth.GrantType, endpoint string, r Request, form url.Values) (*PendingRequest, pendingAnswer, error) {
	p := &PendingRequest{Client: c, Owner: r.Owner, Grant: g, Omitted: r.Scope == nil, Other: r.Other, interval: defaultInterval}
	if r.Scope != nil {
		var raw oauth.RawScope
		raw, p.Asked, p.Added = c.completed(*r.Scope)
		form.Set("scope", c.cast.Wire(raw))
	}
	c.aim(form, r.Other)
	for name, values := range r.Params {
		form[name] = values
	}
	var reply pendingAnswer
	got, err := c.post(ctx, endpoint, form)
	if err != nil {
		return nil, reply, err
	}
	if !got.ok() {
		_, p.Refused, err = oauth.ParseTokenResponse(got.status, got.header.Get("Content-Type"), got.body)
		return p, reply, err
	}
	if err := json.Unmarshal(got.body, &reply); err != nil {
		return nil, reply, fmt.Errorf("%s: got %d with %s, want a JSON object", bare(endpoint), got.status, c.cast.brief(got.body))
	}
	p.handle, p.userCode = reply.DeviceCode+reply.RequestID, reply.UserCode
	c.cast.Recorder.keep(p.handle)
	c.cast.Recorder.keep(p.userCode)
	if p.handle == "" {
		return nil, reply, fmt.Errorf("%s: got %d without device_code or auth_req_id", bare(endpoint), got.status)
	}
	if reply.Interval != nil {
		p.interval = time.Duration(*reply.Interval * float64(time.Second))
	}
	return p, reply, nil
}

// ErrCodeRefused is a decision that was not made because the page does not take
// the code of the device, as when another visit has used it up.
var ErrCodeRefused = useragent.ErrCodeRefused

// Decide takes a resource owner to the page where the request is decided and
// records where they end: at a page, for there is no redirect. Of the request
// only Owner, Decision and StopAtConsent count. It may be called again, as when
// a second page is open. The error may be ErrCodeRefused.
func (p *PendingRequest) Decide(ctx context.Context, r Request) (*Authorization, error) {
	c := p.Client
	if p.handle == "" {
		return nil, fmt.Errorf("%s has no request to decide on: it was refused with %v", c.Name, p.Refused)
	}
	if err := c.meet(ctx, r.Owner); err != nil {
		return nil, err
	}
	a := &Authorization{
		Client: c, Owner: r.Owner, Asked: p.Asked, Omitted: p.Omitted, Added: p.Added, Other: p.Other, Number: len(c.Issues),
		Pending: p, Decision: r.Owner.Decision, May: c.Scope, redirectURI: nowhere,
	}
	if r.Decision != nil {
		a.Decision = *r.Decision
	}
	if a.Decision.Only != nil && !a.Added.IsEmpty() {
		with := a.Decision.Only.Union(a.Added)
		a.Decision.Only = &with
	}
	var err error
	a.Arrival, err = c.cast.Stage.visit(as(ctx, r.Owner.Name, "decides on the request of "+c.Name), target.Visit{
		URL: p.page, RedirectURI: nowhere, Owner: r.Owner.ResourceOwner, Transport: c.cast.Recorder, Jar: r.Owner.jar,
		UserCode: p.userCode, Scope: c.cast.Wire(p.Asked.Raw()), Known: c.cast.KnownScopes().Map(c.cast.wireToken), StopAtConsent: r.StopAtConsent,
		Decide: func(target.ConsentPage) oauth.ConsentDecision { return c.cast.wireDecision(a.Decision) },
	})
	if err != nil {
		return nil, fmt.Errorf("%s decides on the request of %s: %w", r.Owner.Name, c.Name, err)
	}
	if c.cast.Stage.unready(a.Arrival, a.Decision) {
		return nil, &endedInTrouble{r.Owner.Name + " decides on the request of " + c.Name, a.Arrival}
	}
	a.Answered = a.WasAsked() && !r.StopAtConsent && a.Arrival.Status < http.StatusBadRequest
	p.Authorization = a
	c.Authorizations = append(c.Authorizations, a)
	return a, nil
}

// Poll asks once for the token of a request (RFC 8628 section 3.4, CIBA Core
// section 10.1), presented by c. Where a resource owner has answered and the
// server has not noticed, it waits and asks again. Params are put in place of
// what the request would have; a scope among them is in canonical names.
func (c *Client) Poll(ctx context.Context, p *PendingRequest, params url.Values) (*Issue, error) {
	interval := p.interval
	for tries := 1; ; tries++ {
		issue, err := c.pollOnce(ctx, p, params)
		if err != nil || issue.Refused == nil || tries == patience || p.Authorization == nil || !p.Authorization.Answered {
			return issue, err
		}
		switch issue.Refused.Code {
		case oauth.SlowDown:
			interval += slowDown
		case oauth.AuthorizationPending:
		default:
			return issue, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(interval):
		}
	}
}

func (c *Client) pollOnce(ctx context.Context, p *PendingRequest, params url.Values) (*Issue, error) {
	return c.alone(c.Polling(ctx, p, params))
}

// Polling is the request of Poll, made once, to be made at once with others.
func (c *Client) Polling(ctx context.Context, p *PendingRequest, params url.Values) (*Entry, error) {
	if p.handle == "" {
		return nil, fmt.Errorf("%s has no request to poll for: it was refused with %v", p.Client.Name, p.Refused)
	}
	form := p.PollForm()
	issue := &Issue{Owner: p.Owner, Grant: p.Grant, Authorization: p.Authorization, Asked: p.Asked, Added: p.Added, Omitted: true, Other: p.Other}
	if p.Authorization != nil {
		issue.Owner = p.Authorization.Owner
	}
	purpose := "polls for its token"
	own := url.Values{}
	for name, values := range params {
		own[name] = values
	}
	if params.Has("scope") {
		purpose += " asking for " + params.Get("scope")
		own.Set("scope", c.cast.Wire(oauth.RawScope(params.Get("scope"))))
		issue.Omitted = false
	}
	return c.token(as(ctx, c.Name, purpose), issue, form, own)
}
