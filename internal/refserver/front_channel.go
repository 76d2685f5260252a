package refserver

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const front Feature = "front_channel"

// frontTypes are the response types of OpenID Connect Core sections 3.2 and 3.3
// and of RFC 6749 section 4.2.
func frontTypes() []string {
	return []string{"token", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
}

func frontChannel() part {
	return part{
		feature: front,
		metadata: func(_ *Server, m map[string]any) {
			m["response_types_supported"] = append([]string{"code"}, frontTypes()...)
			m["response_modes_supported"] = []string{"query", "fragment"}
			grants := append([]string{Implicit}, m["grant_types_supported"].([]string)...)
			slices.Sort(grants)
			m["grant_types_supported"] = grants
		},
	}
}

// readResponseType checks the response type, whose values have no order (OAuth
// 2.0 Multiple Response Types section 3).
func (s *Server) readResponseType(client Client, raw string) (ScopeSet, error) {
	asked := NewScopeSet(strings.Fields(raw)...)
	same := func(other string) bool { return asked.Equal(ScopeSet(strings.Fields(other))) }
	switch {
	case asked.IsEmpty():
		return asked, Refuse("invalid_request", "response_type is missing")
	case same("code"):
		if !client.MayUse(AuthorizationCode) {
			return asked, Refuse("unauthorized_client", "the client is not registered for this")
		}
		return asked, nil
	case !s.has(front) || !slices.ContainsFunc(frontTypes(), same):
		return ScopeSet{"code"}, Refuse("unsupported_response_type", "this response type is not supported")
	case !s.policy.Front.Registered(client, asked):
		return asked, Refuse("unauthorized_client", "the client is not registered for this response type")
	}
	return asked, nil
}

// frontTokens adds to an answer the tokens that the response type asks for. code
// is the code beside them, if any.
func (s *Server) frontTokens(tx *transaction, user User, a *authorization, code string, answer url.Values) error {
	state := a.snapshot()
	issue := Issue{
		GrantType: Implicit, Client: tx.client, User: user, Authorization: state, Asked: tx.requested, Scope: state.Current,
		Details: state.Details,
	}
	issue.Scope = s.policy.Front.Scope(issue)
	access := ""
	if tx.responseType.Has("token") {
		token, lifetime, err := s.newAccessToken(issue, state.Resource)
		if err != nil {
			return err
		}
		access = token
		answer.Set("access_token", token)
		answer.Set("token_type", "Bearer")
		answer.Set("expires_in", strconv.Itoa(int(lifetime/time.Second)))
		if s.policy.Front.GivesRefreshToken(issue) {
			a.mu.Lock()
			number := a.nextToken()
			a.mu.Unlock()
			answer.Set("refresh_token", s.newRefreshToken(a.ID, number))
		}
	}
	if scope, ok := s.policy.Front.ReportedScope(issue); ok {
		answer.Set("scope", scope.String())
	}
	if tx.responseType.Has("id_token") {
		token, err := s.frontIDToken(tx, issue, a, access, code)
		if err != nil {
			return err
		}
		answer.Set("id_token", token)
	}
	return nil
}

// frontIDToken is an ID token with the hashes of what stands beside it (OpenID
// Connect Core sections 3.2.2.10 and 3.3.2.11).
func (s *Server) frontIDToken(tx *transaction, i Issue, a *authorization, access, code string) (string, error) {
	claims := map[string]any{}
	for name, value := range s.policy.Front.IDTokenClaims(claimsQuestion(i), tx.responseType) {
		claims[name] = value
	}
	for name, value := range s.opened(i.User, i.Scope, i.Authorization.IDTokenNames) {
		claims[name] = value
	}
	if access != "" {
		claims["at_hash"] = halfHash(access)
	}
	if code != "" {
		claims["c_hash"] = halfHash(code)
	}
	return s.signIDToken(i, a.nonce, a.loggedIn, claims)
}

// errorIDToken adds the ID token that an error does not come with.
func (s *Server) errorIDToken(tx *transaction, answer url.Values) {
	tx.mu.Lock()
	questions := tx.questions
	tx.mu.Unlock()
	if !tx.responseType.Has("id_token") || !s.policy.Front.ErrorCarriesIDToken(tx.responseType) || len(questions) == 0 {
		return
	}
	issue := Issue{GrantType: Implicit, Client: tx.client, User: questions[0].User, Scope: questions[0].Asked}
	if token, err := s.signIDToken(issue, tx.nonce, s.clock.now(), nil); err == nil {
		answer.Set("id_token", token)
	}
}
