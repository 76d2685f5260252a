package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// code are faults of the exchange of codes for tokens.
var code = []Defect{
	{
		ID:     "code-adds-request-scope",
		Text:   "The token handler adds the scope of the token request to what the code stands for.",
		Breaks: []string{"CODE-01", "CONC-02", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			redeem := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				scope, err := redeem(r)
				return scope.Or(r.Asked.And(r.ClientMay)), err
			}
		},
	},
	{
		ID:     "code-narrowing-said-not-done",
		Text:   "A scope that is sent with the code is repeated in the response, and the token is made from the grant.",
		Breaks: []string{"CODE-02", "GRANT-03", "GRANT-04"},
		Shows:  `request 1: Planner was told "read:appointments" and holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.AuthorizationCode && !i.Asked.IsEmpty() && i.Scope.Covers(i.Asked) {
					return i.Asked, true
				}
				return report(i)
			}
		},
	},
	{
		ID:     "code-of-any-client",
		Text:   "Any client may redeem any code.",
		Breaks: []string{"CODE-03"},
		Shows:  `Rival was issued a token for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			check := p.Presenter
			p.Presenter = func(grantType string, owner, presenter refserver.Client) error {
				if grantType == refserver.AuthorizationCode {
					return nil
				}
				return check(grantType, owner, presenter)
			}
		},
	},
	{
		ID:     "code-good-for-ever",
		Text:   "A code can be redeemed as often as anybody likes until it expires.",
		Breaks: []string{"CODE-04", "CONC-01"},
		Shows:  `Planner was issued a token for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.CodeReused = func() (bool, error) { return false, nil }
		},
	},
	{
		ID:     "latest-request-counts",
		Text:   "The browser's latest request is kept in the session, and the answer to any page is an answer to it.",
		Breaks: []string{"CODE-05", "CONC-07", "CONC-12", "GRANT-01"},
		Shows:  `request 1: Planner holds "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Answered = func(_, latest refserver.ConsentQuestion) refserver.ConsentQuestion { return latest }
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if !a.Asked.Covers(a.Ticked) {
					a.Ticked = a.Asked // of another page
				}
				return decide(a)
			}
		},
	},
	{
		ID:     "code-keeps-client-scope",
		Text:   "What the client may have is looked at when it asks, and not again when it redeems the code.",
		Breaks: []string{"CODE-06"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			redeem := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				r.ClientMay = r.ClientMay.Or(r.Authorization.Current)
				return redeem(r)
			}
		},
	},
}
