package defect

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// beyond is the policy without one limit at one grant.
func beyond(limit refserver.Limit, grantType string) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		p.Applies = func(l refserver.Limit, g string) bool { return l != limit || g != grantType }
	}
}

// clients are faults of what clients may have, and of how they register.
var clients = []Defect{
	{
		ID:     "client-limit-not-enforced",
		Text:   "The scopes of a client are stored and shown to the administrator, and nothing looks at them when a user is asked.",
		Breaks: []string{"CLI-01", "CLI-02", "CLI-03", "CLI-05", "CLI-06", "CLI-07", "CLI-08", "CLI-10", "CODE-06", "DEF-06", "GRANT-03", "PAR-01"},
		Shows:  `request 1: Viewer holds "read:appointments write:appointments"`,
		Apply:  beyond(refserver.ClientLimit, refserver.AuthorizationCode),
	},
	{
		ID:     "client-limit-compares-beginnings",
		Text:   "A client may ask for whatever begins with one of its scopes: the check is made for those that have parts.",
		Breaks: []string{"CLI-01"},
		Shows:  `Viewer holds "read:appointments read:appointments:all"`,
		Apply: func(p *refserver.Policy) {
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				return asked.Where(func(token string) bool {
					return slices.ContainsFunc(c.Scope, func(own string) bool { return strings.HasPrefix(token, own) })
				})
			}
		},
	},
	{
		ID:     "password-drops-client-excess",
		Text:   "A scope that the client may not have is an error everywhere, and left out without a word of why at the password grant.",
		Breaks: []string{"CLI-02"},
		Shows:  `drop (password)`,
		Apply: func(p *refserver.Policy) {
			excess := p.ClientExcess
			p.ClientExcess = func(grantType string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.PasswordGrant {
					return asked.And(may), nil
				}
				return excess(grantType, asked, may)
			}
		},
	},
	{
		ID:     "registration-echoes-scope",
		Text:   "The answer to a registration repeats the scope of the request, whatever was stored.",
		Breaks: []string{"CLI-03", "CLI-04", "CLI-06"},
		Shows:  `the choice of registration_unknown is "accept"`,
		Apply: func(p *refserver.Policy) {
			reported := p.Registration.ReportedScope
			p.Registration.ReportedScope = func(asked, registered refserver.ScopeSet) refserver.ScopeSet {
				if asked.IsEmpty() {
					return reported(asked, registered)
				}
				return asked
			}
		},
	},
	{
		ID:     "registration-enforces-request",
		Text:   "A registration is answered with a narrowed scope, and the client is stored with the one that it sent.",
		Breaks: []string{"CLI-04", "CLI-01"},
		Shows:  `Newcomer holds "appointments-admin read:appointments", and its registration says "read:appointments": "appoint`,
		Apply: func(p *refserver.Policy) {
			p.Registration.EnforcedScope = func(asked, registered refserver.ScopeSet) refserver.ScopeSet { return asked.Or(registered) }
		},
	},
	{
		ID:     "registration-gives-privileges",
		Text:   "Anybody who registers a client and names an administrator's scope is registered for it.",
		Breaks: []string{"CLI-04", "CLI-06"},
		Shows:  `the choice of registration_privileged is "accept"`,
		Apply: func(p *refserver.Policy) {
			p.Registration.OpenScope = func(r refserver.OpenRegistration) (refserver.ScopeSet, error) { return r.Permitted, nil }
		},
	},
	{
		ID:     "registration-without-scope-is-unlimited",
		Text:   "A client that registered without a scope is shown a default, and held to nothing.",
		Breaks: []string{"CLI-05", "CLI-01"},
		Shows:  `Newcomer holds "write:appointments", and its registration says "openid read:appointments": "write:appointments`,
		Apply: func(p *refserver.Policy) {
			p.Registration.EnforcedScope = func(asked, registered refserver.ScopeSet) refserver.ScopeSet {
				if asked.IsEmpty() {
					return registered.Or(refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments})
				}
				return registered
			}
		},
	},
	{
		ID:     "update-is-not-judged",
		Text:   "What a client may register for is decided when it registers; an update is stored as it comes.",
		Breaks: []string{"CLI-06"},
		Shows:  `Newcomer is registered for "appointments-admin read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Registration.UpdatedScope = func(u refserver.RegistrationUpdate) (refserver.ScopeSet, error) { return u.Asked, nil }
		},
	},
	{
		ID:     "client-limit-cached",
		Text:   "The scopes of a client are cached when it is first used, so that a change shows after the next restart.",
		Breaks: []string{"CLI-07", "ASRT-01", "CLI-01", "CODE-06", "CONC-10", "REF-12", "TX-01"},
		Shows:  `Planner holds "openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			var cache sync.Map
			may := p.ClientMay
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				first, _ := cache.LoadOrStore(c.ID, c.Scope)
				c.Scope = first.(refserver.ScopeSet)
				return may(c, asked)
			}
		},
	},
	{
		ID:     "statement-loses",
		Text:   "The scope beside a software statement wins over the one that was signed.",
		Breaks: []string{"CLI-08"},
		Shows:  `Newcomer is registered for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Registration.StatementScope = func(sent, stated refserver.ScopeSet) refserver.ScopeSet {
				if sent.IsEmpty() {
					return stated
				}
				return sent
			}
		},
	},
	{
		ID:     "statement-of-anybody",
		Text:   "A software statement is decoded, and its signature is not looked at.",
		Breaks: []string{"CLI-08"},
		Shows:  `Newcomer is registered for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Registration.StatementTrusted = func(bool) error { return nil }
		},
	},
	{
		ID:     "registration-splits-at-anything",
		Text:   "The scope of a registration is split at whatever looks like a separator, and what is left over is trimmed.",
		Breaks: []string{"CLI-09", "SYN-11"},
		Shows:  `Newcomer is registered for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			read := p.Registration.ReadScope
			p.Registration.ReadScope = func(member json.RawMessage, parse func(string) (refserver.ScopeSet, error)) (refserver.ScopeSet, error) {
				var text string
				if json.Unmarshal(member, &text) != nil {
					return read(member, parse)
				}
				return refserver.NewScopeSet(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t\"", r) })...), nil
			}
		},
	},
	{
		ID:     "public-client-not-limited",
		Text:   "What is kept for clients with a secret is given to every client that registers for it.",
		Breaks: []string{"CLI-10"},
		Shows:  `Pocket holds "export:appointments read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Registration.PublicScope = func(_ refserver.Client, scope refserver.ScopeSet) refserver.ScopeSet { return scope }
		},
	},
}
