package defect

import (
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// days is how long the access tokens of one of the faults live.
const days = 7 * 24 * time.Hour

// editing are faults that show when a user changes a grant afterwards.
var editing = []Defect{
	{
		ID:     "refresh-ignores-edit",
		Text:   "A refresh token carries its own copy of what was granted, and knows nothing of later edits.",
		Breaks: []string{"EDIT-01", "CONC-03", "EDIT-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refreshWithin(p, func(r refserver.Refresh) refserver.ScopeSet {
				return r.Authorization.Granted.And(r.ClientMay).And(r.UserMay)
			})
		},
	},
	{
		ID:     "edit-unreported",
		Text:   "The first refresh after an edit is narrower, but the response has no scope member.",
		Breaks: []string{"EDIT-02", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing`,
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				edited := !i.Authorization.Current.Covers(i.Authorization.Granted)
				return i.Scope, i.GrantType != refserver.RefreshToken || !i.Asked.IsEmpty() || !edited
			}
		},
	},
	{
		ID:     "introspection-frozen",
		Text:   "Introspection shows the scope as it was at issue, for as long as the token lives.",
		Breaks: []string{"EDIT-03", "TX-09"},
		Shows:  `introspection shows Planner's token active with "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet { return l.TokenScope }
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				return refserver.ClaimsFor(q.User, q.Scope.And(q.Authorization.Current))
			}
		},
	},
	{
		ID:     "userinfo-ignores-edit",
		Text:   "UserInfo trusts the scope in the access token, although the server knows that the grant was changed.",
		Breaks: []string{"EDIT-04"},
		Shows:  `UserInfo tells Planner ["email" "email_verified"]`,
		Apply: func(p *refserver.Policy) {
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				return refserver.ClaimsFor(q.User, q.TokenScope)
			}
		},
	},
	{
		ID:     "edit-forgets-memory",
		Text:   "An edit changes tokens but not the remembered consent: the next authorization silently restores what was removed.",
		Breaks: []string{"EDIT-05", "CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			edited := p.EditedMemory
			p.EditedMemory = func(e refserver.Edit, remembered refserver.ScopeSet) refserver.ScopeSet {
				if !e.Revoke {
					return remembered
				}
				return edited(e, remembered)
			}
		},
	},
	{
		ID:     "revoked-grant-lives-on",
		Text:   "Revoking a grant hides it from the page, but its refresh tokens keep working.",
		Breaks: []string{"EDIT-06", "CONC-04", "EDIT-08", "EDIT-09", "INTR-02", "RST-05", "TX-06", "TX-09"},
		Shows:  `Planner was issued a token for "offline_access read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			edited := p.EditedAuthorization
			p.EditedAuthorization = func(e refserver.Edit, current refserver.ScopeSet) (refserver.ScopeSet, bool) {
				if e.Revoke {
					return current, false
				}
				return edited(e, current)
			}
		},
	},
	{
		ID:     "edit-hits-every-user",
		Text:   "Removing a scope removes it for every user of the client.",
		Breaks: []string{"EDIT-07"},
		Shows:  `Planner was refused with 400 invalid_grant (the grant was revoked)`,
		Apply: func(p *refserver.Policy) {
			p.EditReaches = func(e refserver.Edit, _, client, resource string) bool {
				return client == e.Client && resource == e.Resource
			}
		},
	},
	{
		ID:     "revocation-hits-every-client",
		Text:   "Revoking one grant revokes every grant of the user.",
		Breaks: []string{"EDIT-07"},
		Shows:  `Rival was refused with 400 invalid_grant (the grant was revoked)`,
		Apply: func(p *refserver.Policy) {
			reaches := p.EditReaches
			p.EditReaches = func(e refserver.Edit, user, client, resource string) bool {
				return e.Revoke && user == e.User || reaches(e, user, client, resource)
			}
		},
	},
	{
		ID:     "code-frozen",
		Text:   "The scope is frozen in the code: an edit or revocation before it is redeemed does not count.",
		Breaks: []string{"EDIT-08"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				return r.Authorization.Granted.And(r.ClientMay).And(r.UserMay), nil
			}
		},
	},
	{
		ID:     "edit-adds-scope",
		Text:   "Editing a grant replaces its scope by whatever is posted, also by more.",
		Breaks: []string{"EDIT-10", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			edited, authorization := p.EditedGrant, p.EditedAuthorization
			p.EditedGrant = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet {
				return edited(e, e.Wanted)
			}
			p.EditedAuthorization = func(e refserver.Edit, current refserver.ScopeSet) (refserver.ScopeSet, bool) {
				// What the grant was widened by, and nothing else that this one lacks.
				return authorization(e, current.Or(e.Wanted.Minus(e.Before)))
			}
		},
	},
	{
		ID:     "offline-access-cosmetic",
		Text:   "Removing offline_access from a grant changes its name only; refresh goes on.",
		Breaks: []string{"EDIT-11"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			usable := p.RefreshUsable
			p.RefreshUsable = func(a refserver.Authorization) error {
				a.Granted = a.Granted.Without(refserver.OfflineAccess)
				return usable(a)
			}
		},
	},
	{
		ID:     "tokens-live-for-days",
		Text:   "Access tokens live for a week, and with them every scope that was removed meanwhile.",
		Breaks: []string{"EDIT-12"},
		Shows:  `Planner's token lives for 168h0m0s`,
		Apply: func(p *refserver.Policy) {
			p.Lifetime = func(refserver.Issue) time.Duration { return days }
		},
	},
}
