package defect

import (
	"net/http"
	"path"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// defaults are faults of requests without scope.
var defaults = []Defect{
	{
		ID:     "default-is-everything",
		Text:   "A request without scope is given every scope that the client is registered for.",
		Breaks: []string{"DEF-01", "DEF-02", "DEF-03", "DEF-05", "DEF-07", "SYN-08"},
		Shows:  `request 1: Planner was told "READ:APPOINTMENTS address appointments-admin email export:appointments openid pho`,
		Apply: func(p *refserver.Policy) {
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				return c.Scope.And(refserver.ScopesAt(refserver.CalendarAPI)).Without(refserver.OfflineAccess, refserver.BasicAppointments)
			}
		},
	},
	{
		ID:     "default-not-named",
		Text:   "The response leaves the scope out where it is what was asked for, and compares after the default was put in.",
		Breaks: []string{"DEF-02", "DEF-01", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing, which means "" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, ok := report(i)
				defaulted := i.GrantType == refserver.AuthorizationCode && i.Authorization.Requested.IsEmpty()
				return scope, ok && !(defaulted && scope.Equal(i.Authorization.Asked))
			}
		},
	},
	{
		ID:     "machine-default-is-everything",
		Text:   "A machine that names no scope is given every scope that it is registered for.",
		Breaks: []string{"DEF-03"},
		Shows:  `Worker was told "READ:APPOINTMENTS appointments-admin basic:appointments export:appointments read:appointment `,
		Apply: func(p *refserver.Policy) {
			fallback := p.DefaultScope
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				if c.MayUse(refserver.ClientCredentials) {
					return c.Scope.Where(func(token string) bool {
						return refserver.ScopeAt(refserver.CalendarAPI, token).Token != ""
					})
				}
				return fallback(c)
			}
		},
	},
	{
		ID:     "default-asked-by-nobody",
		Text:   "The default is put in after the resource owner was asked: a request without scope is approved without a page.",
		Breaks: []string{"DEF-06", "CONS-12"},
		Shows:  `Planner was given a code for "" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			needing(p, func(q refserver.ConsentQuestion, needed bool) bool { return needed && !q.Omitted })
		},
	},
	{
		ID:     "default-is-for-every-client",
		Text:   "What is in the default is given to every client, whatever it is registered for.",
		Breaks: []string{"DEF-06", "CLI-01"},
		Shows:  `Newcomer holds "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			may, byDefault := p.ClientMay, p.DefaultScope
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				c.Scope = c.Scope.Or(byDefault(c))
				return may(c, asked)
			}
		},
	},
	{
		ID:     "default-of-small-clients-unlimited",
		Text:   "A client that may only read, and asks for nothing in particular, is given every scope of the API: nobody compares the default with its registration.",
		Breaks: []string{"CC-01", "CLI-01"},
		Shows:  `Robot holds "calendar.read read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			may, byDefault := p.ClientMay, p.DefaultScope
			everything := refserver.NewScopeSet(refserver.ReadAppointments, refserver.WriteAppointments, refserver.ReadSummary)
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				if c.Scope.Has(refserver.WriteAppointments) {
					return byDefault(c)
				}
				return everything
			}
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				if asked.Equal(everything) {
					return asked
				}
				return may(c, asked)
			}
		},
	},
	{
		ID:     "default-remembered-as-everything",
		Text:   "A client that was approved without scope is remembered as approved, and is not asked about again.",
		Breaks: []string{"DEF-07", "CONS-12"},
		Shows:  `Planner holds "email openid read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			remember := p.Remember
			p.Remember = func(o refserver.ConsentOutcome) (held, remembered refserver.ScopeSet) {
				held, remembered = remember(o)
				if o.Allowed && o.Omitted {
					remembered = refserver.AllScopes()
				}
				return held, remembered
			}
		},
	},
}

// unknown are faults of scopes that nobody knows.
var unknown = []Defect{
	{
		ID:     "unknown-scope-granted",
		Text:   "A scope that the catalogue does not have is granted as it was asked for.",
		Breaks: []string{"UNK-01", "CLI-01", "CLI-03", "DEV-06", "PAR-01", "ROLE-01", "UNK-02", "UNK-04"},
		Shows:  `request 1: Planner holds "read:appointments x-unknown:scope"`,
		Apply: func(p *refserver.Policy) {
			keeping(p, func(token string) bool { return strings.HasPrefix(token, "x-unknown:s") })
		},
	},
	{
		ID:     "ignored-scope-not-told",
		Text:   "The response leaves the scope out although an unknown one was ignored.",
		Breaks: []string{"UNK-02", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing, which means "read:appointments x-unknown:scope" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, ok := report(i)
				strange := i.Authorization.Requested.Minus(refserver.AllScopes())
				return scope, ok && (strange.IsEmpty() || len(scope) > 1)
			}
		},
	},
	{
		ID:     "nothing-left-is-no-limit",
		Text:   "Where every scope asked for is unknown the filter leaves an empty list, and an empty list means no filter.",
		Breaks: []string{"UNK-03", "GRANT-01"},
		Shows:  `the choice of only_unknown is "default"`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				left, err := known(grantType, asked, all)
				if err == nil && left.IsEmpty() && len(asked) > 1 {
					left = refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments}
				}
				return left, err
			}
		},
	},
	{
		ID:     "machine-must-know-scopes",
		Text:   "The client credentials grant refuses a scope that every other grant ignores.",
		Breaks: []string{"UNK-04"},
		Shows:  `reject (client credentials)`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.ClientCredentials && !all.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "a scope is not known")
				}
				return known(grantType, asked, all)
			}
		},
	},
	{
		ID:     "state-lost-with-scope",
		Text:   "The error for a wrong scope is sent back without the state of the request.",
		Breaks: []string{"UNK-05", "IMPL-04"},
		Shows:  `Planner was sent another state than it gave`,
		Apply: func(p *refserver.Policy) {
			p.ErrorState = func(code, state string) string {
				if code == "invalid_scope" {
					return ""
				}
				return state
			}
		},
	},
	{
		ID:     "error-quotes-the-scope",
		Text:   "The description of an error repeats the scope as it was sent, whatever is in it.",
		Breaks: []string{"UNK-05", "UNK-06"},
		Shows:  `Planner was refused with the description "got read:appointments x\"y`,
		Apply: func(p *refserver.Policy) {
			parse := p.ParseScope
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				set, err := parse(raw)
				if err != nil {
					return nil, refserver.Refuse("invalid_scope", "got "+raw+", want a scope")
				}
				return set, nil
			}
		},
	},
	{
		ID:     "wrong-scope-is-success",
		Text:   "The token endpoint reports a wrong scope with status 200.",
		Breaks: []string{"UNK-06"},
		Shows:  `Worker was refused with 200 invalid_scope (the scope holds a character that no scope may hold) as "application`,
		Apply: func(p *refserver.Policy) {
			status := p.ErrorStatus
			p.ErrorStatus = func(code string) int {
				if code == "invalid_scope" {
					return http.StatusOK
				}
				return status(code)
			}
		},
	},
	{
		ID:     "unknown-scope-ends-sign-in",
		Text:   "A request that signs somebody in is refused for a scope that the server does not know.",
		Breaks: []string{"UNK-07"},
		Shows:  `Planner was refused with invalid_scope (a scope is not known)`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				if asked.Has(refserver.OpenID) && !all.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "a scope is not known")
				}
				return known(grantType, asked, all)
			}
		},
	},
	{
		ID:     "request-matched-as-pattern",
		Text:   "Stars that registrations may hold work in requests as well.",
		Breaks: []string{"UNK-08", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				for _, pattern := range asked.Where(func(token string) bool { return strings.HasPrefix(token, "write:") }) {
					asked = asked.Or(all.Where(func(token string) bool {
						fits, err := path.Match(pattern, token)
						return err == nil && fits
					}))
				}
				return known(grantType, asked, all)
			}
		},
	},
	{
		ID:     "withdrawn-scope-lives-on",
		Text:   "A scope that was taken out of the catalogue lives on in refresh tokens and requests.",
		Breaks: []string{"UNK-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.StillKnown = func(scope, _ refserver.ScopeSet) refserver.ScopeSet { return scope }
		},
	},
	{
		ID:     "errors-redirect-anybody",
		Text:   "A wrong scope sends the browser to a client that registered itself, before anybody has signed in.",
		Breaks: []string{"UNK-10"},
		Shows:  `Newcomer was answered with invalid_scope (the scope holds a character that no scope may hold), and Ada had not`,
		Apply: func(p *refserver.Policy) {
			p.ErrorNeedsLogin = func(refserver.Client) bool { return false }
		},
	},
}

// keeping lets scopes through that are not in the catalogue.
func keeping(p *refserver.Policy, strange func(token string) bool) {
	known, client, user := p.Unknown, p.ClientMay, p.UserMay
	p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
		left, err := known(grantType, asked, all)
		return left.Or(asked.Where(strange)), err
	}
	p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
		return client(c, asked).Or(asked.Where(strange))
	}
	p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
		return user(u, c, asked).Or(asked.Where(strange))
	}
}
