package oauth

// GrantType is a value of the grant_type parameter (RFC 6749 section 1.3).
type GrantType string

// The grant types that this project drives.
const (
	AuthorizationCode GrantType = "authorization_code"                              // RFC 6749 section 4.1
	RefreshTokenGrant GrantType = "refresh_token"                                   // RFC 6749 section 6
	ClientCredentials GrantType = "client_credentials"                              // RFC 6749 section 4.4
	PasswordGrant     GrantType = "password"                                        // RFC 6749 section 4.3
	DeviceCode        GrantType = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628 section 3.4
	TokenExchange     GrantType = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 section 2.1
	JWTBearer         GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 section 2.1
	CIBA              GrantType = "urn:openid:params:grant-type:ciba"               // OpenID Connect CIBA Core section 10.1
	Implicit          GrantType = "implicit"                                        // RFC 6749 section 4.2, and what is like it in hybrid responses
)

// AuthMethod is how a client authenticates at the token endpoint, a value of
// token_endpoint_auth_method (RFC 7591 section 2).
type AuthMethod string

// The methods of RFC 6749 section 2.3.1, and none for public clients.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	AuthNone  AuthMethod = "none"
)

// Client is a registered client (RFC 6749 sections 1.1 and 2).
type Client struct {
	Name        string // what features call it: "Planner"
	ID          string // client_id
	Secret      Secret // empty for a public client
	AuthMethod  AuthMethod
	RedirectURI string
	GrantTypes  []GrantType
	Scope       ScopeSet // what the server allows it to ask for
	FirstParty  bool     // consent may be skipped
	Dynamic     bool     // registered at the registration endpoint (RFC 7591)
	Native      bool     // registered as a native application (OpenID Connect Dynamic Client Registration section 2)
	// Registered is the scope in the answer to its registration (RFC 7591 section
	// 3.2.1).
	Registered ScopeMember
}

// IsPublic reports whether the client has no credentials (RFC 6749 section 2.1).
func (c Client) IsPublic() bool { return c.AuthMethod == AuthNone }

// ResourceOwner is a person who can grant access (RFC 6749 section 1.1).
type ResourceOwner struct {
	Name        string // what features call them: "Ada"
	Username    string
	Password    Secret
	TOTP        Secret   // the key of their one-time codes (RFC 6238), in base32; empty: they have none
	Subject     string   // the sub of their tokens
	Permissions ScopeSet // the API scopes that their role allows
	Roles       []string
	Claims      map[string]any // the standard claims they have (OpenID Connect Core section 5.1)
}

// ConsentDecision is how a resource owner answers a request for access (RFC
// 6749 section 4.1, step B). The zero value grants everything that is asked.
type ConsentDecision struct {
	Deny bool      // refuse the whole request
	Only *ScopeSet // grant no more than these; nil grants all that is offered
	Add  ScopeSet  // also post these, although they are not offered: a tampered form
}

// Grants returns what the decision leaves of offered.
func (d ConsentDecision) Grants(offered ScopeSet) ScopeSet {
	switch {
	case d.Deny:
		return ScopeSet{}
	case d.Only == nil:
		return offered
	default:
		return offered.Intersect(*d.Only)
	}
}
