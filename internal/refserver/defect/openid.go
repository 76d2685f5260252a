package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// openID are faults of the openid scope.
var openID = []Defect{
	{
		ID:     "refresh-tokens-open-userinfo",
		Text:   "UserInfo looks for a token of any kind: a refresh token tells what an access token would.",
		Breaks: []string{"CLM-08"},
		Shows:  `UserInfo tells Planner ["sub"] for its refresh token`,
		Apply: func(p *refserver.Policy) {
			p.OpenID.UserInfoTakes = func(string) bool { return true }
		},
	},
	{
		ID:     "id-token-only-with-more",
		Text:   "An ID token is made only where there is something to put into it: a sign-in with openid alone gets none.",
		Breaks: []string{"OIDC-01", "DISC-02"},
		Shows:  `Planner was given no ID token`,
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool { return len(i.Scope) > 1 && gives(i) }
		},
	},
	{
		ID:     "id-token-for-every-login",
		Text:   "Every login yields an ID token and the user's whole UserInfo, with or without openid.",
		Breaks: []string{"OIDC-02", "CLM-08", "CONS-17", "OIDC-04", "REF-11"},
		Shows:  `Planner was given an ID token`,
		Apply: func(p *refserver.Policy) {
			p.GivesIDToken = func(i refserver.Issue) bool { return i.GrantType != refserver.ClientCredentials }
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool { return q.UserBound }
			release := p.UserInfoClaims
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if !q.Scope.Has(refserver.OpenID) {
					return q.User.Claims
				}
				return release(q)
			}
		},
	},
	{
		ID:     "openid-only-first",
		Text:   "openid is recognised only as the first scope of the list.",
		Breaks: []string{"OIDC-04"},
		Shows:  `Planner was given no ID token`,
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool {
				a := i.Authorization
				return gives(i) && (a.Requested.IsEmpty() || a.Requested[0] == refserver.OpenID)
			}
		},
	},
}
