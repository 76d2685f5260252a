package actor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// declared is the choices that a description declares, on every way and on one.
func declared(d *target.Description) (map[target.ChoiceName]target.Finding, target.ChoicesByWay) {
	found := map[target.ChoiceName]target.Finding{}
	for name, value := range d.Choices {
		found[name] = target.Finding{Value: value, Source: "declared"}
	}
	byWay := target.ChoicesByWay{}
	for way, choices := range d.ChoicesByWay {
		for name, value := range choices {
			byWay.Set(way, name, target.Finding{Value: value, Source: "declared"})
		}
	}
	return found, byWay
}

// notDeclared is the source of what a description could say, and does not.
const notDeclared = "not declared"

// granted are the decoys without which rules have nothing to begin with.
const granted = "read:appointments:all read:appointments:own unread:appointments"

// finder collects capabilities, each with how it is known.
type finder struct {
	t     *target.Target
	d     *target.Description
	found map[target.Capability]target.Finding
}

func (f *finder) set(name target.Capability, value, source string) {
	if own, ok := f.d.Capabilities[name]; ok {
		value, source = own, "declared"
	}
	f.found[name] = target.Finding{Value: value, Source: source}
}

func (f *finder) yes(name target.Capability, is bool, source string) {
	f.set(name, strconv.FormatBool(is), source)
}

// declares is a capability that a key of the target file gives.
func (f *finder) declares(name target.Capability, is bool, key string) {
	if is {
		f.yes(name, true, "declared: "+key)
		return
	}
	f.yes(name, false, "not declared: "+key)
}

// granting is the capability to use a grant type.
func granting(grant oauth.GrantType) target.Capability {
	return map[oauth.GrantType]target.Capability{
		oauth.AuthorizationCode: "as.code", oauth.ClientCredentials: "as.cc", oauth.RefreshTokenGrant: "as.refresh",
		oauth.PasswordGrant: "as.ropc", oauth.DeviceCode: "as.device", oauth.TokenExchange: "as.tx",
		oauth.JWTBearer: "as.assertion", oauth.CIBA: "as.ciba",
	}[grant]
}

// lists reports whether a list in the metadata has a value; absent is what a
// missing list means. A description has the last word on grant types.
func (f *finder) lists(key, value string, absent bool) bool {
	if key == "grant_types_supported" {
		if own, ok := f.d.Capabilities[granting(oauth.GrantType(value))]; ok {
			return own == "true"
		}
	}
	list, ok := f.t.Metadata[key].([]any)
	if !ok {
		return absent
	}
	return slices.ContainsFunc(list, func(v any) bool { return v == value })
}

// silent reports whether the server says nothing of itself, so that a grant which
// nobody listed may be there all the same, and is tried.
func (f *finder) silent() bool { return f.t.Metadata["issuer"] == nil }

// supported are the grant types that the metadata lists; all of them, where it
// has no list (RFC 8414 section 2).
func (f *finder) supported(grants []oauth.GrantType) []oauth.GrantType {
	return slices.DeleteFunc(slices.Clone(grants), func(g oauth.GrantType) bool {
		return !f.lists("grant_types_supported", string(g), true)
	})
}

// capabilities finds what a target can do from its metadata and its
// description, which has the last word.
func capabilities(t *target.Target, mint bool) *finder {
	f := &finder{t: t, d: t.Description, found: map[target.Capability]target.Finding{}}
	for _, info := range target.Capabilities() {
		switch info.Kind {
		case target.Boolean:
			f.set(info.Name, "false", "not in this release")
		case target.Number:
			f.set(info.Name, "0", "not in this release")
		default:
			f.set(info.Name, "none", "not declared")
		}
	}
	f.grants()
	f.oidc()
	f.consent()
	f.fixture()
	f.requests()
	f.api(mint)
	return f
}

func (f *finder) grants() {
	const grants = "grant_types_supported"
	if f.d.OnlyAPI() {
		f.found["as.own"] = target.Finding{Value: "false", Source: "derived: the API alone is under test"}
	} else {
		f.yes("as.own", true, "derived: authorization_server")
	}
	has := func(key string) bool { return metadata(f.t, key) != "" }
	code := f.lists(grants, "authorization_code", true) && has("authorization_endpoint")
	f.yes("as.code", code, "metadata: "+grants)
	f.yes("as.tabs", code, "derived: as.code")
	f.yes("consent.final", code, "derived: as.code")
	f.yes("consent.signed_in", code, "derived: as.code")
	machines := f.present("Worker") || f.present("Robot")
	f.yes("as.cc", f.lists(grants, "client_credentials", f.silent() && machines), "metadata: "+grants)
	f.yes("as.refresh", f.lists(grants, "refresh_token", code), "metadata: "+grants)
	f.yes("as.refresh.keeps", f.found["as.refresh"].Yes(), "derived: as.refresh")
	f.yes("as.introspection", has("introspection_endpoint"), "metadata: introspection_endpoint")
	asked := f.d.AuthorizationServer.Introspection.As != "none" && has("introspection_endpoint")
	f.yes("as.introspection.scope", has("introspection_endpoint"), "metadata: introspection_endpoint")
	f.yes("as.introspection.machine", has("introspection_endpoint") && f.found["as.cc"].Yes(), "metadata: introspection_endpoint")
	f.yes("as.introspection.auth", asked, "declared: authorization_server.introspection.as")
	f.yes("as.revocation", has("revocation_endpoint"), "metadata: revocation_endpoint")
	f.yes("as.metadata", f.t.Metadata["issuer"] != nil, "metadata: issuer")
	f.yes("as.metadata.scopes", f.t.Metadata["scopes_supported"] != nil, "metadata: scopes_supported")
	f.yes("as.dcr", has("registration_endpoint"), "metadata: registration_endpoint")
	f.registration()
	f.declares("as.resource", f.d.AuthorizationServer.ResourceParameter != "" && f.t.OtherAPI != nil, "authorization_server.resource_parameter and other_api")
	f.furtherGrants()
	bound := 0
	for _, name := range []target.Capability{"as.code", "as.refresh", "as.device", "as.tx", "as.ropc", "as.assertion", "as.ciba"} {
		if f.found[name].Yes() {
			bound++
		}
	}
	f.set("fx.user_grants", strconv.Itoa(bound), "metadata: "+grants)
	f.set("fx.channels", strconv.Itoa(len(f.ways())), "metadata: "+grants)
	f.set("token.format", "opaque", notDeclared)
	f.yes("token.jwt_profile_9068", false, notDeclared)
	f.set("token.revocation_visible", "expiry", notDeclared)
	f.yes("token.observable", f.t.API != nil || has("introspection_endpoint"), "derived: an API or introspection")
}

// ways are those on which a client that people use, or a machine in its place,
// can ask for a scope.
func (f *finder) ways() []target.Way {
	var all []target.Way
	for _, way := range target.Ways() {
		client := "Planner"
		if way == target.ByCredentials {
			client = Machine(client)
		}
		d, err := describe(f.d, client, 1)
		if err == nil && f.found[target.CapabilityOf(way)].Yes() && f.present(client) && slices.Contains(d.GrantTypes, string(grantOf(way))) {
			all = append(all, way)
		}
	}
	return all
}

// furtherGrants are those beside the ones of RFC 6749 that need no other grant
// type than their own. What the description declares cannot add what is missing
// for a client to use them.
func (f *finder) furtherGrants() {
	const grants = "grant_types_supported"
	lists := func(g oauth.GrantType) bool { return f.lists(grants, string(g), false) }
	has := func(key string) bool { return metadata(f.t, key) != "" }
	// A person at a browser of their own is not at a device, too.
	forms := f.t.UserAgent != nil || f.d.Login.Driver == "" || f.d.Login.Driver == "form"
	driven := forms || f.d.Login.Driver == "api" && f.d.Login.TakesCodes()
	f.yes("as.ropc", lists(oauth.PasswordGrant), "metadata: "+grants)
	f.yes("as.device", has("device_authorization_endpoint") && f.lists(grants, string(oauth.DeviceCode), true) && driven, "metadata: device_authorization_endpoint")
	refresh := f.found["as.refresh"].Yes()
	f.yes("as.ropc.refresh", f.found["as.ropc"].Yes() && refresh, "metadata: "+grants)
	f.yes("as.device.refresh", f.found["as.device"].Yes() && refresh, "metadata: "+grants)
	f.yes("as.tx", lists(oauth.TokenExchange), "metadata: "+grants)
	f.yes("as.tx.actor", false, "not declared")
	if !f.found["as.tx"].Yes() {
		f.found["as.tx.actor"] = target.Finding{Value: "false", Source: "derived: no token exchange"}
	}
	f.yes("as.assertion", lists(oauth.JWTBearer) && f.registers(), "metadata: "+grants)
	polled := f.lists("backchannel_token_delivery_modes_supported", "poll", false) && has("backchannel_authentication_endpoint")
	f.yes("as.ciba", polled && f.d.AuthorizationServer.BackchannelPage != "" && forms, "metadata: backchannel_authentication_endpoint")
}

func (f *finder) oidc() {
	openid := f.lists("scopes_supported", "openid", metadata(f.t, "userinfo_endpoint") != "") ||
		f.t.Metadata["id_token_signing_alg_values_supported"] != nil // it need not be listed (OpenID Connect Discovery section 3)
	f.yes("as.oidc", openid, "metadata: scopes_supported")
	f.yes("as.oidc.userinfo", openid && metadata(f.t, "userinfo_endpoint") != "", "metadata: userinfo_endpoint")
	f.yes("as.oidc.userinfo.signed", f.found["as.oidc.userinfo"].Yes() && UserInfoAlg(f.t) != "", "metadata: userinfo_signing_alg_values_supported")
	f.yes("as.oidc.prompt", openid, "metadata: scopes_supported")
	f.yes("as.oidc.silent", f.found["as.oidc.prompt"].Yes(), "derived: the prompt parameter")
	claims, _ := f.t.Metadata["claims_parameter_supported"].(bool)
	f.yes("as.oidc.claims", claims, "metadata: claims_parameter_supported")
	f.declares("as.oidc.offline.prompt", f.d.AuthorizationServer.Refresh.Prompt == "consent", "authorization_server.refresh.prompt")
	must := oauth.FieldsScope(f.d.AuthorizationServer.AlwaysAsked).Has("openid")
	f.yes("as.oidc.optional", openid && !must, "declared: authorization_server.always_asked")
	f.yes("as.oidc.asked", openid && !must, "metadata: scopes_supported")
	f.yes("as.oidc.offline", openid && f.lists("scopes_supported", "offline_access", false), "metadata: scopes_supported")
}

func (f *finder) consent() {
	d := f.d
	const login = "declared: login.driver"
	switch {
	case f.t.UserAgent != nil && d.Login.Driver != "browser", d.Login.Driver == "hydra_admin": // a browser is shown pages
		f.set("consent.driver", "api", login)
		f.consentUI("granular", login)
	case d.Login.Driver == "manual":
		f.set("consent.driver", "none", login)
		f.consentUI("all_or_nothing", login)
	case !f.found["as.code"].Yes():
		f.set("consent.driver", "form", login)
		f.consentUI("none", "derived: no authorization code grant")
	case d.Login.Driver == "api":
		f.set("consent.driver", "api", login)
		f.consentUI(target.Unknown, "not observed")
	default:
		f.set("consent.driver", "form", login)
		f.consentUI(target.Unknown, "not observed")
	}
	f.yes("consent.deny", d.Login.Driver != "api" || d.Login.Denies(), login)
	f.yes("consent.remembered", false, "not declared")
	f.yes("consent.openid_deselectable", false, "not declared")
	f.declares("consent.required_scopes", d.AuthorizationServer.RequiredScopes != "", "authorization_server.required_scopes")
	edit, source := "none", "not declared: control.revoke_grant, control.remove_scope"
	if d.Control.RevokeGrant != nil {
		edit, source = "revoke_only", "declared: control.revoke_grant"
	}
	if d.Control.RemoveScope != nil {
		edit, source = "edit_scopes", "declared: control.remove_scope"
	}
	f.set("consent.edit", edit, source)
	f.declares("consent.edit.driver", d.Control.SetScope != nil, "control.set_scope")
	f.declares("ctl.role_admin", d.Control.SetPermissions != nil, "control.set_permissions")
	f.declares("ctl.client_admin", d.Control.LimitClient != nil, "control.limit_client")
	f.declares("ctl.scope_admin", d.Control.WithdrawScope != nil && d.Control.RestoreScope != nil, "control.withdraw_scope")
	f.declares("ctl.clock", d.Control.AdvanceClock != nil, "control.advance_clock")
}

// consentUI sets what the consent page lets a resource owner choose, and what
// follows from it.
func (f *finder) consentUI(value, source string) {
	f.set("consent.ui", value, source)
	f.set("consent.ui.device", f.found["consent.ui"].Value, "derived: consent.ui")
	ui, driver := f.found["consent.ui"], f.found["consent.driver"].Value
	if ui.Value == target.Unknown {
		f.set("consent.driver.lists", target.Unknown, ui.Source)
		f.set("consent.driver.adds", target.Unknown, ui.Source)
		f.set("consent.driver.text", target.Unknown, ui.Source)
		f.set("consent.driver.details", target.Unknown, ui.Source)
		f.set("consent.driver.claims", target.Unknown, ui.Source)
		return
	}
	f.yes("consent.driver.lists", driver != "none" && ui.Value == "granular", ui.Source)
	f.yes("consent.driver.text", driver == "form" && ui.Value != "none", ui.Source)
	f.yes("consent.driver.adds", ui.Value != "none" && (driver == "form" || driver == "api" && f.d.Login.Tampers()), "declared: login")
	boxes := slices.Collect(maps.Values(f.d.Login.Form.Consent.Checkboxes))
	granular := driver == "form" && ui.Value == "granular"
	const declared = "declared: login.form.consent.checkboxes"
	f.yes("consent.driver.details", granular && slices.Contains(boxes, "authorization_details"), declared)
	f.yes("consent.driver.claims", granular && slices.Contains(boxes, "claims"), declared)
}

func (f *finder) fixture() {
	d := f.d
	confidential := 0
	for _, name := range []string{"Planner", "Viewer", "Rival"} {
		if f.present(name) {
			confidential++
		}
	}
	const clients = "declared: clients"
	f.set("fx.clients", strconv.Itoa(confidential), clients)
	f.yes("fx.clients.public", f.present("Pocket") && f.lists("token_endpoint_auth_methods_supported", "none", true), "metadata: token_endpoint_auth_methods_supported")
	f.yes("fx.clients.first_party", f.present("House") && f.firstParty(), clients)
	f.yes("fx.clients.scope_limits", f.limitsClients(), clients)
	f.yes("fx.clients.fresh", f.registers() || d.Control.RevokeGrant != nil || d.Control.CreateUser != nil || d.Capabilities["consent.remembered"] == "false", clients)
	_, ada := d.Users["Ada"]
	limited := false
	for _, u := range d.Users {
		limited = limited || u.Permissions != nil
	}
	f.set("fx.users", strconv.Itoa(len(d.Users)), "declared: users")
	f.yes("fx.user.privileged", ada, "declared: users")
	f.yes("fx.user.all_claims", ada && allClaims(d.Users["Ada"].Claims), "declared: users.Ada.claims")
	f.yes("policy.user_limits", limited, "declared: users")
	as := d.AuthorizationServer
	decoys, lacks := "authorization_server.decoys", oauth.FieldsScope(granted).Minus(oauth.FieldsScope(as.Decoys))
	if as.Decoys != "" && !lacks.IsEmpty() {
		decoys += ", which has no " + lacks.String()
	}
	f.declares("fx.scopes.decoys", lacks.IsEmpty(), decoys)
	f.declares("fx.scopes.user_only", as.UserOnlyScopes != "", "authorization_server.user_only_scopes")
	f.declares("fx.scopes.exotic", as.ExoticScope != "", "authorization_server.exotic_scope")
	f.yes("fx.scopes.unadvertised", !unadvertised(f.t).IsEmpty(), "metadata: scopes_supported")
	f.declares("fx.scopes.privileged", as.PrivilegedScopes != "", "authorization_server.privileged_scopes")
	f.declares("policy.public_client_limits", as.ConfidentialOnlyScopes != "", "authorization_server.confidential_only_scopes")
	f.declares("fx.claims.custom", len(as.CustomClaims) > 0, "authorization_server.custom_claims")
}

// HasClient reports whether the target has a client of that name: it can be
// registered, or it is in the target file.
func (s *Stage) HasClient(name string) bool {
	return name == "Stranger" || (&finder{t: s.Target.Target, d: s.Target.Description}).present(name)
}

// present reports whether a client can be had: registered, or static and in the
// target file.
func (f *finder) present(name string) bool {
	own, listed := f.d.Clients.Actors[name]
	return !own.Absent && (f.registers() || listed)
}

func (f *finder) registers() bool { return registers(f.t) }

// limitsClients reports whether the server was told which scopes each client may
// have: a registration that sends them, or static clients that declare theirs.
func (f *finder) limitsClients() bool {
	r := f.d.Clients.Register
	sent := func(scope any) bool { return strings.Contains(fmt.Sprint(scope), "${client.scope") }
	switch {
	case !f.registers():
		viewer, robot := f.d.Clients.Actors["Viewer"], f.d.Clients.Actors["Robot"]
		says := func(c target.ClientDescription) bool { return c.ID == "" || c.Absent || c.Scope != "" }
		return viewer.Scope+robot.Scope != "" && says(viewer) && says(robot)
	case r.HTTP != nil && r.HTTP.Form != nil:
		return slices.ContainsFunc(slices.Collect(maps.Values(r.HTTP.Form)), func(text string) bool { return sent(text) })
	case r.HTTP != nil:
		own, _ := r.HTTP.JSON.(map[string]any)
		scope, replaced := own["scope"]
		return !replaced || sent(scope)
	case r.Dynamic != nil:
		_, replaced := r.Dynamic.Metadata["scope"]
		return !replaced
	}
	return true
}

// firstParty reports whether House really is a first-party client: the file
// says so, or its registration can.
func (f *finder) firstParty() bool {
	own := f.d.Clients.Actors["House"].FirstParty
	if own != nil {
		return *own
	}
	if call := f.d.Clients.Register.HTTP; call != nil {
		body, _ := call.JSON.(map[string]any)
		for _, v := range body {
			if v == "${client.first_party}" {
				return true
			}
		}
	}
	return false
}

func (f *finder) api(mint bool) {
	api := f.t.API
	const source = "declared: api"
	f.yes("rs.api", api != nil, source)
	mints := "derived: the API was told to trust a key of ours"
	if !mint {
		mints = "derived: the API was not told to trust a key of ours"
	}
	f.yes("rs.mint", api != nil && mint, mints)
	told := f.d.OnlyAPI() && (f.found["token.format"].Value == "opaque" || f.d.Capabilities["rs.token_validation"] == "introspection")
	f.yes("rs.mint.jwt", f.found["rs.mint"].Yes() && !told, "derived: rs.mint and rs.token_validation")
	f.yes("rs.own", api != nil && !api.Ours, "derived: api")
	if api == nil {
		return
	}
	needs := func(name string) oauth.ScopeSet {
		op, _ := api.Operation(name)
		return oauth.FieldsScope(op.AllOf)
	}
	f.yes("rs.all_of", needs("move").Equal(oauth.FieldsScope("read:appointments write:appointments")), source)
	f.yes("fx.scopes.dotted", strings.Contains(needs("summary").String(), "."), source)
	f.yes("rs.user_bound", api.Ours, "derived: api")
	f.resources(mint)
}

// Claims returns the standard claims that a scope opens (OpenID Connect Core
// section 5.4); openid opens sub.
func Claims(scope oauth.ScopeToken) []string {
	switch scope {
	case "openid":
		return []string{"sub"}
	case "profile":
		return []string{"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
			"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}
	case "email":
		return []string{"email", "email_verified"}
	case "address":
		return []string{"address"}
	case "phone":
		return []string{"phone_number", "phone_number_verified"}
	}
	return nil
}

func allClaims(claims map[string]any) bool {
	for _, scope := range []oauth.ScopeToken{"profile", "email", "address", "phone"} {
		for _, name := range Claims(scope) {
			if _, ok := claims[name]; !ok {
				return false
			}
		}
	}
	return true
}
