package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// tokens are choices about what access tokens look like and say.
var tokens = []Choice{
	{
		ID: "opaque-tokens", Text: "Access tokens are handles.",
		Source:   "RFC 6749 section 1.4 (an identifier used to retrieve the authorization information)",
		Declares: map[string]string{"embedded.tokens": "opaque"},
	},
	{
		ID: "claim-names-api-scopes-only", Text: "The scope claim of a token has no scopes that mean nothing at an API; a token for OpenID scopes alone has none.",
		Source: "RFC 9068 section 2.2.3 (MUST have meaning for the resources indicated in the aud claim)",
		Apply: func(p *refserver.Policy) {
			write := p.ScopeClaims
			p.ScopeClaims = func(scope refserver.ScopeSet) map[string]any {
				return write(scope.Where(func(token string) bool { return !refserver.IsOIDC(token) }))
			}
		},
	},
	{
		ID: "scp-claim", Text: "The scope of a token is a list under the name scp.",
		Source:   "RFC 9068 section 2.2.3 (SHOULD include a scope claim)",
		Deviates: []string{"JWT-01"},
		Apply: func(p *refserver.Policy) {
			p.ScopeClaims = func(scope refserver.ScopeSet) map[string]any { return map[string]any{"scp": []string(scope)} }
			read := p.API.ClaimedScope
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				if list, ok := claims["scp"].([]any); ok {
					claims = map[string]any{"scope": list}
				}
				return read(claims)
			}
		},
	},
}
