package actor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Channel is how the parameters of an authorization request travel.
type Channel string

// The channels.
const (
	ByQuery      Channel = ""               // in the address (RFC 6749 section 3.1)
	ByPost       Channel = "post"           // in the body of a POST (RFC 6749 section 3.1)
	Pushed       Channel = "par"            // pushed (RFC 9126)
	ByObject     Channel = "request_object" // in a request object by value (RFC 9101 section 5.1)
	PushedObject Channel = "pushed_object"  // in a request object that is pushed (RFC 9126 section 3)
)

// Way is how an authorization request is made, beside the usual way, which is
// the zero value.
type Way struct {
	Via Channel
	// ResponseType is the response_type; empty: "code".
	ResponseType string
	// Resources are the APIs that are named in place of the usual one (RFC 8707
	// section 2); see [Cast.Resources].
	Resources []string
	// Unaimed leaves it to the server which API a request is about.
	Unaimed bool
	// Details is the JSON of authorization_details (RFC 9396); nil: none.
	Details any
	// Claims is the JSON of the claims parameter (OpenID Connect Core section
	// 5.5); nil: none.
	Claims any
	// Action is the grant_management_action, on the grant GrantID.
	Action, GrantID string
	// Raw is put behind the parameters octet by octet, encoded already:
	// "scope=a&scope=b". A request object takes nothing of it.
	Raw string
	// Beside is put into the address octet by octet, beside a body, a request_uri
	// or a request object.
	Beside string
	// Twice puts the parameters in a request object into the address as well, the
	// scope excepted (RFC 9101 section 5).
	Twice bool
	// Object is how a request object is made.
	Object RequestObject
}

// RequestObject is how a request object is made; the zero value is signed as the client
// registered.
type RequestObject struct {
	Unsigned bool // alg "none"
	Tampered bool // an octet of its signature is another
}

// take adds what the way asks for to the usual parameters.
func (c *Client) take(a *Authorization, r Request, q url.Values) {
	if r.ResponseType != "" {
		q.Set("response_type", r.ResponseType)
		if !slices.Contains(strings.Fields(r.ResponseType), "code") {
			q.Del("code_challenge")
			q.Del("code_challenge_method")
		}
		if strings.Contains(r.ResponseType, "id_token") && !q.Has("nonce") {
			q.Set("nonce", random(8))
		}
	}
	if len(r.Resources) > 0 {
		q[c.cast.resourceParameter()] = r.Resources
		a.Resources = r.Resources
		a.Other = len(r.Resources) == 1 && c.cast.isOther(r.Resources[0])
		a.Unaimed = !slices.ContainsFunc(r.Resources, c.cast.isOurs)
	}
	if r.Unaimed {
		q.Del(c.cast.resourceParameter())
		a.Unaimed = true
	}
	for name, value := range map[string]any{"authorization_details": r.Details, "claims": r.Claims} {
		if text, err := json.Marshal(value); value != nil && err == nil {
			q.Set(name, string(text))
		}
	}
	if r.Action != "" {
		q.Set("grant_management_action", r.Action)
		a.Union = a.Union || r.Action == "merge"
	}
	if r.GrantID != "" {
		q.Set("grant_id", r.GrantID)
	}
	if more, err := url.ParseQuery(r.Raw); err == nil && more.Has("scope") {
		for _, scope := range more["scope"] {
			a.Asked = a.Asked.Union(c.cast.canonical(oauth.FieldsScope(scope)))
		}
		a.Omitted = false
	}
}

// send makes the visit that takes the parameters to the server in the way that
// the request has. What is pushed is pushed at once.
func (c *Client) send(ctx context.Context, endpoint string, a *Authorization, r Request, q url.Values) (*Authorization, target.Visit, error) {
	switch r.Via {
	case Pushed, PushedObject:
		p, err := c.push(ctx, a, r, q)
		if err != nil {
			return nil, target.Visit{}, err
		}
		if p.Refused != nil {
			a.Arrival, a.Refused, a.AtPush = &target.Arrival{}, p.Refused, true
			c.Authorizations = append(c.Authorizations, a)
			return a, target.Visit{}, nil
		}
		return c.bring(ctx, p, r)
	case ByPost:
		return a, c.visit(a, r, with(endpoint, r.Beside), joined(q.Encode(), r.Raw)), nil
	case ByObject:
		object, err := c.object(q, r.Object)
		if err != nil {
			return nil, target.Visit{}, err
		}
		outside := url.Values{"client_id": q["client_id"], "response_type": q["response_type"]}
		if r.Twice {
			outside = q
			outside.Del("scope")
		}
		outside.Set("request", object.Reveal())
		return a, c.visit(a, r, with(endpoint, joined(outside.Encode(), r.Beside)), ""), nil
	case ByQuery:
		return a, c.visit(a, r, with(endpoint, joined(q.Encode(), r.Raw, r.Beside)), ""), nil
	}
	return nil, target.Visit{}, fmt.Errorf("got the way %q of a request, want one that is known", r.Via)
}

// with adds a query to a URL that may have one.
func with(endpoint, query string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	u.RawQuery = joined(u.RawQuery, query)
	return u.String()
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "&")
}

// PushedRequest is what came of pushing an authorization request (RFC 9126
// section 2.2).
type PushedRequest struct {
	Client  *Client
	URI     oauth.Secret // the request_uri
	Expires time.Duration
	Refused *oauth.ErrorResponse // nil: it was taken

	made *Authorization
}

// Push pushes an authorization request (RFC 9126 section 2.1). Its Via says
// whether as a request object; its Owner may be nil. A refusal is an
// observation, not an error.
func (c *Client) Push(ctx context.Context, r Request) (*PushedRequest, error) {
	a := c.begun(r)
	q := c.authorizeParams(a, r, a.state)
	c.take(a, r, q)
	return c.push(ctx, a, r, q)
}

func (c *Client) push(ctx context.Context, a *Authorization, r Request, q url.Values) (*PushedRequest, error) {
	if r.Via == PushedObject {
		object, err := c.object(q, r.Object)
		if err != nil {
			return nil, err
		}
		q = url.Values{"request": {object.Reveal()}}
	}
	got, err := c.postRaw(as(ctx, c.Name, "pushes its request"), metadata(c.cast.Stage.Target.Target, "pushed_authorization_request_endpoint"), q, r.Raw)
	if err != nil {
		return nil, err
	}
	var reply struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
		Error   string `json:"error"`
		Text    string `json:"error_description"`
	}
	err = json.Unmarshal(got.body, &reply)
	p := &PushedRequest{Client: c, URI: oauth.Secret(reply.URI), Expires: time.Duration(reply.Expires) * time.Second, made: a}
	switch {
	case oauth.Unready(got.status):
		return nil, fmt.Errorf("%s pushes its request: got %d %s", c.Name, got.status, c.cast.brief(got.body))
	case got.status >= http.StatusBadRequest:
		p.Refused = &oauth.ErrorResponse{Status: got.status, Code: oauth.ErrorCode(reply.Error), Description: reply.Text, Tokens: reply.URI != ""}
	case err != nil || reply.URI == "":
		return nil, fmt.Errorf("%s pushes its request: got %d %s, want a request_uri (RFC 9126 section 2.2)", c.Name, got.status, c.cast.brief(got.body))
	}
	c.cast.Recorder.keep(p.URI)
	return p, nil
}

// Bring takes a pushed request to the authorization endpoint as the client c,
// which need not be the one that pushed it (RFC 9126 section 4). Of the request
// Owner, Decision, StopAtConsent and Beside count.
func (c *Client) Bring(ctx context.Context, p *PushedRequest, r Request) (*Authorization, error) {
	a, visit, err := c.bring(ctx, p, r)
	if err != nil {
		return nil, err
	}
	return c.open(ctx, a, visit)
}

func (c *Client) bring(ctx context.Context, p *PushedRequest, r Request) (*Authorization, target.Visit, error) {
	if p.Refused != nil {
		return nil, target.Visit{}, fmt.Errorf("%s has no request_uri to bring: %w", p.Client.Name, p.Refused)
	}
	if err := c.meet(ctx, r.Owner); err != nil {
		return nil, target.Visit{}, err
	}
	a := *p.made // it may be brought a second time
	a.Client, a.Owner, a.Number = c, r.Owner, len(c.Issues)
	query := url.Values{"client_id": {c.ID}, "request_uri": {p.URI.Reveal()}}
	return &a, c.visit(&a, r, with(metadata(c.cast.Stage.Target.Target, "authorization_endpoint"), joined(query.Encode(), r.Beside)), ""), nil
}

// object is a request object (RFC 9101 section 4) with the given parameters.
func (c *Client) object(q url.Values, how RequestObject) (oauth.Secret, error) {
	now := time.Now().Add(c.cast.ahead)
	claims := map[string]any{
		"iss": c.ID, "aud": c.cast.Stage.Target.Issuer, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": random(8),
	}
	for name, values := range q {
		var structured any
		switch {
		case (name == "authorization_details" || name == "claims") && json.Unmarshal([]byte(values[0]), &structured) == nil:
			claims[name] = structured
		case len(values) > 1:
			claims[name] = values
		default:
			claims[name] = values[0]
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if how.Unsigned {
		object := oauth.Secret(encodePart([]byte(`{"alg":"none"}`)) + "." + encodePart(payload) + ".")
		c.cast.Recorder.keep(object)
		return object, nil
	}
	if c.key == nil {
		return "", fmt.Errorf("%s has registered no key to sign a request object with", c.Name)
	}
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, "oauth-authz-req+jwt"); err != nil {
		return "", err
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), c.key.private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", err
	}
	if how.Tampered {
		at := len(signed) - 20 // within the signature
		signed[at] = map[bool]byte{true: 'B', false: 'A'}[signed[at] == 'A']
	}
	object := oauth.Secret(signed)
	c.cast.Recorder.keep(object)
	return object, nil
}

// answer is what the redirect says, in its query or, where tokens were asked
// for, in its fragment (RFC 6749 section 4.2.2).
func (a *Authorization) answer() url.Values {
	query, fragment := a.Arrival.Redirect.Query(), a.fragment()
	a.InFragment = len(fragment) > 0
	if a.ResponseType == "" || a.ResponseType == "code" || len(fragment) == 0 {
		return query
	}
	return fragment
}

// front is the token response in a redirect, or nil where there is no token or
// none was asked for.
func (a *Authorization) front(q url.Values) *Issue {
	c := a.Client
	c.cast.Recorder.keep(oauth.Secret(q.Get("access_token")), oauth.Secret(q.Get("id_token")), oauth.Secret(q.Get("refresh_token")))
	if a.ResponseType == "" || a.ResponseType == "code" || !q.Has("access_token") && !q.Has("id_token") {
		return nil
	}
	seconds, _ := strconv.Atoi(q.Get("expires_in")) // 0: the server does not say
	i := &Issue{
		Client: c, Owner: a.Owner, Grant: oauth.Implicit, Asked: a.Asked, Omitted: a.Omitted, Other: a.Other, Authorization: a,
		Response: &oauth.TokenResponse{
			AccessToken: oauth.Secret(q.Get("access_token")), TokenType: q.Get("token_type"), ExpiresIn: time.Duration(seconds) * time.Second,
			Scope: a.Scope, RefreshToken: oauth.Secret(q.Get("refresh_token")), IDToken: oauth.Secret(q.Get("id_token")),
		},
		Told: a.Scope, Started: time.Now(), cast: c.cast, epoch: -1,
	}
	if i.Response.AccessToken != "" {
		c.Issues = append(c.Issues, i)
	}
	return i
}

// Resources are the resource indicators of the APIs, the first one first; none
// where the target knows no parameter for them.
func (c *Cast) Resources() []string {
	t := c.Stage.Target
	if t.Description.AuthorizationServer.ResourceParameter == "" || t.API == nil || t.OtherAPI == nil {
		return nil
	}
	return []string{t.API.Resource, t.OtherAPI.Resource}
}

// UnknownResource is a resource indicator that no server knows.
const UnknownResource = "https://unknown.example/api"

func (c *Cast) isOther(resource string) bool {
	other := c.Stage.Target.OtherAPI
	return other != nil && other.Resource == resource
}

func (c *Cast) isOurs(resource string) bool {
	return c.isOther(resource) || c.Stage.Target.API != nil && c.Stage.Target.API.Resource == resource
}

func (c *Cast) resourceParameter() string {
	return either(c.Stage.Target.Description.AuthorizationServer.ResourceParameter, "resource")
}

// aimed notes which API a token request names.
func (c *Cast) aimed(i *Issue, params url.Values) {
	if named := params[c.resourceParameter()]; len(named) == 1 {
		i.Other, i.Unaimed = c.isOther(named[0]), !c.isOurs(named[0])
	}
}

// settleAim finds out which API a token is for, where the request named none of
// ours. Of a token for none, or for both, nothing is tried.
func (i *Issue) settleAim(o *Observation) (settled bool) {
	t := i.cast.Stage.Target
	var first, other bool
	for _, audience := range o.Audience() {
		first = first || t.API != nil && audience == t.API.Resource
		other = other || i.cast.isOther(audience)
	}
	i.Other = other && !first
	return first != other
}

// keepAim notes that a token is for the API of the one that it comes from, where
// the request named the other API and the server took no notice.
func (i *Issue) keepAim(o *Observation) {
	from := i.From
	if from == nil {
		from = i.Subject
	}
	if from == nil || from.Unaimed || i.Unaimed || from.Other == i.Other {
		return
	}
	own := *i
	if own.settleAim(o) && own.Other == from.Other {
		i.Other = from.Other
	}
}

// Audience is whom the token is for, as its claims or introspection say; nil:
// they do not (RFC 9068 section 2.2, RFC 7662 section 2.2).
func (o *Observation) Audience() []string {
	raw := o.Claims["aud"]
	if raw == nil && o.Introspected != nil && o.Introspected.Claims["aud"] != nil {
		raw, _ = json.Marshal(o.Introspected.Claims["aud"]) // it was JSON before
	}
	var one string
	var several []string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	_ = json.Unmarshal(raw, &several) // what is no list names nobody
	return several
}
