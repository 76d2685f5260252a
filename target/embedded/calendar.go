package embedded

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// CalendarOptions say whose access tokens our calendar API accepts.
type CalendarOptions struct {
	Issuer string // the authorization server
	// JWKSURI is where its keys are, for tokens that are JWTs; empty: none are.
	JWKSURI string
	// IntrospectionEndpoint is asked about all other tokens (RFC 7662), with the
	// credentials below; empty: they are refused.
	IntrospectionEndpoint  string
	ClientID, ClientSecret string // both empty: no credentials
	SecretInForm           bool   // they are sent in the form, and not with HTTP Basic
	// Audience must be in the aud of a JWT; empty: it is not looked at.
	Audience string
	// Scopes are the authorization server's own names for the scopes that the API
	// needs, where they differ.
	Scopes map[string]string
	// Includes are the scopes that include others, by the names of the rules.
	Includes oauth.Hierarchy
}

// Calendar starts our calendar API for tokens of somebody else's authorization
// server, and returns it with the function that stops it.
func Calendar(ctx context.Context, o CalendarOptions) (*target.ResourceServer, func(), error) {
	d, err := target.LoadBundled("reference")
	if err != nil {
		return nil, nil, err
	}
	// It ends when it is stopped: while a run is wound down it must still answer.
	api, err := refserver.StartAPI(context.WithoutCancel(ctx), refserver.APIOptions{
		Issuer: o.Issuer, JWKSURI: o.JWKSURI, Audience: o.Audience, IntrospectionEndpoint: o.IntrospectionEndpoint,
		IntrospectionUser: o.ClientID, IntrospectionPassword: o.ClientSecret, IntrospectionPost: o.SecretInForm, Policy: calendarPolicy(o.Scopes, o.Includes),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("start our calendar API: %w", err)
	}
	server := &target.ResourceServer{
		BaseURL: api.URL(), Resource: o.Audience, Audience: api.URL(), Operations: d.API.Operations, Batch: d.API.Batch,
		Ours: true, AsksNobody: o.IntrospectionEndpoint == "", Hold: api.Hold,
	}
	if o.ClientID != "" {
		server.Introspection = &target.Credentials{ClientID: o.ClientID, Secret: o.ClientSecret}
	}
	admin := &target.Target{Variables: map[string]string{"admin_key": api.AdminKey()}}
	server.TrustKey = func(ctx context.Context, jwk []byte) error {
		_, err := admin.Perform(ctx, target.Call{
			URL:     api.URL() + "/admin/trusted-key",
			Headers: map[string]string{"Authorization": "Bearer ${admin_key}"},
			JSON:    "${jwk}",
		}, map[string]string{"jwk": string(jwk)})
		return err
	}
	server.SetReachable = func(ctx context.Context, reachable bool) error {
		_, err := admin.Perform(ctx, target.Call{
			URL:     api.URL() + "/admin/network",
			Headers: map[string]string{"Authorization": "Bearer ${admin_key}"},
			JSON:    map[string]any{"reachable": reachable},
		}, nil)
		return err
	}
	return server, func() { api.Close() }, nil
}

// calendarPolicy is the policy of an API that needs scopes by other names, and
// takes what includes them.
func calendarPolicy(names map[string]string, includes oauth.Hierarchy) refserver.Policy {
	p := refserver.Conformant()
	needs, covers := p.API.Requirement, p.API.Covers
	p.API.Requirement = func(op refserver.Operation, r *http.Request) refserver.Requirement {
		need := needs(op, r)
		need.Scope = renamedSet(need.Scope, names)
		return need
	}
	below := map[string]refserver.ScopeSet{}
	for parent, children := range includes.Included() {
		own := renamedSet(refserver.ScopeSet{string(parent)}, names)[0]
		below[own] = renamedSet(strings.Fields(children.String()), names)
	}
	p.API.Covers = func(held, required refserver.ScopeSet) bool {
		all := held
		for _, token := range held {
			if more := below[token]; more != nil {
				all = all.Or(more)
			}
		}
		return covers(all, required)
	}
	return p
}

// Supply gives a target that has no API our calendar API, which stops when the
// target does. Unless tokens are declared to be JWTs, it asks the introspection
// endpoint; where that takes credentials and the description has none, a client
// is registered for it.
func Supply(ctx context.Context, t *target.Target) error {
	if t.API != nil {
		return nil
	}
	text := func(name string) string { s, _ := t.Metadata[name].(string); return s }
	o := CalendarOptions{
		Issuer: t.Issuer, JWKSURI: text("jwks_uri"), IntrospectionEndpoint: text("introspection_endpoint"),
		Scopes: t.Description.Scopes, Includes: t.Description.Includes(), SecretInForm: t.Proving() == oauth.AuthPost,
	}
	if t.Description.Capabilities["token.format"] == "jwt" && o.JWKSURI != "" {
		o.IntrospectionEndpoint = ""
	}
	if o.IntrospectionEndpoint != "" {
		var err error
		if o.ClientID, o.ClientSecret, err = credentials(ctx, t); err != nil {
			return fmt.Errorf("our calendar API is given a client to introspect with: %w", err)
		}
	}
	api, stop, err := Calendar(ctx, o)
	if err != nil {
		return err
	}
	t.API = api
	before := t.Stop
	t.Stop = func() error {
		stop()
		if before == nil {
			return nil
		}
		return before()
	}
	return nil
}

// credentials are what our calendar API introspects with.
func credentials(ctx context.Context, t *target.Target) (id, secret string, err error) {
	how := t.Description.AuthorizationServer.Introspection
	register := t.Description.Clients.Register
	endpoint, _ := t.Metadata["registration_endpoint"].(string)
	actor := t.Description.Clients.InSet(how.As, 1)
	switch {
	case how.ClientID != "":
		return how.ClientID, how.Secret, nil
	case how.As == "none":
		return "", "", nil
	case actor.ID != "":
		return actor.ID, actor.Secret, nil
	case register.HTTP != nil:
		return either(t, func(body map[string]any) (string, string, error) { return registerByCall(ctx, t, *register.HTTP, body) })
	case !register.Static && endpoint != "":
		return either(t, func(body map[string]any) (string, string, error) { return registerDynamically(ctx, t, endpoint, body) })
	}
	for _, name := range target.Actors() {
		if actor := t.Description.Clients.InSet(name, 1); actor.Secret != "" {
			return actor.ID, actor.Secret, nil
		}
	}
	return "", "", fmt.Errorf("got no credentials, want authorization_server.introspection.client_id and secret in the target file")
}

// metadata describes a client that does nothing but introspect, in the words of
// RFC 7591 section 2. Some servers refuse a client without a grant type.
func metadata(t *target.Target) map[string]any {
	return map[string]any{
		"client_name":                "scopeproof calendar API",
		"token_endpoint_auth_method": t.Proving(),
		"grant_types":                []string{"client_credentials"},
		"response_types":             []string{},
		"redirect_uris":              []string{},
	}
}

// either registers with [metadata], and where that is refused as a native application
// (OpenID Connect Dynamic Client Registration section 2) with a redirect URI that is
// never used: some servers want one of every client, or give the client credentials
// grant to nobody who registers.
func either(t *target.Target, register func(map[string]any) (string, string, error)) (id, secret string, err error) {
	if id, secret, err = register(metadata(t)); err == nil {
		return id, secret, nil
	}
	with := metadata(t)
	with["redirect_uris"], with["application_type"] = []string{target.RedirectURI}, "native"
	with["grant_types"], with["response_types"] = []string{"authorization_code"}, []string{"code"}
	if id, secret, other := register(with); other == nil {
		return id, secret, nil
	}
	return "", "", err
}

func registerByCall(ctx context.Context, t *target.Target, call target.Call, body map[string]any) (id, secret string, err error) {
	if own, ok := call.JSON.(map[string]any); ok {
		for name, value := range own {
			body[name] = value
		}
	}
	register := t.Description.Clients.Register
	if call.Form == nil && !register.Whole {
		call.JSON = body
	}
	redirect := ""
	if uris, _ := body["redirect_uris"].([]string); len(uris) > 0 {
		redirect = uris[0]
	}
	variables := map[string]string{
		"client.name": "scopeproof calendar API", "client.id": "", "client.secret": "", "client.scope": "", "client.redirect_uri": redirect,
		"client.grant_types": register.GrantNames(body["grant_types"].([]string)),
		"client.auth_method": string(t.Proving()), "client.confidential": "true", "client.first_party": "false",
	}
	if call.Mentions("client.id") {
		variables["client.id"] = "scopeproof-api-" + strings.ToLower(rand.Text())[:8]
	}
	if call.Mentions("client.secret") {
		variables["client.secret"] = rand.Text()
	}
	got, err := t.Perform(ctx, call, variables)
	return cmp.Or(got["client_id"], variables["client.id"]), cmp.Or(got["client_secret"], variables["client.secret"]), err
}

func registerDynamically(ctx context.Context, t *target.Target, endpoint string, body map[string]any) (id, secret string, err error) {
	token := ""
	if how := t.Description.Clients.Register.Dynamic; how != nil {
		for name, value := range how.Metadata {
			body[name] = value
		}
		token = how.InitialAccessToken
	}
	data, err := json.Marshal(body)
	if err != nil {
		return "", "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(data))
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := t.Client().Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	answer, err := target.ReadAnswer(response.Body)
	if err != nil {
		return "", "", err
	}
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Error  string `json:"error"`
		Text   string `json:"error_description"`
	}
	if err := json.Unmarshal(answer, &client); err != nil || client.ID == "" {
		said := strings.TrimSpace(client.Error + " " + client.Text)
		return "", "", fmt.Errorf("POST %s: got %s %s, want 201 with client_id (RFC 7591 section 3.2.1)", endpoint, response.Status, said)
	}
	return client.ID, client.Secret, nil
}
