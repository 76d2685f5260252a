package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// offline are faults of offline_access.
var offline = []Defect{
	{
		ID:     "offline-without-prompt",
		Text:   "offline_access is granted without prompt=consent, silently once it is remembered.",
		Breaks: []string{"OFF-01"},
		Shows:  `Planner was given a refresh token`,
		Apply:  func(p *refserver.Policy) { keepOffline(p) },
	},
	{
		ID:     "offline-needs-no-consent",
		Text:   "offline_access is treated as a technical scope that nobody need consent to.",
		Breaks: []string{"OFF-01", "CONS-12", "OFF-03"},
		Shows:  `Planner was given a refresh token`,
		Apply: func(p *refserver.Policy) {
			keepOffline(p)
			needed := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				q.Asked = q.Asked.Without(refserver.OfflineAccess)
				return needed(q)
			}
		},
	},
	{
		ID:     "refresh-token-for-declined-offline",
		Text:   "Whether there is a refresh token depends on the request: who declines offline_access hands one out anyway.",
		Breaks: []string{"OFF-04"},
		Shows:  `Planner was given a refresh token`,
		Apply: func(p *refserver.Policy) {
			gives := p.GivesRefreshToken
			p.GivesRefreshToken = func(i refserver.Issue) bool {
				i.Scope = i.Scope.Or(i.Authorization.Asked)
				return gives(i)
			}
		},
	},
	{
		ID:     "refresh-token-by-turns",
		Text:   "Without offline_access, every second authorization of a client comes with a refresh token.",
		Breaks: []string{"OFF-05"},
		Shows:  `the choice of refresh_without_offline is mixed`,
		Apply: func(p *refserver.Policy) {
			second := byTurns()
			gives := p.GivesRefreshToken
			p.GivesRefreshToken = func(i refserver.Issue) bool {
				if i.Authorization.Requested.Has(refserver.OfflineAccess) {
					return gives(i)
				}
				return i.Client.MayUse(refserver.RefreshToken) && second(i.Client.ID)
			}
		},
	},
	{
		ID:     "ignored-offline-echoed",
		Text:   "offline_access is reported as granted where it was ignored and no refresh token exists.",
		Breaks: []string{"OFF-06", "GRANT-03"},
		Shows:  `Planner is left to think that it holds "offline_access openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				a := i.Authorization
				if a.Requested.Has(refserver.OfflineAccess) && !a.Asked.Has(refserver.OfflineAccess) {
					return i.Scope.Or(refserver.ScopeSet{refserver.OfflineAccess}), true
				}
				return i.Scope, true
			}
		},
	},
}

// keepOffline lets offline_access through without prompt=consent.
func keepOffline(p *refserver.Policy) {
	p.OfflineAccess = func(q refserver.OfflineQuestion) refserver.ScopeSet {
		if q.Client.MayUse(refserver.RefreshToken) {
			return q.Asked
		}
		return q.Asked.Without(refserver.OfflineAccess)
	}
}
