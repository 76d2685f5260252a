package refserver

// AssertionPolicy is every decision of its own that the JWT assertion grant
// takes. The limits of the client and the user are those of Policy.
type AssertionPolicy struct {
	// DefaultScope is used where the client omits scope (RFC 6749 section 3.3, RFC 7521 section 4.1).
	DefaultScope func(c Client) ScopeSet
	// Scope is the scope of the token: no more than the accessor was granted (RFC 7521 section 4.1).
	Scope func(q AssertionRequest) (ScopeSet, error)
}

// AssertionRequest asks for the scope of the token that an assertion buys.
type AssertionRequest struct {
	Client Client
	User   User
	// Asked is the scope parameter, less what is unknown, or the default.
	Asked ScopeSet
	// Omitted is true if the request has no scope parameter.
	Omitted bool
	// Claimed is the scope claim of the assertion, which the client wrote itself.
	Claimed ScopeSet
	// Accessor is what the user granted the client before.
	Accessor Grant
	// ClientMay and UserMay are what the client and the user may now have of
	// everything named in this question.
	ClientMay, UserMay ScopeSet
}

func conformantAssertion() AssertionPolicy {
	return AssertionPolicy{
		DefaultScope: func(Client) ScopeSet { return ScopeSet{ReadAppointments} },
		// Choice: asking for more than was granted is an error; the default is
		// narrowed to it, and the response says so. What the assertion claims
		// counts for nothing.
		Scope: func(q AssertionRequest) (ScopeSet, error) {
			most := q.Accessor.Scope.Without(OfflineAccess).And(q.ClientMay).And(q.UserMay)
			if !q.Omitted && !most.Covers(q.Asked) {
				return nil, Refuse("invalid_scope", "the scope exceeds what the user granted this client")
			}
			return q.Asked.And(most), nil
		},
	}
}
