package refserver

import "net/http"

// OpenIDPolicy is how the server signs people in and answers UserInfo, besides
// what is said of them.
type OpenIDPolicy struct {
	// Subject is what a user is called in ID tokens and UserInfo (OpenID Connect Core section 8).
	Subject func(u User, c Client) string
	// SilentHint refuses a silent request for the ID token that it has as a hint, or for having none (OpenID Connect Core section
	// 3.1.2.1, id_token_hint).
	SilentHint func(hint string) error
	// UserInfoSigned says whether UserInfo is a signed JWT; accepted is true if the request accepts one (OpenID Connect
	// Core section 5.3.2).
	UserInfoSigned func(c Client, accepted bool) bool
	// UserInfoTakes says whether a token of a kind, KindAccessToken or KindRefreshToken, is looked at for what it opens
	// (OpenID Connect Core section 5.3.1; RFC 6749 section 1.5).
	UserInfoTakes func(kind string) bool
	// UserInfoRefusal is the status and the error code for a token that UserInfoAllowed turns down; no code: the
	// challenge has none (OpenID Connect Core section 5.3.3, RFC 6750 section 3.1).
	UserInfoRefusal func(q ClaimsQuestion) (status int, code string)
}

func conformantOpenID() OpenIDPolicy {
	return OpenIDPolicy{
		// Choice: the subject is public.
		Subject: func(u User, _ Client) string { return u.Name },
		// Choice: who is signed in at the browser is who it is about.
		SilentHint: func(string) error { return nil },
		// Choice: who accepts a JWT gets one, like who registered for it; for everybody else it is JSON.
		UserInfoSigned:  func(c Client, accepted bool) bool { return accepted || c.UserInfoAlg != "" },
		UserInfoTakes:   func(kind string) bool { return kind == KindAccessToken },
		UserInfoRefusal: func(ClaimsQuestion) (int, string) { return http.StatusForbidden, "insufficient_scope" },
	}
}
