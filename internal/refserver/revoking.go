package refserver

import "net/http"

// revoke ends a token (RFC 7009).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, caller, err := s.authenticated(r)
	if err != nil {
		writeError(w, err)
		return
	}
	if err := s.revokeToken(form.Get("token"), caller); err != nil {
		writeError(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// stillCounts says whether the refresh token number of an authorization can be
// revoked.
func (s *Server) stillCounts(id string, number int) bool {
	a := s.grants.authorization(id)
	if a == nil || s.policy.Revocation.UsedCounts() {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.live[number]
}

func (s *Server) revokeToken(token string, caller Client) error {
	if id, number, ok := s.readRefreshToken(token); ok {
		a := s.grants.authorization(id)
		switch {
		case a == nil, !s.stillCounts(id, number):
			return nil
		case !s.mayRevoke(a.Client, caller):
			return s.policy.Revocation.NotOwn()
		}
		if err := s.policy.Revocation.Revocable(KindRefreshToken); err != nil {
			return err
		}
		s.grants.end(a, s.scopesAt(s.apiNamed(a.Resource)))
		return nil
	}
	t, ok := s.readAccessToken(token)
	switch {
	case !ok:
		return nil
	case !s.mayRevoke(t.clientID, caller):
		return s.policy.Revocation.NotOwn()
	}
	if err := s.policy.Revocation.Revocable(KindAccessToken); err != nil {
		return err
	}
	s.revoked.put(t.id, struct{}{}, t.expires, s.clock.now())
	a := s.grants.authorization(t.authorization)
	if a == nil {
		return nil
	}
	state := a.snapshot()
	if s.policy.Revocation.EndsGrant(state) {
		s.grants.end(a, s.scopesAt(s.apiNamed(a.Resource)))
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Current = s.policy.Revocation.Left(a.Authorization, t.scope)
	return nil
}

func (s *Server) mayRevoke(owner string, caller Client) bool {
	client, ok := s.parties.client(owner)
	return ok && s.policy.Revocation.MayRevoke(client, caller)
}

// apiNamed is the API of a resource indicator; empty if there is none.
func (s *Server) apiNamed(resource string) string {
	api, _ := s.apiOf(resource)
	return api
}

// end ends an authorization whose refresh token was revoked, and what falls with
// it.
func (s *grantStore) end(a *authorization, known ScopeSet) {
	policy := s.policy.Revocation
	s.mu.Lock()
	defer s.mu.Unlock()
	state := a.snapshot()
	ends := []*authorization{a}
	if row := s.rows[rowKey{grantKey{state.User, state.Client, state.Resource}, state.GrantID}]; row != nil {
		row.Remembered = policy.Remembered(row.Remembered, known)
		for _, other := range row.members {
			if other != a && policy.AlsoEnds(state, other.snapshot()) {
				ends = append(ends, other)
			}
		}
	}
	for _, ended := range ends {
		for _, member := range append([]*authorization{ended}, ended.members...) {
			member.mu.Lock()
			member.Revoked, member.ByClient = true, true
			member.mu.Unlock()
		}
	}
}
