package refserver

import "net/http"

// introspect tells a resource server or the client itself about a token (RFC
// 7662).
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	form, caller, err := s.authenticated(r)
	if err := s.policy.Introspection.Caller(caller, err); err != nil {
		writeError(w, err)
		return
	}
	token := form.Get("token")
	active, all := s.policy.Introspection.Found(token, func() (bool, map[string]any) { return s.introspected(caller, token) })
	all["active"] = active
	writeJSON(w, http.StatusOK, s.policy.Introspection.View(caller, active, all))
}

// introspected is all that could be said of a token, and whether it is active for
// the caller.
func (s *Server) introspected(caller Client, token string) (active bool, all map[string]any) {
	if id, sequence, ok := s.readRefreshToken(token); ok {
		return s.introspectedRefresh(caller, id, sequence)
	}
	if active, all, ok := s.introspectedMinted(token); ok {
		return active, all
	}
	t, ok := s.readAccessToken(token)
	if !ok {
		return false, map[string]any{}
	}
	live := s.live(t)
	all = map[string]any{
		"client_id": t.clientID, "sub": t.subject, "iss": s.issuer, "jti": t.id,
		"token_type": "Bearer", "iat": t.issued.Unix(), "exp": t.expires.Unix(),
	}
	if scope := s.policy.LiveScope(live); !scope.IsEmpty() {
		all["scope"] = scope.String()
	}
	if t.authorization != "" {
		all["username"] = t.subject
	}
	if audience := s.policy.Resources.IntrospectedAudience(t.audience); len(audience) > 0 {
		all["aud"] = single(audience)
	}
	if len(t.details) > 0 {
		all["authorization_details"] = t.details
	}
	if t.act != nil {
		all["act"] = t.act
	}
	if t.key != "" {
		all["cnf"], all["token_type"] = confirmation(t.key), "DPoP"
	}
	if live.Authorization.ACR != "" {
		all["acr"] = live.Authorization.ACR
	}
	return s.policy.MayIntrospect(caller, t.clientID, t.resource) && s.policy.TokenActive(live), all
}

func (s *Server) introspectedRefresh(caller Client, id string, sequence int) (active bool, all map[string]any) {
	a := s.grants.authorization(id)
	if a == nil {
		return false, map[string]any{}
	}
	a.mu.Lock()
	good := a.live[sequence]
	a.mu.Unlock()
	state := a.snapshot()
	all = map[string]any{
		"client_id": state.Client, "sub": state.User, "username": state.User, "aud": state.Resource,
		"iss": s.issuer, "token_type": RefreshToken, "scope": s.policy.Introspection.RefreshScope(state).String(),
	}
	good = good && s.policy.RefreshUsable(state) == nil
	return good && s.policy.MayIntrospect(caller, state.Client, state.Resource), all
}
