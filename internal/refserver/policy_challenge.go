package refserver

import "net/http"

// Reasons of a refusal: the error codes of RFC 6750 section 3.1, one of RFC 9470
// section 3, one of RFC 9449 section 9, and that a token could not be checked.
const (
	NoToken           = ""
	InvalidRequest    = "invalid_request"
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
	InsufficientLevel = "insufficient_user_authentication"
	CannotCheck       = "temporarily_unavailable"
	NonceNeeded       = "use_dpop_nonce"
)

// Refusal is why an API does not serve a request.
type Refusal struct {
	// Reason is one of the constants above.
	Reason string
	Op     Operation
	Need   Requirement
	// Held is the scope of the token, also of one that is no good: what it claims.
	Held ScopeSet
	// Scheme is that under which the token was presented: "Bearer" or "DPoP".
	Scheme string
	// Path is the path of the request, as decoded.
	Path string
	// Exists says whether the object that the operation names exists for anybody.
	Exists func() bool
}

// ChallengePolicy is every decision of an API about how it refuses.
type ChallengePolicy struct {
	// Reason is the reason that is given in the end: a token that is no good is
	// not looked at further (RFC 6750 section 3.1, RFC 9068 section 4).
	Reason func(r Refusal) string
	// Status is the status of the answer (RFC 6750 section 3.1).
	Status func(r Refusal) int
	// Sent says whether there is a challenge at all (RFC 6750 section 3).
	Sent func(r Refusal) bool
	// Scheme is the scheme of the challenge (RFC 6750 section 3, RFC 9449 section 7.1).
	Scheme func(r Refusal) string
	// Realm is the realm attribute; empty: none (RFC 6750 section 3).
	Realm func(r Refusal) string
	// Code is the error attribute; empty: none (RFC 6750 section 3.1).
	Code func(r Refusal) string
	// Description is the error_description attribute as it stands between the
	// quotes, written as it is; empty: none (RFC 6750 section 3).
	Description func(r Refusal) string
	// Scopes are the values of the scope attributes, one each (RFC 6750 section 3).
	Scopes func(r Refusal, scope ScopeSet) []string
	// Metadata is the resource_metadata attribute; own is the API's own URL, empty
	// if it has no metadata (RFC 9728 section 5.1).
	Metadata func(r Refusal, own string) string
	// Fields are the WWW-Authenticate fields; own is the challenge that all the
	// above make (RFC 9110 section 11.6.1).
	Fields func(r Refusal, own string) []string
}

// conformantChallenge are the lawful decisions about refusals.
func conformantChallenge() ChallengePolicy {
	return ChallengePolicy{
		Reason: func(r Refusal) string { return r.Reason },
		// Choice: objects are not hidden, an operation is refused with 403 whether they exist or not.
		Status: func(r Refusal) int {
			switch r.Reason {
			case InvalidRequest:
				return http.StatusBadRequest
			case InsufficientScope:
				return http.StatusForbidden
			case CannotCheck:
				return http.StatusServiceUnavailable
			}
			return http.StatusUnauthorized
		},
		Sent:   func(r Refusal) bool { return r.Reason != CannotCheck },
		Scheme: func(r Refusal) string { return r.Scheme },
		Realm:  func(Refusal) string { return "scopeproof" },
		Code:   func(r Refusal) string { return r.Reason },
		// Choice: there is no description, and so nothing of the request in it.
		Description: func(Refusal) string { return "" },
		Scopes: func(_ Refusal, scope ScopeSet) []string {
			if scope.IsEmpty() {
				return nil
			}
			return []string{scope.String()}
		},
		Metadata: func(_ Refusal, own string) string { return own },
		// Choice: one scheme is offered, that of the request.
		Fields: func(_ Refusal, own string) []string { return []string{own} },
	}
}
