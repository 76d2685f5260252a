package refserver

import (
	"net/http"
	"strings"
	"time"
)

// The kinds of token that an API can be shown.
const (
	KindAccessToken  = "access_token"
	KindRefreshToken = "refresh_token"
	KindCode         = "authorization_code"
	KindIDToken      = "id_token"
)

// Presentation is every place in a request where a bearer token may stand (RFC
// 6750 section 2).
type Presentation struct {
	// Headers are the Authorization header fields.
	Headers []string
	// Form and Query are the access_token parameters of a form body and of the
	// query component.
	Form, Query []string
}

// Signature is what is known of how a JWT is signed.
type Signature struct {
	// Algorithm and KeyID are those of its header, unverified.
	Algorithm, KeyID string
	// Value is the signature itself, as it stands in the token.
	Value string
	// Verified is true if a trusted key verifies it with an algorithm made for it.
	Verified bool
	// KeyedWithPublic says whether it is an HMAC keyed with a trusted public key
	// (RFC 8725 section 2.1).
	KeyedWithPublic func() bool
	// VerifiesItself says whether a key in its own header verifies it (RFC 8725
	// section 3.10).
	VerifiesItself func() bool
}

// TokenType is what a token is, as far as it can be told.
type TokenType struct {
	// Kind is one of the Kind constants.
	Kind string
	// Header is the typ of a JWT, Claims its claims; empty for a handle.
	Header string
	Claims map[string]any
}

// TokenPolicy is every decision of an API about which tokens count, apart from
// their scope and their audience.
type TokenPolicy struct {
	// Presented is the token of a request. The reason is "invalid_request" or
	// empty; both are empty if there is no token (RFC 6750 sections 2 and 3.1).
	Presented func(p Presentation) (token, reason string)
	// Ambient is who asks where a request has no token (RFC 6750 section 3).
	Ambient func(r *http.Request) (Principal, bool)
	// Added is scope that counts beside the token's (RFC 6749 section 7).
	Added func(r *http.Request, p Principal) ScopeSet
	// Cookie is set with an answer; nil: none (RFC 6750 section 5.3).
	Cookie func(p Principal) *http.Cookie
	// SignatureFits says whether a JWT is to be believed (RFC 9068 section 4, RFC 8725 sections 3.1 and 3.2).
	SignatureFits func(s Signature) bool
	// IssuerFits compares the issuer of a JWT with the key's (RFC 9068 section 4).
	IssuerFits func(issuer, want string) bool
	// TypeFits says whether this is an access token at all (RFC 9068 section 4, RFC 6749 sections 1.4 and 1.5).
	TypeFits func(t TokenType) bool
	// InTime says whether a JWT is good now; begins may be zero (RFC 9068 section 4).
	InTime func(begins, expires, now time.Time) bool
	// Unchecked is whom a token stands for that cannot be checked now (RFC 9700 section 2.3).
	Unchecked func(token string) (Principal, bool)
	// BindingFits says whether a token is presented as it has to be (RFC 9449 sections 7.1 and 7.2).
	BindingFits func(b Binding) bool
	// Nonce is what a proof of a key has to have in it, here and at the token
	// endpoint; empty: nothing (RFC 9449 sections 8 and 9).
	Nonce func() string
	// LevelFits says whether a user was authenticated well enough (RFC 9470 section 3).
	LevelFits func(held, required string) bool
}

// conformantTokens are the lawful decisions about tokens.
func conformantTokens() TokenPolicy {
	return TokenPolicy{
		Presented:     presented,
		Ambient:       func(*http.Request) (Principal, bool) { return Principal{}, false },
		Added:         func(*http.Request, Principal) ScopeSet { return nil },
		Cookie:        func(Principal) *http.Cookie { return nil },
		SignatureFits: func(s Signature) bool { return s.Verified },
		IssuerFits:    func(issuer, want string) bool { return issuer == want },
		TypeFits: func(t TokenType) bool {
			return t.Kind == KindAccessToken && (t.Claims == nil || isAccessTokenType(t.Header))
		},
		// Choice: there is no leeway.
		InTime: func(begins, expires, now time.Time) bool {
			return now.Before(expires) && (begins.IsZero() || !now.Before(begins))
		},
		Unchecked:   func(string) (Principal, bool) { return Principal{}, false },
		BindingFits: fitsBinding,
		// Choice: there is no nonce, a proof counts for its time.
		Nonce:     func() string { return "" },
		LevelFits: func(held, required string) bool { return required == "" || held == required },
	}
}

// presented takes the token from the header. Choice: form and query are not
// supported; next to a header they make the request ambiguous.
func presented(p Presentation) (token, reason string) {
	switch {
	case len(p.Headers) == 0:
		return "", ""
	case len(p.Headers) > 1, len(p.Form)+len(p.Query) > 0:
		return "", "invalid_request"
	}
	return credentials(p.Headers[0]), ""
}

// credentials returns the token of an Authorization header field; empty if it is
// of another scheme than Bearer and DPoP.
func credentials(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "DPoP") {
		return ""
	}
	return token
}
