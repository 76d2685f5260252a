package defect

import (
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// granting are faults of what is granted and what the token response says of it.
var granting = []Defect{
	{
		ID:     "write-brings-read",
		Text:   "Whoever is granted write:appointments is given read:appointments too, since nobody edits what they cannot see.",
		Breaks: []string{"GRANT-01", "CODE-05", "CONC-07", "CONS-01", "CONS-02", "CONS-06", "GRANT-06", "GRANT-07", "INC-08", "REF-03", "RES-01", "RSC-11", "RSM-02", "RSM-10", "RST-07", "RST-08", "RST-11", "RSV-01", "RSV-02", "RSV-06", "RSV-07", "RSV-08", "RSV-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, g refserver.Grants) refserver.ScopeSet {
				granted := combine(c, g)
				if granted.Has(refserver.WriteAppointments) {
					granted = granted.Or(refserver.ScopeSet{refserver.ReadAppointments})
				}
				return granted
			}
		},
	},
	{
		ID:     "response-omits-narrowed-scope",
		Text:   "When the user deselects a scope, the token response has no scope member.",
		Breaks: []string{"GRANT-02", "CLM-07", "CONS-02", "GRANT-03", "GRANT-04", "IMPL-03", "OFF-04", "RAR-04"},
		Shows:  `Planner was told nothing`,
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				a := i.Authorization
				return i.Scope, i.GrantType != refserver.AuthorizationCode || a.Granted.Covers(a.Asked)
			}
		},
	},
	{
		ID:     "response-echoes-request",
		Text:   "The token response repeats the scope that was requested instead of the one granted.",
		Breaks: []string{"GRANT-03", "CLM-07", "CODE-06", "CONS-02", "GRANT-02", "GRANT-04", "IMPL-03", "INC-02", "OFF-04", "OFF-06", "RAR-04", "RES-01", "RES-02", "UNK-02"},
		Shows:  `the response of Planner's token says "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.AuthorizationCode && !i.Authorization.Requested.IsEmpty() {
					return i.Authorization.Requested, true
				}
				return i.Scope, true
			}
		},
	},
	{
		ID:     "token-built-from-request",
		Text:   "The access token is signed from the raw request while the scope is still being filtered by role.",
		Breaks: []string{"GRANT-04", "CONS-02", "CONS-12", "GRANT-03", "IMPL-03", "JWT-02", "OFF-03", "PAR-01", "REF-05", "RES-01", "RES-06", "ROLE-01", "ROLE-03", "ROLE-04", "ROLE-06", "ROLE-07", "ROLE-11", "UNK-09"},
		Shows:  `the claims of Planner's token say "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet {
				a := i.Authorization
				if i.GrantType == refserver.AuthorizationCode && !a.Asked.Covers(a.Requested) {
					return a.Requested.And(i.Client.Scope)
				}
				return i.Scope
			}
		},
	},
	{
		ID:     "empty-scope-omitted",
		Text:   "When filtering leaves no scope, a token is issued and the empty scope member is left out of the response.",
		Breaks: []string{"GRANT-05", "DEF-06", "GRANT-02", "UNK-03"},
		Shows:  `Planner was told nothing`,
		Apply: func(p *refserver.Policy) {
			p.NothingLeft = func(bool) error { return nil }
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) { return i.Scope, !i.Scope.IsEmpty() }
		},
	},
	{
		ID:     "write-implies-read",
		Text:   "The API takes write:appointments for read:appointments as well.",
		Breaks: []string{"GRANT-06", "CODE-05", "CONC-05", "CONC-06", "CONC-07", "CONS-01", "CONS-02", "CONS-06", "GRANT-01", "GRANT-03", "GRANT-07", "INC-08", "INTR-06", "REF-03", "REF-14", "RES-02", "RSC-11", "RSM-02", "RSM-10", "RSM-11", "RSM-17", "RST-07", "RST-08", "RST-11", "RSV-01", "RSV-02", "RSV-06", "RSV-07", "RSV-08", "RSV-09"},
		Shows:  `GET /appointments is served to a token with "write:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			p.API.Covers = func(held, required refserver.ScopeSet) bool {
				if held.Has(refserver.WriteAppointments) {
					required = required.Without(refserver.ReadAppointments)
				}
				return held.Covers(required)
			}
		},
	},
	{
		ID:     "token-template-shared",
		Text:   "Token templates are pooled; one used often is handed out with the scope of another client still in it.",
		Breaks: []string{"GRANT-07", "GRANT-01", "GRANT-03", "GRANT-04"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			pool := &templates{used: map[string]int{}}
			p.TokenScope = pool.scope
		},
	},
	{
		ID:     "machine-token-by-client",
		Text:   "The tokens of machines are cached by client: one that asks for less is given the token that it had.",
		Breaks: []string{"GRANT-07", "GM-07", "GRANT-01", "GRANT-03", "GRANT-04"},
		Shows:  `request 2: Worker holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			var first sync.Map // scopes of the first token, by client
			scope := p.TokenScope
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet {
				if i.GrantType != refserver.ClientCredentials {
					return scope(i)
				}
				had, _ := first.LoadOrStore(i.Client.ID, scope(i))
				return had.(refserver.ScopeSet)
			}
		},
	},
	{
		ID:     "scope-reported-by-turns",
		Text:   "A scope that was granted as asked is reported in every second response to a client only.",
		Breaks: []string{"GRANT-08"},
		Shows:  `the choice of scope_in_response is mixed`,
		Apply: func(p *refserver.Policy) {
			second := byTurns()
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType != refserver.AuthorizationCode || !i.Scope.Equal(i.Authorization.Requested) {
					return i.Scope, true
				}
				return i.Scope, !second(i.Client.ID)
			}
		},
	},
	{
		ID:     "redirect-echoes-request",
		Text:   "The redirect with the code carries the requested scope, also where the user deselected some of it.",
		Breaks: []string{"GRANT-09"},
		Shows:  `the choice of scope_in_redirect is "present"`,
		Apply: func(p *refserver.Policy) {
			p.RedirectScope = func(requested, _ refserver.ScopeSet) (refserver.ScopeSet, bool) {
				return requested, !requested.IsEmpty()
			}
		},
	},
}

// worn is after how many tokens a client's template is taken from the pool.
const worn = 8

// templates is a pool of token templates that are not cleared.
type templates struct {
	mu   sync.Mutex
	used map[string]int // tokens issued for a code, by client
	last refserver.Issue
}

func (t *templates) scope(i refserver.Issue) refserver.ScopeSet {
	if i.GrantType != refserver.AuthorizationCode {
		return i.Scope
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[i.Client.ID]++
	scope := i.Scope
	if t.used[i.Client.ID] > worn && t.last.Client.ID != i.Client.ID {
		scope = scope.Or(t.last.Scope)
	}
	t.last = i
	return scope
}
