package actor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/scopeproof/scopeproof/internal/race"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// MostAtOnce is how many requests can be made at once.
const MostAtOnce = race.Most

// Entry is one request of several that are made at once, and what came of it.
type Entry struct {
	req  *http.Request
	body []byte
	read func(answer) error

	// After is another entry of the same race, before this one, whose answer is
	// awaited: then this one begins. Nil: it is released with the others.
	After *Entry
	// Issue is what came of a request at the token endpoint, Attempt of one at the
	// API; nil unless it is one.
	Issue   *Issue
	Attempt *Attempt
	// Status is of the answer; 0: there was none.
	Status int
	// Err is why the answer says nothing: there was none, or the server was in
	// trouble ([oauth.Unready]).
	Err error

	result race.Result
}

// Saw reports whether the entry had to observe what another one did: it began
// when the other had been answered.
func (e *Entry) Saw(other *Entry) bool { return e.result.Saw(other.result.End) }

// AtOnce makes requests arrive at once, each over a connection of its own, and
// reads what came of them in their order. What came of one is in its Err.
func (c *Cast) AtOnce(ctx context.Context, entries []*Entry) error {
	if err := c.Recorder.race(ctx, entries); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Err == nil && e.read != nil {
			e.Err = e.read(answer{e.result.Status, e.result.Header, e.result.Body})
		}
	}
	return context.Cause(ctx)
}

// race makes the requests and records each with its answer.
func (r *Recorder) race(ctx context.Context, entries []*Entry) error {
	if err := r.full(); err != nil {
		return err
	}
	requests := make([]race.Request, len(entries))
	numbers := map[*Entry]int{}
	for i, e := range entries {
		if e.req.Body != nil {
			var err error
			if e.body, err = io.ReadAll(e.req.Body); err != nil {
				return err
			}
		}
		rec := r.begin(e.req)
		rec.reqBody = e.body
		if err := r.stops(rec); err != nil {
			return err
		}
		if err := r.waits.ask(ctx, endpointOf(e.req), r.name(e.req.URL.Host, e.req.URL.Path)); err != nil {
			return err
		}
		numbers[e] = i + 1
		requests[i] = race.Request{HTTP: e.req, Body: e.body}
		if e.After != nil {
			requests[i].After = numbers[e.After]
		}
	}
	return r.run(ctx, entries, requests)
}

// run makes the requests of a race, and all of them again where the server put every
// one off: nothing was handled then. Those of which it handled some are not made
// again, for they would no longer be made at once.
func (r *Recorder) run(ctx context.Context, entries []*Entry, requests []race.Request) error {
	tried := attempts{atOnce: true}
	for {
		if err := r.pace.await(ctx, entries[0].req.URL, len(entries)); err != nil {
			return err
		}
		if err := r.turns.take(ctx); err != nil {
			return err
		}
		results, err := race.Run(ctx, requests, r.raceOptions())
		r.turns.giveBack()
		if err != nil {
			return err
		}
		var off []*Entry
		for i, e := range entries {
			if r.came(ctx, e, results[i]); CutShort(e.Err) {
				off = append(off, e)
			}
		}
		if len(off) == 0 {
			return nil
		}
		one := off[0]
		_, err = r.pace.limited(&tried, one.req.URL, one.result.Start, one.Status, one.result.Header)
		r.pace.alike(len(off) - 1)
		if err != nil {
			r.waits.asked(endpointOf(one.req), r.name(one.req.URL.Host, one.req.URL.Path), tried.first, err, err)
		}
		if len(off) < len(entries) || err != nil {
			return nil
		}
	}
}

// came records what came of a request of a race.
func (r *Recorder) came(ctx context.Context, e *Entry, got race.Result) {
	e.result, e.Status, e.Err = got, got.Status, nil
	rec := r.begin(e.req)
	rec.reqBody, rec.started = e.body, got.Start
	rec.status, rec.respHeader, rec.respBody = got.Status, got.Header, got.Body
	if !got.End.IsZero() {
		rec.duration = got.End.Sub(got.Start)
	}
	if got.Err != nil {
		rec.failure = got.Err.Error()
		e.Err = fmt.Errorf("%s %s: %w", e.req.Method, bare(e.req.URL.String()), got.Err)
	}
	r.add(rec)
	var late error
	if errors.Is(got.Err, context.DeadlineExceeded) && ctx.Err() == nil {
		late = r.late
	}
	r.waited(e.req, rec, late, got.Err)
	if got.Err != nil || r.pace == nil {
		return
	}
	if is, _, _ := oauth.Limited(got.Status, got.Header, got.End); is {
		e.Err = fmt.Errorf("%s %s: %w", e.req.Method, bare(e.req.URL.String()),
			&limited{fmt.Sprintf("the server limits the rate of requests: got %d to one of several that were made at once\n    hint: of a server that bears few at once the target file says \"parallel: 1\"", got.Status), true})
	} else {
		r.pace.answered(e.req.URL)
	}
}

// raceOptions reach the target as its transport does, as far as that can be
// told.
func (r *Recorder) raceOptions() race.Options {
	o := race.Options{Timeout: r.timeout, MaxBody: target.MaxAnswer}
	if t, ok := r.transport.(*http.Transport); ok {
		o.Dial, o.TLS = tunnelled(t), t.TLSClientConfig
	}
	return o
}

// Revocation is the request that ends a refresh token (RFC 7009 section 2.1), to
// be made at once with others. If it comes when the token has been used, some servers
// find fault with it, instead of answering as if it were done (section 2.2).
func (c *Client) Revocation(ctx context.Context, i *Issue) (*Entry, error) {
	if i.Response == nil || i.Response.RefreshToken == "" {
		return nil, fmt.Errorf("%s was given no refresh token", c.Name)
	}
	form := url.Values{"token": {i.Response.RefreshToken.Reveal()}, "token_type_hint": {"refresh_token"}}
	req, err := c.form(as(ctx, c.Name, "revokes its refresh token"), metadata(c.cast.Stage.Target.Target, "revocation_endpoint"), form, "")
	if err != nil {
		return nil, err
	}
	return &Entry{req: req, read: func(got answer) error {
		if object, _ := oauth.ParseObject(got.body); got.status != http.StatusOK && (got.status != http.StatusBadRequest || object.Text("error") == "") {
			return fmt.Errorf("%s revokes its refresh token: got %d %s, want 200 (RFC 7009 section 2.2)", c.Name, got.status, c.cast.brief(got.body))
		}
		return nil
	}}, nil
}

// Removal is the request of RemoveScope, to be made at once with others.
func (o *Owner) Removal(ctx context.Context, client *Client, removed, left oauth.ScopeSet) (*Entry, error) {
	return o.entry(ctx, "removes "+removed.String(), o.cast.Stage.Target.Description.Control.RemoveScope, client, map[string]string{
		"removed": removed.Map(o.cast.wireToken).String(), "scope": left.Map(o.cast.wireToken).String(),
	})
}

// Revoking is the request of Revoke, to be made at once with others.
func (o *Owner) Revoking(ctx context.Context, client *Client) (*Entry, error) {
	return o.entry(ctx, "revokes the grant", o.cast.Stage.Target.Description.Control.RevokeGrant, client, nil)
}

// Permitting is the request of SetPermissions, to be made at once with others.
func (o *Owner) Permitting(ctx context.Context, permissions oauth.ScopeSet) (*Entry, error) {
	if !o.created {
		if err := o.SetPermissions(ctx, o.permissionsNow()); err != nil { // so that Restore knows
			return nil, err
		}
	}
	o.Permissions, o.Limited = permissions, true
	return o.entry(ctx, "sets the permissions of "+o.Name, o.cast.Stage.Target.Description.Control.SetPermissions, nil,
		map[string]string{"scope": permissions.Map(o.cast.wireToken).String()})
}

func (o *Owner) permissionsNow() oauth.ScopeSet {
	if o.Limited {
		return o.Permissions
	}
	return o.cast.everything()
}

// Limiting is the request of LimitClient, to be made at once with others.
func (c *Cast) Limiting(ctx context.Context, client *Client, scope oauth.ScopeSet) (*Entry, error) {
	if client.static {
		if err := c.LimitClient(ctx, client, client.Scope); err != nil { // so that Restore knows
			return nil, err
		}
	}
	return c.callEntry(as(ctx, "administrator", "limits "+client.Name), c.Stage.Target.Description.Control.LimitClient, c.limits(client, scope))
}

func (o *Owner) entry(ctx context.Context, purpose string, call *target.Call, client *Client, extra map[string]string) (*Entry, error) {
	if call == nil {
		return nil, fmt.Errorf("%s %s: the target file has no control call for it", o.Name, purpose)
	}
	vars, err := o.variables(ctx, call, client, extra)
	if err != nil {
		return nil, err
	}
	return o.cast.callEntry(as(ctx, o.Name, purpose), call, vars)
}

func (c *Cast) callEntry(ctx context.Context, call *target.Call, vars map[string]string) (*Entry, error) {
	if call == nil {
		return nil, errors.New("the target file has no control call for it")
	}
	session := c.session(vars)
	req, err := session.Request(ctx, *call)
	if err != nil {
		return nil, c.refused(err)
	}
	c.Recorder.keepCall(call, req, func(text string) (string, error) { return session.Expand(text, session.Variables) })
	return &Entry{req: req, read: func(got answer) error {
		if !call.Succeeded(got.status) {
			return fmt.Errorf("%s: got %d %s", call.URL, got.status, c.brief(got.body))
		}
		return nil
	}}, nil
}

// Calling is the request of Call, to be made at once with others.
func (c *Cast) Calling(ctx context.Context, who string, api *target.ResourceServer, op target.Operation, token oauth.AccessToken, on *Object, owner *Owner) (*Entry, error) {
	a := &Attempt{Operation: op.Name, Marker: marker(), Owner: owner}
	req, err := c.apiRequest(as(ctx, who, "calls "+op.Name), api, op, on, a.Marker, Wire{})
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	return &Entry{req: req, Attempt: a, read: func(got answer) error {
		a.Status, a.Header, a.Body = got.status, got.header, got.body
		if oauth.Unready(got.status) {
			return fmt.Errorf("%s calls %s: got %d", who, op.Name, got.status)
		}
		return nil
	}}, nil
}
