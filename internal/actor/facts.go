package actor

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// endpoints are the names of metadata (RFC 8414 section 2) whose addresses have
// a name in reports.
var endpoints = map[string]string{
	"authorization_endpoint":                "authorization",
	"token_endpoint":                        "token",
	"introspection_endpoint":                "introspection",
	"revocation_endpoint":                   "revocation",
	"userinfo_endpoint":                     "userinfo",
	"registration_endpoint":                 "registration",
	"pushed_authorization_request_endpoint": "pushed request",
	"device_authorization_endpoint":         "device authorization",
	"backchannel_authentication_endpoint":   "backchannel",
	"grant_management_endpoint":             "grant management",
	"jwks_uri":                              "keys",
}

// reader reads off exchanges what they say of scope. It is given them without
// their secrets, in the order sent, and tells tokens apart by their digests.
type reader struct {
	canonical func(oauth.ScopeSet) oauth.ScopeSet
	endpoints map[string]string // address → name
	apis      []*target.ResourceServer

	asked  map[string]*string // by who was sent to an authorization endpoint: what for
	issued map[string]*string // by the digest of a token or code: its scope
}

func newReader(t *target.Resolved) *reader {
	r := &reader{
		canonical: func(s oauth.ScopeSet) oauth.ScopeSet { return s },
		endpoints: map[string]string{}, asked: map[string]*string{}, issued: map[string]*string{},
	}
	if t == nil {
		return r
	}
	r.canonical = t.Description.Canonical
	for name, shown := range endpoints {
		if address := metadata(t.Target, name); address != "" {
			r.endpoints[bare(address)] = shown
		}
	}
	for _, api := range []*target.ResourceServer{t.OtherAPI, t.API} {
		if api != nil {
			r.apis = append(r.apis, api)
		}
	}
	return r
}

// read adds what an exchange says of scope.
func (r *reader) read(e *oauth.Exchange) {
	address, query := e.URL, url.Values{}
	if u, err := url.Parse(e.URL); err == nil {
		query = u.Query()
	}
	address = bare(address)
	if e.Endpoint = r.endpoints[address]; e.Endpoint == "" {
		r.operation(e, address)
	}
	sent := r.sent(e, query)
	e.Held = r.issued[carried(e, sent)]
	if e.Endpoint != "" && sent.Has("scope") && e.Endpoint != "introspection" {
		e.Requested = r.scope(strings.Join(sent["scope"], " "))
	}
	if e.Endpoint == "authorization" {
		r.asked[e.Actor] = e.Requested
		if by := sent.Get("request_uri"); by != "" {
			r.asked[e.Actor] = r.issued[by]
		}
	}
	if e.Endpoint == "" && e.Operation != "" {
		return
	}
	if e.Endpoint == "" && e.Method == http.MethodPost {
		e.Posted = r.posted(e, sent)
	}
	r.redirect(e)
	if e.Endpoint != "" {
		r.response(e, sent)
	}
}

// sent are the parameters of a request: of its query and of a form, and the
// scope of a JSON body.
func (r *reader) sent(e *oauth.Exchange, query url.Values) url.Values {
	if form, err := url.ParseQuery(e.Request.Body); err == nil && strings.HasPrefix(header(e.Request, "Content-Type"), "application/x-www-form-urlencoded") {
		for name, values := range form {
			query[name] = append(query[name], values...)
		}
	}
	if strings.HasPrefix(e.Request.Body, "{") {
		var body struct{ Scope *string }
		if json.Unmarshal([]byte(e.Request.Body), &body) == nil && body.Scope != nil {
			query["scope"] = []string{*body.Scope}
		}
	}
	return query
}

// carried is the digest of the token or code that a request presents or asks
// about.
func carried(e *oauth.Exchange, sent url.Values) string {
	if e.Endpoint != "introspection" && e.Endpoint != "revocation" && e.Endpoint != "token" {
		_, credentials, _ := strings.Cut(header(e.Request, "Authorization"), " ")
		return credentials
	}
	for _, name := range []string{"token", "refresh_token", "code", "device_code", "auth_req_id", "subject_token"} {
		if value := sent.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// operation finds what of an API was asked for.
func (r *reader) operation(e *oauth.Exchange, address string) {
	for _, api := range r.apis {
		path, ok := strings.CutPrefix(address, api.BaseURL)
		if !ok {
			continue
		}
		for _, op := range api.Operations {
			where, _, _ := strings.Cut(op.Path, "?")
			if op.Method != e.Method || !fits(where, path) {
				continue
			}
			e.Operation, e.Needs = op.Name, sufficient(op)
			if e.Status >= 200 && e.Status < 300 {
				needs := e.Needs[0]
				if len(e.Needs) == 1 {
					e.Effective = &needs
				}
			}
			return
		}
		return
	}
}

// fits reports whether a path is one of an operation, whose ${id} stands for one
// part.
func fits(pattern, path string) bool {
	if pattern == path {
		return true
	}
	if !strings.Contains(pattern, "{id}") {
		return false
	}
	expr := strings.NewReplacer(`\$\{id\}`, `[^/]+`, `\{id\}`, `[^/]+`).Replace(regexp.QuoteMeta(pattern))
	matched, err := regexp.MatchString("^"+expr+"$", path)
	return err == nil && matched
}

// sufficient are the scopes each of which is enough for an operation.
func sufficient(op target.Operation) []string {
	needs, all := op.Needs()
	if all {
		return []string{needs.String()}
	}
	return strings.Fields(needs.String())
}

// redirect reads the answer that a browser takes back to the client.
func (r *reader) redirect(e *oauth.Exchange) {
	where, err := url.Parse(header(e.Response, "Location"))
	if err != nil || where.Host == "" {
		return
	}
	back := where.Query()
	if fragment, err := url.ParseQuery(where.Fragment); err == nil {
		for name, values := range fragment {
			back[name] = values
		}
	}
	if !back.Has("code") && !back.Has("access_token") {
		return
	}
	scope := r.asked[e.Actor]
	if back.Has("scope") {
		e.Granted = r.scope(back.Get("scope"))
		scope = e.Granted
	}
	for _, name := range []string{"code", "access_token"} {
		r.issue(back.Get(name), scope)
	}
}

// response reads an answer in JSON.
func (r *reader) response(e *oauth.Exchange, sent url.Values) {
	object, err := oauth.ParseObject([]byte(e.Response.Body))
	if err != nil || e.Status >= http.StatusBadRequest {
		return
	}
	told := oauth.ParseScopeMember(object["scope"])
	switch e.Endpoint {
	case "introspection":
		switch {
		case string(object["active"]) == "false":
			e.Effective = new(string)
		case told.Present:
			e.Effective = r.set(told.Set)
		}
	case "token", "registration", "grant management":
		if told.Present {
			e.Granted = r.set(told.Set)
		}
	}
	scope := e.Granted
	if scope == nil { // what was asked for (RFC 6749 section 5.1)
		scope = e.Requested
	}
	if scope == nil {
		scope = e.Held
	}
	for _, name := range []string{"access_token", "device_code", "auth_req_id", "request_uri"} {
		r.issue(object.Text(name), scope)
	}
	if sent.Get("grant_type") == string(oauth.RefreshTokenGrant) && e.Held != nil {
		scope = e.Held // a refresh token stands for the whole grant still (RFC 6749 section 6)
	}
	r.issue(object.Text("refresh_token"), scope)
}

// posted are the scopes that a form names, of those that its sender was sent to
// authorize; nil: none.
func (r *reader) posted(e *oauth.Exchange, sent url.Values) *string {
	if r.asked[e.Actor] == nil {
		return nil
	}
	asked, named := oauth.FieldsScope(*r.asked[e.Actor]), oauth.ScopeSet{}
	for _, values := range sent {
		named = named.Union(r.canonical(oauth.FieldsScope(strings.Join(values, " "))).Intersect(asked))
	}
	if named.IsEmpty() {
		return nil
	}
	text := named.String()
	return &text
}

// issue remembers the scope that a token, or what leads to one, was issued with.
func (r *reader) issue(digest string, scope *string) {
	if digest != "" && scope != nil {
		r.issued[digest] = scope
	}
}

func (r *reader) scope(value string) *string { return r.set(oauth.FieldsScope(value)) }

func (r *reader) set(s oauth.ScopeSet) *string {
	text := r.canonical(s).String()
	return &text
}

// header is the first value of a field.
func header(m oauth.Message, name string) string {
	for _, h := range m.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}
