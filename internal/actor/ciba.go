package actor

import (
	"context"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// StartBackchannel makes a backchannel authentication request that is polled for
// (OpenID Connect CIBA Core section 7.1), with the owner's user name as the
// login_hint. Of the request Owner, Scope, Other and Params count. A refusal is
// an observation, not an error.
func (c *Client) StartBackchannel(ctx context.Context, r Request) (*PendingRequest, error) {
	t := c.cast.Stage.Target
	purpose := "asks " + r.Owner.Name + " over the backchannel"
	if r.Scope != nil {
		purpose += " for " + string(*r.Scope)
	}
	message := random(3)
	form := url.Values{"login_hint": {r.Owner.Username}, "binding_message": {message}}
	p, _, err := c.begin(as(ctx, c.Name, purpose), oauth.CIBA, metadata(t.Target, "backchannel_authentication_endpoint"), r, form)
	if err != nil || p.Refused != nil {
		return p, err
	}
	p.page = strings.ReplaceAll(t.Description.AuthorizationServer.BackchannelPage, "{message}", message)
	return p, nil
}
