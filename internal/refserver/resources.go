package refserver

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// authenticated reads a form and the client that sent it.
func (s *Server) authenticated(r *http.Request) (url.Values, Client, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, Client{}, err
	}
	client, err := s.authenticate(r, form)
	return form, client, err
}

// userInfo is the UserInfo endpoint (OpenID Connect Core section 5.3).
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	token, status := bearer(r)
	if status != 0 {
		challenge(w, status, "", nil)
		return
	}
	t, ok := s.shown(token)
	live := Live{}
	if ok {
		live = s.live(t)
	}
	if !ok || t.key != "" || !s.policy.TokenActive(live) { // a bound token is no bearer token (RFC 9449 section 7.2)
		challenge(w, http.StatusUnauthorized, "invalid_token", nil)
		return
	}
	user, _ := s.parties.user(t.subject)
	client, _ := s.parties.client(t.clientID)
	if !live.UserBound {
		user = User{}
	}
	signed := s.policy.OpenID.UserInfoSigned(client, strings.Contains(r.Header.Get("Accept"), "application/jwt"))
	question := ClaimsQuestion{
		User: user, Client: client, Scope: s.policy.LiveScope(live), TokenScope: t.scope, UserBound: live.UserBound,
		Authorization: live.Authorization, Posted: r.Method == http.MethodPost, Signed: signed,
	}
	if !s.policy.UserInfoAllowed(question) {
		status, code := s.policy.OpenID.UserInfoRefusal(question)
		var needed ScopeSet
		if code == "insufficient_scope" {
			needed = ScopeSet{OpenID}
		}
		challenge(w, status, code, needed)
		return
	}
	claims := map[string]any{}
	for name, value := range s.policy.UserInfoClaims(question) {
		claims[name] = value
	}
	for name, value := range s.opened(user, question.Scope, live.Authorization.UserInfoNames) {
		claims[name] = value
	}
	claims["sub"] = s.policy.OpenID.Subject(user, client)
	s.tell(w, client, claims, signed)
}

// shown is the access token that UserInfo is shown, or a refresh token that it takes
// for one.
func (s *Server) shown(token string) (accessToken, bool) {
	id, _, ok := s.readRefreshToken(token)
	if !ok || !s.policy.OpenID.UserInfoTakes(KindRefreshToken) {
		return s.readAccessToken(token)
	}
	kept := s.grants.authorization(id)
	if kept == nil {
		return accessToken{}, false
	}
	a := kept.snapshot()
	return accessToken{
		authorization: id, subject: a.User, clientID: a.Client, resource: a.Resource, scope: a.Current,
		expires: s.clock.now().Add(time.Minute),
	}, true
}

// tell writes claims as the client is to have them (OpenID Connect Core section
// 5.3.2).
func (s *Server) tell(w http.ResponseWriter, client Client, claims map[string]any, signed bool) {
	if !signed {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = s.issuer, client.ID
	token, err := s.signing.identities.sign(claims)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, token)
}

// bearer returns the token in the Authorization header, the only way supported
// (RFC 6750 section 2.1). The status is 401 if there is none, and 400 if the
// header is there twice.
func bearer(r *http.Request) (token string, status int) {
	headers := r.Header.Values("Authorization")
	switch len(headers) {
	case 0:
		return "", http.StatusUnauthorized
	case 1:
	default:
		return "", http.StatusBadRequest
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", http.StatusUnauthorized
	}
	return token, 0
}

// challenge writes a refusal of RFC 6750 section 3. code is empty where the
// request had no token.
func challenge(w http.ResponseWriter, status int, code string, scope ScopeSet) {
	if status == http.StatusBadRequest {
		code = "invalid_request"
	}
	challengeWith(w, status, code, scope, nil)
}

// challengeWith adds an item to the body of a refusal.
func challengeWith(w http.ResponseWriter, status int, code string, scope ScopeSet, item any) {
	value := `Bearer realm="scopeproof"`
	body := map[string]any{"error": "unauthorized"}
	if item != nil {
		body["item"] = item
	}
	if code != "" {
		value += `, error="` + code + `"`
		body["error"] = code
	}
	if !scope.IsEmpty() {
		value += `, scope="` + scope.String() + `"`
	}
	w.Header().Set("WWW-Authenticate", value)
	writeJSON(w, status, body)
}

// metadata is the metadata of RFC 8414 and OpenID Connect Discovery.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	m := map[string]any{
		"issuer":                                         s.issuer,
		"authorization_endpoint":                         s.at("/authorize"),
		"token_endpoint":                                 s.at("/token"),
		"userinfo_endpoint":                              s.at("/userinfo"),
		"jwks_uri":                                       s.at("/jwks"),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          slices.Sorted(maps.Keys(s.grantTypes)),
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"userinfo_signing_alg_values_supported":          []string{"ES256"},
		"prompt_values_supported":                        []string{"none", "login", "consent", "select_account"},
		"token_endpoint_auth_methods_supported":          append([]string{"none"}, confidentialMethods()...),
		"code_challenge_methods_supported":               []string{"S256"},
		"claims_supported":                               claimsSupported(),
		"claims_parameter_supported":                     false,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"authorization_response_iss_parameter_supported": true,
	}
	if scopes := s.policy.Metadata.ScopesSupported(path.Base(r.URL.Path), s.allScopes()); scopes != nil {
		m["scopes_supported"] = scopes
	}
	for _, p := range s.parts {
		if p.metadata != nil {
			p.metadata(s, m)
		}
	}
	writeJSON(w, http.StatusOK, m)
}

func claimsSupported() []string {
	claims := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"}
	for _, token := range []string{Profile, Email, Address, Phone} {
		claims = append(claims, ClaimsOf(token)...)
	}
	return claims
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{s.signing.public}})
}

// handler is everything that the server serves.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	mux.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
	mux.HandleFunc("GET /jwks", s.unlessSilent(s.keys))
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /authorize", s.authorize)
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /consent", s.showConsent)
	mux.HandleFunc("POST /consent", s.decide)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /userinfo", s.userInfo)
	mux.HandleFunc("POST /userinfo", s.userInfo)
	mux.HandleFunc("GET /account/grants", s.showGrants)
	mux.HandleFunc("POST /account/grants", s.editGrants)
	mux.HandleFunc("GET /account/api/grants", s.owner(s.listGrants))
	mux.HandleFunc("PUT /account/api/grants/{client}", s.owner(s.putGrant))
	mux.HandleFunc("POST /account/api/grants/{client}/remove", s.owner(s.removeFromGrant))
	mux.HandleFunc("DELETE /account/api/grants/{client}", s.owner(s.deleteGrant))
	mux.HandleFunc("GET /healthz", healthy)
	for _, p := range s.parts {
		if p.routes != nil {
			p.routes(s, mux)
		}
	}
	admin := s.admin()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The APIs come first and see the path as it was sent: the mux would
		// redirect spellings of it that an API has to refuse.
		for name, api := range s.apis {
			if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/"+name+"/"); ok {
				api.serve(w, r, "/"+rest)
				return
			}
		}
		switch {
		case path.Clean(r.URL.Path) != r.URL.Path:
			notFound(w)
		case strings.HasPrefix(r.URL.Path, "/admin/"):
			admin.ServeHTTP(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// seconds is a number of seconds as JSON gives it.
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
