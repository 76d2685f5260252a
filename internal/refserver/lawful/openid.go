package lawful

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// openID are choices about signing in, and about what is said of people.
var openID = []Choice{
	{
		ID: "claims-in-id-token-too", Text: "The claims of the scopes that were granted stand in every ID token, too.",
		Source:   "OpenID Connect Core section 2 (ID Tokens MAY contain other Claims); section 5.4 speaks of UserInfo",
		Deviates: []string{"CLM-04", "CLM-06"},
		Apply: func(p *refserver.Policy) {
			p.IDTokenClaims = func(q refserver.ClaimsQuestion) map[string]any { return refserver.ClaimsFor(q.User, q.Scope) }
			p.Front.IDTokenClaims = func(q refserver.ClaimsQuestion, _ refserver.ScopeSet) map[string]any {
				return refserver.ClaimsFor(q.User, q.Scope)
			}
		},
	},
	{
		ID: "fewer-claims", Text: "Of each scope UserInfo tells no more than the one claim that most clients need.",
		Source:   "OpenID Connect Core section 5.3.2 (MAY elect to not return values for some requested Claims)",
		Deviates: []string{"CLM-02"},
		Apply: func(p *refserver.Policy) {
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				claims := refserver.ClaimsFor(q.User, q.Scope)
				maps.DeleteFunc(claims, func(name string, _ any) bool {
					return name != "name" && name != "email" && name != "address" && name != "phone_number" && name != refserver.DepartmentClaim
				})
				return claims
			}
		},
	},
	{
		ID: "more-claims", Text: "UserInfo and ID tokens have claims of the server's own, which say nothing of the person.",
		Source: "OpenID Connect Core section 5.1.2 (other Claims MAY be used), section 5.3.2",
		Apply: func(p *refserver.Policy) {
			own := map[string]any{"tenant": "example", "sid": "8f2c", "groups": []string{}, "amr": []string{"pwd"}}
			release := p.UserInfoClaims
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				claims := maps.Clone(own)
				maps.Copy(claims, release(q))
				return claims
			}
			p.IDTokenClaims = func(refserver.ClaimsQuestion) map[string]any { return own }
		},
	},
	{
		ID: "claims-null", Text: "A claim that is not released is null in UserInfo.",
		Source:   "OpenID Connect Core section 5.3.2 (SHOULD be omitted)",
		Deviates: []string{"CLM-12"},
		Apply: func(p *refserver.Policy) {
			release := p.UserInfoClaims
			p.UserInfoClaims = func(q refserver.ClaimsQuestion) map[string]any {
				claims := map[string]any{}
				for _, scope := range []string{refserver.Profile, refserver.Email, refserver.Address, refserver.Phone} {
					for _, name := range refserver.ClaimsOf(scope) {
						claims[name] = nil
					}
				}
				maps.Copy(claims, release(q))
				return claims
			}
		},
	},
	{
		ID: "userinfo-json-for-all", Text: "UserInfo is JSON for everybody who has not registered for a JWT, whatever the request accepts.",
		Source: "OpenID Connect Core section 5.3.2 (the UserInfo Response is JSON unless a signed or encrypted one was requested during registration)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.UserInfoSigned = func(c refserver.Client, _ bool) bool { return c.UserInfoAlg != "" }
		},
	},
	{
		ID: "userinfo-signed", Text: "UserInfo is a signed JWT.",
		Source: "OpenID Connect Core section 5.3.2 (application/jwt)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.UserInfoSigned = func(refserver.Client, bool) bool { return true }
		},
	},
	{
		ID: "userinfo-401", Text: "UserInfo calls a token without openid invalid.",
		Source: "OpenID Connect Core section 5.3.3, RFC 6750 section 3.1 (invalid_token: invalid for other reasons)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.UserInfoRefusal = func(refserver.ClaimsQuestion) (int, string) { return http.StatusUnauthorized, "invalid_token" }
		},
	},
	{
		ID: "userinfo-bare-challenge", Text: "UserInfo turns a token without openid down and does not say why.",
		Source: "RFC 6750 section 3 (SHOULD include the error attribute)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.UserInfoRefusal = func(refserver.ClaimsQuestion) (int, string) { return http.StatusForbidden, "" }
		},
	},
	{
		ID: "userinfo-not-for-api-tokens", Text: "UserInfo takes tokens of sign-ins alone: one that was asked for with the name of an API is for that API.",
		Source: "RFC 9068 section 4 (the aud claim), RFC 9700 section 2.3 (audience restriction)",
		Apply: func(p *refserver.Policy) {
			allowed := p.UserInfoAllowed
			p.UserInfoAllowed = func(q refserver.ClaimsQuestion) bool { return allowed(q) && !q.Authorization.Named }
			p.OpenID.UserInfoRefusal = func(refserver.ClaimsQuestion) (int, string) { return http.StatusUnauthorized, "invalid_token" }
		},
	},
	{
		ID: "subject-pairwise", Text: "Each client knows a user by another identifier, which the API does not know.",
		Source: "OpenID Connect Core section 8.1",
		Apply: func(p *refserver.Policy) {
			p.OpenID.Subject = func(u refserver.User, c refserver.Client) string {
				sum := sha256.Sum256([]byte(u.Name + "\n" + c.ID))
				return hex.EncodeToString(sum[:12])
			}
		},
	},
	{
		ID: "subject-is-email", Text: "Clients know a user by the e-mail address.",
		Source: "OpenID Connect Core section 2 (sub: any string of at most 255 characters)",
		Apply: func(p *refserver.Policy) {
			p.OpenID.Subject = func(u refserver.User, _ refserver.Client) string {
				email, _ := u.Claims["email"].(string)
				return email
			}
		},
	},
	{
		ID: "profile-needs-openid", Text: "A request for scopes about the person without openid is refused.",
		Source: "OpenID Connect Core section 3.1.2.1 (without openid the behavior is entirely unspecified)",
		Apply: func(p *refserver.Policy) {
			unknown := p.Unknown
			p.Unknown = func(grantType string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType != refserver.ClientCredentials && aboutPerson(asked) && !asked.Has(refserver.OpenID) {
					return nil, refserver.Refuse("invalid_scope", "scopes about the person need openid")
				}
				return unknown(grantType, asked, known)
			}
		},
	},
	{
		ID: "profile-dropped-without-openid", Text: "Without openid the scopes about the person are left out, and the response says so.",
		Source: "OpenID Connect Core section 3.1.2.1, RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			unknown := p.Unknown
			p.Unknown = func(grantType string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !asked.Has(refserver.OpenID) {
					asked = asked.Where(func(token string) bool { return token == refserver.OfflineAccess || !refserver.IsOIDC(token) })
				}
				return unknown(grantType, asked, known)
			}
		},
	},
	{
		ID: "no-id-token-at-refresh", Text: "A refresh yields no ID token.",
		Source: "OpenID Connect Core section 12.2 (might not contain an id_token)",
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool { return i.GrantType != refserver.RefreshToken && gives(i) }
		},
	},
	{
		ID: "claims-parameter-refused", Text: "A claims parameter, which the server does not support, is refused.",
		Source: "OpenID Connect Core section 5.5 (support is OPTIONAL), RFC 6749 section 4.1.2.1 (invalid_request)",
		Apply: func(p *refserver.Policy) {
			p.Claims.Unsupported = func() error { return refserver.Refuse("invalid_request", "the claims parameter is not supported") }
		},
	},
	{
		ID: "claims-by-name", Text: "Claims can be asked for by name, and the consent page has a box for each.",
		Source: "OpenID Connect Core section 5.5", With: []refserver.Feature{"claims_parameter"},
	},
	{
		ID: "claims-by-name-dropped", Text: "Claims can be asked for by name; those that no scope of the request opens are not released.",
		Source: "OpenID Connect Core section 5.5.1 (a Voluntary Claim need not be returned)", With: []refserver.Feature{"claims_parameter"},
		Apply: func(p *refserver.Policy) {
			p.Claims.Asked = func(_, _ []string) []string { return nil }
		},
	},
	{
		ID: "offline-by-consent", Text: "offline_access is granted on a page that lists it, whether or not the client insists on one.",
		Source:   "OpenID Connect Core section 11 (unless other conditions for processing the request are in place)",
		Declares: map[string]string{"authorization_server.refresh": `{scope: offline_access}`},
		Apply: func(p *refserver.Policy) {
			p.OfflineAccess = func(q refserver.OfflineQuestion) refserver.ScopeSet {
				if q.Client.MayUse(refserver.RefreshToken) {
					return q.Asked
				}
				return q.Asked.Without(refserver.OfflineAccess)
			}
		},
	},
	{
		ID: "offline-access-not-told", Text: "offline_access is no scope of an access token: neither the token nor the response names it, and a refresh token is there.",
		Source: "RFC 6749 section 5.1 (the scope of the access token), OpenID Connect Core section 11",
		Apply: func(p *refserver.Policy) {
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet { return i.Scope.Without(refserver.OfflineAccess) }
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				return i.Scope.Without(refserver.OfflineAccess), true
			}
		},
	},
	{
		ID: "refresh-tokens-for-all", Text: "Whoever is registered for refresh tokens gets one, with or without offline_access.",
		Source:   "OpenID Connect Core section 11 (not exclusive to the offline_access use case), RFC 6749 section 1.5",
		Declares: map[string]string{"authorization_server.refresh": `{}`},
		Apply: func(p *refserver.Policy) {
			p.GivesRefreshToken = func(i refserver.Issue) bool { return i.Client.MayUse(refserver.RefreshToken) }
		},
	},
	{
		ID: "no-refresh-tokens", Text: "No client is given a refresh token.",
		Source:   "RFC 6749 section 1.5 (optional), OpenID Connect Core section 11",
		Declares: map[string]string{"capabilities.as.refresh": "false"},
		Apply: func(p *refserver.Policy) {
			p.GivesRefreshToken = func(refserver.Issue) bool { return false }
			p.OfflineAccess = func(q refserver.OfflineQuestion) refserver.ScopeSet { return q.Asked.Without(refserver.OfflineAccess) }
		},
	},
}

// aboutPerson says whether one of the scopes opens claims.
func aboutPerson(scope refserver.ScopeSet) bool {
	return scope.Has(refserver.Profile) || scope.Has(refserver.Email) || scope.Has(refserver.Address) || scope.Has(refserver.Phone)
}
