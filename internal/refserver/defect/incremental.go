package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// incremental are faults that show when a client comes back for more.
var incremental = []Defect{
	{
		ID:     "first-grant-forever",
		Text:   "The first grant to a client is found again and returned, whatever it asks for later.",
		Breaks: []string{"INC-01", "CODE-05", "CONC-12", "CONS-13", "CONS-14", "DEF-05", "GRANT-01", "GRANT-07", "INC-02", "OFF-01", "PRMT-01", "PRMT-03"},
		Shows:  `Planner was given a code for "read:appointments write:appointments" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			needed, remember, combine := p.ConsentNeeded, p.Remember, p.Combine
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				if !q.Remembered.IsEmpty() {
					q.Remembered = q.Remembered.Or(q.Asked)
				}
				return needed(q)
			}
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				if !c.Shown && !c.Grant.Scope.IsEmpty() {
					return c.Grant.Scope
				}
				return combine(c, all)
			}
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				if !o.Shown && !o.Grant.Scope.IsEmpty() {
					return o.Grant.Scope, o.Grant.Remembered
				}
				return remember(o)
			}
		},
	},
	{
		ID:     "union-unasked",
		Text:   "A request for a new scope gets the scopes granted earlier as well, unasked and unreported.",
		Breaks: []string{"INC-02", "CODE-05", "CONC-07", "DEF-05", "GRANT-01", "GRANT-03", "GRANT-04"},
		Shows:  `Planner was told "write:appointments" and holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				if !c.Client.Public && c.Accepted.And(c.Grant.Scope).IsEmpty() {
					return c.Accepted.Or(c.Grant.Scope.Without(refserver.OfflineAccess))
				}
				return combine(c, all)
			}
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.AuthorizationCode {
					return i.Scope.And(i.Authorization.Asked), true
				}
				return i.Scope, true
			}
		},
	},
	{
		ID:     "denied-increment-merged",
		Text:   "What a client asks for is merged into the stored grant before the answer: a denied scope comes with the next refresh.",
		Breaks: []string{"INC-03", "PRMT-06", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			earlier := p.EarlierScope
			p.EarlierScope = func(o refserver.ConsentOutcome, current refserver.ScopeSet) refserver.ScopeSet {
				if !o.Allowed {
					return current.Or(o.Asked)
				}
				return earlier(o, current)
			}
		},
	},
	{
		ID:     "union-from-history",
		Text:   "The union of granted scopes is computed from the consent log, and brings back what the user removed.",
		Breaks: []string{"INC-04", "GRANT-01"},
		Shows:  `Planner holds "email openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				c.Grant.Scope = c.Grant.History
				return combine(c, all)
			}
		},
	},
	{
		ID:     "refresh-reads-grant-row",
		Text:   "A refresh takes its scope from what the user grants the client now, not from what this refresh token stands for.",
		Breaks: []string{"INC-05", "REF-03", "REF-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refreshWithin(p, func(r refserver.Refresh) refserver.ScopeSet {
				return r.Grant.Scope.And(r.ClientMay).And(r.UserMay)
			})
		},
	},
	{
		ID:     "old-tokens-gain-scope",
		Text:   "Introspection shows what the user grants the client now, so that an old token gains what was granted later.",
		Breaks: []string{"INC-06", "ASRT-03", "CLM-01", "CODE-05", "CONC-07", "CONS-13", "DEF-05", "GRANT-01", "GRANT-03", "GRANT-07", "INC-05", "PRMT-01", "REF-03", "REF-09", "ROLE-06", "STEP-02", "TX-01", "TX-08", "UNK-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			live := p.LiveScope
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet {
				if l.UserBound && l.Authorization.Granted.Equal(l.TokenScope) {
					return l.Grant.Scope
				}
				return live(l)
			}
		},
	},
	{
		ID:     "union-for-public-clients",
		Text:   "Any application that gives a public client's client_id inherits all that was ever granted to it.",
		Breaks: []string{"INC-07"},
		Shows:  `Pocket holds "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				c.Client.Public = false
				return combine(c, all)
			}
		},
	},
	{
		ID:     "union-across-clients",
		Text:   "The union of granted scopes is taken over all clients of the user.",
		Breaks: []string{"INC-08", "GRANT-01"},
		Shows:  `Planner holds "email openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				for g := range all.All() {
					if g.User == c.User.Name && g.Resource == c.Resource {
						c.Grant.Scope = c.Grant.Scope.Or(g.Scope)
					}
				}
				return combine(c, all)
			}
		},
	},
}
