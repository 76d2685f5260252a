package refserver

import (
	"slices"
	"strings"
)

// FrontPolicy is every decision about tokens from the authorization endpoint
// (RFC 6749 section 4.2, OpenID Connect Core sections 3.2 and 3.3).
type FrontPolicy struct {
	// Registered says whether a client may use a response type other than code (RFC 6749 section 4.2.2.1: unauthorized_client).
	Registered func(c Client, responseType ScopeSet) bool
	// WithoutOpenID answers a request for an ID token without the scope openid (OpenID Connect Core section 3.2.2.1).
	WithoutOpenID func(responseType, asked ScopeSet) error
	// OfflineAccess is asked less offline_access where no code is asked for (OpenID Connect Core section 11).
	OfflineAccess func(responseType, asked ScopeSet) ScopeSet
	// Scope is the scope of the token in the redirect (RFC 6749 section 4.2.2, OpenID Connect Core section 3.3.3.8).
	Scope func(i Issue) ScopeSet
	// ReportedScope is the scope parameter beside that token, if there is one (RFC 6749 section 4.2.2).
	ReportedScope func(i Issue) (ScopeSet, bool)
	// GivesRefreshToken says whether a refresh token comes along (RFC 6749 section 4.2.2: it must not).
	GivesRefreshToken func(i Issue) bool
	// IDTokenClaims are the claims by scope in that ID token (OpenID Connect Core section 5.4).
	IDTokenClaims func(q ClaimsQuestion, responseType ScopeSet) map[string]any
	// InFragment says whether the answer stands in the fragment (RFC 6749 sections 4.2.2 and 4.2.2.1).
	InFragment func(responseType ScopeSet, refused bool) bool
	// ErrorCarriesIDToken says whether an error comes with the ID token asked for (RFC 6749 section 4.2.2.1: it does not).
	ErrorCarriesIDToken func(responseType ScopeSet) bool
}

func conformantFront() FrontPolicy {
	return FrontPolicy{
		Registered: func(c Client, responseType ScopeSet) bool {
			return c.MayUse(Implicit) && slices.ContainsFunc(c.ResponseTypes, func(registered string) bool {
				return responseType.Equal(ScopeSet(strings.Fields(registered)))
			})
		},
		// Choice: refused.
		WithoutOpenID: func(responseType, asked ScopeSet) error {
			if responseType.Has("id_token") && !asked.Has(OpenID) {
				return Refuse("invalid_scope", "an ID token needs the scope openid")
			}
			return nil
		},
		OfflineAccess: func(responseType, asked ScopeSet) ScopeSet {
			if responseType.Has("code") {
				return asked
			}
			return asked.Without(OfflineAccess)
		},
		// Choice: a token that cannot be refreshed does not carry offline_access.
		Scope: func(i Issue) ScopeSet { return i.Scope.Without(OfflineAccess) },
		// Choice: reported where it differs from the request.
		ReportedScope:     func(i Issue) (ScopeSet, bool) { return i.Scope, !i.Scope.Equal(i.Asked) },
		GivesRefreshToken: func(Issue) bool { return false },
		// Choice: the claims are in the ID token only where no access token is issued.
		IDTokenClaims: func(q ClaimsQuestion, responseType ScopeSet) map[string]any {
			if responseType.Has("code") || responseType.Has("token") {
				return nil
			}
			return ClaimsFor(q.User, q.Scope)
		},
		InFragment:          func(responseType ScopeSet, _ bool) bool { return !responseType.Equal(ScopeSet{"code"}) },
		ErrorCarriesIDToken: func(ScopeSet) bool { return false },
	}
}
