package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// revoking are choices about what ends when a client revokes a token.
var revoking = []Choice{
	{
		ID: "access-tokens-not-revocable", Text: "Access tokens cannot be revoked.",
		Source:   "RFC 7009 section 2 (SHOULD support the revocation of access tokens), section 2.2.1 (unsupported_token_type)",
		Deviates: []string{"RST-05"},
		Apply: func(p *refserver.Policy) {
			p.Revocation.Revocable = func(kind string) error {
				if kind == refserver.KindAccessToken {
					return refserver.Refuse("unsupported_token_type", "access tokens end by themselves")
				}
				return nil
			}
		},
	},
	{
		ID: "access-token-revocation-ends-grant", Text: "Whoever revokes an access token revokes the refresh token as well.",
		Source: "RFC 7009 section 2.1 (MAY revoke the respective refresh token as well)",
		Apply: func(p *refserver.Policy) {
			p.Revocation.EndsGrant = func(refserver.Authorization) bool { return true }
		},
	},
	{
		ID: "revocation-ends-everything", Text: "Whoever revokes a refresh token revokes all that this client holds of its resource owner, and the consent.",
		Source: "RFC 7009 section 2.1 (may cause the revocation of related tokens and the underlying authorization grant)",
		Apply: func(p *refserver.Policy) {
			p.Revocation.AlsoEnds = func(_, _ refserver.Authorization) bool { return true }
			p.Revocation.Remembered = func(_, _ refserver.ScopeSet) refserver.ScopeSet { return nil }
		},
	},
	{
		ID: "access-tokens-outlive-revocation", Text: "Whoever revokes a refresh token revokes nothing else: access tokens live until they expire.",
		Source:   "RFC 7009 section 2.1 (SHOULD also invalidate all access tokens), section 3 (self-contained tokens)",
		Deviates: []string{"REV-01", "CONC-04"},
		Apply: func(p *refserver.Policy) {
			active := p.TokenActive
			p.TokenActive = func(l refserver.Live) bool {
				l.Authorization.Revoked = l.Authorization.Revoked && !l.Authorization.ByClient
				return active(l)
			}
		},
	},
	{
		ID: "foreign-revocation-refused", Text: "Whoever presents a token of another client at the revocation endpoint is told that it is not theirs.",
		Source: "RFC 7009 section 2.1 (the request is refused and the client is informed of the error)",
		Apply: func(p *refserver.Policy) {
			p.Revocation.NotOwn = func() error {
				return refserver.Refuse("invalid_request", "the token was issued to another client")
			}
		},
	},
}
