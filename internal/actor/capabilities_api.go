package actor

import (
	"strconv"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registration is what clients can do about their own registration.
func (f *finder) registration() {
	f.yes("as.dcr.scope", f.found["as.dcr"].Yes(), "metadata: registration_endpoint")
	none := f.found["as.dcr"].Yes() && f.lists("token_endpoint_auth_methods_supported", "none", true)
	f.yes("as.dcr.public", none, "metadata: token_endpoint_auth_methods_supported")
	f.yes("as.dcr.mgmt", false, "not declared")
	f.yes("as.dcr.software_statement", f.found["as.dcr"].Yes() && f.d.Control.TrustStatementKey != nil, "declared: control.trust_statement_key")
}

// resources is what there is at the API beside its operations, and at the other
// one. An API that accepts opaque tokens has to ask about them.
func (f *finder) resources(mint bool) {
	api, other := f.t.API, f.t.OtherAPI
	_, notes := api.Operation("notes")
	_, annotate := api.Operation("annotate")
	f.yes("rs.nested", notes && annotate, "declared: api.operations")
	_, me := api.Operation("me")
	f.yes("rs.me", me, "declared: api.operations")
	writing := f.d.Includes().Closure(oauth.NewScopeSet("write:appointments"))
	opens := func(name string) bool {
		op, offered := api.Operation(name)
		return offered && op.Allows(writing)
	}
	f.yes("rs.write_only", !opens("list") && !opens("read"), "declared: api.operations, hierarchy")
	f.declares("rs.batch", api.Batch != nil, "api.batch")
	f.declares("rs.stepup", api.StepUp != nil, "api.step_up")
	f.declares("rs.prm", api.MetadataURL != "", "api.resource_metadata")
	if f.d.OnlyAPI() { // what its issuer can do says nothing of the API
		f.yes("rs.dpop", false, "not declared")
	} else {
		f.yes("rs.dpop", f.lists("dpop_signing_alg_values_supported", "ES256", false), "metadata: dpop_signing_alg_values_supported")
	}
	f.yes("rs.introspects", api.Introspection != nil && f.found["as.introspection"].Yes(), "declared: api.introspection")
	others := other != nil && other.Introspection != nil && f.found["as.introspection"].Yes()
	f.yes("rs.other_introspects", others, "declared: other_api.introspection")
	validation := "jwt"
	if f.found["token.format"].Value == "opaque" {
		validation = "introspection"
	}
	f.set("rs.token_validation", validation, "derived: token.format")
	f.declares("ctl.net", api.SetReachable != nil, "control.set_network")
	f.yes("token.permissions_claim", mint, "derived: we sign tokens that have one")
	apis, same := 1, false
	if other != nil && f.found["as.resource"].Yes() {
		apis, same = 2, !scopesOf(api).Intersect(scopesOf(other)).IsEmpty()
	}
	f.set("fx.apis", strconv.Itoa(apis), "declared: other_api")
	f.yes("fx.same_name_scope", same, "declared: other_api")
}

// scopesOf are the scopes that the operations of an API need.
func scopesOf(api *target.ResourceServer) oauth.ScopeSet {
	var all oauth.ScopeSet
	for _, op := range api.Operations {
		needs, _ := op.Needs()
		all = all.Union(needs)
	}
	return all
}

// unadvertised are the scopes of the fixture that the server's list leaves out,
// beside the one that everybody asks for; none where it has no list.
func unadvertised(t *target.Target) oauth.ScopeSet {
	list, ok := t.Metadata["scopes_supported"].([]any)
	if !ok {
		return oauth.ScopeSet{}
	}
	all := oauth.FieldsScope("write:appointments " + t.Description.AuthorizationServer.Decoys)
	for _, listed := range list {
		if text, ok := listed.(string); ok {
			all = all.Minus(t.Description.Canonical(oauth.NewScopeSet(oauth.ScopeToken(text))))
		}
	}
	return all
}

// Unadvertised are the scopes of the fixture, beside read:appointments, that the
// server's metadata leaves out of its list (RFC 8414 section 2).
func (c *Cast) Unadvertised() oauth.ScopeSet { return unadvertised(c.Stage.Target.Target) }
