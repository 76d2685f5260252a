package actor

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
)

// Double is a cast with the same clients and resource owners, each with a browser
// of their own, that sends through another transport; nil: that of the stage. It
// is for another goroutine: what one of them does, the other does not know of.
func (c *Cast) Double(through http.RoundTripper) *Cast {
	d := c.Stage.NewCast()
	if through == nil {
		through = d.Recorder.transport
	}
	d.Recorder.transport = through
	d.Refreshing, d.seed, d.ahead, d.set = c.Refreshing, c.seed, c.ahead, c.set
	for name, client := range c.clients {
		own := d.enter(&client.Client)
		own.static, own.proof, own.key = client.static, client.proof, client.key
		d.clients[name] = own
	}
	for name, owner := range c.owners {
		own := *owner
		own.cast, own.jar, own.shared = d, useragent.NewJar(), false
		d.owners[name] = &own
	}
	return d
}

// Forget drops what was recorded and what came of it, so that a cast can play for
// hours. Clients, resource owners and their browsers stay.
func (c *Cast) Forget() {
	before := c.Recorder
	c.Recorder = newRecorder(before.transport, before.timeout, before.hosts, c.Stage.secrets)
	for _, client := range c.clients {
		c.Recorder.keep(client.Secret)
		client.Authorizations, client.Issues = nil, nil
	}
	for _, owner := range c.owners {
		c.Recorder.keep(owner.Password)
	}
	c.refusedAttempts = nil
}

// Describe says who sends a request, to whom and what for, as recorded exchanges
// do.
func (c *Cast) Describe(req *http.Request) (who, to, purpose string) {
	l, _ := req.Context().Value(labelKey{}).(label)
	return l.actor, c.Recorder.name(req.URL.Host, req.URL.Path), l.purpose
}

// Interval is the time that polling has to wait (RFC 8628 section 3.2).
func (p *PendingRequest) Interval() time.Duration { return p.interval }

// PollForm is what polling sends, beside who the client is.
func (p *PendingRequest) PollForm() url.Values {
	name := "device_code"
	if p.Grant == oauth.CIBA {
		name = "auth_req_id"
	}
	return url.Values{"grant_type": {string(p.Grant)}, name: {p.handle.Reveal()}}
}

// PollOnce asks once for the token of a request, whoever has answered.
func (c *Client) PollOnce(ctx context.Context, p *PendingRequest) (*Issue, error) {
	return c.pollOnce(ctx, p, nil)
}
