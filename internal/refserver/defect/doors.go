package defect

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// doors are faults that only one of the ways to a token has.
var doors = []Defect{
	{
		ID:     "backchannel-ignores-boxes",
		Text:   "The page of the backchannel shows boxes, and approving it grants the whole request.",
		Breaks: []string{"CIBA-01", "CONS-02"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if a.Allow && a.GrantType == refserver.CIBA {
					return a.Asked, nil
				}
				return decide(a)
			}
		},
	},
	{
		ID:     "backchannel-page-shows-first",
		Text:   "The notification on the telephone names the first scope; all of them are granted.",
		Breaks: []string{"CIBA-01", "CONS-02"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					items[i].Hidden = items[i].Hidden || q.GrantType == refserver.CIBA && i > 0
				}
				return items
			}
		},
	},
	{
		ID:     "backchannel-keeps-client-scope",
		Text:   "What a client may have is looked at when it asks over the backchannel, and not when it fetches the token.",
		Breaks: []string{"CODE-06"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.CIBA.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				return r.Authorization.Current.And(r.UserMay), nil
			}
		},
	},
	{
		ID:     "backchannel-frozen",
		Text:   "What was approved over the backchannel is handed out as it was then, whatever was taken back since.",
		Breaks: []string{"EDIT-08", "EDIT-09"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.CIBA.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				return r.Authorization.Granted.And(r.ClientMay).And(r.UserMay), nil
			}
		},
	},
	{
		ID:     "device-keeps-permissions",
		Text:   "A device is handed what its owner could grant when they approved it, not what they can grant now.",
		Breaks: []string{"ROLE-06", "ROLE-01"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				return r.Authorization.Current.And(r.ClientMay), nil
			}
		},
	},
	{
		ID:     "pushed-refresh-from-registration",
		Text:   "The refresh token of a pushed request has no scope stored, and falls back to what the client is registered for.",
		Breaks: []string{"REF-01", "GRANT-03", "REF-03"},
		Shows:  `Planner holds "READ:APPOINTMENTS`,
		Apply: refreshed(func(r refserver.Refresh, _ refserver.ScopeSet) (refserver.ScopeSet, bool) {
			return r.ClientMay.And(r.UserMay), r.Authorization.Pushed && r.Asked.IsEmpty()
		}),
	},
	{
		ID:     "pushed-code-takes-scope",
		Text:   "The code of a pushed request yields what is asked for with it besides what was granted.",
		Breaks: []string{"CODE-01", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				granted, err := scope(r)
				if r.Authorization.Pushed {
					granted = granted.Or(r.Asked.And(r.ClientMay).And(r.UserMay))
				}
				return granted, err
			}
		},
	},
	{
		ID:     "assertion-from-history",
		Text:   "An assertion yields what the resource owner ever granted, taken back or not.",
		Breaks: []string{"ASRT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				q.Accessor.Scope = q.Accessor.History
				return scope(q)
			}
		},
	},
	{
		ID:     "assertion-keeps-permissions",
		Text:   "An assertion is compared with what was granted, and not with what the resource owner may still do.",
		Breaks: []string{"ASRT-01", "ROLE-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				q.UserMay = q.Asked.Or(q.UserMay)
				return scope(q)
			}
		},
	},
	{
		ID:     "exchange-from-the-grant",
		Text:   "An exchange that names no scope yields all of the grant, though the token that is exchanged was narrowed.",
		Breaks: []string{"TX-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if e.Asked.IsEmpty() {
					return e.Origin.Granted.And(e.ClientMay).And(e.UserMay).Without(refserver.OfflineAccess), nil
				}
				return scope(e)
			}
		},
	},
	{
		ID:     "exchange-adds-identity-scopes",
		Text:   "An exchange compares the scopes of the API with those of the token; the ones of OpenID Connect pass.",
		Breaks: []string{"TX-01"},
		Shows:  `Planner holds "email openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				e.Available = e.Available.Or(e.Asked.Where(refserver.IsOIDC))
				return scope(e)
			}
		},
	},
	{
		ID:     "refresh-token-introspected-as-asked",
		Text:   "Introspection of a refresh token shows what was asked for when it was granted.",
		Breaks: []string{"INTR-01"},
		Shows:  `introspection shows Planner's refresh token active with "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Introspection.RefreshScope = func(a refserver.Authorization) refserver.ScopeSet { return a.Requested }
		},
	},
	{
		ID:     "token-for-device-without-openid",
		Text:   "Every device is given an ID token, to greet its owner by name.",
		Breaks: []string{"OIDC-02"},
		Shows:  `Planner was given an ID token`,
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool { return gives(i) || i.GrantType == refserver.DeviceCode }
		},
	},
	{
		ID:     "refreshed-token-carries-email",
		Text:   "The mapper of claims is switched off for access tokens, and runs again when they are refreshed.",
		Breaks: []string{"JWT-05"},
		Shows:  `Planner's access token carries ["email"`,
		Apply: func(p *refserver.Policy) {
			p.AccessTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if q.GrantType != refserver.RefreshToken {
					return nil
				}
				return refserver.ClaimsFor(q.User, refserver.ScopeSet{refserver.Email})
			}
		},
	},
	{
		ID:     "other-api-token-carries-email",
		Text:   "The tokens for the address book carry the e-mail address, by which it used to know people.",
		Breaks: []string{"JWT-05"},
		Shows:  `Planner's access token carries ["email"`,
		Apply: func(p *refserver.Policy) {
			p.AccessTokenClaims = func(q refserver.ClaimsQuestion) map[string]any {
				if !strings.HasSuffix(q.Authorization.Resource, refserver.ContactsAPI) {
					return nil
				}
				return refserver.ClaimsFor(q.User, refserver.ScopeSet{refserver.Email})
			}
		},
	},
}
