package actor

import (
	"context"
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
)

// Password asks for a token with the name and password of a resource owner (RFC
// 6749 section 4.3). Of the request Owner, Scope, Other and Params count.
func (c *Client) Password(ctx context.Context, r Request) (*Issue, error) {
	if err := c.meet(ctx, r.Owner); err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type": {string(oauth.PasswordGrant)}, "username": {r.Owner.Username}, "password": {r.Owner.Password.Reveal()},
	}
	issue := &Issue{Owner: r.Owner, Grant: oauth.PasswordGrant, Omitted: r.Scope == nil, Other: r.Other}
	purpose := "asks with the password of " + r.Owner.Name
	if r.Scope != nil {
		var raw oauth.RawScope
		raw, issue.Asked, issue.Added = c.completed(*r.Scope)
		form.Set("scope", c.cast.Wire(raw))
		purpose += " for " + string(raw)
	}
	c.aim(form, r.Other)
	return c.alone(c.token(as(ctx, c.Name, purpose), issue, form, r.Params))
}
