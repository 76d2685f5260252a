package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// revoking are faults of the revocation endpoint.
var revoking = []Defect{
	{
		ID:     "revocation-ends-latest-token",
		Text:   "Revoking a refresh token ends the latest access token, and leaves the stronger one from before.",
		Breaks: []string{"REV-01"},
		Shows:  `Planner's token is still active with "offline_access read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			active := p.TokenActive
			p.TokenActive = func(l refserver.Live) bool {
				if l.Authorization.ByClient && !l.Latest {
					l.Authorization.Revoked = false
				}
				return active(l)
			}
		},
	},
	{
		ID:     "revocation-takes-scopes-along",
		Text:   "Revoking an access token takes its scopes out of the grant.",
		Breaks: []string{"REV-02"},
		Shows:  `Planner holds "offline_access write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Revocation.Left = func(a refserver.Authorization, token refserver.ScopeSet) refserver.ScopeSet {
				if left := a.Current.Minus(token.Without(refserver.OfflineAccess)); len(left) > 1 {
					return left
				}
				return a.Current
			}
		},
	},
	{
		ID:     "revocation-by-anybody",
		Text:   "Whoever presents a token can revoke it.",
		Breaks: []string{"REV-03"},
		Shows:  `Planner was refused with 400 invalid_grant (the grant was revoked)`,
		Apply: func(p *refserver.Policy) {
			p.Revocation.MayRevoke = func(_, _ refserver.Client) bool { return true }
		},
	},
	{
		ID:     "revocation-resets-consent",
		Text:   "Revoking a refresh token resets what is remembered to a state that is read as consent to everything.",
		Breaks: []string{"REV-04", "CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Revocation.Remembered = func(_, known refserver.ScopeSet) refserver.ScopeSet { return known }
		},
	},
	{
		ID:     "revocation-leaves-combined",
		Text:   "Revoking a token that combines earlier grants leaves the tokens of those grants alive.",
		Breaks: []string{"REV-05"},
		Shows:  `Planner was issued a token for "offline_access read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Revocation.AlsoEnds = func(_, _ refserver.Authorization) bool { return false }
		},
	},
}
