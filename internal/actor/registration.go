package actor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Registration is the answer to a dynamic registration, or to an act of its
// management (RFC 7591 section 3.2, RFC 7592 section 3).
type Registration struct {
	Status  int
	Refused *oauth.ErrorResponse // nil: it was done
	// Metadata is the client information response; Scope is its scope, by the names
	// that features use.
	Metadata map[string]any
	Scope    oauth.ScopeMember

	own   map[string]any // metadata as the client sent it
	uri   string         // registration_client_uri
	token oauth.Secret
}

// Manageable reports whether the answer says how the registration is managed (RFC
// 7592 section 3).
func (r *Registration) Manageable() bool { return r.uri != "" && r.token != "" }

// Register sends client metadata to the registration endpoint as they are: a
// member that is nil is left out, the others are put over those of an ordinary
// client called name. A refusal is an observation; trouble is an error.
func (c *Cast) Register(ctx context.Context, name string, members map[string]any) (*Registration, error) {
	endpoint := metadata(c.Stage.Target.Target, "registration_endpoint")
	if endpoint == "" {
		return nil, fmt.Errorf("the metadata has no registration_endpoint")
	}
	client := &oauth.Client{
		Name: name, AuthMethod: c.Stage.Target.Proving(), RedirectURI: target.RedirectURI,
		GrantTypes: c.Stage.facts.supported([]oauth.GrantType{oauth.AuthorizationCode, oauth.RefreshTokenGrant}),
	}
	if eased, _ := c.Stage.eased.Load(name); eased == true {
		c.ease(client)
	}
	body, err := c.clientMetadata(client)
	if err != nil {
		return nil, err
	}
	delete(body, "scope")
	token := oauth.Secret("")
	if how := c.Stage.Target.Description.Clients.Register.Dynamic; how != nil {
		maps.Copy(body, how.Metadata)
		given, err := c.Stage.Target.Expand(how.InitialAccessToken, nil)
		if err != nil {
			return nil, err
		}
		token = oauth.Secret(given)
	}
	body = c.put(body, members)
	r, err := c.registrationCall(as(ctx, name, "registers itself"), http.MethodPost, endpoint, token, body)
	if err == nil {
		r.own = body
	}
	return r, err
}

// put is metadata with members put over it, scopes by the target's own names.
func (c *Cast) put(body, members map[string]any) map[string]any {
	for name, value := range members {
		scope, ok := value.(string)
		switch {
		case value == nil:
			delete(body, name)
		case ok && name == "scope":
			body[name] = c.Wire(oauth.RawScope(scope))
		default:
			body[name] = value
		}
	}
	return body
}

// ReadRegistration asks for the metadata of a registered client (RFC 7592 section
// 2.1).
func (c *Cast) ReadRegistration(ctx context.Context, who string, r *Registration) (*Registration, error) {
	return c.registrationCall(as(ctx, who, "reads its registration"), http.MethodGet, r.uri, r.token, nil)
}

// UpdateRegistration replaces the metadata of a registered client by what it was
// answered before, with members put over that (RFC 7592 section 2.2). A server that
// takes back nothing of what it added itself is sent what the client registered.
func (c *Cast) UpdateRegistration(ctx context.Context, who string, r *Registration, members map[string]any) (*Registration, error) {
	body := maps.Clone(r.Metadata)
	for _, name := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		delete(body, name)
	}
	ctx = as(ctx, who, "changes its registration")
	changed, err := c.registrationCall(ctx, http.MethodPut, r.uri, r.token, c.put(body, members))
	if err == nil && changed.Refused != nil && r.own != nil {
		body = maps.Clone(r.own)
		body["client_id"] = r.Metadata["client_id"]
		changed, err = c.registrationCall(ctx, http.MethodPut, r.uri, r.token, c.put(body, members))
	}
	if err == nil {
		changed.own = r.own
	}
	return changed, err
}

// DeleteRegistration ends a registration (RFC 7592 section 2.3).
func (c *Cast) DeleteRegistration(ctx context.Context, who string, r *Registration) (*Registration, error) {
	return c.registrationCall(as(ctx, who, "ends its registration"), http.MethodDelete, r.uri, r.token, nil)
}

// registrationCall sends one request and reads the answer. What an answer does not
// repeat of how the registration is managed stays as it was.
func (c *Cast) registrationCall(ctx context.Context, method, address string, token oauth.Secret, body map[string]any) (*Registration, error) {
	if address == "" {
		return nil, fmt.Errorf("the registration has no registration_client_uri")
	}
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	r := &Registration{Status: got.status, uri: address, token: token}
	switch {
	case oauth.Unready(got.status):
		return nil, fmt.Errorf("%s %s: got %d %s", method, bare(address), got.status, c.brief(got.body))
	case !got.ok():
		r.Refused = refusalOf(got.body)
		return r, nil
	case method == http.MethodDelete:
		return r, nil
	}
	if err := json.Unmarshal(got.body, &r.Metadata); err != nil {
		return nil, fmt.Errorf("%s %s: got %d %s, want a JSON object", method, bare(address), got.status, c.brief(got.body))
	}
	c.informed(r, got.body, method)
	return r, nil
}

// informed takes what a client information response says.
func (c *Cast) informed(r *Registration, body []byte, method string) {
	var reply struct {
		Scope  json.RawMessage `json:"scope"`
		Secret string          `json:"client_secret"`
		Token  string          `json:"registration_access_token"`
		URI    string          `json:"registration_client_uri"`
	}
	_ = json.Unmarshal(body, &reply) // members of another type say nothing here
	r.Scope = oauth.ParseScopeMember(reply.Scope)
	r.Scope.Set = c.canonical(r.Scope.Set)
	c.Recorder.keep(oauth.Secret(reply.Secret), oauth.Secret(reply.Token))
	if method == http.MethodPost {
		r.uri, r.token = "", ""
	}
	if reply.URI != "" {
		r.uri = reply.URI
	}
	if reply.Token != "" {
		r.token = oauth.Secret(reply.Token)
	}
}

// Enter makes an actor of a registered client, under a name that features have
// for it. Its scope is what the answer says.
func (c *Cast) Enter(name string, r *Registration) (*Client, error) {
	member := func(name string) string { s, _ := r.Metadata[name].(string); return s }
	client := &oauth.Client{
		Name: name, ID: member("client_id"), Secret: oauth.Secret(member("client_secret")), Scope: r.Scope.Set, Dynamic: true,
		AuthMethod: oauth.AuthMethod(either(member("token_endpoint_auth_method"), string(oauth.AuthBasic))),
	}
	if client.ID == "" {
		return nil, fmt.Errorf("%s is not registered: got an answer without client_id", name)
	}
	uris, _ := r.Metadata["redirect_uris"].([]any)
	if len(uris) > 0 {
		client.RedirectURI, _ = uris[0].(string)
	}
	grants, _ := r.Metadata["grant_types"].([]any)
	for _, g := range grants {
		if text, ok := g.(string); ok {
			client.GrantTypes = append(client.GrantTypes, oauth.GrantType(text))
		}
	}
	client.Registered = r.Scope
	entered := c.enter(client)
	c.clients[name] = entered
	return entered, nil
}

// Reenter gives a client that was entered before what a change of its
// registration led to.
func (c *Cast) Reenter(name string, r *Registration) error {
	client, ok := c.clients[name]
	if !ok {
		return fmt.Errorf("%s plays no part yet", name)
	}
	client.Scope, client.Registered = r.Scope.Set, r.Scope
	if secret, ok := r.Metadata["client_secret"].(string); ok && secret != "" {
		client.Secret = oauth.Secret(secret)
	}
	return nil
}

// refusalOf is the error response in a body (RFC 6749 section 5.2).
func refusalOf(body []byte) *oauth.ErrorResponse {
	var reply struct {
		Error string `json:"error"`
		Text  string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &reply) // another body names no error
	return &oauth.ErrorResponse{Code: oauth.ErrorCode(reply.Error), Description: reply.Text}
}

// vouching tells the target, where it can be told, to trust software statements of
// ours, and returns the key that signs them.
func vouching(ctx context.Context, t *target.Target) (*harnessKey, error) {
	call := t.Description.Control.TrustStatementKey
	if call == nil {
		return nil, nil
	}
	key, err := newHarnessKey()
	if err != nil {
		return nil, err
	}
	if _, err := t.Perform(ctx, *call, map[string]string{"jwk": string(key.public)}); err != nil {
		return nil, fmt.Errorf("the authorization server is told to trust a key for software statements: %w", err)
	}
	return key, nil
}

// SoftwareStatement signs client metadata (RFC 7591 section 2.3). A scope is by
// the names that features use. Trusted false signs with a key of nobody.
func (c *Cast) SoftwareStatement(members map[string]any, trusted bool) (oauth.Secret, error) {
	key := c.Stage.vouches
	if !trusted {
		var err error
		if key, err = newHarnessKey(); err != nil {
			return "", err
		}
	}
	if key == nil {
		return "", fmt.Errorf("the target trusts no software statements of ours: control.trust_statement_key is not in the target file")
	}
	claims := c.put(map[string]any{"iss": HarnessIssuer, "software_id": "scopeproof"}, members)
	statement, err := key.sign(claims, "JWT")
	c.Recorder.keep(statement)
	return statement, err
}
