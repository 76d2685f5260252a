package actor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

	created  bool // for this cast alone
	learning bool // their subject
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
	vars, err := o.variables(ctx, call, client, map[string]string{"scope": scope.Map(o.cast.wireToken).String()})
	if err != nil {
		return 0, err
	}
	got, err := o.cast.send(as(ctx, o.Name, "sets the grant to "+scope.String()), call, vars)
	return got.status, err
}

// Revoke ends what the owner granted to client.
func (o *Owner) Revoke(ctx context.Context, client *Client) error {
	return o.control(ctx, "revokes the grant", o.cast.Stage.Target.Description.Control.RevokeGrant, client, nil)
}

// SetPermissions changes what the owner's role allows. [Cast.Restore] undoes it
// for an owner who was there before.
func (o *Owner) SetPermissions(ctx context.Context, permissions oauth.ScopeSet) error {
	if o.cast.Stage.Target.Description.Control.SetPermissions == nil {
		return fmt.Errorf("control.set_permissions is not in the target file")
	}
	if !o.created {
		before, limited := o.Permissions, o.Limited
		if !limited {
			before = o.cast.everything()
		}
		o.cast.undo = append(o.cast.undo, func(ctx context.Context) error {
			err := o.setPermissions(ctx, before)
			o.Limited = limited
			return err
		})
	}
	return o.setPermissions(ctx, permissions)
}

func (o *Owner) setPermissions(ctx context.Context, permissions oauth.ScopeSet) error {
	o.Permissions, o.Limited = permissions, true
	call := o.cast.Stage.Target.Description.Control.SetPermissions
	vars, err := o.variables(ctx, call, nil, map[string]string{"scope": permissions.Map(o.cast.wireToken).String()})
	if err != nil {
		return err
	}
	_, err = o.cast.call(as(ctx, "administrator", "sets the permissions of "+o.Name), call, vars)
	return err
}

// OnlyPeople are the scopes that mean nothing without a resource owner: those of
// OpenID Connect, and what the target file says.
func (c *Cast) OnlyPeople() oauth.ScopeSet {
	return openIDScopes.Union(oauth.FieldsScope(c.Stage.Target.Description.AuthorizationServer.UserOnlyScopes))
}

// KnownScopes are the scopes that the target knows: those that its file speaks of, and
// those of OpenID Connect.
func (c *Cast) KnownScopes() oauth.ScopeSet {
	all := c.KnownAtAPI()
	if other := c.Stage.Target.OtherAPI; other != nil {
		for _, op := range other.Operations {
			needs, _ := op.Needs()
			all = all.Union(needs)
		}
	}
	return all.Union(oauth.NewScopeSet("grant_management_query", "grant_management_revoke"))
}

// KnownAtAPI are those of them that mean something at the first API, or at the
// server itself.
func (c *Cast) KnownAtAPI() oauth.ScopeSet {
	return c.everything().Union(c.ProtocolScopes()).Union(c.Stage.Target.DefaultScope)
}

// speaks is every scope that the target file speaks of.
func (c *Cast) speaks() oauth.ScopeSet {
	as := c.Stage.Target.Description.AuthorizationServer
	return c.APIScopes().Union(oauth.FieldsScope(as.Decoys + " " + as.RequiredScopes + " " + as.UserOnlyScopes + " " + as.AlwaysGranted +
		" " + as.ConfidentialOnlyScopes + " " + as.PrivilegedScopes + " " + as.ExoticScope))
}

// variables are what a control call knows of the owner. Their subject is learned
// if the call speaks of it.
func (o *Owner) variables(ctx context.Context, call *target.Call, client *Client, extra map[string]string) (map[string]string, error) {
	vars := map[string]string{"user.username": o.Username, "user.password": o.Password.Reveal(), "user.subject": o.Subject}
	if client != nil {
		maps.Copy(vars, o.cast.clientVariables(&client.Client))
	}
	if strings.Contains(fmt.Sprint(*call), "${user.subject}") {
		var err error
		if vars["user.subject"], err = o.LearnSubject(ctx); err != nil {
			return nil, err
		}
	}
	maps.Copy(vars, extra)
	return vars, nil
}

// meeting is a client, by its client_id, that asks an owner.
type meeting struct{ client, owner string }

// meet ends, once in a cast, what an owner granted before to a client that was
// there before.
func (c *Client) meet(ctx context.Context, o *Owner) error {
	call := c.cast.Stage.Target.Description.Control.RevokeGrant
	first := meeting{c.ID, o.Name}
	if call == nil || !c.static || o.created || o.learning || c.cast.met[first] || c.cast.Stage.KeepGrants {
		return nil
	}
	c.cast.met[first] = true
	vars, err := o.variables(ctx, call, c, nil)
	if err != nil {
		return err
	}
	got, err := c.cast.send(as(ctx, o.Name, "revokes what "+c.Name+" was granted before"), call, vars)
	if err == nil && !call.Succeeded(got.status) && got.status != http.StatusNotFound {
		err = fmt.Errorf("got %d %s", got.status, c.cast.brief(got.body))
	}
	if err != nil {
		return fmt.Errorf("%s revokes what %s was granted before: %w", o.Name, c.Name, err)
	}
	return nil
}

func (o *Owner) control(ctx context.Context, purpose string, call *target.Call, client *Client, extra map[string]string) error {
	if call == nil {
		return fmt.Errorf("%s %s: the target file has no control call for it", o.Name, purpose)
	}
	vars, err := o.variables(ctx, call, client, extra)
	if err != nil {
		return err
	}
	_, err = o.cast.call(as(ctx, o.Name, purpose), call, vars)
	return err
}

// LimitClient changes which scopes a client is allowed. [Cast.Restore] undoes it
// for a client that was there before.
func (c *Cast) LimitClient(ctx context.Context, client *Client, scope oauth.ScopeSet) error {
	if c.Stage.Target.Description.Control.LimitClient == nil {
		return fmt.Errorf("control.limit_client is not in the target file")
	}
	if client.static {
		before := client.Scope
		c.undo = append(c.undo, func(ctx context.Context) error { return c.limitClient(ctx, client, before) })
	}
	return c.limitClient(ctx, client, scope)
}

func (c *Cast) limitClient(ctx context.Context, client *Client, scope oauth.ScopeSet) error {
	call := c.Stage.Target.Description.Control.LimitClient
	_, err := c.call(as(ctx, "administrator", "limits "+client.Name), call, c.limits(client, scope))
	return err
}

// limits are the variables of the call that limits a client, which may have no more
// than scope from now on.
func (c *Cast) limits(client *Client, scope oauth.ScopeSet) map[string]string {
	client.Scope = scope
	vars := c.clientVariables(&client.Client)
	vars["scope"] = scope.Map(c.wireToken).String()
	return vars
}

// AdvanceClock moves the target's clock.
func (c *Cast) AdvanceClock(ctx context.Context, by time.Duration) error {
	call := c.Stage.Target.Description.Control.AdvanceClock
	if call == nil {
		return fmt.Errorf("control.advance_clock is not in the target file")
	}
	c.ahead += by
	clear(c.audits) // what it holds may have expired with the rest
	_, err := c.call(as(ctx, "scopeproof", "moves the clock by "+by.String()), call, map[string]string{
		"seconds": strconv.Itoa(int(by.Seconds())),
	})
	return err
}

// Restore undoes what the cast did to the whole target, to users and to clients
// that were there before. It tries everything, also after an error.
func (c *Cast) Restore(ctx context.Context) error {
	ctx = regardless(ctx)
	problems := []error{c.resetClock(ctx)}
	for _, undo := range slices.Backward(c.undo) {
		problems = append(problems, undo(ctx))
	}
	c.undo = nil
	return errors.Join(problems...)
}

func (c *Cast) resetClock(ctx context.Context) error {
	call := c.Stage.Target.Description.Control.ResetClock
	if call == nil || c.ahead == 0 {
		return nil
	}
	c.ahead = 0
	_, err := c.call(as(ctx, "scopeproof", "sets the clock right"), call, nil)
	return err
}

// call performs a control call and returns what it captures.
func (c *Cast) call(ctx context.Context, call *target.Call, extra map[string]string) (map[string]string, error) {
	captured, _, err := c.ask(ctx, call, extra)
	return captured, err
}

// ask is call with the body of the answer.
func (c *Cast) ask(ctx context.Context, call *target.Call, extra map[string]string) (captured map[string]string, body []byte, err error) {
	got, err := c.send(ctx, call, extra)
	if err != nil {
		return nil, nil, err
	}
	if !call.Succeeded(got.status) {
		return nil, nil, fmt.Errorf("%s: got %d %s", call.URL, got.status, c.brief(got.body))
	}
	captured, err = call.Captured(&target.Reply{Header: got.header, Body: got.body})
	return captured, got.body, err
}

// send makes a call, and those before it, and returns the answer to the call
// itself.
func (c *Cast) send(ctx context.Context, call *target.Call, extra map[string]string) (answer, error) {
	session := c.session(extra)
	reply, err := session.Do(ctx, *call)
	if err != nil {
		return answer{}, c.refused(err)
	}
	return answer{reply.Status, reply.Header, reply.Body}, nil
}

// session is what calls that follow each other share.
func (c *Cast) session(extra map[string]string) *target.Session {
	s := &target.Session{Expand: c.Stage.Target.Expand, Jar: useragent.NewJar(), Variables: maps.Clone(extra)}
	s.Send = func(ctx context.Context, call target.Call, req *http.Request) (*target.Reply, error) {
		c.Recorder.keepCall(&call, req, func(text string) (string, error) { return s.Expand(text, s.Variables) })
		// net/http may send it once more where a connection that was kept turns out to be gone.
		req.Header["Idempotency-Key"] = nil
		got, err := c.Recorder.do(ctx, req)
		return &target.Reply{Status: got.status, Header: got.header, Body: got.body}, err
	}
	return s
}

// refused adds the answer to the error of a call before another, secrets removed.
func (c *Cast) refused(err error) error {
	var refused *target.CallError
	if errors.As(err, &refused) {
		refused.Text = c.brief(refused.Reply.Body)
	}
	return err
}

// AtAnotherBrowser reports whether the owner sits at another's browser.
func (o *Owner) AtAnotherBrowser() bool { return o.shared }

// UseBrowserOf makes the owner sit at another's browser, where they sign in as
// themselves.
func (o *Owner) UseBrowserOf(other *Owner) { o.jar, o.shared = other.jar, true }
