package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// redeeming are choices about codes, and about clients that act for themselves.
var redeeming = []Choice{
	{
		ID: "code-with-scope-refused", Text: "A token request with a code that has a scope parameter is refused.",
		Source: "RFC 6749 section 4.1.3 (lists no scope), section 5.2 (invalid_request)",
		Apply: func(p *refserver.Policy) {
			redeem := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if !r.Asked.IsEmpty() {
					return nil, refserver.Refuse("invalid_request", "a code comes without scope")
				}
				return redeem(r)
			}
		},
	},
	{
		ID: "code-scope-honoured", Text: "A narrower scope that is sent with a code narrows the access token, and not the grant; a wider one is refused.",
		Source: "RFC 6749 section 3.3 (the token endpoint allows the client to specify the scope)",
		Apply: func(p *refserver.Policy) {
			redeem := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return narrowed(redeem, r) }
		},
	},
	{
		ID: "code-replay-only-refused", Text: "A code that was redeemed before is refused, and nothing ends.",
		Source:   "RFC 6749 section 4.1.2 (MUST deny, SHOULD revoke when possible)",
		Deviates: []string{"CODE-04"},
		Apply: func(p *refserver.Policy) {
			reused := p.CodeReused
			p.CodeReused = func() (bool, error) {
				_, err := reused()
				return false, err
			}
		},
	},
	{
		ID: "machine-keeps-openid-scopes", Text: "A client that acts for itself is given the OpenID scopes that it names; they open nothing.",
		Source: "OpenID Connect Core section 3.1.2.1 (the scopes mean something in an authentication request)",
		Apply: func(p *refserver.Policy) {
			serve := p.ServiceScope
			p.ServiceScope = func(asked refserver.ScopeSet) refserver.ScopeSet {
				return asked.Where(func(token string) bool { return refserver.IsOIDC(token) && token != refserver.OfflineAccess }).Or(serve(asked))
			}
		},
	},
	{
		ID: "machine-openid-refused", Text: "A client that acts for itself and names a scope that needs a person is refused.",
		Source: "RFC 6749 section 5.2 (invalid_scope)",
		Apply: func(p *refserver.Policy) {
			serve, unknown := p.ServiceScope, p.Unknown
			p.Unknown = func(grantType string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.ClientCredentials && !serve(asked).Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "a scope needs a person")
				}
				return unknown(grantType, asked, known)
			}
		},
	},
}

// narrowed is what a code buys where the scope that is sent with it counts.
func narrowed(redeem func(refserver.Redemption) (refserver.ScopeSet, error), r refserver.Redemption) (refserver.ScopeSet, error) {
	scope, err := redeem(r)
	switch {
	case err != nil || r.Asked.IsEmpty():
		return scope, err
	case !scope.Covers(r.Asked):
		return nil, refserver.Refuse("invalid_scope", "the scope exceeds what was granted")
	}
	return r.Asked, nil
}
