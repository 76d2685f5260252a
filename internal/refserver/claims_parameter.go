package refserver

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
)

const claimsParameter Feature = "claims_parameter"

// claimsByName is a feature that is served only where it is asked for: without
// it the parameter is ignored.
func claimsByName() part {
	return part{
		feature:  claimsParameter,
		extra:    true,
		metadata: func(_ *Server, m map[string]any) { m["claims_parameter_supported"] = true },
	}
}

// namedClaims are claims asked for by name, for UserInfo and for the ID token.
type namedClaims struct{ userInfo, idToken []string }

// all is the names, each once.
func (n namedClaims) all() []string { return ScopeSet(n.userInfo).Or(n.idToken) }

// and is what is left of n.
func (n namedClaims) and(names []string) namedClaims {
	return namedClaims{ScopeSet(n.userInfo).And(names), ScopeSet(n.idToken).And(names)}
}

// readClaims reads the parameter claims (OpenID Connect Core section 5.5).
func (s *Server) readClaims(form url.Values) (namedClaims, error) {
	raw := form.Get("claims")
	switch {
	case raw == "":
		return namedClaims{}, nil
	case !s.has(claimsParameter):
		return namedClaims{}, s.policy.Claims.Unsupported()
	}
	var sent struct {
		UserInfo map[string]any `json:"userinfo"`
		IDToken  map[string]any `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(raw), &sent); err != nil {
		return namedClaims{}, Refuse("invalid_request", "the claims parameter cannot be read")
	}
	var known []string
	for _, token := range []string{Profile, Email, Address, Phone} {
		known = append(known, ClaimsOf(token)...)
	}
	asked := func(names map[string]any) []string {
		return s.policy.Claims.Asked(slices.Sorted(maps.Keys(names)), known)
	}
	return namedClaims{asked(sent.UserInfo), asked(sent.IDToken)}, nil
}

// opened are the claims asked for by name that a token opens.
func (s *Server) opened(u User, scope ScopeSet, granted []string) map[string]any {
	if len(granted) == 0 || !scope.Has(OpenID) {
		return nil
	}
	return s.policy.Claims.Opened(u, granted)
}
