package refserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// tokenResponse is a successful answer (RFC 6749 section 5.1). Scope is a
// pointer because an empty scope is not the same as none.
type tokenResponse struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int     `json:"expires_in"`
	Scope        *string `json:"scope,omitempty"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	IDToken      string  `json:"id_token,omitempty"`
}

// tokenRequest is a request at the token endpoint with its client authenticated.
type tokenRequest struct {
	form   url.Values
	client Client
	asked  ScopeSet
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	q, err := s.readTokenRequest(r)
	if err != nil {
		writeError(w, err)
		return
	}
	var response tokenResponse
	grantType := q.form.Get("grant_type")
	answer, supported := s.grantTypes[grantType]
	switch {
	case !supported:
		err = Refuse("unsupported_grant_type", "this grant type is not supported")
	case grantType != ClientCredentials && !q.client.MayUse(grantType):
		err = Refuse("unauthorized_client", "the client is not registered for this grant type")
	default:
		response, err = answer(s, q)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, response)
}

func (s *Server) readTokenRequest(r *http.Request) (tokenRequest, error) {
	form, err := readForm(r)
	if err != nil {
		return tokenRequest{}, err
	}
	client, err := s.authenticate(r, form)
	if err != nil {
		return tokenRequest{}, err
	}
	if form.Get("grant_type") == "" {
		return tokenRequest{}, Refuse("invalid_request", "grant_type is missing")
	}
	asked, err := s.policy.ParseScope(form.Get("scope"))
	return tokenRequest{form: form, client: client, asked: asked}, err
}

// readForm reads a form from the body alone. A parameter that is there twice is
// an error (RFC 6749 section 3.2), resource excepted (RFC 8707 section 2).
func readForm(r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return nil, Refuse("invalid_request", "the form cannot be read")
	}
	return r.PostForm, onlyOnce(r.PostForm)
}

func onlyOnce(form url.Values) error {
	for name, values := range form {
		if len(values) > 1 && name != "resource" {
			return Refuse("invalid_request", "a parameter is repeated")
		}
	}
	if len(form["resource"]) > 1 {
		return Refuse("invalid_target", "more than one resource is not supported")
	}
	return nil
}

// authenticate finds the client of a request (RFC 6749 section 2.3.1): HTTP
// Basic, secret in the body, or a client_id alone for public clients.
func (s *Server) authenticate(r *http.Request, form url.Values) (Client, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		var errID, errSecret error
		user, errID = url.QueryUnescape(user)
		password, errSecret = url.QueryUnescape(password)
		if errID != nil || errSecret != nil || id != "" && id != user || secret != "" {
			return Client{}, Refuse("invalid_request", "the client authenticates in more than one way, or unreadably")
		}
		id, secret = user, password
	}
	client, ok := s.parties.client(id)
	switch {
	case !ok:
		return Client{}, Refuse("invalid_client", "the client is not known")
	case subtle.ConstantTimeCompare([]byte(secret), []byte(client.secret)) != 1:
		return Client{}, Refuse("invalid_client", "the client did not authenticate")
	}
	return client, nil
}

// redeem trades a code for tokens (RFC 6749 section 4.1.3).
func (s *Server) redeem(q tokenRequest) (tokenResponse, error) {
	a, ok := s.codes.get(q.form.Get("code"), s.clock.now())
	if !ok {
		return tokenResponse{}, Refuse("invalid_grant", "the code is unknown or has expired")
	}
	owner, _ := s.parties.client(a.Client)
	if err := s.policy.Presenter(AuthorizationCode, owner, q.client); err != nil {
		return tokenResponse{}, err
	}
	if a.redirectURI != q.form.Get("redirect_uri") || !verifies(a.challenge, q.form.Get("code_verifier")) {
		return tokenResponse{}, Refuse("invalid_grant", "redirect_uri or code_verifier does not fit the code")
	}
	if resource := q.form.Get("resource"); resource != "" && resource != a.Resource {
		return tokenResponse{}, Refuse("invalid_target", "the code was granted for another resource")
	}
	counts := s.policy.Race.Kept(a.ID, q.asked)
	a.mu.Lock()
	state, again := a.Authorization, a.redeemed
	s.policy.Race.Between(RedeemCode, &a.mu)
	var err error
	if again {
		var ends bool
		ends, err = s.policy.CodeReused()
		a.Revoked = a.Revoked || ends
	}
	a.redeemed = true
	a.mu.Unlock()
	if err != nil {
		return tokenResponse{}, err
	}
	user, _ := s.parties.user(a.User)
	asked := counts()
	named := state.Requested.Or(state.Granted).Or(state.Current).Or(asked)
	scope, err := s.policy.CodeScope(Redemption{
		Asked: asked, Authorization: state,
		ClientMay: s.policy.ClientMay(q.client, named), UserMay: s.policy.UserMay(user, q.client, named),
	})
	if err != nil {
		return tokenResponse{}, err
	}
	issue := Issue{
		GrantType: AuthorizationCode, Client: q.client, User: user, Authorization: state, Asked: q.asked, Scope: scope,
	}
	sequence := 0
	if s.policy.GivesRefreshToken(issue) {
		a.mu.Lock()
		sequence = a.nextToken()
		a.mu.Unlock()
	}
	return s.respond(issue, a, sequence)
}

// verifies checks a code_verifier (RFC 7636 section 4.6, method S256).
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// refresh trades a refresh token for tokens (RFC 6749 section 6).
func (s *Server) refresh(q tokenRequest) (tokenResponse, error) {
	id, sequence, ok := s.readRefreshToken(q.form.Get("refresh_token"))
	if !ok {
		return tokenResponse{}, Refuse("invalid_grant", "the refresh token is unknown")
	}
	a := s.grants.authorization(id)
	if a == nil {
		return tokenResponse{}, Refuse("invalid_grant", "the refresh token is unknown")
	}
	owner, _ := s.parties.client(a.Client)
	if err := s.policy.Presenter(RefreshToken, owner, q.client); err != nil {
		return tokenResponse{}, err
	}
	issue, next, err := s.rotate(q, a, sequence)
	if err != nil {
		return tokenResponse{}, err
	}
	return s.respond(issue, a, next)
}

// rotate decides a refresh and moves the authorization on to its next refresh
// token, in one step as seen by others.
func (s *Server) rotate(q tokenRequest, a *authorization, sequence int) (Issue, int, error) {
	grant := s.grants.of(grantKey{a.User, a.Client, a.Resource})
	user, _ := s.parties.user(a.User)
	foreign := s.codeGranted(q.form.Get("code"))
	a.mu.Lock()
	defer a.mu.Unlock()
	state := a.Authorization
	s.policy.Race.Between(DecideRefresh, &a.mu)
	if !a.live[sequence] {
		a.Revoked = true
		return Issue{}, 0, Refuse("invalid_grant", "the refresh token was used before")
	}
	s.policy.Race.Between(RotateToken, &a.mu)
	if err := s.policy.RefreshUsable(state); err != nil {
		return Issue{}, 0, err
	}
	target, err := s.policy.RefreshTarget(state.Resource, q.form.Get("resource"))
	if err != nil {
		return Issue{}, 0, err
	}
	read := state
	state.Resource = target
	named := state.Requested.Or(state.Granted).Or(state.Current).Or(q.asked).Or(grant.Scope).Or(foreign).Or(q.client.Scope)
	scope, err := s.policy.RefreshScope(Refresh{
		Asked: q.asked, Client: q.client, Authorization: state, Grant: grant, CodeGranted: foreign,
		ClientMay: s.policy.ClientMay(q.client, named), UserMay: s.policy.UserMay(user, q.client, named),
	})
	if err == nil && scope.IsEmpty() {
		err = s.policy.NothingLeft(true)
	}
	if err != nil {
		if s.policy.RefreshConsumed(err) {
			delete(a.live, sequence)
		}
		return Issue{}, 0, err
	}
	delete(a.live, sequence)
	saved := s.policy.Race.Saved(read, a.Authorization)
	a.Current, a.Revoked = s.policy.RotatedScope(saved.Current, scope), saved.Revoked
	return Issue{
		GrantType: RefreshToken, Client: q.client, User: user, Authorization: state, Asked: q.asked, Scope: scope,
	}, a.nextToken(), nil
}

// codeGranted is what a code sent along with a refresh stands for.
func (s *Server) codeGranted(code string) ScopeSet {
	if code == "" {
		return nil
	}
	a, ok := s.codes.get(code, s.clock.now())
	if !ok {
		return nil
	}
	return a.snapshot().Granted
}

// serve issues a token to a client that acts for itself (RFC 6749 section 4.4).
func (s *Server) serve(q tokenRequest) (tokenResponse, error) {
	if err := s.policy.ServiceClient(q.client); err != nil {
		return tokenResponse{}, err
	}
	resource, api, err := s.target(q.form)
	if err != nil {
		return tokenResponse{}, err
	}
	scope := q.asked
	if scope.IsEmpty() {
		scope = s.policy.DefaultScope(q.client)
	}
	if scope, err = s.policy.Unknown(scope, ScopesAt(api)); err != nil {
		return tokenResponse{}, err
	}
	scope = s.policy.ServiceScope(scope)
	if scope, err = s.policy.ClientExcess(ClientCredentials, scope, s.policy.ClientMay(q.client, scope)); err != nil {
		return tokenResponse{}, err
	}
	issue := Issue{GrantType: ClientCredentials, Client: q.client, Asked: q.asked, Scope: scope}
	return s.respond(issue, &authorization{Authorization: Authorization{Resource: resource}}, 0)
}

// target returns the resource of a request and its API; the calendar if it names
// none (RFC 8707 section 2).
func (s *Server) target(form url.Values) (resource, api string, err error) {
	resource = form.Get("resource")
	if resource == "" {
		resource = s.audience(CalendarAPI)
	}
	api, ok := s.apiOf(resource)
	if !ok {
		return "", "", Refuse("invalid_target", "the resource is not known")
	}
	return resource, api, nil
}

// respond issues the tokens of a decided request. sequence is the number of the
// refresh token; 0: none.
func (s *Server) respond(issue Issue, a *authorization, sequence int) (tokenResponse, error) {
	if issue.Scope.IsEmpty() {
		if err := s.policy.NothingLeft(true); err != nil {
			return tokenResponse{}, err
		}
	}
	resource := issue.Authorization.Resource
	if resource == "" {
		resource = a.Resource
	}
	token, lifetime, err := s.newAccessToken(issue, resource)
	if err != nil {
		return tokenResponse{}, err
	}
	response := tokenResponse{AccessToken: token, TokenType: "Bearer", ExpiresIn: int(lifetime / time.Second)}
	if scope, ok := s.policy.ReportedScope(issue); ok {
		text := scope.String()
		response.Scope = &text
	}
	if sequence > 0 {
		response.RefreshToken = s.newRefreshToken(a.ID, sequence)
	}
	if s.policy.GivesIDToken(issue) {
		if response.IDToken, err = s.newIDToken(issue, a.nonce, a.loggedIn, token); err != nil {
			return tokenResponse{}, err
		}
	}
	return response, nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// writeError writes an error response of RFC 6749 section 5.2.
func writeError(w http.ResponseWriter, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	status := http.StatusBadRequest
	if refused.Code == "invalid_client" {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="scopeproof"`)
	}
	writeJSON(w, status, map[string]string{"error": refused.Code, "error_description": refused.Text})
}
