package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// racing are choices about what happens at once, and about what is used twice.
var racing = []Choice{
	{
		ID: "code-replay-ends-nothing", Text: "A code that was redeemed before is refused, and the tokens that it bought stay good.",
		Source:   "RFC 6749 section 4.1.2 (SHOULD revoke when possible)",
		Deviates: []string{"CODE-04"},
		Apply: func(p *refserver.Policy) {
			p.CodeReused = func() (bool, error) { return false, refserver.Refuse("invalid_grant", "the code was redeemed before") }
		},
	},
	{
		ID: "used-refresh-token-revoked-in-vain", Text: "To revoke a refresh token that was used before ends nothing: it is no longer good.",
		Source: "RFC 7009 section 2.2 (200 also for an invalid token: its purpose is already achieved)",
		Apply: func(p *refserver.Policy) {
			p.Revocation.UsedCounts = func() bool { return false }
		},
	},
	{
		ID: "latest-tab-counts", Text: "A consent page is void as soon as its browser has begun another request of the same client.",
		Source: "RFC 6749 section 4.1.2.1 (an error), section 10.12",
		Apply: func(p *refserver.Policy) {
			bound := p.ConsentBound
			p.ConsentBound = func(b refserver.ConsentBinding) error {
				if b.Superseded {
					return refserver.Refuse("access_denied", "another request has begun since")
				}
				return bound(b)
			}
		},
	},
	{
		ID: "later-grant-replaces", Text: "What is granted on a page ends the refresh tokens from before, of the same person and client.",
		Source: "RFC 6749 section 1.5 (issuing a refresh token is optional), section 10.4; the choice of incremental is replace",
		Apply: func(p *refserver.Policy) {
			p.EarlierScope = func(o refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet {
				if !o.Allowed || !o.Shown {
					return current
				}
				return nil
			}
		},
	},
}
