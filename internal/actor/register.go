package actor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// apiScopes are the scopes of the features' calendar.
const apiScopes = "read:appointments write:appointments"

// openIDScopes are those of OpenID Connect Core sections 5.4 and 11. A server that
// knows nothing of it may refuse to register a client for them (RFC 7591 section 2).
var openIDScopes = oauth.NewScopeSet("openid", "profile", "email", "address", "phone", "offline_access")

// fixture is the clients that features know, as they are registered unless the
// target file says otherwise. Scope is completed with what the target declares.
func fixture(name string) (target.ClientDescription, bool) {
	yes, no := true, false
	web := []string{"authorization_code", "refresh_token"}
	device := append(slices.Clone(web), string(oauth.DeviceCode))
	user := append(slices.Clone(device), string(oauth.PasswordGrant), string(oauth.TokenExchange), string(oauth.JWTBearer), string(oauth.CIBA))
	all := "openid profile email address phone offline_access " + apiScopes
	switch name {
	case "Planner", "Rival":
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: user, Scope: all, FirstParty: &no}, true
	case "Auditor": // nobody's part
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: append(slices.Clone(web), string(oauth.PasswordGrant)), Scope: all, FirstParty: &no}, true
	case "Newcomer": // is always registered by RFC 7591
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: web, Scope: all, FirstParty: &no}, true
	case "Viewer":
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: user, Scope: "openid offline_access read:appointments", FirstParty: &no}, true
	case "Pocket":
		return target.ClientDescription{AuthMethod: "none", RedirectURI: target.RedirectURI, GrantTypes: device, Scope: all, FirstParty: &no}, true
	case "House":
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: user, Scope: all, FirstParty: &yes}, true
	case "Robot":
		return target.ClientDescription{AuthMethod: "client_secret_basic", GrantTypes: []string{"client_credentials"}, Scope: "read:appointments", FirstParty: &no}, true
	case "Legacy": // uses every response type there is; who it is hangs on the server's metadata
		// With tokens in the redirect a loopback address will not do (OpenID Connect Dynamic Client Registration section 2).
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: "https://legacy.example/cb", GrantTypes: append([]string{"implicit"}, web...), Scope: all, FirstParty: &no}, true
	case "Strict": // has to push its authorization requests
		return target.ClientDescription{AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: web, Scope: all, FirstParty: &no}, true
	case "Steward": // manages its grants
		return target.ClientDescription{
			AuthMethod: "client_secret_basic", RedirectURI: target.RedirectURI, GrantTypes: append([]string{"client_credentials"}, web...),
			Scope: all + " grant_management_query grant_management_revoke", FirstParty: &no,
		}, true
	case "Worker": // a machine client that may have everything a machine may have
		return target.ClientDescription{AuthMethod: "client_secret_basic", GrantTypes: []string{"client_credentials"}, Scope: all, FirstParty: &no}, true
	}
	return target.ClientDescription{}, false
}

// ClientNames are the clients that features may name, without Stranger, who is
// not registered.
func ClientNames() []string {
	return []string{"Planner", "Viewer", "Pocket", "House", "Robot", "Rival", "Newcomer", "Worker", "Legacy", "Strict", "Steward"}
}

// describe merges the fixture with what the target file says of a client.
func describe(d *target.Description, name string, set int) (target.ClientDescription, error) {
	c, ok := fixture(name)
	if !ok {
		return c, fmt.Errorf("no client is called %q: %s", name, spelling.DidYouMean(name, ClientNames(), "want "+spelling.Listed(ClientNames())))
	}
	if _, ok := d.Clients.Actors[name]; ok {
		own := d.Clients.InSet(name, set)
		c.ID, c.Secret, c.Absent = own.ID, own.Secret, own.Absent
		c.AuthMethod = either(own.AuthMethod, c.AuthMethod)
		c.RedirectURI = either(own.RedirectURI, c.RedirectURI)
		if own.GrantTypes != nil {
			c.GrantTypes = own.GrantTypes
		}
		if own.FirstParty != nil {
			c.FirstParty = own.FirstParty
		}
		if own.Scope != "" {
			c.Scope = own.Scope
			return c, nil
		}
	}
	as := d.AuthorizationServer
	if slices.Contains(c.GrantTypes, "refresh_token") {
		c.Scope = oauth.FieldsScope(c.Scope + " " + as.Refresh.Scope).String()
	}
	if name != "Viewer" && name != "Robot" {
		set := oauth.FieldsScope(c.Scope + " " + as.Decoys + " " + as.RequiredScopes + " " + as.UserOnlyScopes +
			" " + as.ConfidentialOnlyScopes + " " + as.ExoticScope)
		if as.OtherResource != "" {
			set = set.Union(oauth.NewScopeSet("read:contacts"))
		}
		if name == "Newcomer" { // who registers itself may be refused for what is not given to everybody (RFC 7591 section 3.2.2)
			set = set.Minus(oauth.FieldsScope(as.PrivilegedScopes))
		}
		c.Scope = set.String()
	}
	return c, nil
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// registers reports whether clients are registered for each cast: they are not
// static.
func registers(t *target.Target) bool {
	r := t.Description.Clients.Register
	return r.HTTP != nil || r.Dynamic != nil || (!r.Static && metadata(t, "registration_endpoint") != "")
}

// register registers a client for what it has in the features or in the target file, and
// where that does not say, for another scope as well.
func (c *Cast) register(ctx context.Context, name string, other oauth.ScopeSet) (*oauth.Client, error) {
	d := c.Stage.Target.Description
	cd, err := describe(d, name, c.set)
	if err != nil {
		return nil, err
	}
	if cd.Absent {
		return nil, fmt.Errorf("the target file says that there is no client %s", name)
	}
	client := &oauth.Client{
		Name: name, ID: cd.ID, Secret: oauth.Secret(cd.Secret),
		AuthMethod: oauth.AuthMethod(cd.AuthMethod), RedirectURI: cd.RedirectURI,
		Scope: oauth.FieldsScope(cd.Scope), FirstParty: cd.FirstParty != nil && *cd.FirstParty,
	}
	if d.Clients.Actors[name].Scope == "" && registers(c.Stage.Target.Target) {
		if !c.Stage.can("as.oidc") {
			client.Scope = client.Scope.Minus(openIDScopes.Minus(c.speaks().Union(oauth.FieldsScope(d.AuthorizationServer.Refresh.Scope))))
		}
		client.Scope = client.Scope.Union(other)
	}
	for _, g := range cd.GrantTypes {
		client.GrantTypes = append(client.GrantTypes, oauth.GrantType(g))
	}
	if len(d.Clients.Actors[name].GrantTypes) == 0 && registers(c.Stage.Target.Target) {
		if client.GrantTypes = c.Stage.facts.supported(client.GrantTypes); len(client.GrantTypes) == 0 {
			return nil, fmt.Errorf("the metadata lists no grant type that %s could be registered for: %q", name, cd.GrantTypes)
		}
	}
	if d.Clients.Actors[name].AuthMethod == "" && client.AuthMethod == oauth.AuthBasic && registers(c.Stage.Target.Target) {
		client.AuthMethod = c.Stage.Target.Proving()
	}
	if registers(c.Stage.Target.Target) || name == "Newcomer" {
		return client, c.registerEither(ctx, client)
	}
	if client.ID == "" {
		return nil, fmt.Errorf("clients.actors.%s.id is not in the target file, and there is no way to register a client", name)
	}
	return client, nil
}

// registerOnce sends one registration.
func (c *Cast) registerOnce(ctx context.Context, client *oauth.Client) error {
	reg := c.Stage.Target.Description.Clients.Register
	if client.Name == "Newcomer" || reg.HTTP == nil {
		return c.registerDynamic(ctx, client, reg.Dynamic)
	}
	return c.registerHTTP(ctx, client, reg.HTTP)
}

// clientMetadata is the client as RFC 7591 section 2 describes it.
func (c *Cast) clientMetadata(client *oauth.Client) (map[string]any, error) {
	m := map[string]any{
		"client_name":                "scopeproof " + client.Name + " " + c.seed,
		"token_endpoint_auth_method": client.AuthMethod,
		"grant_types":                client.GrantTypes,
		"scope":                      client.Scope.Map(c.wireToken).String(),
		"redirect_uris":              []string{},
		"response_types":             []string{},
	}
	if slices.Contains(client.GrantTypes, oauth.JWTBearer) {
		key, err := c.keyOf(client.Name)
		if err != nil {
			return nil, err
		}
		m["jwks"] = map[string]any{"keys": []json.RawMessage{key.public}}
	}
	if slices.Contains(client.GrantTypes, oauth.CIBA) {
		m["backchannel_token_delivery_mode"] = "poll"
	}
	if client.RedirectURI != "" {
		m["redirect_uris"] = []string{client.RedirectURI}
	}
	if client.RedirectURI != "" && (len(client.GrantTypes) == 0 || slices.Contains(client.GrantTypes, oauth.AuthorizationCode)) {
		m["response_types"] = []string{"code"} // which goes with that grant alone (RFC 7591 section 2.1)
	}
	if client.Native {
		m["application_type"] = "native"
	}
	return m, c.requestMetadata(client, m)
}

func (c *Cast) registerDynamic(ctx context.Context, client *oauth.Client, how *target.DynamicRegistration) error {
	body, err := c.clientMetadata(client)
	if err != nil {
		return err
	}
	endpoint := metadata(c.Stage.Target.Target, "registration_endpoint")
	if endpoint == "" {
		return fmt.Errorf("the metadata has no registration_endpoint")
	}
	if how != nil {
		maps.Copy(body, how.Metadata)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if how != nil && how.InitialAccessToken != "" {
		token, err := c.Stage.Target.Expand(how.InitialAccessToken, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client.Dynamic = true
	defer c.Stage.registering.since(time.Now())
	return c.registered(ctx, req, client, []int{200, 201})
}

// notRegistered is the error of a registration that was not answered with a client.
// A server need not have every kind of client: that it refuses one which differs
// from the rest is its policy (RFC 7591 section 3.2.2).
func (c *Cast) notRegistered(client *oauth.Client, endpoint string, got answer) error {
	object, _ := oauth.ParseObject(got.body)
	code := object.Text("error")
	if client.Dynamic && client.Name != "Planner" && client.Name != "Auditor" && got.status == http.StatusBadRequest && code != "" {
		return &Lacking{fmt.Sprintf("the client %s, which the server does not register: %s", client.Name, c.Recorder.Redact(code))}
	}
	return fmt.Errorf("POST %s: got %d %s, want 201 (RFC 7591 section 3.2.1)\n    hint: set clients.register.dynamic.initial_access_token, or clients.register.static with clients.actors",
		endpoint, got.status, c.brief(got.body))
}

// registerHTTP sends the client metadata of RFC 7591, with the members of the
// call's json added or put in their place.
func (c *Cast) registerHTTP(ctx context.Context, client *oauth.Client, call *target.Call) error {
	body, err := c.clientMetadata(client)
	if err != nil {
		return err
	}
	own, _ := call.JSON.(map[string]any)
	maps.Copy(body, own)
	filled := *call
	if filled.Form == nil && !c.Stage.Target.Description.Clients.Register.Whole {
		filled.JSON = body
	}
	if client.ID == "" && call.Mentions("client.id") {
		client.ID = strings.ToLower(client.Name) + "-" + random(8)
	}
	if client.Secret == "" && call.Mentions("client.secret") && !client.IsPublic() {
		client.Secret = oauth.Secret(random(16))
	}
	started := time.Now()
	captured, reply, err := c.ask(ctx, &filled, c.clientVariables(client))
	c.Stage.registering.since(started)
	if err != nil {
		return fmt.Errorf("for the scope %q, which clients.actors.%s.scope can limit: %w", client.Scope, client.Name, err)
	}
	client.ID = either(captured["client_id"], client.ID)
	client.Secret = oauth.Secret(either(captured["client_secret"], client.Secret.Reveal()))
	if client.ID == "" {
		return fmt.Errorf("the answer has no client_id: capture it as client_id: /client_id")
	}
	c.told(client, reply)
	return c.confirmed(client, reply)
}

// clientVariables are what a call about a client knows.
func (c *Cast) clientVariables(client *oauth.Client) map[string]string {
	grants := make([]string, len(client.GrantTypes))
	for i, grant := range client.GrantTypes {
		grants[i] = string(grant)
	}
	return map[string]string{
		"client.name": "scopeproof " + client.Name + " " + c.seed, "client.id": client.ID, "client.secret": client.Secret.Reveal(),
		"client.scope": client.Scope.Map(c.wireToken).String(), "client.redirect_uri": client.RedirectURI,
		"client.grant_types": c.Stage.Target.Description.Clients.Register.GrantNames(grants),
		"client.auth_method": string(client.AuthMethod), "client.confidential": strconv.FormatBool(!client.IsPublic()),
		"client.first_party": strconv.FormatBool(client.FirstParty),
	}
}

func (c *Cast) registered(ctx context.Context, req *http.Request, client *oauth.Client, want []int) error {
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return err
	}
	if !slices.Contains(want, got.status) {
		return c.notRegistered(client, bare(req.URL.String()), got)
	}
	reply, err := parseRegistration(got.body)
	if err != nil {
		return fmt.Errorf("%s: %w", bare(req.URL.String()), err)
	}
	client.ID, client.Secret = reply.id, reply.secret
	c.Recorder.keep(client.Secret)
	c.told(client, got.body)
	return c.confirmed(client, got.body)
}

// registration is what an answer of the registration endpoint says.
type registration struct {
	id     string
	secret oauth.Secret // empty for a public client
}

// parseRegistration reads a client information response (RFC 7591 section 3.2.1).
func parseRegistration(body []byte) (registration, error) {
	object, err := oauth.ParseObject(body)
	if err != nil {
		return registration{}, err
	}
	reply := registration{id: object.Text("client_id"), secret: oauth.Secret(object.Text("client_secret"))}
	if reply.id == "" {
		return registration{}, errors.New("got an answer without client_id (RFC 7591 section 3.2.1)")
	}
	return reply, nil
}

// told takes the scope that a registration's answer gives a client, which need
// not be what was asked (RFC 7591 section 3.2.1). One that names nothing is none.
func (c *Cast) told(client *oauth.Client, answer []byte) {
	object, _ := oauth.ParseObject(answer) // one that is no JSON object says nothing
	client.Registered = oauth.ParseScopeMember(object["scope"])
	if set := client.Registered.Set; !set.IsEmpty() {
		client.Scope = c.canonical(set)
	}
}

// brief is the beginning of a body for a message, secrets removed.
func (c *Cast) brief(body []byte) string {
	text := c.Recorder.Redact(string(body))
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return fmt.Sprintf("%q", text)
}
