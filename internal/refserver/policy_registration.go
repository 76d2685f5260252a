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
	// names one (RFC 7591 section 2.3).
	StatementScope func(sent, stated ScopeSet) ScopeSet
	// OpenScope is the part of a scope that a registration without credentials can give (RFC 7591 section 5).
	OpenScope func(scope ScopeSet) ScopeSet
	// UpdatedScope is what a client is registered for after an update; permitted is
	// what a registration of it would have given (RFC 7592 section 2.2).
	UpdatedScope func(asked, permitted ScopeSet) ScopeSet
	// EnforcedScope is what a registration limits the client to (RFC 7591 section 3.2.1).
	EnforcedScope func(asked, registered ScopeSet) ScopeSet
	// ReportedScope is the scope of the client information response (RFC 7591 section 3.2.1).
	ReportedScope func(asked, registered ScopeSet) ScopeSet
	// PublicScope is the part of a scope that a client may have by its type (RFC
	// 6749 sections 2.1 and 10.3, RFC 6819 section 5.1.5.1).
	PublicScope func(c Client, scope ScopeSet) ScopeSet
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
		OpenScope: func(scope ScopeSet) ScopeSet {
			return scope.Where(func(t string) bool { return !described(t).Privileged })
		},
		UpdatedScope:  registered,
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
