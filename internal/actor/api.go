package actor

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Attempt is one request to the API, and what came of it.
type Attempt struct {
	Operation  string // a name of target.Operation, or "" for a request of another shape
	Marker     string // a text unique to this attempt, in what would be written
	Owner      *Owner // whose objects were meant; nil: nobody's
	Status     int
	Header     http.Header
	Body       []byte
	Challenge  oauth.Challenge
	Challenged bool   // a Bearer challenge came with the answer
	ObjectID   string // of an object that was created
	// Filtered says that a list was answered and shows nothing of what is there.
	Filtered bool
}

// Served reports whether the API did what was asked (2xx). To list nothing is to
// refuse.
func (a *Attempt) Served() bool { return a.Status >= 200 && a.Status < 300 && !a.Filtered }

// Refused reports whether the API refused: 401, 403, or what hides that there is
// something: 404, 405, and a list that leaves it out.
func (a *Attempt) Refused() bool {
	return a.Status == 401 || a.Status == 403 || a.Hides()
}

// Hides reports whether an answer speaks of nothing that is there (RFC 9110 section
// 15.5.4): it says nothing of the token either.
func (a *Attempt) Hides() bool { return a.Status == 404 || a.Status == 405 || a.Filtered }

// Object is something in an owner's calendar that a scenario put there.
type Object struct {
	ID, Marker string
	Owner      *Owner
}

// Wire changes how an operation is sent: another method, another spelling of
// the path, more headers.
type Wire struct {
	Method string
	Path   string // in place of the operation's, "{id}" is the object's id
	Query  string
	Header http.Header
	Body   string // in place of the operation's; with its Content-Type in Header
	// Variables stand for ${…} in the operation beside those of the target.
	Variables map[string]string
}

// Lacking says that the target has not what a scenario came to need: it does not
// apply.
type Lacking struct{ What string }

func (e *Lacking) Error() string { return "needs " + e.What }

// NotOffered is the error of an operation that an API does not have.
func NotOffered(operation string) error {
	return &Lacking{fmt.Sprintf("the operation %q, which the API does not have (declared: api.operations)", operation)}
}

// Call sends an operation to an API with a token. The empty token sends none. The
// error is *[Lacking] where the API has no such operation.
func (c *Cast) Call(ctx context.Context, who string, api *target.ResourceServer, name string, token oauth.AccessToken, on *Object, owner *Owner) (*Attempt, error) {
	op, ok := api.Operation(name)
	if !ok {
		return nil, NotOffered(name)
	}
	return c.sendOperation(as(ctx, who, "calls "+name), api, op, token, on, owner, Wire{})
}

// CallWire sends an operation in an unusual shape.
func (c *Cast) CallWire(ctx context.Context, who string, api *target.ResourceServer, op target.Operation, token oauth.AccessToken, on *Object, owner *Owner, w Wire) (*Attempt, error) {
	return c.sendOperation(as(ctx, who, "calls the API"), api, op, token, on, owner, w)
}

func (c *Cast) sendOperation(ctx context.Context, api *target.ResourceServer, op target.Operation, token oauth.AccessToken, on *Object, owner *Owner, w Wire) (*Attempt, error) {
	a, err := c.sendOnce(ctx, api, op, token, on, owner, w)
	if err != nil || !a.Served() || !c.Stage.filters || op.Name != "list" || api != c.Stage.Target.API || owner == nil {
		return a, err
	}
	return a, c.lookThrough(ctx, a, token, w)
}

// marker is a text that is unique to one attempt.
func marker() string { return "scopeproof-" + random(6) }

func (c *Cast) sendOnce(ctx context.Context, api *target.ResourceServer, op target.Operation, token oauth.AccessToken, on *Object, owner *Owner, w Wire) (*Attempt, error) {
	a := &Attempt{Operation: op.Name, Marker: cmp.Or(w.Variables["marker"], marker()), Owner: owner}
	req, err := c.apiRequest(ctx, api, op, on, a.Marker, w)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	for name, values := range w.Header {
		req.Header[name] = values
	}
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	a.Status, a.Header, a.Body = got.status, got.header, got.body
	a.Challenge, a.Challenged = oauth.BearerChallenge(got.header.Values("WWW-Authenticate"))
	if a.Served() && op.ID != "" {
		captured, _ := target.Call{Capture: map[string]string{"id": op.ID}}.Captured(&target.Reply{Header: got.header, Body: got.body}) // no JSON: no id
		a.ObjectID = captured["id"]
	}
	if where, err := url.Parse(a.Header.Get("Location")); err == nil && a.ObjectID == "" && where.Path != "" && op.Name == "create" {
		a.ObjectID = path.Base(where.Path)
	}
	c.used(api, op, req, w, a)
	c.tidy(api, a)
	return a, nil
}

func (c *Cast) apiRequest(ctx context.Context, api *target.ResourceServer, op target.Operation, on *Object, marker string, w Wire) (*http.Request, error) {
	id := "none"
	if on != nil {
		id = on.ID
	}
	fill := filling{c, strings.NewReplacer("${id}", id, "{id}", id, "${marker}", marker), w.Variables}
	path, method := cmp.Or(w.Path, op.Path), cmp.Or(w.Method, op.Method)
	path, err := fill.path(path)
	if err != nil {
		return nil, err
	}
	body, kind := []byte(nil), ""
	switch {
	case w.Body != "":
		body = []byte(fill.own.Replace(w.Body))
	case op.JSON != nil:
		if body, err = fill.json(op.JSON); err != nil {
			return nil, err
		}
		kind = "application/json"
	}
	raw := api.BaseURL + path
	if w.Query != "" {
		raw += "?" + w.Query
	}
	req, err := http.NewRequestWithContext(ctx, method, raw, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		req.Body, req.ContentLength = nil, 0
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return req, nil
}

// mayNotCreate reports whether nothing that an owner is permitted suffices to
// create an appointment, and there is no other token to do it with.
func (c *Cast) mayNotCreate(owner *Owner) (needs oauth.ScopeSet, mayNot bool) {
	may := c.Stage.Target.Description.Users[owner.Name].Permissions
	op, ok := c.Stage.Target.API.Operation("create")
	if may == nil || !ok || c.Stage.mints() {
		return needs, false
	}
	needs, _ = op.Needs()
	return needs, needs.Intersect(oauth.FieldsScope(*may)).IsEmpty()
}

// Seed puts an appointment into an owner's calendar, with a token that may do
// everything. The error is *[Lacking] where there is no such token.
func (c *Cast) Seed(ctx context.Context, owner *Owner) (*Object, error) {
	token, err := c.auditorToken(ctx, owner)
	if err != nil {
		return nil, err
	}
	a, err := c.Call(ctx, "auditor", c.Stage.Target.API, "create", token, nil, owner)
	if err != nil {
		return nil, err
	}
	if needs, mayNot := c.mayNotCreate(owner); mayNot && a.Status == http.StatusForbidden {
		return nil, &Lacking{fmt.Sprintf("an appointment of %s, who may not do what takes %q (declared: users), and the API trusts no key of ours (api.trusts_harness_key)", owner.Name, needs)}
	}
	if !a.Served() || a.ObjectID == "" {
		return nil, fmt.Errorf("an appointment is put into %s's calendar: got %d %s", owner.Name, a.Status, c.brief(a.Body))
	}
	return &Object{ID: a.ObjectID, Marker: a.Marker, Owner: owner}, nil
}

// Calendar returns what an owner's calendar shows to a token that may do
// everything.
func (c *Cast) Calendar(ctx context.Context, owner *Owner) (string, error) {
	token, err := c.auditorToken(ctx, owner)
	if err != nil {
		return "", err
	}
	a, err := c.Call(ctx, "auditor", c.Stage.Target.API, "list", token, nil, owner)
	if err != nil {
		return "", err
	}
	if !a.Served() {
		return "", fmt.Errorf("%s's calendar is read by the auditor: got %d", owner.Name, a.Status)
	}
	return string(a.Body), nil
}

// APIScopes are the scopes that operations of the API need; without an API, those
// that features ask for.
func (c *Cast) APIScopes() oauth.ScopeSet {
	if c.Stage.Target.API == nil {
		return oauth.FieldsScope(apiScopes)
	}
	var all oauth.ScopeSet
	for _, op := range c.Stage.Target.API.Operations {
		needs, _ := op.Needs()
		all = all.Union(needs)
	}
	for _, f := range c.Stage.Target.API.Further {
		needs, _ := f.Operation().Needs()
		all = all.Union(needs)
	}
	return all
}

// Audit reads one object with a token that may do everything, or the list that it
// stands in, where the API does not offer it alone.
func (c *Cast) Audit(ctx context.Context, on *Object) (*Attempt, error) {
	token, err := c.auditorToken(ctx, on.Owner)
	if err != nil {
		return nil, err
	}
	operation := "read"
	if _, offered := c.Stage.Target.API.Operation(operation); !offered {
		operation, on = "list", &Object{Owner: on.Owner}
	}
	return c.Call(ctx, "auditor", c.Stage.Target.API, operation, token, on, on.Owner)
}

// OffersHead reports whether HEAD is served to a token that may do everything: an
// API need not offer it beside GET, and may say so in several ways.
func (c *Cast) OffersHead(ctx context.Context, op target.Operation, on *Object, owner *Owner) (bool, error) {
	token, err := c.auditorToken(ctx, owner)
	if err != nil {
		return false, err
	}
	a, err := c.CallWire(ctx, "auditor", c.Stage.Target.API, op, token, on, owner, Wire{Method: http.MethodHead})
	return err == nil && a.Served(), err
}
