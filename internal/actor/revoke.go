package actor

import (
	"context"
	"fmt"
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
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
