package target

import (
	"slices"
	"strings"
	"sync"
)

// Capability names something that a rule needs of a target. The value is
// "true", "false", a number or a word.
type Capability string

// CapabilityKind says which values a capability can have.
type CapabilityKind int

// The kinds of capability.
const (
	Boolean CapabilityKind = iota // "true" or "false"
	Number                        // a decimal number
	Word                          // one of Allowed
)

// CapabilityInfo describes one capability.
type CapabilityInfo struct {
	Name    Capability
	Kind    CapabilityKind
	Allowed []string // of a Word
	Text    string   // what it means
}

// Capabilities is every capability that a rule can need, in the order of
// reports.
func Capabilities() []CapabilityInfo { return slices.Clone(capabilities()) }

// CapabilityNamed describes one capability; false if there is none of that name.
func CapabilityNamed(name Capability) (CapabilityInfo, bool) {
	all := capabilities()
	at := slices.IndexFunc(all, func(c CapabilityInfo) bool { return c.Name == name })
	if at < 0 {
		return CapabilityInfo{}, false
	}
	return all[at], true
}

var capabilities = sync.OnceValue(func() []CapabilityInfo {
	return slices.Concat(grantCapabilities(), serverCapabilities(), consentCapabilities(), apiCapabilities(), fixtureCapabilities())
})

func yes(name Capability, text string) CapabilityInfo {
	return CapabilityInfo{Name: name, Kind: Boolean, Text: text}
}

func count(name Capability, text string) CapabilityInfo {
	return CapabilityInfo{Name: name, Kind: Number, Text: text}
}

func word(name Capability, text string, allowed ...string) CapabilityInfo {
	return CapabilityInfo{Name: name, Kind: Word, Allowed: allowed, Text: text}
}

// grantCapabilities are about grants, and how they are asked for.
func grantCapabilities() []CapabilityInfo {
	return []CapabilityInfo{
		yes("as.own", "the authorization server is under test, and not one that stands beside an API"),
		yes("as.code", "the authorization code grant (RFC 6749 section 4.1)"),
		yes("as.implicit", "the implicit grant (RFC 6749 section 4.2)"),
		yes("as.implicit.id_token", "ID tokens from the authorization endpoint (OpenID Connect Core section 3.2)"),
		yes("as.hybrid", "the hybrid flow (OpenID Connect Core section 3.3)"),
		yes("as.hybrid.token", "a code and an access token in one redirect (OAuth 2.0 Multiple Response Types section 5)"),
		yes("as.cc", "the client credentials grant (RFC 6749 section 4.4)"),
		yes("as.ropc", "the password grant (RFC 6749 section 4.3)"),
		yes("as.ropc.refresh", "a password buys refresh tokens"),
		yes("as.refresh", "refresh tokens (RFC 6749 section 6)"),
		yes("as.refresh.keeps", "a refresh token with which less was asked for once is worth as much as before"),
		yes("as.device", "the device grant (RFC 8628)"),
		yes("as.device.refresh", "a device obtains refresh tokens"),
		yes("as.tx", "token exchange (RFC 8693)"),
		yes("as.tx.actor", "token exchange with an actor token (RFC 8693 section 1.1)"),
		yes("as.assertion", "the JWT assertion grant (RFC 7523 section 2.1)"),
		yes("as.ciba", "backchannel requests that are polled for (OpenID Connect CIBA Core)"),
		yes("as.par", "pushed authorization requests (RFC 9126)"),
		yes("as.par.required", "a client that has to push its requests (RFC 9126 section 6)"),
		yes("as.jar", "request objects by value (RFC 9101 section 5.1)"),
		yes("as.jar.alone", "request objects that count also where no scope stands beside them (RFC 9101 section 5)"),
		yes("as.jar.alg", "the server registers how a client signs its request objects (RFC 9101 section 10.5)"),
		yes("as.rar", "authorization details (RFC 9396)"),
		yes("as.gm.create", "grants that are managed one by one (Grant Management for OAuth 2.0)"),
		yes("as.gm.merge", "adding to such a grant"),
		yes("as.gm.replace", "replacing what is in such a grant"),
		yes("as.gm.query", "asking what is in such a grant"),
		yes("as.gm.revoke", "revoking such a grant"),
		yes("as.resource", "a parameter that names the API (RFC 8707), and two APIs"),
		yes("as.resource.multi", "several APIs in one authorization request (RFC 8707 section 2)"),
	}
}

// serverCapabilities are about the other endpoints, OpenID Connect and tokens.
func serverCapabilities() []CapabilityInfo {
	return []CapabilityInfo{
		yes("as.introspection", "introspection (RFC 7662)"),
		yes("as.introspection.scope", "introspection names the scope of a token (RFC 7662 section 2.2)"),
		yes("as.introspection.machine", "a machine is told of its own token (RFC 7662 section 2.2)"),
		yes("as.introspection.auth", "who introspects has to prove who it is"),
		yes("as.revocation", "token revocation (RFC 7009)"),
		yes("as.metadata", "a metadata document (RFC 8414)"),
		yes("as.metadata.scopes", "the metadata lists scopes (RFC 8414 section 2)"),
		yes("as.dcr", "dynamic registration (RFC 7591)"),
		yes("as.dcr.scope", "the answer to a registration says for which scopes it is"),
		yes("as.dcr.public", "clients without a secret can register themselves (RFC 7591 section 2)"),
		yes("as.dcr.mgmt", "registrations can be read, changed and deleted (RFC 7592)"),
		yes("as.dcr.software_statement", "software statements (RFC 7591 section 2.3) of ours are trusted"),
		yes("as.oidc", "OpenID Connect"),
		yes("as.oidc.userinfo", "the UserInfo endpoint (OpenID Connect Core section 5.3)"),
		yes("as.oidc.userinfo.signed", "UserInfo is signed for clients that register for it (OpenID Connect Core section 5.3.2)"),
		yes("as.oidc.prompt", "the prompt parameter (OpenID Connect Core section 3.1.2.1)"),
		yes("as.oidc.silent", "a request without a page can succeed: who has signed in stays signed in at that browser"),
		yes("as.tabs", "several requests of one browser may come at once"),
		yes("consent.final", "a page of consent that is answered is all that a request still needs"),
		yes("consent.signed_in", "a page of consent is shown to somebody who has signed in, and not to whoever signs in on it"),
		yes("as.oidc.claims", "the claims parameter (OpenID Connect Core section 5.5)"),
		yes("as.oidc.optional", "a request need not be one of OpenID Connect"),
		yes("as.oidc.asked", "an ID token comes to those alone who ask for openid"),
		yes("as.oidc.offline", "offline_access (OpenID Connect Core section 11)"),
		yes("as.oidc.offline.prompt", "offline_access needs prompt=consent each time"),
		word("token.format", "the format of access tokens", "jwt", "opaque"),
		yes("token.jwt_profile_9068", "access tokens are JWTs that follow RFC 9068"),
		yes("token.permissions_claim", "a token can carry a list of permissions beside its scope"),
		yes("token.observable", "the scope of a token can be seen: a JWT, introspection or an API"),
		word("token.revocation_visible", "when a change is seen in older tokens that the server itself answers for", "immediate", "expiry"),
	}
}

// consentCapabilities are about the decisions of resource owners, and what limits
// them.
func consentCapabilities() []CapabilityInfo {
	return []CapabilityInfo{
		word("consent.ui", "what the consent page lets a resource owner choose", "none", "all_or_nothing", "granular"),
		word("consent.ui.device", "the same of the page where the request of a device is decided", "none", "all_or_nothing", "granular"),
		word("consent.driver", "how consent is played", "form", "api", "script", "none"),
		yes("consent.deny", "a resource owner can refuse the whole request"),
		yes("consent.driver.lists", "which scopes are asked for can be read"),
		yes("consent.driver.adds", "an answer to the page of consent can name a scope that the page does not offer"),
		yes("consent.driver.text", "the words of the consent page can be read"),
		yes("consent.driver.details", "the box that stands for authorization details is known"),
		yes("consent.driver.claims", "the boxes that stand for claims by name are known"),
		yes("consent.remembered", "consent is remembered"),
		yes("consent.required_scopes", "a scope is declared that cannot be deselected"),
		yes("consent.openid_deselectable", "openid can be deselected"),
		word("consent.edit", "what a resource owner can change afterwards", "none", "revoke_only", "edit_scopes"),
		yes("consent.edit.driver", "a grant can be set to a list of scopes"),
		yes("policy.user_limits", "the resource owner's role limits what can be granted"),
		yes("policy.public_client_limits", "a scope is declared that public clients do not obtain"),
	}
}

// apiCapabilities are about the API.
func apiCapabilities() []CapabilityInfo {
	return []CapabilityInfo{
		yes("rs.api", "there is an API"),
		yes("rs.all_of", "an operation needs several scopes"),
		yes("rs.user_bound", "objects belong to resource owners"),
		yes("rs.own", "the API is part of what is under test, and not ours"),
		yes("rs.mint", "the API trusts a key of ours"),
		yes("rs.mint.jwt", "the API reads what we sign itself, so that its claims may be of any shape"),
		yes("rs.me", "the API has a page of the resource owner, which a machine has not"),
		yes("rs.batch", "an operation does several things"),
		yes("rs.nested", "operations are nested"),
		yes("rs.write_only", "a token to write does not open what is read"),
		word("rs.token_validation", "how the API checks tokens", "jwt", "introspection"),
		yes("rs.introspects", "what the API introspects with is known"),
		yes("rs.other_introspects", "what the other API introspects with is known"),
		yes("rs.prm", "the API has metadata (RFC 9728)"),
		yes("rs.dpop", "the API takes tokens that are bound to a key (RFC 9449)"),
		yes("rs.stepup", "an operation needs an authentication context class (RFC 9470)"),
	}
}

// fixtureCapabilities are about what there is to try with.
func fixtureCapabilities() []CapabilityInfo {
	return []CapabilityInfo{
		yes("as.post", "authorization requests may be posted"),
		yes("as.post.alone", "authorization requests may be posted that are none of OpenID Connect (RFC 6749 section 3.1)"),
		count("fx.clients", "clients that can be used"),
		count("fx.channels", "ways on which a scope can be asked for"),
		count("fx.request_kinds", "kinds of authorization request"),
		yes("fx.clients.public", "a public client"),
		yes("fx.clients.first_party", "a first-party client"),
		yes("fx.clients.scope_limits", "clients are limited to scopes"),
		yes("fx.clients.fresh", "clients that nobody has agreed to before"),
		count("fx.users", "resource owners"),
		yes("fx.user.privileged", "a resource owner who may do everything"),
		yes("fx.user.all_claims", "a resource owner who has every standard claim"),
		count("fx.user_grants", "kinds of grant that are bound to a resource owner"),
		yes("fx.scopes.decoys", "scopes that no operation needs"),
		yes("fx.scopes.dotted", "an operation that needs a scope with a dot"),
		yes("fx.scopes.user_only", "a scope that a machine client may not have"),
		yes("fx.scopes.exotic", "a scope with every kind of punctuation"),
		yes("fx.scopes.unadvertised", "a scope that the metadata leaves out of its list"),
		yes("fx.scopes.privileged", "a scope that dynamic registration does not give"),
		count("fx.apis", "APIs that the authorization server knows"),
		yes("fx.same_name_scope", "a scope of the same name at two APIs"),
		yes("fx.claims.custom", "claims beside the standard ones"),
		yes("ctl.role_admin", "roles can be changed"),
		yes("ctl.client_admin", "a client's scopes can be changed"),
		yes("ctl.scope_admin", "scopes can be taken out of the catalogue"),
		yes("ctl.net", "the API can be cut off from the authorization server"),
		yes("ctl.clock", "the clock can be moved"),
	}
}

// Unknown is the value of a capability that could not be observed; the source
// says why. What needs it cannot be judged.
const Unknown = "unknown"

// Finding is the value of a capability or of a choice, and how it is known.
type Finding struct {
	Value string `json:"value"`
	// Source is how it is known: "declared", "metadata: KEY", "observed", or
	// "derived: …".
	Source string `json:"source"`
}

// Doubtful reports whether a run took the value from what it saw go wrong, and says
// what: a server that is broken in this shows the same as one that is so.
func (f Finding) Doubtful() bool { return strings.HasPrefix(f.Source, "observed: ") && !f.Yes() }

// Yes reports whether the value is "true".
func (f Finding) Yes() bool { return f.Value == "true" }
