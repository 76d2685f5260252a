package refserver

// IntrospectionPolicy is every decision about who learns what of a token (RFC
// 7662), besides Policy.MayIntrospect.
type IntrospectionPolicy struct {
	// Caller says whether a caller may ask at all; failed is why it could not be
	// authenticated (RFC 7662 sections 2.1 and 4).
	Caller func(caller Client, failed error) error
	// RefreshScope is the scope of a refresh token (RFC 7662 section 2.2).
	RefreshScope func(a Authorization) ScopeSet
	// Found is what is known of a token: what look finds when it is asked, or found before (RFC 7662 section 4).
	Found func(token string, look func() (active bool, all map[string]any)) (active bool, all map[string]any)
	// View is the answer to a caller, of all that could be said of the token (RFC 7662 section 2.2).
	View func(caller Client, active bool, all map[string]any) map[string]any
}

// conformantIntrospection are the lawful decisions about introspection.
func conformantIntrospection() IntrospectionPolicy {
	return IntrospectionPolicy{
		Caller: func(caller Client, failed error) error {
			if failed == nil && caller.Public {
				return Refuse("invalid_client", "a public client cannot introspect")
			}
			return failed
		},
		// Choice: refresh tokens can be introspected too.
		RefreshScope: func(a Authorization) ScopeSet { return a.Current },
		Found:        func(_ string, look func() (bool, map[string]any)) (bool, map[string]any) { return look() },
		View: func(_ Client, active bool, all map[string]any) map[string]any {
			if !active {
				return map[string]any{"active": false}
			}
			return all
		},
	}
}
