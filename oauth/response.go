package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"
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
	ServerError            ErrorCode = "server_error"
	TemporarilyUnavailable ErrorCode = "temporarily_unavailable"
)

// ScopeMember is the scope member of a JSON object: whether it is there, and
// with which value.
type ScopeMember struct {
	Present bool
	Text    string   // the value, when it is a string
	Set     ScopeSet // what the value names, read leniently
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
	Tokens      bool // it carried a token or a code all the same
}

func (e *ErrorResponse) Error() string {
	text := string(e.Code)
	if text == "" {
		text = "no error code"
	}
	if e.Status != 0 {
		text = fmt.Sprintf("%d %s", e.Status, text)
	}
	if e.Description != "" {
		text += " (" + e.Description + ")"
	}
	return text
}

// ErrNotJSON says that a body is not one JSON object.
var ErrNotJSON = errors.New("not a JSON object")

// Unready reports whether an HTTP status tells of the server's own trouble, so
// that it answers nothing that was asked: 408, 429 and 5xx (RFC 9110 section 15,
// RFC 6585 section 4).
func Unready(status int) bool { return status == 408 || status == 429 || status >= 500 }

// ParseTokenResponse reads an answer of the token endpoint: exactly one of the
// response and the error response is not nil, unless the body is neither, or the
// server could not answer ([Unready]), which is an error.
func ParseTokenResponse(status int, contentType string, body []byte) (*TokenResponse, *ErrorResponse, error) {
	var raw struct {
		AccessToken  string          `json:"access_token"`
		TokenType    string          `json:"token_type"`
		ExpiresIn    json.Number     `json:"expires_in"`
		Scope        json.RawMessage `json:"scope"`
		RefreshToken string          `json:"refresh_token"`
		IDToken      string          `json:"id_token"`
		Details      json.RawMessage `json:"authorization_details"`
		GrantID      string          `json:"grant_id"`
		Error        string          `json:"error"`
		Description  string          `json:"error_description"`
	}
	err := json.Unmarshal(body, &raw)
	if Unready(status) {
		return nil, nil, fmt.Errorf("token response: got %d %s, want an answer", status, raw.Error)
	}
	if err != nil {
		if status >= 400 {
			// Refused, though not in the words of section 5.2: some servers answer with an empty body.
			return nil, &ErrorResponse{Status: status}, nil
		}
		media, _, _ := mime.ParseMediaType(contentType)
		return nil, nil, fmt.Errorf("token response: %d, %s, %d bytes: %w", status, media, len(body), ErrNotJSON)
	}
	if raw.Error != "" || status >= 400 {
		leaked := raw.AccessToken != "" || raw.RefreshToken != "" || raw.IDToken != ""
		return nil, &ErrorResponse{Status: status, Code: ErrorCode(raw.Error), Description: raw.Description, Tokens: leaked}, nil
	}
	if raw.AccessToken == "" {
		return nil, nil, fmt.Errorf("token response: %d without access_token and without error", status)
	}
	seconds, _ := raw.ExpiresIn.Int64()
	return &TokenResponse{
		AccessToken:  AccessToken(raw.AccessToken),
		TokenType:    raw.TokenType,
		ExpiresIn:    time.Duration(seconds) * time.Second,
		Scope:        ParseScopeMember(raw.Scope),
		RefreshToken: RefreshToken(raw.RefreshToken),
		IDToken:      Secret(raw.IDToken),
		Details:      raw.Details,
		GrantID:      raw.GrantID,
	}, nil, nil
}

// ParseScopeMember reads the scope member of a JSON object leniently: a string
// is split at spaces, an array is taken member by member, anything else names
// nothing. RFC 6749 section 5.1 wants the string.
func ParseScopeMember(raw json.RawMessage) ScopeMember {
	if len(raw) == 0 || string(raw) == "null" {
		return ScopeMember{}
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return ScopeMember{Present: true, Text: text, Set: FieldsScope(text)}
	}
	var list []any
	var tokens []ScopeToken
	if json.Unmarshal(raw, &list) == nil {
		for _, item := range list {
			if s, ok := item.(string); ok {
				tokens = append(tokens, ScopeToken(s))
			}
		}
	}
	return ScopeMember{Present: true, Text: strings.TrimSpace(string(raw)), Set: NewScopeSet(tokens...)}
}
