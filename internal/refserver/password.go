package refserver

import (
	"crypto/rand"
	"time"
)

// passwords is the password grant (RFC 6749 section 4.3).
func passwords() part {
	return part{feature: "password", grants: map[string]grant{PasswordGrant: (*Server).byPassword}}
}

func (s *Server) byPassword(q tokenRequest) (tokenResponse, error) {
	user, ok := s.password(q.form.Get("username"), q.form.Get("password"))
	if !ok {
		return tokenResponse{}, Refuse("invalid_grant", "wrong user name or password")
	}
	resource, api, err := s.target(q.form)
	if err != nil {
		return tokenResponse{}, err
	}
	asked := q.asked
	if asked.IsEmpty() {
		if err = s.policy.OmittedScope(PasswordGrant); err != nil {
			return tokenResponse{}, err
		}
		asked = s.policy.Password.DefaultScope(q.client)
	}
	if asked, err = s.screen(PasswordGrant, q.client, api, asked, true); err != nil {
		return tokenResponse{}, err
	}
	// Who gives the password away agrees; no page could be shown.
	asked = s.policy.OfflineAccess(OfflineQuestion{Client: q.client, Prompt: []string{"consent"}, Asked: asked})
	scope, err := s.policy.UserExcess(asked, s.userMay(PasswordGrant, user, q.client, asked))
	if err == nil && scope.IsEmpty() {
		err = s.policy.NothingLeft(true)
	}
	if err != nil {
		return tokenResponse{}, err
	}
	a := s.unaskedAuthorization(PasswordGrant, q, user, resource, scope)
	a.loggedIn = s.clock.now()
	s.grants.join(a, func(g Grant) ScopeSet { return s.policy.Password.Held(g, scope) })
	issue := Issue{GrantType: PasswordGrant, Client: q.client, User: user, Authorization: a.snapshot(), Asked: q.asked, Scope: scope}
	return s.respond(issue, a, s.firstRefresh(issue, a))
}

// unaskedAuthorization is a new authorization that comes of a token request
// alone.
func (s *Server) unaskedAuthorization(grantType string, q tokenRequest, user User, resource string, scope ScopeSet) *authorization {
	return &authorization{
		Authorization: Authorization{
			ID: rand.Text(), User: user.Name, Client: q.client.ID, Resource: resource, GrantType: grantType,
			Requested: q.asked, Asked: scope, Granted: scope, Current: scope,
		},
		expires: s.clock.now().Add(time.Hour),
	}
}
