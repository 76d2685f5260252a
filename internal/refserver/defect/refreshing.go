package defect

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// refreshing are faults of the refresh token grant.
var refreshing = []Defect{
	{
		ID:     "refresh-falls-back-to-default",
		Text:   "A refresh without scope yields the default scope instead of what was granted.",
		Breaks: []string{"REF-01", "CODE-02", "DEV-08", "REF-04", "REF-14", "REV-02", "ROPC-02"},
		Shows:  `Planner holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh, byDefault := p.RefreshScope, p.DefaultScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if r.Asked.IsEmpty() {
					r.Asked = r.Authorization.Current.And(r.ClientMay).And(r.UserMay).And(byDefault(r.Client))
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "refresh-ignores-narrowing",
		Text:   "A refresh for less returns everything that was granted, and does not say so.",
		Breaks: []string{"REF-02", "CLM-01", "CONC-05", "CONC-06", "GRANT-02", "GRANT-04", "INTR-04", "JWT-02", "REF-11", "REF-14", "TX-01"},
		Shows:  `the choice of refresh_narrowing is "ignores"`,
		Apply: func(p *refserver.Policy) {
			refresh, report := p.RefreshScope, p.ReportedScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if _, err := refresh(r); err != nil {
					return nil, err
				}
				r.Asked = nil
				return refresh(r)
			}
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.RefreshToken && !i.Asked.IsEmpty() {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID:     "refresh-copies-request",
		Text:   "The scope that a refresh asks for is copied into the new token.",
		Breaks: []string{"REF-03", "CONC-05", "DEV-08", "EDIT-01", "INC-05", "REF-05", "REF-06", "REF-07", "REF-10", "ROLE-07", "ROPC-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if !r.Asked.IsEmpty() {
					return r.Asked, nil
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "rotation-keeps-narrowed-scope",
		Text:   "A narrowed refresh stores its scope with the new refresh token: the rest is lost for good.",
		Breaks: []string{"REF-04", "DEV-08", "INTR-04", "REF-14", "REV-02"},
		Shows:  `Planner holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.RotatedScope = func(current, issued refserver.ScopeSet) refserver.ScopeSet {
				if current.Has(refserver.OfflineAccess) {
					return issued.Or(refserver.ScopeSet{refserver.OfflineAccess})
				}
				return issued
			}
		},
	},
	{
		ID:     "refresh-compares-with-request",
		Text:   "The scope of a refresh is compared with what was requested: a scope that the user declined is one refresh away.",
		Breaks: []string{"REF-05", "DEV-08", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				declined := r.Authorization.Asked.Minus(r.Authorization.Granted)
				if !r.Asked.IsEmpty() && !declined.IsEmpty() {
					r.Authorization.Current = r.Authorization.Current.Or(declined)
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "refresh-from-client-scopes",
		Text:   "A refresh is bounded by what the client is registered for, not by what was granted.",
		Breaks: []string{"REF-01", "CODE-02", "CONC-03", "CONC-05", "CONC-10", "DEV-08", "EDIT-01", "EDIT-02", "EDIT-07", "EDIT-10", "GM-03", "GM-04", "GM-09", "GM-10", "GRANT-03", "INC-03", "INC-05", "PRMT-06", "RAR-03", "REF-03", "REF-04", "REF-05", "REF-06", "REF-07", "REF-09", "REF-10", "REF-14", "RES-01", "RES-02", "REV-02", "ROLE-05", "ROLE-06", "ROLE-10", "ROPC-02", "SYN-09", "UNK-09"},
		Shows:  `Planner holds "READ:APPOINTMENTS address appointments-admin basic:appointments email export:appointments openid phone profile`,
		Apply: func(p *refserver.Policy) {
			refreshWithin(p, func(r refserver.Refresh) refserver.ScopeSet { return r.ClientMay.And(r.UserMay) })
		},
	},
	{
		ID:     "public-refresh-from-client-scopes",
		Text:   "The way of clients without a secret through the refresh reads the scope from the client, whose row it has loaded anyway.",
		Breaks: []string{"REF-06", "REF-03"},
		Shows:  `Pocket holds "READ:APPOINTMENTS address appointments-admin basic:appointments email openid phone profile read:`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if r.Client.Public {
					r.Authorization.Current = r.ClientMay.And(r.UserMay)
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "refresh-matches-substrings",
		Text:   "Whether a refresh asks for too much is decided by looking for the scope in the text of the grant.",
		Breaks: []string{"REF-07", "REF-03"},
		Shows:  `Planner holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				current := r.Authorization.Current
				r.Authorization.Current = current.Or(r.Asked.Where(func(token string) bool {
					return strings.Contains(current.String(), token)
				}))
				r.ClientMay, r.UserMay = r.ClientMay.Or(r.Asked), r.UserMay.Or(r.Asked)
				return refresh(r)
			}
		},
	},
	{
		ID:     "refresh-for-any-client",
		Text:   "A refresh token works for every client that presents it.",
		Breaks: []string{"REF-08"},
		Shows:  `Rival was issued a token for "offline_access read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			presenter := p.Presenter
			p.Presenter = func(grantType string, owner, by refserver.Client) error {
				if grantType == refserver.RefreshToken {
					return nil
				}
				return presenter(grantType, owner, by)
			}
		},
	},
	{
		ID:     "refresh-takes-code",
		Text:   "A code that is sent along with a refresh adds its scope to the new token.",
		Breaks: []string{"REF-09", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				r.Authorization.Current = r.Authorization.Current.Or(r.CodeGranted)
				return refresh(r)
			}
		},
	},
	{
		ID:     "refused-refresh-consumes",
		Text:   "The refresh token is rotated before the scope is checked: a refused refresh locks the client out.",
		Breaks: []string{"REF-10"},
		Shows:  `Planner can no longer refresh: 400 invalid_grant (the refresh token was used before)`,
		Apply: func(p *refserver.Policy) {
			p.RefreshConsumed = func(error) bool { return true }
		},
	},
	{
		ID:     "userinfo-from-grant",
		Text:   "UserInfo releases the claims of the grant, also to a token that was refreshed without them.",
		Breaks: []string{"REF-11", "CLM-01"},
		Shows:  `UserInfo tells Planner ["email" "email_verified" "sub"]`,
		Apply: func(p *refserver.Policy) {
			allowed, release := p.UserInfoAllowed, p.UserInfoClaims
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool { return allowed(ofGrant(q)) }
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any { return release(ofGrant(q)) }
		},
	},
	{
		ID:     "refresh-skips-client-limit",
		Text:   "What a client may ask for is checked at authorization only: a scope it lost comes with every refresh.",
		Breaks: []string{"REF-12", "CONC-10", "UNK-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refreshWithin(p, func(r refserver.Refresh) refserver.ScopeSet { return r.Authorization.Current.And(r.UserMay) })
		},
	},
	{
		ID:     "refresh-retargets",
		Text:   "A refresh takes any resource that it asks for as the new audience.",
		Breaks: []string{"REF-13", "RES-04"},
		Shows:  `Planner's token opens the other API`,
		Apply: func(p *refserver.Policy) {
			p.RefreshTarget = func(granted, asked string) (string, error) {
				if asked != "" {
					return asked, nil
				}
				return granted, nil
			}
		},
	},
	{
		ID:     "refresh-drifts",
		Text:   "The scope of the new refresh token begins where that of the refreshed access token does: who refreshes for the second scope loses the first.",
		Breaks: []string{"REF-14"},
		Shows:  `Planner holds "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.RotatedScope = func(current, issued refserver.ScopeSet) refserver.ScopeSet {
				begun := false
				return current.Where(func(token string) bool {
					begun = begun || issued.Has(token) && !refserver.IsOIDC(token)
					return begun || refserver.IsOIDC(token) || issued.Where(refserver.IsOIDC).Equal(issued)
				})
			}
		},
	},
}

// refreshWithin bounds every refresh by most.
func refreshWithin(p *refserver.Policy, most func(refserver.Refresh) refserver.ScopeSet) {
	refresh := p.RefreshScope
	p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
		r.Authorization.Current = most(r)
		r.ClientMay, r.UserMay = r.Authorization.Current, r.Authorization.Current
		return refresh(r)
	}
}

// ofGrant asks for the claims of the whole grant instead of those of a token.
func ofGrant(q refserver.ClaimsQuestion) refserver.ClaimsQuestion {
	q.Scope = q.Authorization.Current
	return q
}
