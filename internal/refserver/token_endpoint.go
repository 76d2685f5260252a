package refserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// tokenResponse is a successful answer (RFC 6749 section 5.1). Scope is nil, which
// is not the same as the empty scope, if there is none.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	Scope        any    `json:"scope,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	// IssuedTokenType is of RFC 8693 section 2.2.1.
	IssuedTokenType string  `json:"issued_token_type,omitempty"`
	Details         Details `json:"authorization_details,omitempty"` // RFC 9396 section 7
	GrantID         string  `json:"grant_id,omitempty"`
}

// tokenRequest is a request at the token endpoint with its client authenticated.
type tokenRequest struct {
	form   url.Values
	client Client
	asked  ScopeSet
	// omitted says that the request has no scope.
	omitted bool
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if nonce := s.policy.API.Tokens.Nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
	}
	q, err := s.readTokenRequest(r)
	if err != nil {
		s.refuseToken(w, err)
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
		s.refuseToken(w, err)
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
	if client.proven, err = s.proven(r); err != nil {
		return tokenRequest{}, err
	}
	_, issued, err := s.scopeParameter(form)
	if err != nil {
		return tokenRequest{}, err
	}
	asked, err := s.policy.ParseScope(issued)
	return tokenRequest{
		form: form, client: client, asked: asked, omitted: s.policy.Omitted(form.Has("scope"), strings.TrimSpace(issued)),
	}, err
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
	target, member, err := s.chosen(a, q.form)
	if err != nil {
		return tokenResponse{}, err
	}
	counts := s.policy.Race.Kept(a.ID, q.asked)
	locks := pair{a, member}
	locks.Lock()
	again := a.redeemed
	s.policy.Race.between(RedeemCode, locks)
	if again {
		var ends bool
		if ends, err = s.policy.CodeReused(); ends {
			a.end(member)
		}
	}
	a.redeemed = true
	a.Resources = s.policy.Resources.Bound(a.Resources, target)
	state := member.Authorization
	locks.Unlock()
	state.Resource = target
	if err != nil {
		return tokenResponse{}, err
	}
	user, _ := s.parties.user(a.User)
	asked := counts()
	named := state.Requested.Or(state.Granted).Or(state.Current).Or(asked)
	scope, err := s.policy.CodeScope(Redemption{
		Asked: asked, Client: q.client, Authorization: state,
		ClientMay: s.clientMay(AuthorizationCode, q.client, named), UserMay: s.userMay(AuthorizationCode, user, q.client, named),
	})
	if err != nil {
		return tokenResponse{}, err
	}
	details, err := s.readDetails(q.form)
	if err == nil {
		details, err = s.policy.Details.Redeemed(state.Details, details)
	}
	if err != nil {
		return tokenResponse{}, err
	}
	issue := Issue{
		GrantType: AuthorizationCode, Client: q.client, User: user, Authorization: state, Asked: q.asked, Scope: scope,
		Details: details,
	}
	return s.respond(issue, a, s.firstRefresh(issue, a))
}

// firstRefresh is the number of the refresh token that comes with the first
// access token of an authorization; 0: none.
func (s *Server) firstRefresh(issue Issue, a *authorization) int {
	if !s.policy.GivesRefreshToken(issue) {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nextToken()
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
	target, member, targetErr := s.refreshTarget(a, q.form)
	grant := s.grants.row(rowKey{grantKey{a.User, a.Client, member.Resource}, a.GrantID})
	details, err := s.readDetails(q.form)
	if err != nil {
		return Issue{}, 0, err
	}
	user, _ := s.parties.user(a.User)
	foreign := s.codeGranted(q.form.Get("code"))
	locks := pair{a, member}
	locks.Lock()
	defer locks.Unlock()
	state := member.Authorization
	state.RefreshEnded = a.RefreshEnded
	s.policy.Race.between(DecideRefresh, locks)
	if !a.live[sequence] {
		ends, err := s.policy.Rotation.Again()
		if ends {
			a.end(member)
		}
		if err != nil {
			return Issue{}, 0, err
		}
	}
	s.policy.Race.between(RotateToken, locks)
	if err := s.policy.RefreshUsable(state); err != nil {
		return Issue{}, 0, err
	}
	if targetErr != nil {
		return Issue{}, 0, targetErr
	}
	read := state
	state.Resource = target
	named := state.Requested.Or(state.Granted).Or(state.Current).Or(q.asked).Or(grant.Scope).Or(foreign).Or(q.client.Scope)
	scope, err := s.policy.RefreshScope(Refresh{
		Asked: q.asked, Named: q.form.Has("scope"), Client: q.client, Authorization: state, Grant: grant, CodeGranted: foreign, Details: details,
		ClientMay: s.clientMay(RefreshToken, q.client, named), UserMay: s.userMay(RefreshToken, user, q.client, named),
	})
	if err == nil {
		details, err = s.policy.Details.Refreshed(state.Details, details)
	}
	if err == nil && scope.IsEmpty() && len(details) == 0 {
		err = s.policy.NothingLeft(true)
	}
	if err != nil {
		if s.policy.RefreshConsumed(err) {
			delete(a.live, sequence)
		}
		return Issue{}, 0, err
	}
	saved := s.policy.Race.Saved(read, member.Authorization)
	member.Current, member.Revoked = s.policy.RotatedScope(saved.Current, scope), saved.Revoked
	return Issue{
		GrantType: RefreshToken, Client: q.client, User: user, Authorization: state, Asked: q.asked, Scope: scope, Details: details,
	}, a.rotated(s.policy.Rotation.Used(q.client), sequence), nil
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
	if q.omitted {
		if err = s.policy.OmittedScope(ClientCredentials); err != nil {
			return tokenResponse{}, err
		}
		scope = s.policy.DefaultScope(q.client)
	}
	if scope, err = s.policy.Unknown(ClientCredentials, scope, s.scopesAt(api)); err != nil {
		return tokenResponse{}, err
	}
	scope = s.policy.ServiceScope(scope)
	if scope, err = s.policy.ClientExcess(ClientCredentials, scope, s.clientMay(ClientCredentials, q.client, scope)); err != nil {
		return tokenResponse{}, err
	}
	issue := Issue{GrantType: ClientCredentials, Client: q.client, Asked: q.asked, Scope: scope}
	return s.respond(issue, &authorization{Authorization: Authorization{Resource: resource}}, 0)
}

// respond issues the tokens of a decided request. sequence is the number of the
// refresh token; 0: none.
func (s *Server) respond(issue Issue, a *authorization, sequence int) (tokenResponse, error) {
	if issue.Scope.IsEmpty() && len(issue.Details) == 0 {
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
	response := tokenResponse{
		AccessToken: token, TokenType: tokenType(issue.Client), ExpiresIn: int(lifetime / time.Second),
		Details: s.policy.Details.Reported(issue), GrantID: s.reportedGrant(issue.Authorization),
	}
	if scope, ok := s.policy.ReportedScope(issue); ok {
		response.Scope = s.policy.WrittenScope(scope)
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

// refuseToken writes an error response with the status that the policy gives it.
func (s *Server) refuseToken(w http.ResponseWriter, err error) {
	var refused *Error
	if errors.As(err, &refused) && refused.Code != "invalid_client" {
		writeJSON(w, s.policy.ErrorStatus(refused.Code), map[string]string{"error": refused.Code, "error_description": refused.Text})
		return
	}
	writeError(w, err)
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
