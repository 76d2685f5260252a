package defect

import (
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// audience replaces whom tokens are for, where they come from a resource owner.
func audience(p *refserver.Policy, change func(i refserver.Issue, resource string, served []string) []string) {
	p.Resources.Audience = func(i refserver.Issue, resource string, served []string) []string {
		if i.GrantType != refserver.AuthorizationCode && i.GrantType != refserver.RefreshToken {
			return []string{resource}
		}
		return change(i, resource, served)
	}
}

// resources are faults of which API a token is for.
var resources = []Defect{
	{
		ID:     "every-scope-at-every-api",
		Text:   "Of a request for several APIs each token carries every scope, whether its API knows it or not.",
		Breaks: []string{"RES-01", "RES-06"},
		Shows:  `the claims of Planner's token say "read:contacts write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Resources.Share = func(asked, _ refserver.ScopeSet) refserver.ScopeSet { return asked }
		},
	},
	{
		ID:     "scope-of-another-api-dropped-silently",
		Text:   "A scope that means something at another API only is taken out of the request, and the response has no scope.",
		Breaks: []string{"RES-02", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing, which means "read:contacts write:appointments" and holds "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.AuthorizationCode && len(i.Authorization.Resources) == 1 && i.Authorization.Requested.Minus(i.Scope).Has("read:contacts") {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID:     "refresh-token-for-the-first-api-alone",
		Text:   "The refresh token is bound to the API that the code was redeemed for; the others that were granted are forgotten.",
		Breaks: []string{"RES-03"},
		Shows:  `Planner was refused with 400 invalid_target (the refresh token was granted for another resource)`,
		Apply: func(p *refserver.Policy) {
			p.Resources.Bound = func(_ []string, used string) []string { return []string{used} }
		},
	},
	{
		ID:     "any-resource-is-stamped",
		Text:   "Whatever resource is named when a code is redeemed becomes the audience; what was granted is not looked at.",
		Breaks: []string{"RES-04"},
		Shows:  `Planner holds a token for the other API, which nobody granted it`,
		Apply: func(p *refserver.Policy) {
			p.Resources.Chosen = func(granted, asked []string) (string, error) { return append(asked, granted...)[0], nil }
		},
	},
	{
		ID:     "no-resource-means-any",
		Text:   "A token of a request that names no API is good at all of them.",
		Breaks: []string{"RES-05", "RES-06"},
		Shows:  `request 1: Planner holds a token for the first API and the other API`,
		Apply: func(p *refserver.Policy) {
			audience(p, func(i refserver.Issue, resource string, served []string) []string {
				if i.Authorization.Named {
					return []string{resource}
				}
				return served
			})
		},
	},
	{
		ID:     "one-token-for-both-apis",
		Text:   "A token of a request for several APIs names all of them, and each reads its own meaning into the scope.",
		Breaks: []string{"RES-06", "RES-07"},
		Shows:  `Planner holds "read:appointments" for both APIs, which both know it: at which of them was it granted?`,
		Apply: func(p *refserver.Policy) {
			audience(p, func(i refserver.Issue, resource string, _ []string) []string {
				if len(i.Authorization.Resources) > 1 {
					return slices.Clone(i.Authorization.Resources)
				}
				return []string{resource}
			})
		},
	},
	{
		ID:     "refreshed-for-every-api",
		Text:   "A refresh does not know any longer which API was named, and issues a token for all of them.",
		Breaks: []string{"RES-07"},
		Shows:  `Planner holds a token for the first API and the other API`,
		Apply:  func(p *refserver.Policy) { everywhere(p, refserver.RefreshToken) },
	},
	{
		ID:     "machines-go-everywhere",
		Text:   "The token of a machine is for every API, whichever it named.",
		Breaks: []string{"RES-07"},
		Shows:  `Robot holds a token for the first API and the other API`,
		Apply:  func(p *refserver.Policy) { everywhere(p, refserver.ClientCredentials) },
	},
	{
		ID:     "userinfo-for-the-default-api",
		Text:   "UserInfo takes tokens for the default API only; who names another one with openid is refused there.",
		Breaks: []string{"RES-08"},
		Shows:  `UserInfo refuses Planner: got 403`,
		Apply: func(p *refserver.Policy) {
			allowed := p.UserInfoAllowed
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool {
				return allowed(q) && !strings.HasSuffix(q.Authorization.Resource, "/"+refserver.ContactsAPI)
			}
		},
	},
}

// everywhere makes the tokens of one grant type good at every API.
func everywhere(p *refserver.Policy, grantType string) {
	audience := p.Resources.Audience
	p.Resources.Audience = func(i refserver.Issue, resource string, served []string) []string {
		if i.GrantType == grantType {
			return served
		}
		return audience(i, resource, served)
	}
}
