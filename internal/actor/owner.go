package actor

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Owner is a resource owner with a browser of their own.
type Owner struct {
	oauth.ResourceOwner
	// Limited says that Permissions limits what can be granted.
	Limited bool
	// Decision is how they answer consent pages from now on. The zero value
	// grants everything that is asked.
	Decision oauth.ConsentDecision

	cast   *Cast
	jar    http.CookieJar
	shared bool // sits at another's browser: a sign-in is asked for
}

// SignOut forgets the owner's session, as if with another browser.
func (o *Owner) SignOut() { o.jar = useragent.NewJar() }

// RemoveScope takes scopes out of what the owner granted to client; left is
// what remains.
func (o *Owner) RemoveScope(ctx context.Context, client *Client, removed, left oauth.ScopeSet) error {
	return o.control(ctx, "removes "+removed.String(), o.cast.Stage.Target.Description.Control.RemoveScope, client, map[string]string{
		"removed": removed.Map(o.cast.wireToken).String(), "scope": left.Map(o.cast.wireToken).String(),
	})
}

// SetScope asks for the owner's grant to client to be exactly scope. It returns
// the status of the answer: the target may refuse.
func (o *Owner) SetScope(ctx context.Context, client *Client, scope oauth.ScopeSet) (int, error) {
	call := o.cast.Stage.Target.Description.Control.SetScope
	if call == nil {
		return 0, fmt.Errorf("control.set_scope is not in the target file")
	}
	got, err := o.cast.send(as(ctx, o.Name, "sets the grant to "+scope.String()), call, o.variables(client, map[string]string{
		"scope": scope.Map(o.cast.wireToken).String(),
	}))
	return got.status, err
}

// Revoke ends what the owner granted to client.
func (o *Owner) Revoke(ctx context.Context, client *Client) error {
	return o.control(ctx, "revokes the grant", o.cast.Stage.Target.Description.Control.RevokeGrant, client, nil)
}

// SetPermissions changes what the owner's role allows.
func (o *Owner) SetPermissions(ctx context.Context, permissions oauth.ScopeSet) error {
	o.Permissions, o.Limited = permissions, true
	call := o.cast.Stage.Target.Description.Control.SetPermissions
	if call == nil {
		return fmt.Errorf("control.set_permissions is not in the target file")
	}
	_, err := o.cast.call(as(ctx, "administrator", "sets the permissions of "+o.Name), call, map[string]string{
		"user.username": o.Username, "user.subject": o.Subject, "scope": permissions.Map(o.cast.wireToken).String(),
	})
	return err
}

func (o *Owner) variables(client *Client, extra map[string]string) map[string]string {
	vars := map[string]string{
		"user.username": o.Username, "user.password": o.Password.Reveal(), "user.subject": o.Subject, "client.id": client.ID,
	}
	for k, v := range extra {
		vars[k] = v
	}
	return vars
}

func (o *Owner) control(ctx context.Context, purpose string, call *target.Call, client *Client, extra map[string]string) error {
	if call == nil {
		return fmt.Errorf("%s %s: the target file has no control call for it", o.Name, purpose)
	}
	_, err := o.cast.call(as(ctx, o.Name, purpose), call, o.variables(client, extra))
	return err
}

// LimitClient changes which scopes a client is allowed.
func (c *Cast) LimitClient(ctx context.Context, client *Client, scope oauth.ScopeSet) error {
	call := c.Stage.Target.Description.Control.LimitClient
	if call == nil {
		return fmt.Errorf("control.limit_client is not in the target file")
	}
	client.Scope = scope
	_, err := c.call(as(ctx, "administrator", "limits "+client.Name), call, map[string]string{
		"client.id": client.ID, "scope": scope.Map(c.wireToken).String(),
	})
	return err
}

// AdvanceClock moves the target's clock.
func (c *Cast) AdvanceClock(ctx context.Context, by time.Duration) error {
	call := c.Stage.Target.Description.Control.AdvanceClock
	if call == nil {
		return fmt.Errorf("control.advance_clock is not in the target file")
	}
	c.ahead += by
	clear(c.auditor) // what it holds may have expired with the rest
	_, err := c.call(as(ctx, "scopeproof", "moves the clock by "+by.String()), call, map[string]string{
		"seconds": strconv.Itoa(int(by.Seconds())),
	})
	return err
}

// ResetClock sets the target's clock right again.
func (c *Cast) ResetClock(ctx context.Context) error {
	call := c.Stage.Target.Description.Control.ResetClock
	if call == nil {
		return nil
	}
	c.ahead = 0
	_, err := c.call(as(ctx, "scopeproof", "sets the clock right"), call, nil)
	return err
}

// call performs a control call and returns what it captures.
func (c *Cast) call(ctx context.Context, call *target.Call, extra map[string]string) (map[string]string, error) {
	got, err := c.send(ctx, call, extra)
	if err != nil {
		return nil, err
	}
	if !call.Succeeded(got.status) {
		return nil, fmt.Errorf("%s: got %d %s", call.URL, got.status, c.brief(got.body))
	}
	return call.CaptureValues(got.body)
}

func (c *Cast) send(ctx context.Context, call *target.Call, extra map[string]string) (answer, error) {
	req, err := call.Request(ctx, func(text string) (string, error) { return c.Stage.Target.Expand(text, extra) })
	if err != nil {
		return answer{}, err
	}
	return c.Recorder.do(ctx, req)
}

// UseBrowserOf makes the owner sit at another's browser, where they sign in as
// themselves.
func (o *Owner) UseBrowserOf(other *Owner) { o.jar, o.shared = other.jar, true }
