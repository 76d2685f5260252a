package refserver

// Limit is one of the bounds on what a client can ask for, whichever grant it
// uses (RFC 6749 section 3.3).
type Limit string

// The limits that Policy.Applies is asked about.
const (
	KnownLimit  Limit = "known"  // scopes that the API knows
	ClientLimit Limit = "client" // what the client is registered for
	UserLimit   Limit = "user"   // what the user may hand out
)

// screen is what of a request's scope is left before any user is looked at.
// asked holds the default already, where the request had no scope.
func (s *Server) screen(grantType string, c Client, api string, asked ScopeSet, atTokenEndpoint bool) (ScopeSet, error) {
	nothing := func() error { return s.policy.NothingLeft(atTokenEndpoint) }
	return s.screened(grantType, c, s.scopesAt(api), asked, s.policy.ClientExcess, nothing)
}

// screened is screen for the scopes that are known; excess answers a client that
// may not have all of it, nothing a request of which nothing is left.
func (s *Server) screened(
	grantType string, c Client, known, asked ScopeSet, excess func(string, ScopeSet, ScopeSet) (ScopeSet, error), nothing func() error,
) (ScopeSet, error) {
	var err error
	if s.policy.Applies(KnownLimit, grantType) {
		if asked, err = s.policy.Unknown(grantType, asked, known); err != nil {
			return nil, err
		}
	}
	if asked.IsEmpty() {
		if err := nothing(); err != nil {
			return nil, err
		}
	}
	return excess(grantType, asked, s.clientMay(grantType, c, asked))
}

// clientMay is the part of asked that the client may have at that grant.
func (s *Server) clientMay(grantType string, c Client, asked ScopeSet) ScopeSet {
	if !s.policy.Applies(ClientLimit, grantType) {
		return asked
	}
	return s.policy.ClientMay(c, asked)
}

// userMay is the part of asked that the user may hand out at that grant.
func (s *Server) userMay(grantType string, u User, c Client, asked ScopeSet) ScopeSet {
	if !s.policy.Applies(UserLimit, grantType) {
		return asked
	}
	return s.policy.UserMay(u, c, asked)
}
