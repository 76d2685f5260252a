package refserver

import (
	"iter"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Grant types as RFC 6749, RFC 7591 section 2, RFC 8628, RFC 8693, RFC 7523 and
// OpenID Connect CIBA Core name them.
const (
	AuthorizationCode = "authorization_code"
	RefreshToken      = "refresh_token"
	ClientCredentials = "client_credentials"
	PasswordGrant     = "password"
	DeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	TokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
	JWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	CIBA              = "urn:openid:params:grant-type:ciba"
	// Implicit stands for tokens from the authorization endpoint.
	Implicit = "implicit"
)

// Error is an error answer of the authorization server: a code of RFC 6749
// sections 4.1.2.1 and 5.2 or of an extension, and a sentence for people.
type Error struct {
	Code string
	Text string
}

// Error returns the code and the text.
func (e *Error) Error() string { return e.Code + ": " + e.Text }

// Refuse returns an *Error.
func Refuse(code, text string) error { return &Error{Code: code, Text: text} }

// Client is a registered client.
type Client struct {
	ID   string
	Name string
	// Public clients have no secret (RFC 6749 section 2.1).
	Public bool
	// Dynamic clients registered themselves (RFC 7591).
	Dynamic bool
	// FirstParty clients belong to whoever runs the server.
	FirstParty bool
	// Scope is what the client may ask for (RFC 7591 section 2).
	Scope        ScopeSet
	GrantTypes   []string
	RedirectURIs []string
	// Audience is set for a resource server's own credentials: the audience
	// whose tokens it may introspect. Empty for every other client.
	Audience string
	// ResponseTypes are those it is registered for; none stands for "code" (RFC
	// 7591 section 2).
	ResponseTypes []string
	// RequiresPAR clients make pushed authorization requests alone (RFC 9126 section 6).
	RequiresPAR bool
	// RequestObjectAlg is how its request objects are signed; empty if it
	// registered nothing (RFC 9101 section 10.5).
	RequestObjectAlg string
	// UserInfoAlg is how UserInfo is signed for it; empty: it registered nothing
	// (OpenID Connect Dynamic Client Registration section 2).
	UserInfoAlg string

	secret string
	// registration is the registration access token (RFC 7592 section 3), metadata
	// what the client was registered with.
	registration string
	metadata     *clientMetadata
	// proven is the thumbprint of the key that the present request proves (RFC 9449
	// section 5); empty in a client that is stored.
	proven string
	keys   jose.JSONWebKeySet // of the metadata member jwks
}

// MayUse says whether the client is registered for a grant type.
func (c Client) MayUse(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// Bound says whether the present request proves a key (RFC 9449 section 5).
func (c Client) Bound() bool { return c.proven != "" }

// User is a resource owner. The name is also the subject of its tokens.
type User struct {
	Name string
	// Permissions are the API scopes that the user may hand out at all.
	Permissions ScopeSet
	// Roles are carried in access tokens (RFC 9068 section 2.2.3.1).
	Roles  []string
	Claims map[string]any

	password string
}

// Grant is what a resource owner lets one client do at one API, as shown on the
// page where grants are edited.
type Grant struct {
	User, Client, Resource string
	// Scope is what the resource owner grants now.
	Scope ScopeSet
	// Remembered is what need not be asked again.
	Remembered ScopeSet
	// Removed is what the resource owner took away after granting it.
	Removed ScopeSet
	// History is everything that was ever granted.
	History ScopeSet
	// ID names a grant of its own (grant management); empty for the ordinary one.
	ID string
	// Details are the authorization details of a managed grant.
	Details Details
}

// Grants gives the policy sight of all grants.
type Grants struct{ store *grantStore }

// Of returns the grant of a user to a client at an API; without scope if there
// is none.
func (g Grants) Of(user, client, resource string) Grant {
	return g.store.of(grantKey{user, client, resource})
}

// All returns every grant, in no order.
func (g Grants) All() iter.Seq[Grant] { return g.store.all }

// Authorization is the outcome of one authorization request. Code, refresh
// tokens and access tokens refer to it.
type Authorization struct {
	ID, User, Client, Resource string
	// GrantType is how it came to be; never RefreshToken.
	GrantType string
	// Resources is every API of the request, in its order; Resource is one of them.
	Resources []string
	// Named is true if the request named its resources (RFC 8707 section 2).
	Named bool
	// Pushed is true if the request was pushed (RFC 9126).
	Pushed bool
	// Requested is the client's request as it was sent; empty if it was omitted.
	Requested ScopeSet
	// Asked is what was left of the request when the resource owner was asked.
	Asked ScopeSet
	// Granted is what the resource owner granted then.
	Granted ScopeSet
	// Current is what is left of Granted after edits.
	Current ScopeSet
	// Revoked is set when the grant, the code or the refresh token was revoked.
	Revoked bool
	// ByClient is set when the client revoked the refresh token (RFC 7009).
	ByClient bool
	// Union is true if Granted holds more than was accepted for this request.
	Union bool
	// ClaimsParameter is the request's claims parameter, unread.
	ClaimsParameter string
	// ACR is how the user was authenticated (RFC 9470 section 4); empty: not asked for.
	ACR string
	// RefreshEnded is set when the refresh tokens have ended and nothing else.
	RefreshEnded bool
	// Details are the authorization details that were granted (RFC 9396).
	Details Details
	// UserInfoNames and IDTokenNames are the claims granted by name (OpenID Connect
	// Core section 5.5).
	UserInfoNames, IDTokenNames []string
	// GrantID names the managed grant that this belongs to, and Action what the
	// request did with it; empty: none.
	GrantID, Action string
}

// OfflineQuestion is whether offline_access may be asked for.
type OfflineQuestion struct {
	Client Client
	Prompt []string
	Asked  ScopeSet
}

// ConsentQuestion is whether and what the resource owner is asked.
type ConsentQuestion struct {
	Client   Client
	User     User
	Resource string
	API      string
	Prompt   []string
	Asked    ScopeSet
	// Text is the scope parameter as it was sent, Omitted that there was none.
	Text    string
	Omitted bool
	// Remembered is what Policy.Remembered returned.
	Remembered ScopeSet
	// Removed is what the resource owner took away after granting it.
	Removed ScopeSet
	// GrantType is how the client asks: AuthorizationCode, DeviceCode or CIBA.
	GrantType string
	// Sent is the scope parameter in the address of the authorization request,
	// which does not count beside a pushed request or a request object.
	Sent ScopeSet
	// Pushed is true if the request was pushed (RFC 9126).
	Pushed bool
	// Details are the authorization details asked for (RFC 9396).
	Details Details
	// Claims are the claims asked for by name (OpenID Connect Core section 5.5).
	Claims []string
	// Managed is the grant management action of the request; empty: none.
	Managed string
	// Params are the parameters of the authorization request, none if it was made in another way.
	Params url.Values
	// Request names the authorization request.
	Request string
}

// ConsentItem is one line of the consent page.
type ConsentItem struct {
	Scope string
	// Text is all that is to be read about the scope.
	Text string
	// Hidden items are sent with the form but not shown.
	Hidden bool
	// Unticked items have to be ticked to be granted.
	Unticked bool
	// Fixed items are shown ticked and cannot be deselected.
	Fixed bool
	// Plain items are shown as words, without a box.
	Plain bool
	// Answers has two radio buttons in place of a box, of which neither is pressed.
	Answers bool
	// Listed items have a box that is called as those of lists are in many frameworks,
	// and that comes empty.
	Listed bool
}

// ConsentBinding is what is known of a posted consent form.
type ConsentBinding struct {
	// SameSession is true if the form comes from the browser it was given to.
	SameSession bool
	// SameUser is true if the one it was given to is logged in.
	SameUser bool
	// Genuine is true if the form carries the secret of its session.
	Genuine bool
	// Used is true if the form was posted before.
	Used bool
	// Superseded is true if the browser has begun another request of the client since.
	Superseded bool
}

// ConsentAnswer is what the resource owner answered.
type ConsentAnswer struct {
	// GrantType is how the client asks: AuthorizationCode, DeviceCode or CIBA.
	GrantType string
	Allow     bool
	// Asked is what the page offered, Ticked what was posted, Remembered what had been agreed to before.
	Asked, Ticked, Remembered ScopeSet
	// Required is the part of Asked that cannot be deselected.
	Required ScopeSet
	// Details is how many authorization details were ticked, of DetailsAsked.
	Details, DetailsAsked int
}

// ConsentOutcome is what came of one authorization request.
type ConsentOutcome struct {
	Allowed bool
	// Shown is true if the resource owner was asked.
	Shown bool
	// Asked is what was asked for, Accepted what was accepted of it.
	Asked, Accepted ScopeSet
	Grant           Grant
	// Text is the scope parameter as it was sent, Omitted that there was none.
	Text    string
	Omitted bool
	// Action is the grant management action of the request; empty: none.
	Action string
}

// Combination asks for the scope of a new authorization.
type Combination struct {
	Client   Client
	User     User
	Resource string
	// Accepted is what the resource owner accepted, now or earlier.
	Accepted ScopeSet
	// Include is include_granted_scopes=true of the request.
	Include bool
	// Shown is true if the resource owner was asked.
	Shown bool
	// ACR is how the user was authenticated; empty: not asked for.
	ACR   string
	Grant Grant
}

// Edit is a change that a resource owner makes to a grant after the fact.
type Edit struct {
	User, Client, Resource string
	// Before is the grant's scope before, Wanted the scope wanted after.
	Before, Wanted ScopeSet
	// Revoke is true if the whole grant is to go.
	Revoke bool
}

// Redemption asks for the scope of the token that a code of any kind buys: an
// authorization code, a device_code or an auth_req_id.
type Redemption struct {
	// Asked is the scope parameter of the token request; empty if omitted.
	Asked         ScopeSet
	Client        Client
	Authorization Authorization
	// ClientMay and UserMay are what the client and the user may now have of
	// everything named in this question.
	ClientMay, UserMay ScopeSet
}

// Refresh asks for the scope of the token that a refresh token buys.
type Refresh struct {
	// Asked is the scope parameter of the token request; empty if omitted.
	Asked ScopeSet
	// Named says that the parameter is there, be it without a value.
	Named         bool
	Client        Client
	Authorization Authorization
	// ClientMay and UserMay are what the client and the user may now have of
	// everything named in this question.
	ClientMay, UserMay ScopeSet
	// Grant is the user's present grant to the client.
	Grant Grant
	// CodeGranted is what an authorization code sent along stands for.
	CodeGranted ScopeSet
	// Details are the authorization details of the token request; nil if omitted.
	Details Details
}

// Issue is a token that is about to be issued.
type Issue struct {
	GrantType string
	Client    Client
	// User is the zero value if the client acts for itself.
	User User
	// Authorization is the zero value if the client acts for itself.
	Authorization Authorization
	// Asked is the scope parameter of the token request.
	Asked ScopeSet
	// Scope is what was decided.
	Scope ScopeSet
	// Act is the act claim (RFC 8693 section 4.1), or nil.
	Act map[string]any
	// Details are the authorization details decided (RFC 9396 section 7).
	Details Details
}

// Live asks for the present state of an access token that was issued earlier.
type Live struct {
	// TokenScope is the scope the token was issued with.
	TokenScope ScopeSet
	// UserBound is false for a client's own token, and then Authorization,
	// Grant and UserMay are zero.
	UserBound          bool
	Authorization      Authorization
	Grant              Grant
	ClientMay, UserMay ScopeSet
	// ClientGone is true if the client is no longer registered.
	ClientGone bool
	// Latest is true if no access token was issued after it under the authorization.
	Latest bool
	// TokenRevoked is true if this very token was revoked (RFC 7009).
	TokenRevoked bool
	Expires, Now time.Time
}

// ClaimsQuestion asks for the claims about a user.
type ClaimsQuestion struct {
	User   User
	Client Client
	// Scope is the scope that counts now, TokenScope the one issued.
	Scope, TokenScope ScopeSet
	// UserBound is false for a client's own token.
	UserBound     bool
	Authorization Authorization
	// Posted is true for a request to UserInfo by POST.
	Posted bool
	// Signed is true if UserInfo is answered with a JWT.
	Signed bool
	// GrantType is that of the token request; empty at UserInfo.
	GrantType string
}
