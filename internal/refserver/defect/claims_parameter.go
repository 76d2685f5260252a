package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// claimsByName are faults of the claims parameter.
var claimsByName = []Defect{
	{
		ID:     "claims-parameter-skips-consent",
		Text:   "Claims that are asked for by name are released without asking, and whatever the user unticks.",
		With:   []refserver.Feature{"claims_parameter"},
		Breaks: []string{"CLM-09"},
		Shows:  `UserInfo tells Planner ["email"]`,
		Apply: func(p *refserver.Policy) {
			p.Claims.ConsentNeeded = func(refserver.ConsentQuestion) bool { return false }
			p.Claims.Granted = func(asked, _ []string) []string { return asked }
		},
	},
	{
		ID:     "one-claim-opens-its-scope",
		Text:   "A claim that is asked for by name brings all the claims of its scope.",
		With:   []refserver.Feature{"claims_parameter"},
		Breaks: []string{"CLM-09"},
		Shows:  `UserInfo tells Planner ["birthdate" "family_name" "gender" "given_name" "https://scopeproof.example/department`,
		Apply: func(p *refserver.Policy) {
			p.Claims.Opened = func(u refserver.User, granted []string) map[string]any {
				var scope refserver.ScopeSet
				for _, token := range []string{refserver.Profile, refserver.Email, refserver.Address, refserver.Phone} {
					if !refserver.ScopeSet(granted).And(refserver.ClaimsOf(token)).IsEmpty() {
						scope = scope.Or(refserver.ScopeSet{token})
					}
				}
				return refserver.ClaimsFor(u, scope)
			}
		},
	},
}
