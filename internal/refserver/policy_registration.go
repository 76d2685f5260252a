package refserver

import "encoding/json"

// RegistrationPolicy is every decision about the scope of clients that register
// themselves (RFC 7591, RFC 7592), besides Policy.RegisteredScope.
type RegistrationPolicy struct {
	// ReadScope reads the scope member, which is nil if there is none; parse reads
	// a string (RFC 7591 sections 2 and 3.2.2).
	ReadScope func(member json.RawMessage, parse func(string) (ScopeSet, error)) (ScopeSet, error)
	// StatementTrusted judges a software statement by its signature (RFC 7591 section 3.2.2).
	StatementTrusted func(verified bool) error
	// StatementScope is the scope that counts where a trusted software statement
	// names one (RFC 7591 section 3.1.1).
	StatementScope func(sent, stated ScopeSet) ScopeSet
	// OpenScope is what a registration without credentials gives (RFC 7591 sections 3.2.2 and 5).
	OpenScope func(r OpenRegistration) (ScopeSet, error)
	// UpdatedScope is what a client is registered for after an update (RFC 7592 section 2.2).
	UpdatedScope func(u RegistrationUpdate) (ScopeSet, error)
	// EnforcedScope is what a registration limits the client to (RFC 7591 section 3.2.1).
	EnforcedScope func(asked, registered ScopeSet) ScopeSet
	// ReportedScope is the scope of the client information response (RFC 7591 section 3.2.1).
	ReportedScope func(asked, registered ScopeSet) ScopeSet
	// PublicScope is the part of a scope that a client may have by its type (RFC
	// 6749 sections 2.1 and 10.3, RFC 6819 section 5.1.5.1).
	PublicScope func(c Client, scope ScopeSet) ScopeSet
}

// OpenRegistration is a registration, or an update, that anybody may send.
type OpenRegistration struct {
	// Public is true if the client is to have no secret.
	Public bool
	// Asked is the scope that counts; empty if there is none. Permitted is what an
	// administrator's registration of it would give.
	Asked, Permitted ScopeSet
}

// RegistrationUpdate is an update of a registration.
type RegistrationUpdate struct {
	// Before is what the client was registered for, Asked what it sends; empty if
	// it leaves the scope out. Permitted is what a registration of it would give.
	Before, Asked, Permitted ScopeSet
}

// conformantRegistration are the lawful decisions about registration.
func conformantRegistration() RegistrationPolicy {
	registered := func(_, registered ScopeSet) ScopeSet { return registered }
	return RegistrationPolicy{
		ReadScope: readRegisteredScope,
		StatementTrusted: func(verified bool) error {
			if !verified {
				return Refuse("unapproved_software_statement", "the software statement is not of anybody who is trusted")
			}
			return nil
		},
		StatementScope: func(_, stated ScopeSet) ScopeSet { return stated },
		// Choice: privileged scopes are left out, and the response says so.
		OpenScope: func(r OpenRegistration) (ScopeSet, error) {
			return r.Permitted.Where(func(t string) bool { return !described(t).Privileged }), nil
		},
		// Choice: an update is judged as a registration is, whatever was before.
		UpdatedScope:  func(u RegistrationUpdate) (ScopeSet, error) { return u.Permitted, nil },
		EnforcedScope: registered,
		ReportedScope: registered,
		PublicScope: func(c Client, scope ScopeSet) ScopeSet {
			return scope.Where(func(t string) bool { return !c.Public || !described(t).Confidential })
		},
	}
}

// readRegisteredScope refuses anything but a string of scope tokens.
func readRegisteredScope(member json.RawMessage, parse func(string) (ScopeSet, error)) (ScopeSet, error) {
	if member == nil {
		return nil, nil
	}
	var text string
	if json.Unmarshal(member, &text) != nil {
		return nil, Refuse("invalid_client_metadata", "the scope is not a string")
	}
	scope, err := parse(text)
	if err != nil {
		return nil, Refuse("invalid_client_metadata", "the scope is malformed")
	}
	return scope, nil
}
