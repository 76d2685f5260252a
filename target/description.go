package target

import "time"

// Description is a target file: what is under test, and everything the program
// must know that it cannot find out. Exactly one of Embedded, External and
// Container is set, except in the file of an API alone; see [Tokens].
//
// Any text may hold variables: ${issuer}; ${port.NAME}, the host port of a
// container's port; ${host}, where those ports are: 127.0.0.1, or the name of the
// engine's machine where that is another; ${admin_key}, a key that is made anew for each embedded or
// container target; ${signing_key}, an RSA key (PEM) that is made anew for each
// container target, for a server that has to be given what it signs with, and
// ${signing_key.public}; and ${env.NAME}, an environment variable, which keeps
// secrets out of the file. "$${" stands for "${".
type Description struct {
	// File is the target file, for messages; paths in it are relative to its
	// folder. Empty for a description that was made in Go.
	File string `yaml:"-" json:"-"`
	// Bundle is the name of the bundled target that this is, or empty. Paths in
	// the file are relative to its folder in the program.
	Bundle string `yaml:"-" json:"-"`
	// Positions are where the values stand in File, for messages; nil for a description
	// that was made in Go.
	Positions *Positions `yaml:"-" json:"-"`

	// Name is what reports call the target.
	Name string `yaml:"name" json:"name"`
	// Version is the version of the server, for reports.
	Version string `yaml:"version,omitempty" json:"version,omitempty"`

	Embedded  *Embedded  `yaml:"embedded,omitempty" json:"embedded,omitempty"`
	External  *External  `yaml:"external,omitempty" json:"external,omitempty"`
	Container *Container `yaml:"container,omitempty" json:"container,omitempty"`
	// Setup are calls that are made once, in order, when the server answers and
	// before its metadata is asked for: they may tell it its issuer, or make what
	// the calls of clients and control need. They share cookies, and what one
	// captures is a variable of everything that follows, but of container.
	Setup []Call `yaml:"setup,omitempty" json:"setup,omitempty"`

	AuthorizationServer AuthorizationServer `yaml:"authorization_server,omitempty" json:"authorization_server,omitempty"`
	Clients             Clients             `yaml:"clients,omitempty" json:"clients,omitempty"`
	// Users are the resource owners by the name that features use: Ada, who may
	// do everything and has every standard claim, Bo, who may only read
	// appointments, and Cy, who may do nothing.
	Users map[string]User `yaml:"users,omitempty" json:"users,omitempty"`
	Login Login           `yaml:"login,omitempty" json:"login,omitempty"`
	// API is the resource server under test. Left out: our calendar API is
	// started, told to trust this authorization server and a key of ours.
	API *API `yaml:"api,omitempty" json:"api,omitempty"`
	// Tokens says that the API alone is under test, and which access tokens it
	// takes. A file with neither embedded nor external nor container is one of an
	// API that runs already, also without it.
	Tokens *Tokens `yaml:"tokens,omitempty" json:"tokens,omitempty"`
	// OtherAPI is a second resource server, with an operation that needs a scope
	// of the same name as one of the first.
	OtherAPI *API `yaml:"other_api,omitempty" json:"other_api,omitempty"`
	// Scopes maps the scope tokens that features use to the target's own names,
	// where they differ. The rest of the file may use either.
	Scopes map[string]string `yaml:"scopes,omitempty" json:"scopes,omitempty" check:"scope_token"`
	// Hierarchy says which scopes include which others, and what those include:
	// {write:appointments: read:appointments}, by the names that features use or the
	// target's own. Who may have, agreed to or holds the one may then be given the
	// others as well, and they open at an API what the others open; never the other
	// way round. Left out: no scope includes another.
	Hierarchy map[string]string `yaml:"hierarchy,omitempty" json:"hierarchy,omitempty" check:"scope"`
	// Choices declares open choices (where a standard allows more than one
	// answer) by their policy name. Left out: observed and reported.
	Choices map[ChoiceName]string `yaml:"choices,omitempty" json:"choices,omitempty"`
	// ChoicesByWay declares open choices that are taken otherwise on one way to ask
	// for a scope than on the others.
	ChoicesByWay map[Way]map[ChoiceName]string `yaml:"choices_by_way,omitempty" json:"choices_by_way,omitempty"`
	// Capabilities overrides what the metadata says. A value is true, false, a
	// number or a word, as the capability is.
	Capabilities map[Capability]string `yaml:"capabilities,omitempty" json:"capabilities,omitempty"`
	Control      Control               `yaml:"control,omitempty" json:"control,omitempty"`
	// Parallel bounds how many requests the scenarios make at once between them: 1
	// for a server that cannot bear more. 0 leaves it to the run.
	Parallel int `yaml:"parallel,omitempty" json:"parallel,omitempty" jsonschema:"minimum=0"`
	// Judged pins how many rules are judged (neither not applicable nor
	// inconclusive) when all rules are run. 0 pins nothing.
	Judged int `yaml:"judged,omitempty" json:"judged,omitempty" jsonschema:"minimum=0"`
}

// Embedded runs the reference server in this process.
type Embedded struct {
	// Defect is the id of a seeded fault to switch on; empty: none.
	Defect string `yaml:"defect,omitempty" json:"defect,omitempty"`
	// Tokens is the format of access tokens: "jwt" (the default) or "opaque".
	Tokens string `yaml:"tokens,omitempty" json:"tokens,omitempty" jsonschema:"enum=jwt,enum=opaque"`
	// Without lists optional features that are left out, such as introspection.
	Without []string `yaml:"without,omitempty" json:"without,omitempty"`
	// With lists extra features that are served, such as claims_parameter.
	With []string `yaml:"with,omitempty" json:"with,omitempty"`
	// Lawful lists lawful answers that are given in place of the reference's own;
	// "scopeproof prove --list" has them. What the reference declares of its
	// choices is then observed.
	Lawful []string `yaml:"lawful,omitempty" json:"lawful,omitempty"`
}

// External is a server that already runs.
type External struct {
	// Issuer is the issuer identifier (RFC 8414 section 2), with no trailing
	// slash unless the server's own has one.
	Issuer string `yaml:"issuer" json:"issuer" jsonschema:"format=uri" check:"url"`
}

// Container is a server that is started in a container.
type Container struct {
	// Image is the image to run, "name:tag".
	Image string `yaml:"image" json:"image"`
	// Build is a Dockerfile context, relative to the target file, from which
	// Image is built where the engine does not have it.
	Build   string            `yaml:"build,omitempty" json:"build,omitempty"`
	Command []string          `yaml:"command,omitempty" json:"command,omitempty"`        // the arguments; default: those of the image
	Env     map[string]string `yaml:"env,omitempty" json:"env,omitempty" check:"secret"` // environment variables
	// Ports are the container's ports by name. Each is bound to a free port before
	// the start: ${port.NAME} is that port, of the loopback interface alone where
	// the engine is on this machine.
	Ports map[string]int `yaml:"ports" json:"ports"`
	// Files are copied into the container before it starts, from a path relative
	// to the target file to an absolute one. In a file whose name ends in ".tmpl"
	// the variables are replaced.
	Files map[string]string `yaml:"files,omitempty" json:"files,omitempty"`
	Ready Ready             `yaml:"ready,omitempty" json:"ready,omitempty"`
	// With are companion containers on the same network, started before, each
	// reachable by its name. A Compose file is not read: its ports are its own,
	// and the issuer must be known before the start.
	With []Companion `yaml:"with,omitempty" json:"with,omitempty"`
}

// Ready says when a container answers. The metadata document is always waited
// for as well, and its issuer must be the configured one.
type Ready struct {
	HTTP    string   `yaml:"http,omitempty" json:"http,omitempty"`       // a path that answers 200
	Port    string   `yaml:"port,omitempty" json:"port,omitempty"`       // a name of Ports; default: the only one
	Log     string   `yaml:"log,omitempty" json:"log,omitempty"`         // a line that must appear
	Timeout Duration `yaml:"timeout,omitempty" json:"timeout,omitempty"` // how long it is waited for; default: 1m
}

// Companion is a container that the target needs, such as a database.
type Companion struct {
	Name    string            `yaml:"name" json:"name"`                                  // the name by which the others reach it
	Image   string            `yaml:"image" json:"image"`                                // as that of the container
	Build   string            `yaml:"build,omitempty" json:"build,omitempty"`            // as that of the container
	Command []string          `yaml:"command,omitempty" json:"command,omitempty"`        // the arguments; default: those of the image
	Env     map[string]string `yaml:"env,omitempty" json:"env,omitempty" check:"secret"` // environment variables
	Ready   Ready             `yaml:"ready,omitempty" json:"ready,omitempty"`
	Ports   map[string]int    `yaml:"ports,omitempty" json:"ports,omitempty"` // ports by name, for Ready
}

// AuthorizationServer is what the program must know of the authorization
// server beside its metadata (RFC 8414).
type AuthorizationServer struct {
	// Issuer is the issuer identifier; ${port.NAME} is allowed. Left out: that
	// of external, or of the embedded server.
	Issuer string `yaml:"issuer,omitempty" json:"issuer,omitempty" check:"url"`
	// MetadataURL is where the metadata is, if not at a well-known place.
	MetadataURL string `yaml:"metadata_url,omitempty" json:"metadata_url,omitempty" check:"url"`
	// Endpoints adds to the metadata, or overrides it, by the names of RFC 8414:
	// authorization_endpoint, token_endpoint, introspection_endpoint …
	Endpoints map[string]string `yaml:"endpoints,omitempty" json:"endpoints,omitempty" check:"url"`
	// Introspection says how the introspection endpoint is called.
	Introspection Introspection `yaml:"introspection,omitempty" json:"introspection,omitempty"`
	// Refresh says what a client must do to be given a refresh token. Left out, a run
	// finds out whether it is nothing, offline_access or another scope of the metadata that
	// speaks of it by its name, or that with prompt=consent.
	Refresh RefreshTokens `yaml:"refresh,omitempty" json:"refresh,omitempty"`
	// IncrementalParameter is the request parameter that asks for the union with
	// what was granted before: "include_granted_scopes=true". Left out: none.
	IncrementalParameter string `yaml:"incremental_parameter,omitempty" json:"incremental_parameter,omitempty"`
	// ResourceParameter names the parameter that names an API: "resource" (RFC
	// 8707) or "audience". Left out: one API only.
	ResourceParameter string `yaml:"resource_parameter,omitempty" json:"resource_parameter,omitempty"`
	// OtherResource is the identifier of a second API, with a scope of the same
	// name as the first one's.
	OtherResource string `yaml:"other_resource,omitempty" json:"other_resource,omitempty"`
	// DefaultScope is what is asked for where a request has no scope (RFC 6749
	// section 3.3), at the authorization endpoint.
	DefaultScope string `yaml:"default_scope,omitempty" json:"default_scope,omitempty" check:"scope"`
	// BackchannelPage is where a resource owner answers requests that came over
	// the backchannel (OpenID Connect CIBA Core section 7.1). {message} in it stands
	// for the binding_message of the request. Left out: none is known.
	BackchannelPage string `yaml:"backchannel_page,omitempty" json:"backchannel_page,omitempty" check:"url"`
	// SeveralResources says that one authorization request may name both APIs (RFC
	// 8707 section 2).
	SeveralResources bool `yaml:"several_resources,omitempty" json:"several_resources,omitempty"`
	// Details are authorization details that can be asked for (RFC 9396). Left out:
	// none are known.
	Details Details `yaml:"authorization_details,omitempty" json:"authorization_details,omitempty"`
	// AlwaysAsked are scopes that each request for a resource owner's access must
	// have, or it is refused: openid, at a server that has nothing else. They are
	// added to what features ask for. Left out: none.
	AlwaysAsked string `yaml:"always_asked,omitempty" json:"always_asked,omitempty" check:"scope"`
	// AlwaysGranted are scopes that are granted without being asked for.
	AlwaysGranted string `yaml:"always_granted,omitempty" json:"always_granted,omitempty" check:"scope"`
	// RequiredScopes are scopes that cannot be deselected at consent.
	RequiredScopes string `yaml:"required_scopes,omitempty" json:"required_scopes,omitempty" check:"scope"`
	// UserOnlyScopes are scopes that need a resource owner's consent, so that a
	// machine client never obtains them.
	UserOnlyScopes string `yaml:"user_only_scopes,omitempty" json:"user_only_scopes,omitempty" check:"scope"`
	// ConfidentialOnlyScopes are scopes that a public client never obtains,
	// whatever its user agrees to (RFC 6749 section 10.3).
	ConfidentialOnlyScopes string `yaml:"confidential_only_scopes,omitempty" json:"confidential_only_scopes,omitempty" check:"scope"`
	// PrivilegedScopes are scopes that a client cannot give itself by dynamic
	// registration (RFC 7591 section 5).
	PrivilegedScopes string `yaml:"privileged_scopes,omitempty" json:"privileged_scopes,omitempty" check:"scope"`
	// ExoticScope is a scope with punctuation that means something elsewhere, such
	// as "urn:example:channel=HBO&urn:example:rating=G,PG-13".
	ExoticScope string `yaml:"exotic_scope,omitempty" json:"exotic_scope,omitempty" check:"scope_token"`
	// Decoys are scopes that the server knows and no operation needs. Rules that use
	// them grant read:appointments:all, read:appointments:own and unread:appointments,
	// and ask for read:appointment, READ:APPOINTMENTS and appointments-admin as well:
	// where they are called otherwise, Scopes says how.
	Decoys string `yaml:"decoys,omitempty" json:"decoys,omitempty" check:"scope"`
	// ClaimsAlways are claims released with openid alone.
	ClaimsAlways []string `yaml:"claims_always,omitempty" json:"claims_always,omitempty"`
	// CustomClaims are claims beside the standard ones, each with the scope that
	// releases it.
	CustomClaims map[string]string `yaml:"custom_claims,omitempty" json:"custom_claims,omitempty" check:"scope_token"`
	// OpaqueSubjects says that the server makes up the sub of its tokens, so that it
	// is learned from one also of a user that control.create_user made.
	OpaqueSubjects bool `yaml:"opaque_subjects,omitempty" json:"opaque_subjects,omitempty"`
	// TokenLifetime is how long an access token lives at most. 0: not declared.
	TokenLifetime Duration `yaml:"token_lifetime,omitempty" json:"token_lifetime,omitempty"`
	// ClockSkew is how far the server's clock may be from ours; 0 means 5 s.
	ClockSkew Duration `yaml:"clock_skew,omitempty" json:"clock_skew,omitempty"`
}

// Details are authorization details of one type (RFC 9396 section 2), each more
// than the one before it. For a box of a consent form to stand for them, map it
// to authorization_details in login.form.consent.checkboxes.
type Details struct {
	Smaller map[string]any `yaml:"smaller,omitempty" json:"smaller,omitempty"` // less than Plain
	Plain   map[string]any `yaml:"plain,omitempty" json:"plain,omitempty"`     // what is asked for
	Larger  map[string]any `yaml:"larger,omitempty" json:"larger,omitempty"`   // more than Plain
}

// Introspection is how the introspection endpoint (RFC 7662) is called.
type Introspection struct {
	// As is who asks: "client" (the default: the client that holds the token),
	// "none" (no credentials) or the name of a client.
	As string `yaml:"as,omitempty" json:"as,omitempty" jsonschema:"enum=client,enum=none,enum=Planner,enum=Viewer,enum=House,enum=Robot,enum=Rival,enum=Worker,enum=Auditor"`
	// ClientID and Secret are what our calendar API introspects with. Left out:
	// nothing where As is "none", else those of a client that is registered for
	// it; clients of the kind static must be given here.
	ClientID string `yaml:"client_id,omitempty" json:"client_id,omitempty"`
	Secret   string `yaml:"secret,omitempty" json:"secret,omitempty" check:"secret"` // the secret of ClientID
}

// RefreshTokens is what a client must do to be given a refresh token.
type RefreshTokens struct {
	Scope  string `yaml:"scope,omitempty" json:"scope,omitempty" check:"scope"` // ask for this as well: offline_access
	Prompt string `yaml:"prompt,omitempty" json:"prompt,omitempty"`             // with this prompt: consent
	// Grace is how long a used refresh token is accepted again, so that answers
	// which are lost do no harm. 0: not at all.
	Grace Duration `yaml:"grace,omitempty" json:"grace,omitempty"`
}

// Clients says how the clients of the features come to exist. One of HTTP,
// Dynamic and Static is set; left out: Dynamic, where the metadata has a
// registration endpoint.
type Clients struct {
	Register Registration `yaml:"register,omitempty" json:"register,omitempty"`
	// Actors changes the clients: what is left out stays as it is. Features know
	// Planner, Viewer (may only read), Pocket (public), House (first-party), Robot
	// (machine, may only read), Rival (another like Planner), Worker (machine, may
	// have everything), Newcomer (always registered by RFC 7591), Legacy (uses every
	// response type), Strict (has to push its authorization requests) and Steward
	// (manages its grants, also as a machine). Auditor is
	// nobody's part: with it the program looks at what happened, and it may have
	// everything. Where clients are static and it is missing, Rival, or else
	// Planner, stands in.
	Actors map[string]ClientDescription `yaml:"actors,omitempty" json:"actors,omitempty"`
	// Sets is how often static clients exist, so that as many scenarios can be played
	// at once, each with clients of its own: ${set} in their ids and secrets is 1, 2
	// and so on. Left out: once, and scenarios are played one by one.
	Sets int `yaml:"sets,omitempty" json:"sets,omitempty" jsonschema:"minimum=0"`
}

// Registration is how clients are registered.
type Registration struct {
	// HTTP is a call of the server's own. Its body is the client metadata of RFC
	// 7591 section 2, with the members of json added or put in their place. It
	// knows ${client.name}, ${client.scope}, ${client.redirect_uri},
	// ${client.grant_types}, ${client.auth_method}, ${client.confidential} and
	// ${client.first_party}, and captures client_id and client_secret. A server that
	// wants to be told them is given ${client.id} and ${client.secret}, made anew.
	HTTP *Call `yaml:"http,omitempty" json:"http,omitempty"`
	// Whole says that the body is json alone, for a server that refuses members of
	// RFC 7591 that it does not know.
	Whole bool `yaml:"whole,omitempty" json:"whole,omitempty"`
	// GrantTypes are what the server calls the grant types of ${client.grant_types},
	// where that is not what RFC 7591 does: {authorization_code: code}. One may be
	// several words, or none.
	GrantTypes map[string]string    `yaml:"grant_types,omitempty" json:"grant_types,omitempty"`
	Dynamic    *DynamicRegistration `yaml:"dynamic,omitempty" json:"dynamic,omitempty"`
	Static     bool                 `yaml:"static,omitempty" json:"static,omitempty"` // the clients exist already: Actors has their ids
}

// DynamicRegistration is RFC 7591.
type DynamicRegistration struct {
	InitialAccessToken string `yaml:"initial_access_token,omitempty" json:"initial_access_token,omitempty" check:"secret"` // the bearer token of registration requests, where it takes one
	// Metadata is added to every registration request.
	Metadata map[string]any `yaml:"metadata,omitempty" json:"metadata,omitempty"`
}

// RedirectURI is the redirect URI of clients that have no other: nothing has to
// listen there.
const RedirectURI = "http://127.0.0.1:9/cb"

// ClientDescription is one client as the target knows it.
type ClientDescription struct {
	ID          string   `yaml:"id,omitempty" json:"id,omitempty"`                                                                                                                 // the client_id of a client that exists
	Secret      string   `yaml:"secret,omitempty" json:"secret,omitempty" check:"secret"`                                                                                          // its client_secret
	AuthMethod  string   `yaml:"auth_method,omitempty" json:"auth_method,omitempty" jsonschema:"enum=client_secret_basic,enum=client_secret_post,enum=none"`                       // how it authenticates at the token endpoint; default: as the features have it
	RedirectURI string   `yaml:"redirect_uri,omitempty" json:"redirect_uri,omitempty" check:"uri"`                                                                                 // where it is redirected to; default: http://127.0.0.1:9/cb
	GrantTypes  []string `yaml:"grant_types,omitempty" json:"grant_types,omitempty" jsonschema:"enum=authorization_code,enum=refresh_token,enum=client_credentials,enum=implicit"` // the grants it may use; default: as the features have it
	Scope       string   `yaml:"scope,omitempty" json:"scope,omitempty" check:"scope"`                                                                                             // the scopes it may have; default: as the features have it
	FirstParty  *bool    `yaml:"first_party,omitempty" json:"first_party,omitempty"`                                                                                               // it needs no consent; default: as the features have it
	// Absent says that the target has no such client: rules about it do not apply.
	Absent bool `yaml:"absent,omitempty" json:"absent,omitempty"`
}

// User is a resource owner as the target knows them.
type User struct {
	Username string `yaml:"username" json:"username"`                                    // what they sign in with
	Password string `yaml:"password,omitempty" json:"password,omitempty" check:"secret"` // what they sign in with
	// TOTP is the key of their authenticator app, in base32, where they are asked for a
	// code that is good once (RFC 6238).
	TOTP string `yaml:"totp,omitempty" json:"totp,omitempty" check:"secret"`
	// Subject is the sub of their tokens. Left out: Username where driver
	// hydra_admin or control.create_user makes it so (the latter may capture
	// subject); elsewhere unknown, and learned from a token when it is needed.
	Subject string `yaml:"subject,omitempty" json:"subject,omitempty"`
	// Permissions are the API scopes that their role allows, where roles limit
	// scopes; left out: no limit.
	Permissions *string `yaml:"permissions,omitempty" json:"permissions,omitempty" check:"scope"`
	// Roles are the names of their roles, for servers that know such.
	Roles []string `yaml:"roles,omitempty" json:"roles,omitempty"`
	// Claims are the standard claims they have (OpenID Connect Core section 5.1).
	Claims map[string]any `yaml:"claims,omitempty" json:"claims,omitempty"`
}

// Call is an HTTP request that the program sends to administer the target.
type Call struct {
	Method  string            `yaml:"method,omitempty" json:"method,omitempty" jsonschema:"enum=GET,enum=POST,enum=PUT,enum=PATCH,enum=DELETE"` // the HTTP method; default POST
	URL     string            `yaml:"url" json:"url" check:"url"`                                                                               // where it goes; variables in it are escaped
	Headers map[string]string `yaml:"headers,omitempty" json:"headers,omitempty" check:"secret"`                                                // header fields
	// Basic is "user:password".
	Basic string            `yaml:"basic,omitempty" json:"basic,omitempty" check:"secret"`
	JSON  any               `yaml:"json,omitempty" json:"json,omitempty"`                // the body, as JSON
	Form  map[string]string `yaml:"form,omitempty" json:"form,omitempty" check:"secret"` // the body, as a form
	// Expect are the statuses that mean success; default: any 2xx.
	Expect []int `yaml:"expect,omitempty" json:"expect,omitempty"`
	// Capture takes values from the answer, by variable name: each by a JSON pointer
	// into its body ("/client_id"), or by the name of a header field ("Location").
	Capture map[string]string `yaml:"capture,omitempty" json:"capture,omitempty"`
	// First are calls that are made before, in order, such as one that signs in.
	// They share cookies with this one, and what one captures is a variable of those
	// that follow.
	First []Call `yaml:"first,omitempty" json:"first,omitempty"`
	// Each has a call of setup or first made once for each of these texts, which it
	// knows as ${each}.
	Each []string `yaml:"each,omitempty" json:"each,omitempty"`
}

// Control is how the program edits a grant, changes a role, or moves the clock.
// What is left out cannot be done, and the rules that need it do not apply.
// Beside the target's variables a call knows, as far as it makes sense,
// ${user.username}, ${user.password}, ${user.subject}, those of a client that
// clients.register.http knows, ${scope} (what is to be left), ${removed} (what is
// taken away), ${seconds}, ${reachable} and ${jwk}. In JSON, "${scope[]}" is the
// list of the tokens, in a list part of it, and ${seconds}, ${jwk}, ${reachable}
// and ${user.claims} alone in a text become that number or object.
type Control struct {
	RemoveScope    *Call `yaml:"remove_scope,omitempty" json:"remove_scope,omitempty"`       // a resource owner takes scopes out of a grant: ${removed}, so that ${scope} is left
	SetScope       *Call `yaml:"set_scope,omitempty" json:"set_scope,omitempty"`             // a resource owner says which scopes a grant shall have
	RevokeGrant    *Call `yaml:"revoke_grant,omitempty" json:"revoke_grant,omitempty"`       // a resource owner ends a grant
	SetPermissions *Call `yaml:"set_permissions,omitempty" json:"set_permissions,omitempty"` // an administrator says which scopes a role allows
	LimitClient    *Call `yaml:"limit_client,omitempty" json:"limit_client,omitempty"`       // an administrator says which scopes a client may have
	AdvanceClock   *Call `yaml:"advance_clock,omitempty" json:"advance_clock,omitempty"`     // the server's clock is moved by ${seconds}
	ResetClock     *Call `yaml:"reset_clock,omitempty" json:"reset_clock,omitempty"`         // the server's clock is right again
	TrustKey       *Call `yaml:"trust_key,omitempty" json:"trust_key,omitempty"`             // the API is told to trust ${jwk}
	// TrustStatementKey tells the authorization server to trust software statements
	// (RFC 7591 section 2.3) that are signed with ${jwk}.
	TrustStatementKey *Call `yaml:"trust_statement_key,omitempty" json:"trust_statement_key,omitempty"`
	// SetNetwork cuts the API off from the authorization server, or lets it reach
	// it again: ${reachable} is true or false. Keys that it keeps count as reached.
	SetNetwork *Call `yaml:"set_network,omitempty" json:"set_network,omitempty"`
	// WithdrawScope makes ${scope} one that the authorization server does not know,
	// RestoreScope makes it known again.
	WithdrawScope *Call `yaml:"withdraw_scope,omitempty" json:"withdraw_scope,omitempty"`
	RestoreScope  *Call `yaml:"restore_scope,omitempty" json:"restore_scope,omitempty"` // makes ${scope} known again
	// CreateUser makes a user like one of Users for one scenario alone, so that
	// scenarios that change roles do not meet. It also knows ${user.claims},
	// ${user.claims.NAME} (or NAME.PART), one claim as a text, and as ${scope} the
	// permissions, which are every scope of the file for a user without, and may
	// capture subject where that is not the username.
	CreateUser *Call `yaml:"create_user,omitempty" json:"create_user,omitempty"`
}

// Duration is a time.Duration written as "10s" in files.
type Duration time.Duration

// UnmarshalText reads a duration as [time.ParseDuration] does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText writes it as [time.Duration.String] does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
