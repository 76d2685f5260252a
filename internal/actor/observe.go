package actor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Observation is what can be seen of an access token. A nil pointer means that
// this oracle says nothing.
type Observation struct {
	JWT          *oauth.ScopeSet // what a self-contained token says: its claims scope and scp together
	Introspected *Introspected
	// Opened are the scopes that the API honours, of the scopes Tried.
	Opened, Tried oauth.ScopeSet
	// Effective is what the token is good for: what the API honours where an
	// operation tells, otherwise introspection, the JWT, the response.
	Effective oauth.ScopeSet
	// Covers is that with what it includes (see [target.Description.Hierarchy]), but
	// for what the API does not honour.
	Covers oauth.ScopeSet
	Claims oauth.Object // of a JWT
	Type   string       // of a JWT: the typ of its header
}

// Introspected is an introspection response (RFC 7662 section 2.2).
type Introspected struct {
	Active bool
	Scope  oauth.ScopeMember // canonical names
	Claims map[string]any
}

// Observe looks at the access token of an issue through every oracle there is.
// Within one epoch the answer is kept.
func (i *Issue) Observe(ctx context.Context, epoch int) (*Observation, error) {
	if i.Response == nil {
		return nil, fmt.Errorf("%s was issued nothing: %w", i.Client.Name, i.Refused)
	}
	if i.Response.AccessToken == "" {
		return nil, fmt.Errorf("%s was issued no access token", i.Client.Name)
	}
	if i.observed != nil && i.epoch == epoch {
		return i.observed, nil
	}
	o := &Observation{}
	if claims, ok := decodeJWT(i.Response.AccessToken); ok {
		o.Claims, o.Type = claims, jwtType(i.Response.AccessToken)
		for _, name := range []string{"scope", "scp"} { // an API may look at either
			if m := oauth.ParseScopeMember(claims[name]); m.Present {
				set := i.cast.canonical(m.Set)
				if o.JWT != nil {
					set = set.Union(*o.JWT)
				}
				o.JWT = &set
			}
		}
	}
	var err error
	if o.Introspected, err = i.Introspect(ctx); err != nil && !errors.Is(err, ErrMayNotIntrospect) {
		return nil, err
	}
	if err := i.probe(ctx, o); err != nil {
		return nil, err
	}
	o.Effective = i.effective(o).Minus(o.Tried).Union(o.Opened)
	o.Covers = i.hierarchy().Closure(o.Effective).Minus(o.Tried.Minus(o.Opened))
	i.observed, i.epoch = o, epoch
	i.named = i.named.Union(o.account())
	return o, nil
}

// hierarchy is which scopes include others at the target.
func (i *Issue) hierarchy() oauth.Hierarchy { return i.cast.Stage.Target.Hierarchy }

// account is the scope that introspection and the claims of a token name.
func (o *Observation) account() oauth.ScopeSet {
	var all oauth.ScopeSet
	if o.JWT != nil {
		all = *o.JWT
	}
	if in := o.Introspected; in != nil && in.Active {
		all = all.Union(in.Scope.Set)
	}
	return all
}

// effective is the best account of the scopes that no operation tells. Neither
// introspection nor a JWT need name scopes that mean nothing at the API (RFC
// 7662 section 2.2, RFC 9068 section 2.2.3): for those the response speaks.
func (i *Issue) effective(o *Observation) oauth.ScopeSet {
	protocol := i.Means().Intersect(i.cast.ProtocolScopes())
	if i.From == nil && i.Response.RefreshToken == "" {
		// What asks for a refresh token is shown by one.
		protocol = protocol.Minus(oauth.FieldsScope("offline_access " + i.cast.Stage.Target.Description.AuthorizationServer.Refresh.Scope))
	}
	if named := i.protocolNamed(o); !named.IsEmpty() {
		protocol = named // it does name them: then what it leaves out is not there
	}
	switch in := o.Introspected; {
	case in != nil && !in.Active && o.Opened.IsEmpty():
		return oauth.ScopeSet{}
	case in != nil && in.Active && in.Scope.Present:
		return in.Scope.Set.Union(protocol)
	case o.JWT != nil:
		return o.JWT.Union(protocol)
	case i.Told.Present:
		return i.Told.Set
	default: // what nobody knows is held only where somebody names it
		return i.Means().Intersect(i.cast.KnownScopes())
	}
}

// protocolNamed are the scopes of the protocol that the JWT or introspection name.
func (i *Issue) protocolNamed(o *Observation) oauth.ScopeSet {
	return o.account().Intersect(i.cast.ProtocolScopes())
}

// ProtocolScopes are the scopes that mean something to the authorization server
// and need mean nothing to an API: those of OpenID Connect, the one that asks for
// refresh tokens, and those that are granted unasked.
func (c *Cast) ProtocolScopes() oauth.ScopeSet {
	as := c.Stage.Target.Description.AuthorizationServer
	return oauth.FieldsScope("openid profile email address phone offline_access " + as.Refresh.Scope + " " + as.AlwaysGranted)
}

// Means is what the response says was granted: its scope, or what was asked
// where it has none (RFC 6749 section 5.1).
func (i *Issue) Means() oauth.ScopeSet {
	if i.Told.Present {
		return i.Told.Set
	}
	return i.Wanted()
}

// Wanted is what the answer is measured by when it names no scope: what was
// asked of the resource owner, what the token request asked, or what
// was originally granted for a refresh without scope (RFC 6749 section 6).
func (i *Issue) Wanted() oauth.ScopeSet {
	switch {
	case i.Authorization != nil && i.From == nil && i.Subject == nil:
		return i.Authorization.Asked
	case i.Grant == oauth.RefreshTokenGrant && i.Omitted:
		return i.Root().Means()
	default:
		return i.Asked
	}
}

// Introspect asks the introspection endpoint about the access token. It returns
// nil where there is none, or where nobody may ask.
func (i *Issue) Introspect(ctx context.Context) (*Introspected, error) {
	if i.cast.Stage.untold[i.Grant] {
		return nil, nil
	}
	return i.cast.introspect(ctx, i.Client, i.Response.AccessToken)
}

// IntrospectRefreshToken asks the same about the refresh token that goes with the
// issue. Servers need not know refresh tokens here (RFC 7662 section 2.1).
func (i *Issue) IntrospectRefreshToken(ctx context.Context) (*Introspected, error) {
	for from := i; from != nil; from = from.From {
		if token := from.Response.RefreshToken; token != "" { // not rotated: the one before goes on
			return i.cast.introspect(ctx, i.Client, token)
		}
	}
	return nil, fmt.Errorf("%s was given no refresh token", i.Client.Name)
}

func (c *Cast) introspect(ctx context.Context, holder *Client, token oauth.Secret) (*Introspected, error) {
	t := c.Stage.Target
	endpoint := metadata(t.Target, "introspection_endpoint")
	if endpoint == "" || !t.Capabilities["as.introspection"].Yes() {
		return nil, nil
	}
	asker := *holder
	switch who := t.Description.AuthorizationServer.Introspection.As; who {
	case "", "client":
		if holder.IsPublic() {
			return nil, nil // it has no credentials to ask with (RFC 7662 section 2.1)
		}
	case "none":
		asker.AuthMethod = "anonymous"
	default:
		named, err := c.Client(ctx, who)
		if err != nil {
			return nil, err
		}
		asker = *named
	}
	return c.introspectBy(ctx, &asker, token)
}

func (c *Cast) introspectBy(ctx context.Context, asker *Client, token oauth.Secret) (*Introspected, error) {
	endpoint := metadata(c.Stage.Target.Target, "introspection_endpoint")
	got, err := asker.post(as(ctx, asker.Name, "introspects a token"), endpoint, url.Values{"token": {token.Reveal()}})
	if err != nil {
		return nil, err
	}
	if got.status/100 == 4 && !oauth.Unready(got.status) {
		return nil, fmt.Errorf("%s %w: got %d %s", asker.Name, ErrMayNotIntrospect, got.status, c.brief(got.body))
	}
	r, err := parseIntrospection(got.body)
	if !got.ok() || err != nil {
		return nil, fmt.Errorf("%s introspects a token: got %d %s, want a JSON object with active (RFC 7662 section 2.2)",
			asker.Name, got.status, c.brief(got.body))
	}
	r.Scope.Set = c.canonical(r.Scope.Set)
	return r, nil
}

// parseIntrospection reads an introspection response. Without "active", which RFC
// 7662 section 2.2 requires, it says nothing of the token.
func parseIntrospection(body []byte) (*Introspected, error) {
	object, err := oauth.ParseObject(body)
	if err != nil {
		return nil, err
	}
	r := &Introspected{Scope: oauth.ParseScopeMember(object["scope"])}
	switch string(object["active"]) {
	case "true":
		r.Active = true
	case "false":
	default:
		return nil, errors.New("no active that is true or false")
	}
	if r.Claims, err = claimsOf(object); err != nil {
		return nil, err
	}
	return r, nil
}

// claimsOf are the members of a JSON object as values.
func claimsOf(object oauth.Object) (map[string]any, error) {
	claims := make(map[string]any, len(object))
	for name, raw := range object {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil { // a number too large
			return nil, errors.New("got JSON with a number that cannot be read")
		}
		claims[name] = value
	}
	return claims, nil
}

// ErrMayNotIntrospect is the introspection endpoint's refusal to answer (RFC 7662
// section 2.3).
var ErrMayNotIntrospect = errors.New("may not introspect its token")

// probe tries the operations of the API that need one scope alone.
func (i *Issue) probe(ctx context.Context, o *Observation) error {
	if i.Unaimed && !i.settleAim(o) {
		return nil
	}
	if !i.Unaimed {
		i.followAim(o)
	}
	api := i.API()
	if api == nil {
		return nil
	}
	if api.Hold != nil {
		defer api.Hold(i.Response.AccessToken.Reveal())()
	}
	for _, op := range api.Operations {
		needs, all := op.Needs()
		if !all || needs.Len() != 1 || needs.SubsetOf(o.Tried) || op.Name == "me" || addressed(op) {
			continue
		}
		a, err := i.try(ctx, api, op)
		if err != nil {
			return err
		}
		there := true
		if a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed {
			if there, err = i.cast.reaches(ctx, api, op, i.Owner); err != nil {
				return err
			}
		}
		switch {
		case a.Served() && i.cast.maybeFiltered(a, api, op):
		case a.Served():
			i.cast.Stage.served.Store(api.BaseURL+" "+op.Name, true)
			o.Tried, o.Opened = o.Tried.Union(needs), o.Opened.Union(needs)
		case !there && api == i.cast.Stage.Target.API:
			return fmt.Errorf("%s tries to %s: got %d, want 2xx, 401 or 403: is the path of operation %s right?", i.Client.Name, op.Name, a.Status, op.Name)
		case !there: // nobody can look whether there is such an operation
		case a.Refused():
			i.cast.refusedAttempts = append(i.cast.refusedAttempts, a)
			if i.Owner != nil || lacksScope(a) {
				o.Tried = o.Tried.Union(needs)
			}
		default:
			return fmt.Errorf("%s tries to %s: got %d, want 2xx, 401 or 403%s", i.Client.Name, op.Name, a.Status, cannotCheck(api, a))
		}
	}
	return nil
}

// cannotCheck says what our calendar API lacks where it cannot check a token.
func cannotCheck(api *target.ResourceServer, a *Attempt) string {
	if !api.Ours || a.Status != http.StatusServiceUnavailable {
		return ""
	}
	return "\n    hint: our calendar API could not check the token: authorization_server.introspection says with which client_id and secret it introspects"
}

// try performs an operation with the token, and with the proof of its key if it is
// bound to one.
func (i *Issue) try(ctx context.Context, api *target.ResourceServer, op target.Operation) (*Attempt, error) {
	if i.proof != nil {
		return i.cast.CallBound(ctx, i.Client.Name, api, op, i.Response.AccessToken, i.proof, nil, i.Owner)
	}
	return i.cast.sendOperation(as(ctx, i.Client.Name, "tries "+op.Name), api, op, i.Response.AccessToken, nil, i.Owner, Wire{})
}

// lacksScope reports whether a refusal says that it is for want of scope. A
// machine client's may be for want of a resource owner.
func lacksScope(a *Attempt) bool {
	challenge := a.Challenge
	if bound, ok := a.ChallengeOf("DPoP"); ok {
		challenge = bound
	}
	code, _ := challenge.Get("error")
	return oauth.ErrorCode(code) == oauth.InsufficientScope
}

// addressed reports whether an operation is about one object, which its path or
// its body names.
func addressed(op target.Operation) bool {
	body, _ := json.Marshal(op.JSON) // it was decoded from a file
	return strings.Contains(op.Path+string(body), "{id}")
}

// UserInfo is an answer of the UserInfo endpoint (OpenID Connect Core section
// 5.3).
type UserInfo struct {
	Status     int
	Claims     map[string]any // nil when refused
	Challenged bool
}

// Served reports whether claims were returned.
func (u *UserInfo) Served() bool { return u.Claims != nil }

// UserInfoForm is how UserInfo is asked.
type UserInfoForm struct {
	// Method is GET or POST, which are one request in two forms (OpenID Connect Core
	// section 5.3.1).
	Method string
	// Accept is the media type asked for; empty: any.
	Accept string
}

// UserInfo asks the UserInfo endpoint with a token.
func (c *Cast) UserInfo(ctx context.Context, who string, form UserInfoForm, token oauth.AccessToken) (*UserInfo, error) {
	endpoint := metadata(c.Stage.Target.Target, "userinfo_endpoint")
	ctx = as(ctx, who, "asks for UserInfo")
	req, err := http.NewRequestWithContext(ctx, form.Method, endpoint, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	if form.Accept != "" {
		req.Header.Set("Accept", form.Accept)
	}
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	u := &UserInfo{Status: got.status}
	_, u.Challenged = oauth.BearerChallenge(got.header.Values("WWW-Authenticate"))
	switch {
	case got.ok():
		if u.Claims, err = parseUserInfo(got.header.Get("Content-Type"), got.body); err != nil {
			return nil, fmt.Errorf("UserInfo: got %d with %s: %w", got.status, c.brief(got.body), err)
		}
	case oauth.Unready(got.status) || got.status < 400:
		return nil, fmt.Errorf("UserInfo: got %d %s, want claims or a refusal", got.status, c.brief(got.body))
	}
	return u, nil
}

// parseUserInfo reads the claims of a UserInfo response, which may be signed
// (OpenID Connect Core section 5.3.2). They are never nil without an error.
func parseUserInfo(contentType string, body []byte) (map[string]any, error) {
	if media, _, _ := mime.ParseMediaType(contentType); media == "application/jwt" {
		claims, ok := decodeJWT(oauth.Secret(body))
		if !ok {
			return nil, errors.New("got application/jwt that is no signed JWT, which cannot be read")
		}
		return claimsOf(claims)
	}
	object, err := oauth.ParseObject(body)
	if err != nil {
		return nil, err
	}
	return claimsOf(object)
}

// IDToken returns the claims of the ID token of an issue, its signature checked
// with the server's keys; nil when there is none.
func (i *Issue) IDToken(ctx context.Context) (map[string]any, error) {
	if i.Response == nil || i.Response.IDToken == "" {
		return nil, nil
	}
	if err := i.cast.Stage.keys.verify(ctx, i.cast, i.Response.IDToken); err != nil {
		return nil, fmt.Errorf("the ID token of %s: %w", i.Client.Name, err)
	}
	raw, ok := decodeJWT(i.Response.IDToken)
	if !ok {
		return nil, fmt.Errorf("the ID token of %s is not a JWT", i.Client.Name)
	}
	return claimsOf(raw)
}

// RefusedAttempts are the requests that an API refused while tokens were
// observed.
func (c *Cast) RefusedAttempts() []*Attempt { return c.refusedAttempts }

// API returns the API that an issue's token is for.
func (i *Issue) API() *target.ResourceServer {
	if i.Other {
		return i.cast.Stage.Target.OtherAPI
	}
	return i.cast.Stage.Target.API
}
