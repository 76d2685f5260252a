package defect

import (
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// likened replaces how a scope that is asked for is found in what is remembered.
func likened(p *refserver.Policy, alike func(remembered, asked string) bool) {
	remember := p.Remembered
	p.Remembered = func(q refserver.ConsentQuestion, grants refserver.Grants) refserver.ScopeSet {
		known := remember(q, grants)
		return known.Or(q.Asked.Where(func(token string) bool {
			return slices.ContainsFunc(known, func(r string) bool { return alike(r, token) })
		}))
	}
}

// remembering are faults of what is remembered, and of what a client makes of it.
var remembering = []Defect{
	{
		ID:     "memory-searched-for-text",
		Text:   "A scope that is asked for is looked for in the text of the remembered ones: read:appointment is found in read:appointments.",
		Breaks: []string{"CONS-12"},
		Shows:  `Planner holds "openid read:appointment"`,
		Apply:  func(p *refserver.Policy) { likened(p, strings.Contains) },
	},
	{
		ID:     "memory-ignores-case",
		Text:   "Remembered scopes are compared without regard to case.",
		Breaks: []string{"CONS-12", "SYN-06"},
		Shows:  `Planner holds "READ:APPOINTMENTS openid"`,
		Apply:  func(p *refserver.Policy) { likened(p, strings.EqualFold) },
	},
	{
		ID:     "memory-implies-longer-scopes",
		Text:   "Whoever has agreed to read:appointments is taken to have agreed to every scope that begins so.",
		Breaks: []string{"CONS-12"},
		Shows:  `Planner holds "openid read:appointments:all"`,
		Apply: func(p *refserver.Policy) {
			likened(p, func(remembered, asked string) bool { return strings.HasPrefix(asked, remembered) })
		},
	},
	{
		ID:     "none-dropped-beside-login",
		Text:   "Beside prompt=login, none is dropped: the user signs in, and the request goes on from memory.",
		Breaks: []string{"PRMT-04"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			check := p.Prompt
			p.Prompt = func(values []string) ([]string, error) {
				if slices.Contains(values, "login") {
					values = slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "none" })
				}
				return check(values)
			}
		},
	},
	{
		ID:     "login-hint-beats-session",
		Text:   "Where somebody is signed in, a login_hint says who it is.",
		Breaks: []string{"PRMT-07"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.SessionUser = func(signedIn, hint string) string {
				if signedIn != "" && hint != "" {
					return hint
				}
				return signedIn
			}
		},
	},
	{
		ID:     "no-to-what-was-agreed-to",
		Text:   "Whoever says no to what they agreed to before is not heard: the earlier yes stands.",
		Breaks: []string{"PRMT-06"},
		Shows:  `Planner was issued a token for "openid read:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if !a.Allow && a.Remembered.Covers(a.Asked) {
					return a.Asked, nil
				}
				return decide(a)
			}
		},
	},
	{
		ID:     "form-adds-identity-scopes",
		Text:   "Scopes of OpenID Connect that are posted with the consent form are granted, whether or not they were asked for.",
		Breaks: []string{"CONS-07", "GRANT-01"},
		Shows:  `Planner holds "email read:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				accepted, err := decide(a)
				return accepted.Or(a.Ticked.Where(refserver.IsOIDC)), err
			}
		},
	},
	{
		ID:     "union-ignores-role",
		Text:   "What was granted before is added to a request without a look at what the user may still do.",
		Breaks: []string{"ROLE-06", "ROLE-01"},
		Shows:  `Planner holds "email openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			code := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				scope, err := code(r)
				if err == nil && r.Authorization.Union {
					scope = r.Authorization.Current.And(r.ClientMay)
				}
				return scope, err
			}
		},
	},
	{
		ID:     "union-across-apis",
		Text:   "The union of granted scopes is taken over all APIs.",
		Breaks: []string{"INC-08", "GRANT-01"},
		Shows:  `Planner holds "email openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, grants refserver.Grants) refserver.ScopeSet {
				scope := combine(c, grants)
				if c.Include && !c.Client.Public {
					for g := range grants.All() {
						if g.User == c.User.Name && g.Client == c.Client.ID {
							scope = scope.Or(g.Scope.Without(refserver.OfflineAccess))
						}
					}
				}
				return scope
			}
		},
	},
	{
		ID:     "edit-of-the-latest-tokens",
		Text:   "An edit changes the tokens of the latest sign-in; those of an earlier one keep what they had.",
		Breaks: []string{"EDIT-01", "CONC-03", "CONC-04", "EDIT-06"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.EditCovers = func(latest bool) bool { return latest }
		},
	},
	{
		ID:     "silent-merge",
		Text:   "A silent request to add to a grant is approved: whoever has a grant has been asked before.",
		Breaks: []string{"GM-02", "CONS-12"},
		Shows:  `Steward holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Manage.PageNeeded = func(action string, prompt []string) bool {
				return action == refserver.CreateGrant || !slices.Contains(prompt, "none")
			}
		},
	},
}
