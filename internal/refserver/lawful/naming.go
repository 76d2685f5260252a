package lawful

import (
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// naming are choices about where a scope is named, and how.
var naming = []Choice{
	{
		ID: "scope-named-when-different", Text: "The token response has a scope only where it is not the one asked for.",
		Source: "RFC 6749 section 5.1 (OPTIONAL, if identical to the scope requested by the client)",
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				asked := i.Asked
				switch {
				case len(i.Authorization.Resources) > 1: // a part of what was asked for
					return i.Scope, true
				case i.GrantType == refserver.RefreshToken && asked.IsEmpty():
					asked = i.Authorization.Granted
				case i.GrantType != refserver.RefreshToken && i.Authorization.ID != "":
					asked = i.Authorization.Requested
				}
				return i.Scope, !i.Scope.Equal(asked)
			}
		},
	},
	{
		ID: "scope-named-in-other-order", Text: "The token response names scopes in another order than the request.",
		Source: "RFC 6749 section 3.3 (their order does not matter)",
		Apply: func(p *refserver.Policy) {
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) { return backwards(i.Scope), true }
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet { return backwards(backwards(i.Scope)) }
		},
	},
	{
		ID: "basics-always-granted", Text: "Every token for a user holds basic:appointments, whatever was asked for.",
		Declares: map[string]string{"authorization_server.always_granted": "basic:appointments"},
		Source:   "RFC 6749 section 3.3 (the issued scope may differ from the requested one, and is then named)",
		Apply: func(p *refserver.Policy) {
			const always = refserver.BasicAppointments
			combine, may := p.Combine, p.ClientMay
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				return combine(c, all).Or(refserver.ScopeSet{always})
			}
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				c.Scope = c.Scope.Or(refserver.ScopeSet{always})
				return may(c, asked)
			}
		},
	},
	{
		ID: "scope-in-redirect", Text: "The redirect with the code names the scope that was granted, in an order of its own.",
		Source: "RFC 6749 section 4.1.2 (the client MUST ignore unrecognized response parameters)",
		Apply: func(p *refserver.Policy) {
			p.RedirectScope = func(_, granted refserver.ScopeSet) (refserver.ScopeSet, bool) { return backwards(granted), true }
		},
	},
	{
		ID: "empty-grant-is-a-token", Text: "Where nothing is left to grant a token is issued that holds nothing, and the response says so.",
		Source: "RFC 6749 section 3.3 (MAY fully ignore the scope)",
		Apply:  func(p *refserver.Policy) { p.NothingLeft = func(bool) error { return nil } },
	},
}

// backwards is a scope in the opposite order.
func backwards(scope refserver.ScopeSet) refserver.ScopeSet {
	turned := slices.Clone(scope)
	slices.Reverse(turned)
	return turned
}
