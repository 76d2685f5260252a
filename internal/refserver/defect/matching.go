package defect

import (
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// matching are faults of how the API compares scopes.
var matching = []Defect{
	{
		ID:     "replacing-needs-reading-too",
		Text:   "Replacing an appointment, which is loaded first, needs read:appointments besides write:appointments.",
		Breaks: []string{"RSM-01", "GRANT-06", "RSM-17", "RSV-01"},
		Shows:  `Planner cannot replace an appointment of Ada: got 403 insufficient_scope`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(op refserver.Operation, _ *http.Request, need *refserver.Requirement) {
				if op.Method == http.MethodPut {
					need.Scope = refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments}
				}
			})
		},
	},
	{
		ID:     "item-route-unchecked",
		Text:   "The scope check was not mounted on reading a single appointment: any valid token does.",
		Breaks: []string{"RSM-02", "CONS-02", "GRANT-06", "INC-07", "INC-08", "RSC-11", "RSM-17", "RST-11", "RSV-01", "RSV-07", "RSV-08"},
		Shows:  `Planner can read an appointment of Ada without "read:appointments": read got 200`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(op refserver.Operation, _ *http.Request, need *refserver.Requirement) {
				if op.Method == http.MethodGet && op.Route == "/appointments/{id}" {
					need.Scope = nil
				}
			})
		},
	},
	{
		ID:     "case-insensitive-match",
		Text:   "Scopes are compared without regard to case.",
		Breaks: []string{"RSM-03", "GRANT-01", "GRANT-03", "RSM-15"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply:  func(p *refserver.Policy) { anyHeld(p, strings.EqualFold) },
	},
	{
		ID:     "longer-scope-matches",
		Text:   "A scope of the token that begins with the one required is enough.",
		Breaks: []string{"RSM-04", "GRANT-01", "GRANT-03", "SYN-13"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply:  func(p *refserver.Policy) { anyHeld(p, strings.HasPrefix) },
	},
	{
		ID:     "shorter-scope-matches",
		Text:   "A scope of the token that the required one begins with is enough.",
		Breaks: []string{"RSM-05", "GRANT-01", "GRANT-03"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			anyHeld(p, func(held, required string) bool { return strings.HasPrefix(required, held) })
		},
	},
	{
		ID:     "substring-matches",
		Text:   "The required scope is looked for anywhere in the text of the token's scope.",
		Breaks: []string{"RSM-04", "GRANT-01", "GRANT-03", "RSM-06", "RSM-07", "SYN-13"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply:  func(p *refserver.Policy) { anyHeld(p, strings.Contains) },
	},
	{
		ID:     "namespace-left-off",
		Text:   "What stands in a scope before its last slash is taken for the address of this API, and left off.",
		Breaks: []string{"RSM-06"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			anyHeld(p, func(held, required string) bool { return held[strings.LastIndex(held, "/")+1:] == required })
		},
	},
	{
		ID:     "scope-split-on-commas",
		Text:   "The API splits a token's scope on commas, semicolons and any white space.",
		Breaks: []string{"RSM-07"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			claimed := p.API.ClaimedScope
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				if text, ok := claims["scope"].(string); ok {
					return refserver.NewScopeSet(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t\n\r", r) })...), nil
				}
				return claimed(claims)
			}
		},
	},
	{
		ID:     "wildcards-in-tokens",
		Text:   "A scope of the token is taken as a pattern, so that read:* reads everything.",
		Breaks: []string{"RSM-08"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			anyHeld(p, func(held, required string) bool {
				matches, _ := path.Match(held, required)
				return held == required || matches
			})
		},
	},
	{
		ID:     "required-scope-as-regexp",
		Text:   "The required scope is used as a regular expression, whose dots match anything.",
		Breaks: []string{"RSM-09"},
		Shows:  `Planner is served "summary" without "calendar.read": got 200`,
		Apply: func(p *refserver.Policy) {
			anyHeld(p, func(held, required string) bool {
				matches, _ := regexp.MatchString("^(?:"+required+")$", held)
				return matches
			})
		},
	},
	{
		ID:     "any-scope-of-several",
		Text:   "An operation that needs two scopes is open to a token that has one of them.",
		Breaks: []string{"RSM-10", "GRANT-06", "RSM-17", "RSV-01", "RSV-07"},
		Shows:  `Planner can move an appointment of Ada without "read:appointments write:appointments": move got 200`,
		Apply: func(p *refserver.Policy) {
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				return required.IsEmpty() || !held.And(required).IsEmpty()
			}
		},
	},
	{
		ID:     "later-route-half-guarded",
		Text:   "A route that was added later asks for one of the two scopes that it needs.",
		Breaks: []string{"RSM-17"},
		Shows:  `Planner is served confirm (POST`,
		Apply: func(p *refserver.Policy) {
			requiring(p, func(op refserver.Operation, _ *http.Request, need *refserver.Requirement) {
				if op.Route == refserver.ConfirmRoute {
					need.Scope = need.Scope.Where(func(token string) bool { return token == refserver.WriteAppointments })
				}
			})
		},
	},
	{
		ID:     "later-route-asks-afterwards",
		Text:   "A route that was added later does its work before it looks at the scope.",
		Breaks: []string{"RSM-17"},
		Shows:  `Planner is refused confirm (POST /appointments/${appointment}/confirm) with "read:appointments write:appointments", and it is done all the same`,
		Apply: func(p *refserver.Policy) {
			refused := p.API.Refused
			p.API.Refused = func(op refserver.Operation, act func() refserver.Outcome) refserver.Outcome {
				if op.Route == refserver.ConfirmRoute {
					act()
				}
				return refused(op, act)
			}
		},
	},
	{
		ID:     "later-route-wants-a-role",
		Text:   "A route that was added later is refused to every token for two scopes alone.",
		Breaks: []string{"RSM-17"},
		Shows:  `Planner is refused confirm (POST`,
		Apply: func(p *refserver.Policy) {
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				return admits(by, op, need, covered) && (op.Route != refserver.ConfirmRoute || len(by.Scope) > 2)
			}
		},
	},
	{
		ID:     "unknown-scope-spoils-token",
		Text:   "A token with a scope that the API does not know is refused, whatever else it has.",
		Breaks: []string{"RSM-11", "GRANT-03"},
		Shows:  `Planner is not served "list" with "read:appointments": got 403 insufficient_scope`,
		Apply: func(p *refserver.Policy) {
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				return covers(held, required) && refserver.AllScopes().Covers(held)
			}
		},
	},
	{
		ID:     "odd-claim-unrestricted",
		Text:   "A scope claim that is neither a string nor an array counts as no restriction.",
		Breaks: []string{"RSM-12"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			claimed := p.API.ClaimedScope
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				if scope, err := claimed(claims); err == nil {
					return scope, nil
				}
				return refserver.AllScopes(), nil
			}
		},
	},
	{
		ID:     "empty-scope-unrestricted",
		Text:   "The check is skipped for a token that has no scope at all.",
		Breaks: []string{"RSM-13", "CONS-02", "GRANT-01", "GRANT-03", "JWT-04", "RAR-04"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			covers := p.API.Covers
			p.API.Covers = func(held, required refserver.ScopeSet) bool { return held.IsEmpty() || covers(held, required) }
		},
	},
	{
		ID:     "letters-folded",
		Text:   "Before they are compared scopes are normalised: full-width letters become ordinary ones, and what takes no room is dropped.",
		Breaks: []string{"RSM-15"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			anyHeld(p, func(held, required string) bool { return folded(held) == required })
		},
	},
	{
		ID:     "signed-in-is-enough",
		Text:   "A token of which the API knows no scope at all passes as the token of somebody who is signed in.",
		Breaks: []string{"RSM-16", "GRANT-01", "GRANT-03"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			covers := p.API.Covers
			identity := refserver.NewScopeSet(refserver.OpenID, refserver.Profile, refserver.Email)
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				return covers(held, required) || held.Has(refserver.Email) && identity.Covers(held)
			}
		},
	},
}

// folded is a text with full-width letters as ordinary ones, and without what
// takes no room.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x200d:
			return -1
		}
		return r
	}, text)
}

// anyHeld makes a required scope satisfied by any held one that matches.
func anyHeld(p *refserver.Policy, matches func(held, required string) bool) {
	p.API.Covers = func(held, required refserver.ScopeSet) bool {
		for _, needed := range required {
			if held.Where(func(token string) bool { return matches(token, needed) }).IsEmpty() {
				return false
			}
		}
		return true
	}
}

// requiring changes what an operation needs.
func requiring(p *refserver.Policy, change func(refserver.Operation, *http.Request, *refserver.Requirement)) {
	requirement := p.API.Requirement
	p.API.Requirement = func(op refserver.Operation, r *http.Request) refserver.Requirement {
		need := requirement(op, r)
		change(op, r, &need)
		return need
	}
}
