package refserver

import "slices"

// ClaimsPolicy is every decision about the claims parameter (OpenID Connect Core
// section 5.5).
type ClaimsPolicy struct {
	// Unsupported answers a claims parameter where the server does not support it (OpenID Connect Core section 5.5).
	Unsupported func() error
	// Asked is what counts of the claims asked for by name; known are those that there are (OpenID Connect Core section 5.5.1).
	Asked func(sent, known []string) []string
	// ConsentNeeded says whether the user must be asked about them (OpenID Connect Core sections 3.1.2.4 and 5.5).
	ConsentNeeded func(q ConsentQuestion) bool
	// Items are the claims that the consent page lists (OpenID Connect Core section 3.1.2.4).
	Items func(q ConsentQuestion) []string
	// Granted is what an answer grants of the claims asked for.
	Granted func(asked, ticked []string) []string
	// Opened are the claims that those granted open beside the ones by scope (OpenID Connect Core section 5.5).
	Opened func(u User, granted []string) map[string]any
}

func conformantClaims() ClaimsPolicy {
	both := func(one, other []string) []string { return ScopeSet(one).And(other) }
	return ClaimsPolicy{
		// Choice: it is ignored.
		Unsupported: func() error { return nil },
		// Choice: claims that are not known are ignored, essential or not.
		Asked: both,
		// Choice: they are asked about each time.
		ConsentNeeded: func(q ConsentQuestion) bool { return len(q.Claims) > 0 },
		Items:         func(q ConsentQuestion) []string { return slices.Clone(q.Claims) },
		Granted:       both,
		Opened: func(u User, granted []string) map[string]any {
			claims := map[string]any{}
			for _, name := range granted {
				if value, ok := u.Claims[name]; ok {
					claims[name] = value
				}
			}
			return claims
		},
	}
}
