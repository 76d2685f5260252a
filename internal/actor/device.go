package actor

import (
	"context"
	"fmt"
	"net/url"

	"github.com/scopeproof/scopeproof/oauth"
)

// StartDevice makes a device authorization request (RFC 8628 section 3.1). Of
// the request Scope, Other and Params count. A refusal is an observation, not an
// error.
func (c *Client) StartDevice(ctx context.Context, r Request) (*PendingRequest, error) {
	endpoint := metadata(c.cast.Stage.Target.Target, "device_authorization_endpoint")
	purpose := "asks for access from a device"
	if r.Scope != nil {
		purpose += " for " + string(*r.Scope)
	}
	p, reply, err := c.begin(as(ctx, c.Name, purpose), oauth.DeviceCode, endpoint, r, url.Values{})
	if err != nil || p.Refused != nil {
		return p, err
	}
	p.page = either(reply.WithCode, either(reply.Page, reply.FormerPage))
	if p.page == "" || p.userCode == "" {
		return nil, fmt.Errorf("%s: got no verification_uri or no user_code (RFC 8628 section 3.2)", bare(endpoint))
	}
	return p, nil
}
