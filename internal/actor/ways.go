package actor

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Answer is what came of asking for a scope on one way.
type Answer struct {
	Authorization *Authorization // where a resource owner decided
	Issue         *Issue         // nil: it never came to the token endpoint
	// Refused is the answer of an endpoint that came before a resource owner could
	// decide; nil: it let the request pass.
	Refused *oauth.ErrorResponse
}

// Ask asks for a scope on one way and follows it to the token endpoint. What is
// presented there, a code or the handle of a request that waits, takes params
// with it; a scope among them is in canonical names. On the client's own behalf
// only Scope and Params of the request count.
func (c *Client) Ask(ctx context.Context, way target.Way, r Request, params url.Values) (Answer, error) {
	var a Answer
	var err error
	switch way {
	case target.ByAuthorization:
		if a.Authorization, err = c.Authorize(ctx, r); err == nil && a.Authorization.Code != "" {
			a.Issue, err = c.Redeem(ctx, a.Authorization, params)
		}
	case target.ByDevice, target.ByBackchannel:
		return c.askPending(ctx, way, r, params)
	case target.ByCredentials:
		a.Issue, err = c.ClientCredentials(ctx, r.Scope, r.Params)
	case target.ByPassword:
		a.Issue, err = c.Password(ctx, r)
	case target.ByAssertion:
		a.Issue, err = c.Assert(ctx, r, nil)
	default:
		err = fmt.Errorf("no way is called %q", way)
	}
	return a, err
}

// askPending is Ask where the resource owner decides in another place.
func (c *Client) askPending(ctx context.Context, way target.Way, r Request, params url.Values) (Answer, error) {
	start := c.StartDevice
	if way == target.ByBackchannel {
		start = c.StartBackchannel
	}
	p, err := start(ctx, r)
	if err != nil || p.Refused != nil {
		return Answer{Refused: refusedAt(p)}, err
	}
	a, err := p.Decide(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	i, err := c.Poll(ctx, p, params)
	return Answer{Authorization: a, Issue: i}, err
}

func refusedAt(p *PendingRequest) *oauth.ErrorResponse {
	if p == nil {
		return nil
	}
	return p.Refused
}

// grantOf is the grant type that a client needs for a way.
func grantOf(way target.Way) oauth.GrantType {
	return map[target.Way]oauth.GrantType{
		target.ByAuthorization: oauth.AuthorizationCode, target.ByCredentials: oauth.ClientCredentials,
		target.ByDevice: oauth.DeviceCode, target.ByBackchannel: oauth.CIBA,
		target.ByPassword: oauth.PasswordGrant, target.ByAssertion: oauth.JWTBearer,
	}[way]
}

// Machine is the client that asks on its own behalf for what a client may have
// that people use, or "".
func Machine(client string) string {
	return map[string]string{"Planner": "Worker", "Viewer": "Robot"}[client]
}

// Open reports whether a client can ask for a scope on a way: the target has it,
// and the client may use it. Adds is what the way has in every request; nothing
// can be asked on it that leaves no scope beside.
func (c *Client) Open(way target.Way, scope *oauth.RawScope) (adds oauth.ScopeSet, open bool) {
	if _, closed := c.cast.Stage.Target.Closed[way]; closed || !c.cast.Stage.can(target.CapabilityOf(way)) || !c.MayUse(grantOf(way)) {
		return adds, false
	}
	if way != target.ByBackchannel {
		return adds, true
	}
	// CIBA Core section 7.1 wants openid in every scope.
	adds = oauth.NewScopeSet("openid")
	return adds, scope != nil && strings.TrimSpace(string(*scope)) != "" && adds.SubsetOf(c.Scope)
}
