package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// shown is how many scopes the shortened consent page shows.
const shown = 3

// consent are faults of what is asked of the user and what comes of the answer.
var consent = []Defect{
	{
		ID:     "consent-page-shortened",
		Text:   "The consent page shows three scopes; the others are granted with them, unseen.",
		Breaks: []string{"CONS-01", "CONS-02", "CONS-06"},
		Shows:  `Ada was asked about "email openid profile"`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					items[i].Hidden = i >= shown
				}
				return items
			}
		},
	},
	{
		ID:     "translated-page-lacks-a-scope",
		Text:   "The page for users without a locale is an older template, which has no line for the e-mail address: it is granted unseen.",
		Breaks: []string{"CONS-01"},
		Shows:  `Bo was asked about`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					items[i].Hidden = items[i].Hidden || items[i].Scope == "email" && q.User.Claims["locale"] == nil
				}
				return items
			}
		},
	},
	{
		ID:     "consent-ignores-boxes",
		Text:   "Approving grants the whole request; the boxes on the consent page are never read.",
		Breaks: []string{"CONS-02", "CIBA-01", "CLM-05", "CLM-07", "CONC-09", "CONS-05", "CONS-06", "CONS-12", "CONS-14", "CONS-17", "DEV-04", "DEV-08", "GM-02", "GM-06", "GRANT-02", "GRANT-03", "GRANT-05", "GRANT-09", "IMPL-03", "INTR-01", "JWT-02", "OFF-04", "PAR-03", "RAR-04", "REF-01", "REF-05"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				a.Ticked = a.Asked
				return decide(a)
			}
		},
	},
	{
		ID:     "denial-named-otherwise",
		Text:   "A denial is answered with the error login_required instead of access_denied, so that clients start over.",
		Breaks: []string{"CONS-03", "IMPL-04", "INC-03", "PRMT-06"},
		Shows:  `Planner was refused with login_required (the resource owner left)`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if !a.Allow {
					return nil, refserver.Refuse("login_required", "the resource owner left")
				}
				return decide(a)
			}
		},
	},
	{
		ID:     "denial-remembered-as-consent",
		Text:   "The consent record is written before the answer is looked at: after a denial the next request passes silently.",
		Breaks: []string{"CONS-04", "CONS-12"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if !o.Allowed {
					remembered = remembered.Or(o.Asked)
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "required-scope-added-back",
		Text:   "A required scope that the user declined is put back, and the rest is granted with it.",
		Breaks: []string{"CONS-05"},
		Shows:  `Planner holds "basic:appointments read:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				a.Ticked = a.Ticked.Or(a.Required)
				return decide(a)
			}
		},
	},
	{
		ID:     "deselecting-aborts",
		Text:   "Whoever deselects more than one scope denies the request.",
		Breaks: []string{"CONS-06"},
		Shows:  `Planner was refused with access_denied (the resource owner declined a scope that is required)`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if a.Allow && len(a.Asked)-len(a.Asked.And(a.Ticked)) > 1 {
					a.Required = a.Asked
				}
				return decide(a)
			}
		},
	},
	{
		ID:     "consent-form-trusted",
		Text:   "The scopes posted with the consent form are granted, whether or not they were asked for.",
		Breaks: []string{"CONS-07", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				a.Asked = a.Ticked
				return decide(a)
			}
		},
	},
	{
		ID:     "consent-list-trusted",
		Text:   "The form binds whatever its list of boxes holds, and what it binds is granted.",
		Breaks: []string{"CONS-07", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			listed(p)
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				a.Asked = a.Ticked
				return decide(a)
			}
		},
	},
	{
		ID:     "consent-form-for-anyone",
		Text:   "The pending request is looked up by its id alone: any browser may answer it, and more than once.",
		Breaks: []string{"CONS-08", "CONC-08"},
		Shows:  `Planner was given a code for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.ConsentBound = func(refserver.ConsentBinding) error { return nil }
		},
	},
	{
		ID:     "consent-shared-by-clients",
		Text:   "Remembered consent is keyed by user and API: what one client was granted, another gets silently.",
		Breaks: []string{"CONS-09", "CONS-12"},
		Shows:  `Rival was issued a token for "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			rememberWhere(p, func(q refserver.ConsentQuestion, g refserver.Grant) bool {
				return g.User == q.User.Name && g.Resource == q.Resource
			})
		},
	},
	{
		ID:     "consent-shared-by-users",
		Text:   "Remembered consent is keyed by client and API: what one user granted is granted for every other.",
		Breaks: []string{"CONS-10", "CONS-12", "GRANT-01", "GRANT-07", "PRMT-07"},
		Shows:  `Planner was given a code for "openid read:appointments" and Bo was not asked`,
		Apply: func(p *refserver.Policy) {
			rememberWhere(p, func(q refserver.ConsentQuestion, g refserver.Grant) bool {
				return g.Client == q.Client.ID && g.Resource == q.Resource
			})
		},
	},
	{
		ID:     "consent-shared-by-apis",
		Text:   "Remembered consent is keyed by user and client: a scope of the same name at another API counts as consented to.",
		Breaks: []string{"CONS-11", "CONS-12"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			rememberWhere(p, func(q refserver.ConsentQuestion, g refserver.Grant) bool {
				return g.User == q.User.Name && g.Client == q.Client.ID
			})
		},
	},
	{
		ID:     "any-consent-is-enough",
		Text:   "Any consent that the user ever gave a client counts as consent for everything it asks for.",
		Breaks: []string{"CONS-12", "CONC-12", "CONS-14", "DEF-07", "EDIT-05", "INC-01", "INC-03", "PRMT-03", "REV-04", "SYN-06", "SYN-07"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			needed := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				if !q.Remembered.IsEmpty() {
					q.Remembered = q.Remembered.Or(q.Asked)
				}
				return needed(q)
			}
		},
	},
	{
		ID:     "consent-compared-by-number",
		Text:   "A request is let through where the user has agreed to as many scopes before, whichever they were.",
		Breaks: []string{"PRMT-03", "CONC-12", "CONS-12", "CONS-14", "INC-03", "REV-04", "SYN-06", "SYN-07"},
		Shows:  `Planner holds "openid write:appointments"`,
		Apply: func(p *refserver.Policy) {
			needed := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				if len(q.Remembered) > 0 && len(q.Remembered) >= len(q.Asked) {
					q.Remembered = q.Asked
				}
				return needed(q)
			}
		},
	},
	{
		ID:     "silence-grants-all-remembered",
		Text:   "A silent approval grants all that is remembered, not the part that was asked for.",
		Breaks: []string{"CONS-13", "CODE-05", "GRANT-01", "GRANT-07", "PRMT-01"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				if !c.Shown {
					c.Accepted = c.Accepted.Or(c.Grant.Remembered.Without(refserver.OfflineAccess))
				}
				return combine(c, all)
			}
		},
	},
	{
		ID:     "request-remembered-as-consent",
		Text:   "The consent record holds what was asked, so that a deselected scope is granted silently the next time.",
		Breaks: []string{"CONS-14", "CONS-12"},
		Shows:  `the choice of deselected_memory is "sticky"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if o.Allowed {
					remembered = remembered.Or(o.Asked)
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "second-consent-merges-request",
		Text:   "A consent record that the page does not fit into, since it has more already, is merged with the request instead.",
		Breaks: []string{"CONS-14", "CONS-12"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				more := o.Grant.Remembered.Where(func(token string) bool { return !o.Accepted.Has(token) })
				if o.Allowed && !more.IsEmpty() {
					remembered = remembered.Or(o.Asked)
				}
				return held, remembered
			}
		},
	},
	{
		ID:     "registered-clients-first-party",
		Text:   "Clients that register themselves count as first-party, and skip consent.",
		Breaks: []string{"CONS-15", "CONS-12"},
		Shows:  `Newcomer was given a code for "read:appointments" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			p.FirstParty = func(declared, dynamic bool) bool { return declared || dynamic }
		},
	},
	{
		ID:     "public-clients-remembered",
		Text:   "Remembered consent also approves for public clients, that is for any application that gives their client_id.",
		Breaks: []string{"CONS-16"},
		Shows:  `Pocket was given a code for "read:appointments" and Ada was not asked again`,
		Apply: func(p *refserver.Policy) {
			needed := p.ConsentNeeded
			p.ConsentNeeded = func(q refserver.ConsentQuestion) bool {
				q.Client.Public = false
				return needed(q)
			}
		},
	},
	{
		ID:     "id-token-for-declined-openid",
		Text:   "Whether there is an ID token depends on the requested scope: who declines openid sends one anyway.",
		Breaks: []string{"CONS-17"},
		Shows:  `Planner was given an ID token`,
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool {
				if i.GrantType == refserver.AuthorizationCode {
					i.Scope = i.Authorization.Asked
				}
				return gives(i)
			}
		},
	},
	{
		ID:     "consent-text-by-resource",
		Text:   "The consent page names the resource only: reading, writing and everything else are all called Appointments.",
		Breaks: []string{"CONS-18"},
		Shows:  `pages 1 and 2 say the same`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					if !refserver.IsOIDC(items[i].Scope) {
						items[i].Text = "Appointments"
					}
				}
				return items
			}
		},
	},
}

// rememberWhere makes every grant that fits count as remembered consent.
func rememberWhere(p *refserver.Policy, fits func(refserver.ConsentQuestion, refserver.Grant) bool) {
	p.Remembered = func(q refserver.ConsentQuestion, grants refserver.Grants) refserver.ScopeSet {
		var remembered refserver.ScopeSet
		for g := range grants.All() {
			if fits(q, g) {
				remembered = remembered.Or(g.Remembered)
			}
		}
		return remembered
	}
}

// listed has the consent page list what it asks about with empty boxes of another
// name.
func listed(p *refserver.Policy) {
	list := p.ConsentItems
	p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
		items := list(q)
		for i := range items {
			items[i].Listed = true
		}
		return items
	}
}
