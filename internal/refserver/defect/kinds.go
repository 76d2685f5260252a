package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// kinds are faults that only clients of one kind come upon.
var kinds = []Defect{
	{
		ID:     "public-response-without-scope",
		Text:   "The token response for public clients has a serializer of its own, which leaves the scope out.",
		Breaks: []string{"GRANT-02", "GRANT-03", "GRANT-04"},
		Shows:  `Pocket was told nothing, which means "read:appointments write:appointments" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, named := report(i)
				return scope, named && !i.Client.Public
			}
		},
	},
	{
		ID:     "public-token-from-request",
		Text:   "A code of a public client is checked by its verifier alone, and yields what was asked for, whatever was unticked.",
		Breaks: []string{"GRANT-03", "CONS-02", "GRANT-02"},
		Shows:  `the response of Pocket's token says "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if r.Client.Public {
					return r.Authorization.Requested.And(r.ClientMay).And(r.UserMay), nil
				}
				return scope(r)
			}
		},
	},
	{
		ID:     "public-code-takes-scope",
		Text:   "A public client names its scope when it redeems the code, as the mobile library always did.",
		Breaks: []string{"CODE-01", "GRANT-01"},
		Shows:  `Pocket holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if r.Client.Public && !r.Asked.IsEmpty() {
					return r.Asked.And(r.ClientMay).And(r.UserMay), nil
				}
				return scope(r)
			}
		},
	},
	{
		ID:     "public-device-takes-scope",
		Text:   "A device without a secret obtains what it names while polling.",
		Breaks: []string{"DEV-02", "GRANT-01"},
		Shows:  `Pocket holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Device.Scope
			p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if r.Client.Public && !r.Asked.IsEmpty() {
					return r.Asked.And(r.ClientMay).And(r.UserMay), nil
				}
				return scope(r)
			}
		},
	},
	{
		ID:     "public-page-has-one-line",
		Text:   "The page for applications on telephones has room for one scope; the others are granted with it.",
		Breaks: []string{"CONS-01", "CONS-02", "GRANT-02", "GRANT-03"},
		Shows:  `Ada was asked about "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					items[i].Hidden = items[i].Hidden || q.Client.Public && i > 0
				}
				return items
			}
		},
	},
	{
		ID:     "public-userinfo-unfiltered",
		Text:   "UserInfo filters by what is stored with the secret of a client: one without a secret is told everything.",
		Breaks: []string{"CLM-01"},
		Shows:  `UserInfo tells Pocket ["address"`,
		Apply:  toldEverything(func(q refserver.ClaimsQuestion) bool { return q.Client.Public }),
	},
	{
		ID:     "first-party-limit-not-checked",
		Text:   "First-party clients skip the page, and with it the check of what they are registered for.",
		Breaks: []string{"CLI-01"},
		Shows:  `House holds "read:appointments write:appointments"`,
		Apply:  clientUnlimited(func(c refserver.Client, _ refserver.ScopeSet) bool { return c.FirstParty }),
	},
	{
		ID:     "client-with-key-unlimited",
		Text:   "A token request with a proof of a key counts as trusted, and skips what the client is registered for.",
		Breaks: []string{"CC-01", "CLI-01"},
		Shows:  `Robot holds "read:appointments write:appointments"`,
		Apply:  clientUnlimited(func(c refserver.Client, _ refserver.ScopeSet) bool { return c.Bound() }),
	},
	{
		ID:     "bound-refresh-from-registration",
		Text:   "The handler that refreshes bound tokens checks the proof, and starts from what the client is registered for.",
		Breaks: []string{"REF-01", "GRANT-03", "REF-03"},
		Shows:  `Planner holds "READ:APPOINTMENTS`,
		Apply: refreshed(func(r refserver.Refresh, _ refserver.ScopeSet) (refserver.ScopeSet, bool) {
			return r.ClientMay.And(r.UserMay), r.Client.Bound() && r.Asked.IsEmpty()
		}),
	},
	{
		ID:     "openid-last-unlimited",
		Text:   "Whether a request is a sign-in is seen at its last word, and a sign-in is not compared with the registration.",
		Breaks: []string{"CLI-01"},
		Shows:  `Viewer holds "openid read:appointments write:appointments"`,
		Apply: clientUnlimited(func(_ refserver.Client, asked refserver.ScopeSet) bool {
			return len(asked) > 1 && asked[len(asked)-1] == refserver.OpenID
		}),
	},
}

// clientUnlimited lets clients have what they ask for.
func clientUnlimited(when func(c refserver.Client, asked refserver.ScopeSet) bool) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		may := p.ClientMay
		p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
			if when(c, asked) {
				return asked
			}
			return may(c, asked)
		}
	}
}

// refreshed replaces the scope of some refreshes; most is what one may come to.
func refreshed(other func(r refserver.Refresh, most refserver.ScopeSet) (scope refserver.ScopeSet, does bool)) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		refresh := p.RefreshScope
		p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
			if scope, does := other(r, r.Authorization.Current.And(r.ClientMay).And(r.UserMay)); does {
				return scope, nil
			}
			return refresh(r)
		}
	}
}

// everyClaim are the scopes that open claims.
func everyClaim() refserver.ScopeSet {
	return refserver.ScopeSet{refserver.Profile, refserver.Email, refserver.Address, refserver.Phone}
}

// toldEverything has UserInfo tell all of the claims.
func toldEverything(when func(q refserver.ClaimsQuestion) bool) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		tell := p.UserInfoClaims
		p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
			if when(q) {
				return refserver.ClaimsFor(q.User, everyClaim())
			}
			return tell(q)
		}
	}
}
