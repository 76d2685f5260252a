package refserver

import (
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertions is the JWT assertion grant (RFC 7523 section 2.1).
func assertions() part {
	return part{feature: "assertion", grants: map[string]grant{JWTBearer: (*Server).byAssertion}}
}

// byAssertion issues a token for the user that an assertion of the client names,
// within what that user granted the client before. Choice: no refresh token (RFC
// 7521 section 4.1).
func (s *Server) byAssertion(q tokenRequest) (tokenResponse, error) {
	user, claimed, err := s.readAssertion(q)
	if err != nil {
		return tokenResponse{}, err
	}
	resource, api, err := s.target(q.form)
	if err != nil {
		return tokenResponse{}, err
	}
	asked := q.asked
	if asked.IsEmpty() {
		if err = s.policy.OmittedScope(JWTBearer); err != nil {
			return tokenResponse{}, err
		}
		asked = s.policy.Assertion.DefaultScope(q.client)
	}
	if asked, err = s.screen(JWTBearer, q.client, api, asked, true); err != nil {
		return tokenResponse{}, err
	}
	accessor := s.grants.of(grantKey{user.Name, q.client.ID, resource})
	named := asked.Or(claimed).Or(accessor.Scope).Or(q.client.Scope)
	scope, err := s.policy.Assertion.Scope(AssertionRequest{
		Client: q.client, User: user, Asked: asked, Omitted: q.asked.IsEmpty(), Claimed: claimed, Accessor: accessor,
		ClientMay: s.clientMay(JWTBearer, q.client, named), UserMay: s.userMay(JWTBearer, user, q.client, named),
	})
	if err != nil {
		return tokenResponse{}, err
	}
	a := s.unaskedAuthorization(JWTBearer, q, user, resource, scope)
	s.grants.join(a, func(g Grant) ScopeSet { return g.Scope })
	issue := Issue{GrantType: JWTBearer, Client: q.client, User: user, Authorization: a.snapshot(), Asked: q.asked, Scope: scope}
	return s.respond(issue, a, 0)
}

// readAssertion verifies the assertion (RFC 7523 section 3) and returns its
// subject and its scope claim. The issuer is the client itself.
func (s *Server) readAssertion(q tokenRequest) (User, ScopeSet, error) {
	none := func(text string) (User, ScopeSet, error) { return User{}, nil, Refuse("invalid_grant", text) }
	raw := q.form.Get("assertion")
	if raw == "" {
		return User{}, nil, Refuse("invalid_request", "assertion is missing")
	}
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA})
	if err != nil {
		return none("the assertion cannot be read")
	}
	var known struct {
		jwt.Claims
		Scope string `json:"scope"`
	}
	verified := slices.ContainsFunc(q.client.keys.Keys, func(key jose.JSONWebKey) bool {
		return parsed.Claims(key.Key, &known) == nil
	})
	audience := []string{s.issuer, s.at("/token")}
	now := s.clock.now()
	switch {
	case !verified:
		return none("no key of the client verifies the assertion")
	case known.Issuer != q.client.ID:
		return none("the assertion is of another issuer")
	case !slices.ContainsFunc(audience, func(own string) bool { return known.Audience.Contains(own) }):
		return none("the assertion is meant for another server")
	case known.Expiry == nil || !now.Before(known.Expiry.Time()) || known.Expiry.Time().Sub(now) > time.Hour:
		return none("the assertion has expired, or lives too long")
	case known.NotBefore != nil && now.Before(known.NotBefore.Time()):
		return none("the assertion is not good yet")
	}
	user, ok := s.parties.user(known.Subject)
	if !ok {
		return none("the subject is not known")
	}
	return user, NewScopeSet(strings.Fields(known.Scope)...), nil
}
