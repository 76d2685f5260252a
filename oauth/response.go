package oauth

import (
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrorCode is the value of an error parameter (RFC 6749 sections 4.1.2.1 and
// 5.2, RFC 6750 section 3.1, OpenID Connect Core section 3.1.2.6).
type ErrorCode string

// The codes that the rules name.
const (
	InvalidRequest         ErrorCode = "invalid_request"
	InvalidClient          ErrorCode = "invalid_client"
	InvalidGrant           ErrorCode = "invalid_grant"
	InvalidScope           ErrorCode = "invalid_scope"
	InvalidTarget          ErrorCode = "invalid_target"                // RFC 8707 section 2
	InvalidRequestURI      ErrorCode = "invalid_request_uri"           // RFC 9101 section 7
	InvalidRequestObject   ErrorCode = "invalid_request_object"        // RFC 9101 section 7
	InvalidDetails         ErrorCode = "invalid_authorization_details" // RFC 9396 section 5
	InvalidGrantID         ErrorCode = "invalid_grant_id"              // Grant Management for OAuth 2.0
	InvalidToken           ErrorCode = "invalid_token"
	InsufficientScope      ErrorCode = "insufficient_scope"
	UnauthorizedClient     ErrorCode = "unauthorized_client"
	AccessDenied           ErrorCode = "access_denied"
	ConsentRequired        ErrorCode = "consent_required"
	InteractionRequired    ErrorCode = "interaction_required"
	LoginRequired          ErrorCode = "login_required"
	AuthorizationPending   ErrorCode = "authorization_pending" // RFC 8628 section 3.5
	SlowDown               ErrorCode = "slow_down"             // RFC 8628 section 3.5
	ExpiredToken           ErrorCode = "expired_token"         // RFC 8628 section 3.5
	ServerError            ErrorCode = "server_error"
	TemporarilyUnavailable ErrorCode = "temporarily_unavailable"
)

// RefusesRequest reports whether the code says that an authorization request was
// refused (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6), and not
// that the server is in trouble.
func (c ErrorCode) RefusesRequest() bool {
	switch c {
	case InvalidRequest, InvalidClient, UnauthorizedClient, AccessDenied, InvalidScope, InvalidTarget, InvalidRequestURI,
		InvalidRequestObject, InvalidDetails, InvalidGrantID, ConsentRequired, InteractionRequired, LoginRequired,
		"unsupported_response_type", "request_not_supported", "request_uri_not_supported", "account_selection_required":
		return true
	}
	return false
}

// ScopeMember is the scope member of a JSON object: whether it is there, and
// with which value.
type ScopeMember struct {
	Present bool
	Text    string   // the value, when it is a string
	Set     ScopeSet // what the value names, read leniently
	// Odd says that the member is there and is no string: Text is its JSON.
	Odd bool
}

// TokenResponse is a successful answer of the token endpoint (RFC 6749
// section 5.1).
type TokenResponse struct {
	AccessToken  AccessToken
	TokenType    string
	ExpiresIn    time.Duration // 0 when the server does not say
	Scope        ScopeMember
	RefreshToken RefreshToken
	IDToken      Secret
	Details      json.RawMessage // authorization_details (RFC 9396 section 7); nil: none
	GrantID      string          // grant_id (Grant Management for OAuth 2.0)
}

// ErrorResponse is an error answer, of the token endpoint (RFC 6749 section
// 5.2) or of the authorization endpoint (section 4.1.2.1).
type ErrorResponse struct {
	Status      int // HTTP status; 0 when it came in a redirect
	Code        ErrorCode
	Description string
	Tokens      bool   // it carried a token or a code all the same
	Media       string // the media type, of an answer of the token endpoint
}

func (e *ErrorResponse) Error() string {
	text := brief(string(e.Code))
	if text == "" {
		text = "no error code"
	}
	if e.Status != 0 {
		text = fmt.Sprintf("%d %s", e.Status, text)
	}
	if e.Description != "" {
		text += " (" + brief(e.Description) + ")"
	}
	return text
}

// Unready reports whether an HTTP status tells of the server's own trouble, so
// that it answers nothing that was asked: 408, 429 and 5xx (RFC 9110 section 15,
// RFC 6585 section 4).
func Unready(status int) bool { return status == 408 || status == 429 || status >= 500 }

// Unanswered says that a server did not answer what was asked: it had trouble of
// its own ([Unready]), or sent elsewhere.
type Unanswered struct {
	Status int // of the answer
	text   string
}

func (e *Unanswered) Error() string { return e.text }

// ParseTokenResponse reads an answer of the token endpoint: exactly one of the
// response and the error response is not nil, unless the body is neither, or the
// server did not answer what was asked ([Unready], or a redirect), which is an
// error.
func ParseTokenResponse(status int, contentType string, body []byte) (*TokenResponse, *ErrorResponse, error) {
	object, err := ParseObject(body)
	failed := object.Text("error")
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case Unready(status) || status/100 != 2 && status/100 != 4:
		return nil, nil, &Unanswered{Status: status, text: fmt.Sprintf("token response: got %d %s, want an answer", status, brief(failed))}
	case err != nil && status >= 400:
		// Refused, though not in the words of section 5.2: some servers answer with an empty body.
		return nil, &ErrorResponse{Status: status, Media: media}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("token response: %d, %s, %d bytes: %w", status, brief(media), len(body), err)
	case failed != "" || status >= 400:
		leaked := slices.ContainsFunc(tokenNames, func(name string) bool { return object.Text(name) != "" })
		return nil, &ErrorResponse{Status: status, Code: ErrorCode(failed), Description: object.Text("error_description"), Tokens: leaked, Media: media}, nil
	}
	if !utf8.Valid(body) { // a token of it would not be the one that was issued
		return nil, nil, fmt.Errorf("token response: %d with bytes that are not UTF-8 (RFC 8259 section 8.1)", status)
	}
	for _, name := range append([]string{"error"}, tokenNames...) {
		if object.has(name) && object.Text(name) == "" && string(object[name]) != `""` {
			return nil, nil, fmt.Errorf("token response: %d with %s that is not a string", status, name)
		}
	}
	if object.Text("access_token") == "" {
		return nil, nil, fmt.Errorf("token response: %d without access_token and without error", status)
	}
	return &TokenResponse{
		AccessToken:  AccessToken(object.Text("access_token")),
		TokenType:    object.Text("token_type"),
		ExpiresIn:    object.seconds("expires_in"),
		Scope:        ParseScopeMember(object["scope"]),
		RefreshToken: RefreshToken(object.Text("refresh_token")),
		IDToken:      Secret(object.Text("id_token")),
		Details:      object["authorization_details"],
		GrantID:      object.Text("grant_id"),
	}, nil, nil
}

// tokenNames are the members of a token response that are tokens.
var tokenNames = []string{"access_token", "refresh_token", "id_token"}

// ParseScopeMember reads the scope member of a JSON object leniently: a string
// is split at spaces, and so is each string of an array; anything else names
// nothing. RFC 6749 section 5.1 wants the string.
func ParseScopeMember(raw json.RawMessage) ScopeMember {
	value := strings.TrimSpace(string(raw))
	if value == "" {
		return ScopeMember{}
	}
	if value == "null" {
		return ScopeMember{Text: "null", Odd: true} // names nothing, as if it were not there
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return ScopeMember{Present: true, Text: text, Set: FieldsScope(text)}
	}
	var list []any
	var named []string
	if json.Unmarshal(raw, &list) == nil {
		for _, item := range list {
			if s, ok := item.(string); ok {
				named = append(named, s)
			}
		}
	}
	return ScopeMember{Present: true, Text: value, Set: FieldsScope(strings.Join(named, " ")), Odd: true}
}
