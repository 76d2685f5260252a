package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// unasked are faults of grants for which no user is asked: by a password and by
// an assertion.
var unasked = []Defect{
	{
		ID:     "password-grants-anything",
		Text:   "The password grant issues whatever known scope is asked for: the limits of the client and of the user are looked at on the way to the consent page.",
		Breaks: []string{"ROPC-01", "CLI-01", "CLI-02", "ROLE-01"},
		Shows:  `Viewer holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			unlimited(p, refserver.PasswordGrant, refserver.ClientLimit, refserver.UserLimit)
		},
	},
	{
		ID:     "password-does-not-say-scope",
		Text:   "The token response of the password grant has no scope.",
		Breaks: []string{"ROPC-02", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing, which means "" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.PasswordGrant {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID:     "assertion-grants-request",
		Text:   "With an assertion the scope of the request is granted, as there is no consent step that could take some of it away.",
		Breaks: []string{"ASRT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				if !q.Omitted {
					q.Accessor.Scope = q.Asked
				}
				return scope(q)
			}
		},
	},
	{
		ID:     "assertion-claims-its-scope",
		Text:   "Where the request has no scope, that of the assertion is taken, which the client wrote itself.",
		Breaks: []string{"ASRT-02", "ASRT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				if q.Omitted && !q.Claimed.IsEmpty() {
					q.Asked, q.Accessor.Scope = q.Claimed, q.Claimed
				}
				return scope(q)
			}
		},
	},
	{
		ID:     "assertion-default-is-everything",
		Text:   "An assertion without a scope yields everything that the user ever granted the client.",
		Breaks: []string{"ASRT-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				if q.Omitted {
					q.Asked = q.Accessor.Scope
				}
				return scope(q)
			}
		},
	},
}
