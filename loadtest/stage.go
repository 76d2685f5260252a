package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Stage is where a scenario prepares its requests: the target, its clients and
// resource owners, and the tokens they obtain. Scopes are named as features name
// them; the target's own names are put in their place where requests are made
// and answers judged. It is not safe for use by several goroutines.
type Stage struct {
	// Target is what is under test, and what is known of it.
	Target *target.Resolved
	// Seed is that of the run.
	Seed int64
	// Rate is how many requests a second are offered, 0: as many as there can be;
	// Duration is for how long. They say how much is worth preparing.
	Rate     float64
	Duration time.Duration
	// Progress is told how far preparing has come, by one goroutine at a time; it
	// may be nil.
	Progress func(Minted)

	actors *actor.Stage
	cast   *actor.Cast
	// until is when the first of the tokens that were handed out expires.
	until    time.Time
	keeping  sync.Mutex
	measured *measures
	holders  *holders

	within []*Stage // made by Others

	alive  context.Context // ends with the load; nil: nobody needs it
	close  func()
	beside sync.WaitGroup
}

func newStage(ctx context.Context, t *target.Target, seed int64) (*Stage, error) {
	actors, err := actor.NewStage(ctx, t)
	if err != nil {
		return nil, err
	}
	actors.KeepGrants = true // tokens are renewed while others are in use
	return &Stage{Target: actors.Target, Seed: seed, actors: actors, cast: actors.NewCast(), holders: &holders{}}, nil
}

// another is a stage for the same target with clients of its own.
func (s *Stage) another() *Stage {
	return &Stage{
		Target: s.Target, Seed: s.Seed, Rate: s.Rate, Duration: s.Duration, Progress: s.Progress,
		actors: s.actors, cast: s.actors.NewCast(), measured: &measures{}, holders: s.holders,
	}
}

// again is a stage for preparing a scenario anew, with clients of its own.
func (s *Stage) again() *Stage {
	next := s.another()
	next.measured, next.Progress = s.measured, nil
	return next
}

// Others is a stage within this one with clients and resource owners of its own,
// for a scenario that needs more of them than have names. What it prepares ends
// with this stage.
func (s *Stage) Others() *Stage {
	o := s.another()
	o.measured, o.alive = s.measured, s.life()
	s.within = append(s.within, o)
	return o
}

// Can reports whether the target can do something.
func (s *Stage) Can(c target.Capability) bool { return s.Target.Capabilities[c].Yes() }

// Choice is what the target file declares for an open choice, or "".
func (s *Stage) Choice(name target.ChoiceName) string { return s.Target.Choices[name].Value }

// Endpoint is a member of the metadata document: "token_endpoint". It is empty
// where there is none.
func (s *Stage) Endpoint(name string) string {
	text, _ := s.Target.Metadata[name].(string)
	return text
}

// Client is a client of the target.
type Client struct {
	oauth.Client
	actor *actor.Client
}

// HasClient reports whether the target has, or can be given, a client of the
// features: Planner, Viewer, Pocket, House, Robot or Worker.
func (s *Stage) HasClient(name string) bool {
	own := s.Target.Description.Clients.Actors[name]
	return !own.Absent && (s.Registers() || own.ID != "")
}

// Registers reports whether clients are registered as they are needed, so that the
// stages of [Stage.Others] have clients of their own.
func (s *Stage) Registers() bool {
	register := s.Target.Description.Clients.Register
	return register.HTTP != nil || register.Dynamic != nil || !register.Static && s.Endpoint("registration_endpoint") != ""
}

// HasOwner reports whether the target has a resource owner of the features: Ada,
// Bo or Cy.
func (s *Stage) HasOwner(name string) bool {
	_, known := s.Target.Description.Users[name]
	return known
}

// Owner makes sure that there is a resource owner of that name, so that players
// find them.
func (s *Stage) Owner(ctx context.Context, name string) error {
	_, err := s.cast.Owner(ctx, name)
	return err
}

// Client returns the client that features call name, and registers it with the
// target if need be.
func (s *Stage) Client(ctx context.Context, name string) (*Client, error) {
	c, err := s.cast.Client(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Client{Client: c.Client, actor: c}, nil
}

// Token is an access token that was obtained before the load begins.
type Token struct {
	Secret oauth.AccessToken
	// Scope is what the target said that was granted.
	Scope  oauth.ScopeSet
	Client *Client
	Owner  string // the resource owner's name; empty for client credentials

	issue *actor.Issue
}

// ClientToken obtains a token for a client that acts for itself (RFC 6749
// section 4.4).
func (s *Stage) ClientToken(ctx context.Context, c *Client, scope oauth.ScopeSet) (*Token, error) {
	raw := scope.Raw()
	issue, err := c.actor.ClientCredentials(ctx, &raw, nil)
	if err != nil {
		return nil, err
	}
	return s.token(c, "", scope, issue)
}

// UserToken obtains a token for a client that acts for a resource owner (RFC
// 6749 section 4.1), who signs in and consents to everything.
func (s *Stage) UserToken(ctx context.Context, c *Client, owner string, scope oauth.ScopeSet) (*Token, error) {
	person, err := s.cast.Owner(ctx, owner)
	if err != nil {
		return nil, err
	}
	raw := scope.Raw()
	a, err := c.actor.Authorize(ctx, actor.Request{Owner: person, Scope: &raw, Decision: &oauth.ConsentDecision{}})
	if err != nil {
		return nil, err
	}
	if a.Code == "" {
		return nil, fmt.Errorf("%s asks %s for %q: got no code (%v)", c.Name, owner, scope, a.Refused)
	}
	issue, err := c.actor.Redeem(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	return s.token(c, owner, scope, issue)
}

func (s *Stage) token(c *Client, owner string, asked oauth.ScopeSet, issue *actor.Issue) (*Token, error) {
	if issue.Response == nil {
		return nil, fmt.Errorf("%s asks for %q: %w", c.Name, asked, issue.Refused)
	}
	s.note(issue)
	s.holders.learn(Holder{c, owner}, []byte(issue.Response.AccessToken.Reveal()))
	return &Token{Secret: issue.Response.AccessToken, Scope: issue.Means(), Client: c, Owner: owner, issue: issue}, nil
}

// note remembers when a token expires.
func (s *Stage) note(issue *actor.Issue) {
	if lifetime := issue.Response.ExpiresIn; lifetime > 0 {
		if expires := issue.Started.Add(lifetime); s.until.IsZero() || expires.Before(s.until) {
			s.until = expires
		}
	}
}

// ErrUntold says that introspection does not tell of a token while nobody else
// asks.
var ErrUntold = errors.New("introspection does not tell of the token")

// Introspection asks about a token, and returns the request and what was answered.
// It is the control before the load; the error may be [ErrUntold].
func (s *Stage) Introspection(ctx context.Context, t *Token) (r Request, seen Answer, err error) {
	if r, err = s.IntrospectionRequest(ctx, t.Client, t.Secret); err != nil {
		return r, seen, err
	}
	told, err := t.issue.Introspect(ctx)
	switch {
	case err != nil:
		return r, seen, err
	case told == nil:
		return r, seen, fmt.Errorf("%w of %s", ErrUntold, t.Client.Name)
	case !told.Active:
		return r, seen, fmt.Errorf("%w of %s: it is not active", ErrUntold, t.Client.Name)
	}
	seen, err = s.Player().Send(ctx, r)
	return r, seen, err
}

// TokenRequest is a request to the token endpoint with the client's
// credentials.
func (s *Stage) TokenRequest(c *Client, form url.Values) Request {
	return s.post(c.Client, s.Endpoint("token_endpoint"), form)
}

// ClientCredentialsRequest asks for a token on the client's own behalf (RFC 6749
// section 4.4.2); an empty scope is left out.
func (s *Stage) ClientCredentialsRequest(c *Client, scope oauth.ScopeSet) Request {
	form, purpose := url.Values{"grant_type": {string(oauth.ClientCredentials)}}, "no scope"
	if !scope.IsEmpty() {
		form.Set("scope", s.wire(scope).String())
		purpose = scope.String()
	}
	s.name(form)
	r := s.TokenRequest(c, form)
	r.Purpose = "asks on its own behalf for " + purpose
	return r
}

// ExchangeRequest asks to exchange an access token for one of that scope (RFC 8693
// section 2.1).
func (s *Stage) ExchangeRequest(t *Token, scope oauth.ScopeSet) Request {
	const accessToken = "urn:ietf:params:oauth:token-type:access_token"
	r := s.TokenRequest(t.Client, url.Values{
		"grant_type": {string(oauth.TokenExchange)}, "scope": {s.wire(scope).String()},
		"subject_token": {t.Secret.Reveal()}, "subject_token_type": {accessToken},
	})
	r.Purpose = "exchanges its token for " + scope.String()
	return r
}

// name adds the parameter that names the API, where the target has one.
func (s *Stage) name(form url.Values) {
	if p := s.Target.Description.AuthorizationServer.ResourceParameter; p != "" && s.Target.API != nil && s.Target.API.Resource != "" {
		form.Set(p, s.Target.API.Resource)
	}
}

// IntrospectionRequest asks the introspection endpoint about a token, as the
// target file says that it is asked (RFC 7662 section 2.1). Holder is the client
// that holds the token.
func (s *Stage) IntrospectionRequest(ctx context.Context, holder *Client, token oauth.Secret) (Request, error) {
	asker := holder.Client
	switch who := s.Target.Description.AuthorizationServer.Introspection.As; who {
	case "", "client":
		if asker.IsPublic() {
			return Request{}, fmt.Errorf("%s has no credentials to introspect with", asker.Name)
		}
	case "none":
		asker.AuthMethod = anonymous
	default:
		c, err := s.Client(ctx, who)
		if err != nil {
			return Request{}, err
		}
		asker = c.Client
	}
	r := s.post(asker, s.Endpoint("introspection_endpoint"), url.Values{"token": {token.Reveal()}})
	r.Purpose = "introspects a token"
	return r, nil
}

// StrangersIntrospection asks the introspection endpoint about a token as somebody
// who does not say who they are (RFC 7662 section 2.1).
func (s *Stage) StrangersIntrospection(token oauth.Secret) Request {
	stranger := oauth.Client{Name: "somebody", AuthMethod: anonymous}
	r := s.post(stranger, s.Endpoint("introspection_endpoint"), url.Values{"token": {token.Reveal()}})
	r.Purpose = "introspects a token without credentials"
	return r
}

// anonymous is no way to authenticate: nothing is sent, no client_id either.
const anonymous oauth.AuthMethod = "anonymous"

// post is a form with the client's credentials (RFC 6749 section 2.3).
func (s *Stage) post(c oauth.Client, endpoint string, form url.Values) Request {
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {"application/json"},
	}
	switch c.AuthMethod {
	case oauth.AuthBasic:
		// RFC 6749 section 2.3.1 has both parts form-encoded first.
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	case oauth.AuthPost:
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret.Reveal())
	case oauth.AuthNone:
		form.Set("client_id", c.ID)
	}
	return Request{
		Method: http.MethodPost, URL: endpoint, Header: header, Body: []byte(form.Encode()),
		Actor: c.Name, To: "authorization server",
	}
}

// Operations are the operations of the API; see [target.Operation.Allows].
func (s *Stage) Operations() []target.Operation {
	if s.Target.API == nil {
		return nil
	}
	return s.Target.API.Operations
}

// APIRequest is an operation of the API with a token; nil sends none. Object is
// the id of what is meant, where the operation's path or body has ${id}. Marker
// is what would be written.
func (s *Stage) APIRequest(op target.Operation, t *Token, object, marker string) (Request, error) {
	fill := strings.NewReplacer("${id}", object, "${marker}", marker)
	r := Request{
		Method: op.Method, URL: s.Target.API.BaseURL + fill.Replace(op.Path), Header: http.Header{},
		Actor: "nobody", To: "API", Purpose: "calls " + op.Name + " without a token",
	}
	if op.JSON != nil {
		data, err := json.Marshal(op.JSON)
		if err != nil {
			return Request{}, err
		}
		r.Body = []byte(fill.Replace(string(data)))
		r.Header.Set("Content-Type", "application/json")
	}
	if t != nil {
		r.Header.Set("Authorization", "Bearer "+t.Secret.Reveal())
		r.Actor, r.Purpose = t.Client.Name, fmt.Sprintf("calls %s with %q", op.Name, t.Scope)
		if t.Owner != "" {
			r.Purpose += " of " + t.Owner
		}
	}
	return r, nil
}

// ErrNotServed says that an API refuses a token while nobody else calls it.
var ErrNotServed = errors.New("the API refuses it")

// Create makes an object with the operation create, and returns its id. The error
// may be [ErrNotServed].
func (s *Stage) Create(ctx context.Context, t *Token, marker string) (string, error) {
	op, ok := s.Target.API.Operation("create")
	if !ok {
		return "", fmt.Errorf("the API has no operation create")
	}
	owner, err := s.ownerOf(ctx, t)
	if err != nil {
		return "", err
	}
	if op.JSON == nil || op.ID == "" {
		return "", fmt.Errorf("the operation create says neither what is written nor where the id is")
	}
	op.JSON = fillJSON(op.JSON, marker)
	a, err := s.cast.CallWire(ctx, t.Client.Name, s.Target.API, op, t.Secret, nil, owner, actor.Wire{})
	if err != nil {
		return "", err
	}
	if a.Refused() {
		return "", fmt.Errorf("%s creates an object: got %d: %w", t.Client.Name, a.Status, ErrNotServed)
	}
	if !a.Served() || a.ObjectID == "" {
		return "", fmt.Errorf("%s creates an object: got %d, want 2xx and an id at %s", t.Client.Name, a.Status, op.ID)
	}
	return a.ObjectID, nil
}

func (s *Stage) ownerOf(ctx context.Context, t *Token) (*actor.Owner, error) {
	if t.Owner == "" {
		return nil, nil
	}
	return s.cast.Owner(ctx, t.Owner)
}

// fillJSON puts the marker in place of ${marker} at the top of an object.
func fillJSON(object map[string]any, marker string) map[string]any {
	filled := map[string]any{}
	for name, value := range object {
		if text, ok := value.(string); ok {
			value = strings.ReplaceAll(text, "${marker}", marker)
		}
		filled[name] = value
	}
	return filled
}

// wire replaces the names that features use by the target's own.
func (s *Stage) wire(set oauth.ScopeSet) oauth.ScopeSet {
	names := s.Target.Description.Scopes
	if len(names) == 0 {
		return set
	}
	return set.Map(func(t oauth.ScopeToken) oauth.ScopeToken {
		if own, ok := names[string(t)]; ok {
			return oauth.ScopeToken(own)
		}
		return t
	})
}

// always are the scopes that the target grants without being asked, in its own
// names.
func (s *Stage) always() oauth.ScopeSet {
	return s.wire(oauth.FieldsScope(s.Target.Description.AuthorizationServer.AlwaysGranted))
}

// MachineMay is what a client that acts for itself can be granted of scope: what
// it is registered for, without what needs a resource owner.
func (s *Stage) MachineMay(c *Client, scope oauth.ScopeSet) oauth.ScopeSet {
	return scope.Intersect(c.Scope).Minus(oauth.FieldsScope(s.Target.Description.AuthorizationServer.UserOnlyScopes))
}

// MachineMost is that with what may lawfully be granted in its place: what is
// included both in what is asked for and in what the client may have.
func (s *Stage) MachineMost(c *Client, scope oauth.ScopeSet) oauth.ScopeSet {
	return s.Meet(scope, c.Scope).Minus(oauth.FieldsScope(s.Target.Description.AuthorizationServer.UserOnlyScopes))
}

// hasGrant reports whether a client is registered for a grant type.
func hasGrant(c *Client, grant oauth.GrantType) bool { return slices.Contains(c.GrantTypes, grant) }
