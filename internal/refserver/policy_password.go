package refserver

// PasswordPolicy is every decision of its own that the password grant takes. The
// limits of the client and the user are those of Policy.
type PasswordPolicy struct {
	// DefaultScope is used where the client omits scope (RFC 6749 sections 3.3 and 4.3.2).
	DefaultScope func(c Client) ScopeSet
	// Held is what the user's grant to the client holds afterwards (RFC 6749 section 10.2).
	Held func(g Grant, granted ScopeSet) ScopeSet
}

func conformantPassword() PasswordPolicy {
	return PasswordPolicy{
		DefaultScope: func(Client) ScopeSet { return ScopeSet{ReadAppointments} },
		// Choice: the user can see and revoke what the password was used for; it
		// is no consent that is remembered.
		Held: func(g Grant, granted ScopeSet) ScopeSet { return g.Scope.Or(granted) },
	}
}
