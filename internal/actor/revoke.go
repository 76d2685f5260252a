package actor

import (
	"context"
	"fmt"
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Revocation is an answer of the revocation endpoint (RFC 7009 section 2.2). 200
// says that the token is not good, or never was this client's.
type Revocation struct {
	Status  int
	Refused *oauth.ErrorResponse // nil: it was acknowledged
}

// RevokeToken asks that a token of this or of another client end (RFC 7009 section
// 2.1). Hint is token_type_hint, left out if empty. A refusal is an observation;
// trouble is an error.
func (c *Client) RevokeToken(ctx context.Context, token oauth.Secret, hint string) (*Revocation, error) {
	if token == "" {
		return nil, fmt.Errorf("%s revokes a token: got no token", c.Name)
	}
	form := url.Values{"token": {token.Reveal()}}
	if hint != "" {
		form.Set("token_type_hint", hint)
	}
	got, err := c.post(as(ctx, c.Name, "revokes a token"), metadata(c.cast.Stage.Target.Target, "revocation_endpoint"), form)
	if err != nil {
		return nil, err
	}
	r := &Revocation{Status: got.status}
	switch {
	case oauth.Unready(got.status):
		return nil, fmt.Errorf("%s revokes a token: got %d %s", c.Name, got.status, c.cast.brief(got.body))
	case !got.ok():
		r.Refused = refusalOf(got.body)
	}
	clear(c.cast.audits) // what it holds may have ended with the rest
	return r, nil
}

// revocable is a grant with a refresh token, for a choice to be learned from.
func (c *Cast) revocable(ctx context.Context, scope oauth.RawScope) (*Issue, error) {
	c.Refreshing = true
	defer func() { c.Refreshing = false }()
	_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	if err != nil {
		return nil, err
	}
	if i == nil || i.Response == nil || i.Response.RefreshToken == "" {
		return nil, fmt.Errorf("no token to revoke: %w", errRefused)
	}
	return i, nil
}

// revokingToken revokes an access token and looks whether its grant goes on. A
// server that revokes none keeps the grant (RFC 7009 section 2.2.1).
func revokingToken(ctx context.Context, c *Cast) (string, error) {
	i, err := c.revocable(ctx, "read:appointments")
	if err != nil {
		return "", err
	}
	if _, err := i.Client.RevokeToken(ctx, i.Response.AccessToken, ""); err != nil {
		return "", err
	}
	next, err := i.Client.Refresh(ctx, i, nil, nil)
	if err != nil {
		return "", err
	}
	return Class(ctx, target.TokenRevocation, nil, next, 0)
}

// revokingUsedToken revokes a refresh token that was used before, and looks whether
// what came of it goes on. To such a server the token is no longer good, and there
// is nothing left to do (RFC 7009 section 2.2).
func revokingUsedToken(ctx context.Context, c *Cast) (string, error) {
	i, err := c.revocable(ctx, "read:appointments")
	if err != nil {
		return "", err
	}
	next, err := i.Client.Refresh(ctx, i, nil, nil)
	if err != nil {
		return "", err
	}
	if next.Response == nil {
		return "", fmt.Errorf("it cannot be refreshed: %w", errRefused)
	}
	if _, err := i.Client.RevokeToken(ctx, i.Response.RefreshToken, ""); err != nil {
		return "", err
	}
	if next.Response.RefreshToken == "" {
		next = i // it is not rotated
	}
	again, err := i.Client.Refresh(ctx, next, nil, nil)
	if err != nil {
		return "", err
	}
	return Class(ctx, target.UsedTokenRevocation, nil, again, 0)
}

// revokingRefreshToken revokes a refresh token and asks without a page for what
// was agreed to.
func revokingRefreshToken(ctx context.Context, c *Cast) (string, error) {
	i, err := c.revocable(ctx, "openid read:appointments")
	if err != nil {
		return "", err
	}
	got, err := i.Client.RevokeToken(ctx, i.Response.RefreshToken, "")
	if err != nil {
		return "", err
	}
	if got.Refused != nil {
		return "", fmt.Errorf("%s revokes its refresh token: %w", i.Client.Name, got.Refused)
	}
	scope := oauth.RawScope("openid read:appointments")
	a, next, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Prompt: "none", StopAtConsent: true})
	if err != nil {
		return "", err
	}
	return Class(ctx, target.ConsentAfterRevocation, a, next, 0)
}
