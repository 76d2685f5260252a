package refserver

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// clientMetadata is client metadata of RFC 7591 section 2, and on the way back
// the client information response of section 3.2.1.
type clientMetadata struct {
	ClientID      string   `json:"client_id,omitempty"`
	ClientSecret  string   `json:"client_secret,omitempty"`
	IssuedAt      int64    `json:"client_id_issued_at,omitempty"`
	SecretExpires *int64   `json:"client_secret_expires_at,omitempty"`
	ClientName    string   `json:"client_name,omitempty"`
	RedirectURIs  []string `json:"redirect_uris,omitempty"`
	GrantTypes    []string `json:"grant_types,omitempty"`
	ResponseTypes []string `json:"response_types,omitempty"`
	AuthMethod    string   `json:"token_endpoint_auth_method,omitempty"`
	// Scope is text; what else clients send is the policy's to judge.
	Scope json.RawMessage `json:"scope,omitempty"`
	// SoftwareStatement is a JWT (RFC 7591 section 2.3).
	SoftwareStatement string `json:"software_statement,omitempty"`
	// RegistrationToken and RegistrationURI manage the client (RFC 7592 section 3).
	RegistrationToken string `json:"registration_access_token,omitempty"`
	RegistrationURI   string `json:"registration_client_uri,omitempty"`
	// Keys verify what the client signs (RFC 7591 section 2, RFC 7523).
	Keys *jose.JSONWebKeySet `json:"jwks,omitempty"`
	// Delivery is how the client learns of a decision; only "poll" is known
	// (OpenID Connect CIBA Core section 4).
	Delivery string `json:"backchannel_token_delivery_mode,omitempty"`
	// RFC 9101 section 10.5, RFC 9126 section 6.
	RequestObjectAlg string `json:"request_object_signing_alg,omitempty"`
	RequiresPAR      bool   `json:"require_pushed_authorization_requests,omitempty"`
	// UserInfoAlg is of OpenID Connect Dynamic Client Registration section 2.
	UserInfoAlg string `json:"userinfo_signed_response_alg,omitempty"`
	// FirstParty and Audience are for the administrator only.
	FirstParty bool   `json:"first_party,omitempty"`
	Audience   string `json:"introspects_audience,omitempty"`
}

// register is open client registration: anybody, for a third-party client.
func (s *Server) register(w http.ResponseWriter, r *http.Request) { s.addClient(w, r, true) }

func (s *Server) addClient(w http.ResponseWriter, r *http.Request, dynamic bool) {
	var m clientMetadata
	if !readJSON(w, r, &m) {
		return
	}
	if dynamic {
		m.ClientID, m.ClientSecret, m.Audience = "", "", ""
	}
	client, scope, err := s.newClient(&m, dynamic)
	if err != nil {
		writeError(w, err)
		return
	}
	m.Scope = scopeMember(s.policy.Registration.ReportedScope(scope.asked, scope.registered))
	m.IssuedAt = s.clock.now().Unix()
	client.registration, client.metadata = s.registrationToken(dynamic), &m
	client, ok := s.parties.addClient(client)
	if !ok {
		writeError(w, Refuse("invalid_client_metadata", "this client_id is taken"))
		return
	}
	writeJSON(w, http.StatusCreated, s.information(m, client))
}

// newClient checks m, fills in what it leaves out, and makes a client of it.
func (s *Server) newClient(m *clientMetadata, dynamic bool) (Client, registrationScope, error) {
	var none Client
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{AuthorizationCode}
	}
	for _, grantType := range m.GrantTypes {
		if s.grantTypes[grantType] == nil && !(grantType == Implicit && s.has(front)) {
			return none, registrationScope{}, Refuse("invalid_client_metadata", "a grant type is not supported")
		}
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, AuthorizationCode) {
		m.ResponseTypes = []string{"code"}
	}
	if m.AuthMethod == "" {
		m.AuthMethod = "client_secret_basic"
	}
	switch m.AuthMethod {
	case "client_secret_basic", "client_secret_post", "none":
	default:
		return none, registrationScope{}, Refuse("invalid_client_metadata", "the authentication method is not supported")
	}
	if m.Delivery != "" && m.Delivery != "poll" {
		return none, registrationScope{}, Refuse("invalid_client_metadata", "the delivery mode is not supported")
	}
	if err := onlyPublic(m.Keys); err != nil {
		return none, registrationScope{}, err
	}
	if slices.Contains(m.GrantTypes, AuthorizationCode) && len(m.RedirectURIs) == 0 {
		return none, registrationScope{}, Refuse("invalid_redirect_uri", "a redirect URI is missing")
	}
	for _, raw := range m.RedirectURIs {
		if u, err := url.Parse(raw); err != nil || u.Scheme == "" || u.Fragment != "" || u.Scheme == "javascript" || u.Scheme == "data" {
			return none, registrationScope{}, Refuse("invalid_redirect_uri", "a redirect URI is not an absolute URI without fragment")
		}
	}
	scope, err := s.registrationScope(m, m.AuthMethod == "none", dynamic)
	if err != nil {
		return none, scope, err
	}
	c := Client{
		ID: m.ClientID, Name: m.ClientName, Public: m.AuthMethod == "none", GrantTypes: m.GrantTypes, RedirectURIs: m.RedirectURIs,
		Dynamic: dynamic, FirstParty: s.policy.FirstParty(m.FirstParty, dynamic),
		Scope: s.policy.Registration.EnforcedScope(scope.asked, scope.registered), Audience: m.Audience,
	}
	s.takeRequests(m, &c)
	if c.Name == "" {
		c.Name = "An application without a name"
	}
	if m.Keys != nil {
		c.keys = *m.Keys
	}
	if !c.Public {
		c.secret = m.ClientSecret
		if c.secret == "" {
			c.secret = rand.Text()
		}
	}
	return c, scope, nil
}

// onlyPublic refuses keys that are not public ones.
func onlyPublic(keys *jose.JSONWebKeySet) error {
	if keys == nil {
		return nil
	}
	for _, key := range keys.Keys {
		if !key.Valid() || !key.IsPublic() {
			return Refuse("invalid_client_metadata", "jwks may hold public keys only")
		}
	}
	return nil
}

// takeRequests takes how the client makes its requests, and how it is answered by
// UserInfo. What the server does not know it leaves out of its answer (RFC 7591
// section 2).
func (s *Server) takeRequests(m *clientMetadata, c *Client) {
	if !s.has(requestObjects) {
		m.RequestObjectAlg = ""
	}
	m.RequestObjectAlg = s.policy.JAR.Registered(m.RequestObjectAlg)
	if m.Keys != nil {
		c.keys = *m.Keys
	}
	if m.UserInfoAlg != "ES256" {
		m.UserInfoAlg = ""
	}
	c.UserInfoAlg = m.UserInfoAlg
	m.RequiresPAR = m.RequiresPAR && s.has(pushing) && s.policy.PAR.Registered()
	c.ResponseTypes, c.RequiresPAR, c.RequestObjectAlg = m.ResponseTypes, m.RequiresPAR, m.RequestObjectAlg
}

// admin is the administrator's interface.
func (s *Server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/clients", func(w http.ResponseWriter, r *http.Request) { s.addClient(w, r, false) })
	mux.HandleFunc("PUT /admin/clients/{id}/scope", s.putClientScope)
	mux.HandleFunc("DELETE /admin/clients/{id}", s.deleteClient)
	mux.HandleFunc("POST /admin/users", s.postUser)
	mux.HandleFunc("GET /admin/users/{name}/permissions", s.getPermissions)
	mux.HandleFunc("PUT /admin/users/{name}/permissions", s.putPermissions)
	mux.HandleFunc("POST /admin/scopes", s.postScope)
	addSharedAdmin(mux, s.clock, s.harness.set)
	addKeyAdmin(mux, "POST /admin/statement-key", s.statements.set)
	addNetworkAdmin(mux, func(reachable bool) { s.unreachable.Store(!reachable) })
	return onlyWithKey(s.adminKey, mux)
}

func notFound(w http.ResponseWriter) {
	writeJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
}

func (s *Server) putClientScope(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Scope string `json:"scope"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	scope, err := s.policy.ParseScope(body.Scope)
	if err != nil {
		writeError(w, err)
		return
	}
	scope = scope.And(s.allScopes())
	if !s.parties.changeClient(r.PathValue("id"), func(c *Client) { c.Scope = scope }) {
		notFound(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"client_id": r.PathValue("id"), "scope": scope.String()})
}

func (s *Server) deleteClient(w http.ResponseWriter, r *http.Request) {
	if !s.parties.dropClient(r.PathValue("id")) {
		notFound(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// permissions are the API scopes that a user may hand out.
type permissions struct {
	Permissions ScopeSet `json:"permissions"`
}

func (s *Server) postUser(w http.ResponseWriter, r *http.Request) {
	var body struct {
		permissions
		Username string         `json:"username"`
		Password string         `json:"password"`
		Roles    []string       `json:"roles"`
		Claims   map[string]any `json:"claims"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Username == "" {
		writeError(w, Refuse("invalid_request", "username is missing"))
		return
	}
	user := User{
		Name: body.Username, password: body.Password, Permissions: NewScopeSet(body.Permissions...), Roles: body.Roles, Claims: body.Claims,
	}
	if !s.parties.addUser(user) {
		writeJSON(w, http.StatusConflict, map[string]string{"error": "invalid_request", "error_description": "this username is taken"})
		return
	}
	writeJSON(w, http.StatusCreated, map[string]any{"username": user.Name, "permissions": user.Permissions})
}

func (s *Server) getPermissions(w http.ResponseWriter, r *http.Request) {
	user, ok := s.parties.user(r.PathValue("name"))
	if !ok {
		notFound(w)
		return
	}
	writeJSON(w, http.StatusOK, permissions{NewScopeSet(user.Permissions...)})
}

func (s *Server) putPermissions(w http.ResponseWriter, r *http.Request) {
	var body permissions
	if !readJSON(w, r, &body) {
		return
	}
	may := NewScopeSet(body.Permissions...)
	if !s.parties.changeUser(r.PathValue("name"), func(u *User) { u.Permissions = may }) {
		notFound(w)
		return
	}
	writeJSON(w, http.StatusOK, permissions{may})
}

// addSharedAdmin adds what the servers of this package have in common.
func addSharedAdmin(mux *http.ServeMux, c *clock, trust func(key []byte) error) {
	mux.HandleFunc("POST /admin/clock", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Advance float64 `json:"advance_seconds"`
			Reset   bool    `json:"reset"`
		}
		if !readJSON(w, r, &body) {
			return
		}
		if body.Reset {
			c.reset()
		}
		c.advance(seconds(body.Advance))
		writeJSON(w, http.StatusOK, map[string]string{"now": c.now().UTC().Format(time.RFC3339Nano)})
	})
	addKeyAdmin(mux, "POST /admin/trusted-key", trust)
}

// addKeyAdmin lets the administrator say which key is trusted.
func addKeyAdmin(mux *http.ServeMux, pattern string, trust func(key []byte) error) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		raw, err := readAll(w, r)
		if err == nil {
			err = trust(raw)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// onlyWithKey lets through requests that carry key as a bearer token.
func onlyWithKey(key string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, status := bearer(r)
		if status != 0 || token != key {
			challenge(w, http.StatusUnauthorized, "invalid_token", nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}
