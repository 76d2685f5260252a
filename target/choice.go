package target

// ChoiceName names an open choice: a point where the standards allow several
// answers. A target takes one and keeps to it.
type ChoiceName string

// The choices that the rules of this release know.
const (
	UnknownScope     ChoiceName = "unknown_scope"
	OmittedScope     ChoiceName = "omitted_scope"
	EmptyGrant       ChoiceName = "empty_grant"
	ClientExcess     ChoiceName = "client_excess"
	UserExcess       ChoiceName = "user_excess"
	ScopeInResponse  ChoiceName = "scope_in_response"
	ScopeInRedirect  ChoiceName = "scope_in_redirect"
	RefreshNarrowing ChoiceName = "refresh_narrowing"
	RefreshWidening  ChoiceName = "refresh_widening"
	RefreshIssued    ChoiceName = "refresh_without_offline"
	Incremental      ChoiceName = "incremental"
	DeselectedMemory ChoiceName = "deselected_memory"
	WithoutOpenID    ChoiceName = "without_openid"
	IDTokenClaims    ChoiceName = "id_token_claims"
	ClaimsParameter  ChoiceName = "claims_parameter"
	ScopeArray       ChoiceName = "scope_array"
	SilentExcess     ChoiceName = "silent_excess"
	CodeScope        ChoiceName = "code_scope"
	OnlyUnknown      ChoiceName = "only_unknown"
	MalformedScope   ChoiceName = "malformed_scope"
	Duplicates       ChoiceName = "duplicates"
	SurplusSpaces    ChoiceName = "surplus_spaces"
	TokenInQuery     ChoiceName = "token_in_query"
	ChallengeScope   ChoiceName = "challenge_scope"

	RegisteredUnknown   ChoiceName = "registration_unknown"
	RegisteredPrivilege ChoiceName = "registration_privileged"
	RegisteredOmission  ChoiceName = "registration_omitted"
	TokenRevocation     ChoiceName = "token_revocation"

	ConsentAfterRevocation ChoiceName = "consent_after_revocation"
	UsedTokenRevocation    ChoiceName = "used_token_revocation"
	OmittedResource        ChoiceName = "omitted_resource"
	MixedAPIs              ChoiceName = "mixed_apis"

	TokenExchangeBound ChoiceName = "tx"
)

// ChoiceInfo describes one open choice.
type ChoiceInfo struct {
	Name    ChoiceName
	Allowed []string // the lawful answers
	Owner   string   // the rule that a mixture, or a contradiction of what is declared, breaks
	Source  string   // where the standard leaves it open
	Text    string
}

// Choices is every open choice, in the order of reports.
func Choices() []ChoiceInfo {
	return []ChoiceInfo{
		{UnknownScope, []string{"ignore", "reject"}, "", "RFC 6749 section 3.3", "a scope that the server does not know"},
		{OnlyUnknown, []string{"error", "empty", "default"}, "UNK-03", "RFC 6749 section 3.3", "no scope that the server knows"},
		{MalformedScope, []string{"drops", "rejects"}, "", "RFC 6749 section 5.2", "a scope with a character that no scope may hold"},
		{OmittedScope, []string{"default", "reject"}, "", "RFC 6749 section 3.3", "no scope in the request"},
		{EmptyGrant, []string{"error", "token"}, "GRANT-05", "RFC 6749 section 5.1", "nothing is left to grant"},
		{ClientExcess, []string{"drop", "reject"}, "CLI-01", "RFC 6749 section 10.3", "a scope that the client may not have"},
		{UserExcess, []string{"drop", "reject"}, "ROLE-04", "RFC 6749 section 4.1.2.1", "a scope that the resource owner may not have"},
		{ScopeInResponse, []string{"always", "when_different"}, "GRANT-08", "RFC 6749 section 5.1", "scope in the token response when all was granted"},
		{ScopeInRedirect, []string{"absent", "present"}, "GRANT-09", "RFC 6749 section 4.1.2", "scope in the redirect that carries the code"},
		{RefreshNarrowing, []string{"honours", "ignores", "rejects"}, "REF-02", "RFC 6749 section 6", "a narrower scope at refresh"},
		{RefreshWidening, []string{"rejects", "ignores"}, "REF-03", "RFC 6749 section 6", "a wider scope at refresh"},
		{RefreshIssued, []string{"issued", "not_issued"}, "OFF-05", "OpenID Connect Core section 11", "a refresh token without offline_access"},
		{Incremental, []string{"union", "replace", "separate", "first"}, "INC-02", "none: practice", "a later request for another scope"},
		{DeselectedMemory, []string{"reprompt", "sticky"}, "CONS-14", "none: practice", "a scope that was deselected the last time"},
		{WithoutOpenID, []string{"oauth", "reject"}, "OIDC-02", "OpenID Connect Core section 3.1.2.1", "profile scopes without openid"},
		{IDTokenClaims, []string{"userinfo_only", "also"}, "CLM-04", "OpenID Connect Core section 5.4", "claims of scopes in the ID token"},
		{ClaimsParameter, []string{"ignored", "refused"}, "CLM-10", "OpenID Connect Core section 5.5", "a claims parameter that is not supported"},
		{SilentExcess, []string{"error", "subset"}, "PRMT-03", "OpenID Connect Core section 3.1.2.1", "a silent request for more than was agreed to"},
		{CodeScope, []string{"ignores", "honours", "rejects"}, "CODE-02", "RFC 6749 section 3.2", "a narrower scope sent with the code"},
		{Duplicates, []string{"normalises", "rejects"}, "SYN-07", "RFC 6749 section 3.3", "a scope that is named twice"},
		{SurplusSpaces, []string{"normalises", "rejects"}, "SYN-08", "RFC 6749 section 3.3", "spaces too many"},
		{RegisteredUnknown, []string{"drop", "reject", "accept"}, "CLI-03", "RFC 7591 section 3.2.1", "a scope in a registration that the server does not know"},
		{RegisteredPrivilege, []string{"drop", "reject"}, "CLI-04", "RFC 7591 section 3.2.1", "a privileged scope in a registration"},
		{RegisteredOmission, []string{"default", "none", "reject"}, "CLI-05", "RFC 7591 section 2", "a registration without scope"},
		{TokenRevocation, []string{"keeps", "drops"}, "REV-02", "RFC 7009 section 2.1", "the grant, when an access token of it is revoked"},
		{ConsentAfterRevocation, []string{"kept", "forgotten"}, "REV-04", "RFC 7009 section 2.1", "what the resource owner agreed to, when the refresh token is revoked"},
		{UsedTokenRevocation, []string{"ends", "ignored"}, "", "RFC 7009 section 2.2", "what came of a refresh token, when it is revoked after it was used"},
		{OmittedResource, []string{"default", "reject"}, "RES-05", "RFC 8707 section 2.1", "a request that names no API"},
		{MixedAPIs, []string{"reject", "one_api", "both_apis"}, "RES-06", "RFC 9068 section 3", "scopes of two APIs, and neither named"},
		{TokenExchangeBound, []string{"subset", "client"}, "TX-01", "RFC 8693 section 5", "the bound of an exchanged token: the subject token, or what the client and the resource owner may have"},
		{ScopeArray, []string{"understood", "refused"}, "RSM-12", "RFC 8693 section 4.2", "a token whose scope is a JSON array, at the API"},
		{TokenInQuery, []string{"accepted", "refused"}, "RSC-12", "RFC 6750 section 2.3", "a token in the query component, at the API"},
		{ChallengeScope, []string{"named", "absent"}, "RSC-04", "RFC 6750 section 3.1", "the scope that is needed, in the challenge of the API"},
	}
}
