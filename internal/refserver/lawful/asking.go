package lawful

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// asking are choices about what may be asked for.
var asking = []Choice{
	{
		ID: "unknown-scope-refused", Text: "A request that names an unknown scope is refused.",
		Source:   "RFC 6749 section 3.3 (MAY fully or partially ignore), section 4.1.2.1 (invalid_scope)",
		Deviates: []string{"UNK-07"},
		Apply: func(p *refserver.Policy) {
			p.Unknown = func(_ string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !known.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "a scope is unknown")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "client-excess-dropped", Text: "What a client may not have is left out, and the response says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			drop := func(_ string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) { return asked.And(may), nil }
			p.ClientExcess, p.PAR.ClientExcess = drop, drop
		},
	},
	{
		ID: "user-excess-refused", Text: "A request for more than the resource owner may hand out is refused.",
		Source: "RFC 6749 section 4.1.2.1 (invalid_scope)",
		Apply: func(p *refserver.Policy) {
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !may.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "the resource owner may not hand out every scope")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "user-excess-denied", Text: "A request for more than the resource owner may hand out ends with access_denied.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied: the authorization server denied the request)",
		Apply: func(p *refserver.Policy) {
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !may.Covers(asked) {
					return nil, refserver.Refuse("access_denied", "the resource owner may not hand out every scope")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "client-excess-denied", Text: "A client that asks for more than it may have is told access_denied.",
		Source:   "RFC 6749 section 4.1.2.1 (access_denied: the authorization server denied the request)",
		Deviates: []string{"CIBA-01"},
		Apply: func(p *refserver.Policy) {
			denied := func(_ string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !may.Covers(asked) {
					return nil, refserver.Refuse("access_denied", "policy evaluation failed for this request")
				}
				return asked, nil
			}
			p.ClientExcess, p.PAR.ClientExcess = denied, denied
		},
	},
	{
		ID: "omitted-scope-refused", Text: "A request without scope is refused, on every way to a token.",
		Source: "RFC 6749 section 3.3 (MUST either process the request using a pre-defined default value or fail the request)",
		Apply: func(p *refserver.Policy) {
			p.OmittedScope = func(string) error { return refserver.Refuse("invalid_scope", "a scope is required") }
		},
	},
	{
		ID: "machine-must-name-scope", Text: "A machine's request without scope is refused, and a person's is given the default.",
		Source: "RFC 6749 section 3.3 (MUST either process the request using a pre-defined default value or fail the request)",
		Apply: func(p *refserver.Policy) {
			p.OmittedScope = func(grantType string) error {
				if grantType == refserver.ClientCredentials {
					return refserver.Refuse("invalid_scope", "a scope is required")
				}
				return nil
			}
		},
	},
	{
		ID: "default-not-declared", Text: "The target file does not say which scope the default is.",
		Declares: map[string]string{"authorization_server.default_scope": ""},
		Source:   "RFC 6749 section 3.3 (SHOULD document its default value)",
	},
	{
		ID: "default-writes", Text: "The default holds all that an ordinary client does with the calendar.",
		Declares: map[string]string{"authorization_server.default_scope": "read:appointments write:appointments"},
		Source:   "RFC 6749 section 3.3 (a pre-defined default value)",
		Apply:    func(p *refserver.Policy) { defaulting(p, "read:appointments", "write:appointments") },
	},
	{
		ID: "machine-default-is-registration", Text: "A machine that names no scope is given what it is registered for.",
		Source:   "RFC 6749 section 3.3 (a pre-defined default value)",
		Deviates: []string{"DEF-03"},
		Apply: func(p *refserver.Policy) {
			byDefault := p.DefaultScope
			p.DefaultScope = func(c refserver.Client) refserver.ScopeSet {
				if c.MayUse(refserver.ClientCredentials) {
					return c.Scope
				}
				return byDefault(c)
			}
		},
	},
	{
		ID: "malformed-scope-dropped", Text: "A scope with a character that no scope may hold is ignored, as an unknown one is.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			parse := p.ParseScope
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				var good refserver.ScopeSet
				for token := range strings.SplitSeq(raw, " ") {
					if set, err := parse(token); err == nil {
						good = good.Or(set)
					}
				}
				return good, nil
			}
		},
	},
	{
		ID: "malformed-scope-is-invalid-request", Text: "A scope with a character that no scope may hold is an invalid_request.",
		Source:   "RFC 6749 sections 4.1.2.1 and 5.2 (invalid_request: the request is otherwise malformed)",
		Deviates: []string{"UNK-05", "UNK-06"},
		Apply: func(p *refserver.Policy) {
			parse := p.ParseScope
			p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
				set, err := parse(raw)
				if err != nil {
					return nil, refserver.Refuse("invalid_request", "the scope is malformed")
				}
				return set, nil
			}
		},
	},
	{
		ID: "duplicates-refused", Text: "A scope that names one scope twice is refused.",
		Source: "RFC 6749 section 5.2 (invalid_scope: the requested scope is invalid or malformed)",
		Apply: func(p *refserver.Policy) {
			refusing(p, func(raw string) bool {
				words := strings.Fields(raw)
				return len(refserver.NewScopeSet(words...)) < len(words)
			})
		},
	},
	{
		ID: "surplus-spaces-refused", Text: "A scope with a space too many, wherever it is, is refused.",
		Source: "RFC 6749 section 3.3 (scope-token *( SP scope-token ))",
		Apply: func(p *refserver.Policy) {
			refusing(p, func(raw string) bool { return raw != strings.Join(strings.Fields(raw), " ") })
		},
	},
	{
		ID: "long-scope-refused", Text: "A scope of more than 1000 bytes is refused.",
		Source: "RFC 6749 section 5.2 (invalid_scope)",
		Apply:  func(p *refserver.Policy) { refusing(p, func(raw string) bool { return len(raw) > 1000 }) },
	},
	{
		ID: "only-unknown-is-none", Text: "A request that names only scopes that are unknown is one without scope.",
		Source: "RFC 6749 section 3.3 (MAY fully ignore the scope; a pre-defined default value)",
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				left, err := known(grantType, asked, all)
				if err == nil && left.IsEmpty() {
					left = refserver.ScopeSet{refserver.ReadAppointments}
				}
				return left, err
			}
		},
	},
	{
		ID: "first-scope-parameter-counts", Text: "Of a scope parameter that is there twice the first counts, for everything.",
		Source: "RFC 6749 section 3.1 (says that parameters are not repeated, and not what is done about it)",
		Apply: func(p *refserver.Policy) {
			p.RepeatedScope = func(values []string) (string, string, error) { return values[0], values[0], nil }
		},
	},
	{
		ID: "last-scope-parameter-counts", Text: "Of a scope parameter that is there twice the last counts, for everything.",
		Source: "RFC 6749 section 3.1 (says that parameters are not repeated, and not what is done about it)",
		Apply: func(p *refserver.Policy) {
			p.RepeatedScope = func(values []string) (string, string, error) {
				last := values[len(values)-1]
				return last, last, nil
			}
		},
	},
	{
		ID: "nothing-left-is-invalid-scope", Text: "A request of which nothing is left is refused with invalid_scope.",
		Source: "RFC 6749 section 4.1.2.1 (invalid_scope)",
		Apply: func(p *refserver.Policy) {
			p.NothingLeft = func(bool) error { return refserver.Refuse("invalid_scope", "none of the scopes can be granted") }
		},
	},
	{
		ID: "errors-after-sign-in", Text: "Somebody has to sign in before any error is sent to a client.",
		Source: "RFC 9700 section 4.11.2 (MUST always authenticate the user first)",
		Apply:  func(p *refserver.Policy) { p.ErrorNeedsLogin = func(refserver.Client) bool { return true } },
	},
	{
		ID: "scope-errors-shown", Text: "That a scope is wrong is shown to the user, and sent to nobody.",
		Source:   "RFC 9700 section 4.11.2 (SHOULD only automatically redirect the user agent if it trusts the redirection URI)",
		Deviates: []string{"IMPL-04", "UNK-05"},
		Apply: func(p *refserver.Policy) {
			p.ErrorShown = func(_ refserver.Client, code string) bool { return code == "invalid_scope" }
		},
	},
	{
		ID: "errors-of-newcomers-shown", Text: "An error of a client that registered itself is shown to the user, and not sent on.",
		Source: "RFC 9700 section 4.11.2 (SHOULD only automatically redirect the user agent if it trusts the redirection URI)",
		Apply: func(p *refserver.Policy) {
			p.ErrorShown = func(c refserver.Client, _ string) bool { return c.Dynamic }
		},
	},
}

// defaulting gives requests without scope another default.
func defaulting(p *refserver.Policy, tokens ...string) {
	scope := func(c refserver.Client) refserver.ScopeSet { return c.Scope.And(refserver.NewScopeSet(tokens...)) }
	p.DefaultScope, p.Password.DefaultScope, p.Assertion.DefaultScope = scope, scope, scope
	p.Device.Requested = func(c refserver.Client, asked refserver.ScopeSet) (refserver.ScopeSet, error) {
		if asked.IsEmpty() {
			return scope(c), nil
		}
		return asked, nil
	}
}

// refusing refuses what is written in a way.
func refusing(p *refserver.Policy, bad func(raw string) bool) {
	parse := p.ParseScope
	p.ParseScope = func(raw string) (refserver.ScopeSet, error) {
		if bad(raw) {
			return nil, refserver.Refuse("invalid_scope", "the scope is not written as it should be")
		}
		return parse(raw)
	}
}
