package actor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// keyOf is the key that a client of that name signs with.
func (c *Cast) keyOf(name string) (*harnessKey, error) {
	if key := c.keys[name]; key != nil {
		return key, nil
	}
	key, err := c.Stage.keyOf(name)
	c.keys[name] = key
	return key, err
}

// keyOf is the key of all clients of that name: one cast never has two of them.
func (s *Stage) keyOf(name string) (*harnessKey, error) {
	made, _ := s.clientKeys.LoadOrStore(name, sync.OnceValues(newHarnessKey))
	return made.(func() (*harnessKey, error))()
}

// requestMetadata adds to a client's metadata how it makes its authorization
// requests (RFC 7591 section 2, RFC 9101 section 10.5, RFC 9126 section 6). Rival
// does not say how its request objects are signed.
func (c *Cast) requestMetadata(client *oauth.Client, m map[string]any) error {
	if client.RedirectURI == "" {
		return nil
	}
	f := &finder{t: c.Stage.Target.Target, d: c.Stage.Target.Description}
	switch client.Name {
	case "Legacy":
		m["response_types"] = append([]string{"code"}, f.frontTypes()...)
	case "Strict":
		m["require_pushed_authorization_requests"] = true
	}
	if !f.takesObjects() {
		return nil
	}
	key, err := c.keyOf(client.Name)
	if err != nil {
		return err
	}
	m["jwks"] = map[string]any{"keys": []json.RawMessage{key.public}}
	if client.Name != "Rival" {
		m["request_object_signing_alg"] = "ES256"
	}
	return nil
}

// confirmed checks that the answer of a registration does not take back what the
// part of a client hangs on (RFC 7591 section 3.2.1).
func (c *Cast) confirmed(client *oauth.Client, answer []byte) error {
	var reply struct {
		ResponseTypes []string `json:"response_types"`
		RequiresPAR   bool     `json:"require_pushed_authorization_requests"`
		ObjectAlg     string   `json:"request_object_signing_alg"`
	}
	_ = json.Unmarshal(answer, &reply) // one that is no JSON object says nothing
	c.objectAlg[client.Name] = reply.ObjectAlg
	f := &finder{t: c.Stage.Target.Target, d: c.Stage.Target.Description}
	switch {
	case client.Name == "Strict" && !reply.RequiresPAR && f.t.Metadata["require_pushed_authorization_requests"] != true:
		return fmt.Errorf("%w require_pushed_authorization_requests (RFC 9126 section 6)", errNotTaken)
	case client.Name == "Legacy" && reply.ResponseTypes != nil && len(reply.ResponseTypes) <= len(f.frontTypes()):
		return fmt.Errorf("%w every response type: it registered %q, want %q as well", errNotTaken, reply.ResponseTypes, f.frontTypes())
	}
	return nil
}

// frontTypes are the response types beside "code" that the metadata lists, of
// those that rules know (OAuth 2.0 Multiple Response Types section 5), by the
// names that the metadata has for them.
func (f *finder) frontTypes() []string {
	var found []string
	list, _ := f.t.Metadata["response_types_supported"].([]any)
	for _, each := range list {
		text, _ := each.(string)
		parts := strings.Fields(text)
		known := !slices.ContainsFunc(parts, func(p string) bool { return p != "code" && p != "token" && p != "id_token" })
		if known && len(parts) > 0 && text != "code" {
			found = append(found, text)
		}
	}
	return found
}

// answersFront reports whether a response type is listed, whatever the order of
// its values.
func (f *finder) answersFront(kind string) bool {
	want := strings.Fields(kind)
	return slices.ContainsFunc(f.frontTypes(), func(listed string) bool {
		parts := strings.Fields(listed)
		return len(parts) == len(want) && !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(want, p) })
	})
}

// takesObjects reports whether clients can send request objects signed as ours.
func (f *finder) takesObjects() bool {
	supported, _ := f.t.Metadata["request_parameter_supported"].(bool)
	return supported && f.registers() && f.lists("request_object_signing_alg_values_supported", "ES256", true)
}

// requests are the capabilities about how authorization requests are made.
func (f *finder) requests() {
	has := func(key string) bool { return metadata(f.t, key) != "" }
	code := f.found["as.code"].Yes()
	par := code && has("pushed_authorization_request_endpoint")
	f.yes("as.par", par, "metadata: pushed_authorization_request_endpoint")
	_, knows := f.t.Metadata["require_pushed_authorization_requests"]
	f.yes("as.par.required", par && knows && f.present("Strict"), "metadata: require_pushed_authorization_requests")
	f.yes("as.jar", code && f.takesObjects(), "metadata: request_parameter_supported")
	f.yes("as.post", code && f.found["as.oidc"].Yes() && !pushesAll(f.t), "derived: as.oidc (OpenID Connect Core section 3.1.2.1)")
	f.yes("as.post.alone", f.found["as.post"].Yes(), "derived: as.post")
	f.objectsAlone()
	f.yes("as.jar.alg", f.found["as.jar"].Yes(), "metadata: request_parameter_supported")
	f.set("fx.request_kinds", strconv.Itoa(f.kinds()), kindsFrom)
	const types = "metadata: response_types_supported"
	legacy := f.present("Legacy")
	f.yes("as.implicit", f.answersFront("token") && legacy, types)
	f.yes("as.implicit.id_token", f.answersFront("id_token") && f.answersFront("id_token token") && legacy, types)
	f.yes("as.hybrid", f.answersFront("code id_token") && legacy, types)
	f.yes("as.hybrid.token", f.answersFront("code token") && legacy, types)
	multi := f.found["as.resource"].Yes() && f.d.AuthorizationServer.ResourceParameter == "resource" && f.d.AuthorizationServer.SeveralResources
	f.yes("as.resource.multi", multi, "declared: authorization_server.several_resources")
	details := f.d.AuthorizationServer.Details
	kind, _ := details.Plain["type"].(string)
	f.yes("as.rar", code && kind != "" && f.lists("authorization_details_types_supported", kind, false), "metadata: authorization_details_types_supported")
	const actions = "grant_management_actions_supported"
	for _, action := range []string{"create", "merge", "replace", "query", "revoke"} {
		can := code && f.lists(actions, action, false) && f.present("Steward")
		if action == "query" || action == "revoke" { // Steward obtains its token for that as a machine
			can = can && has("grant_management_endpoint") && f.found["as.cc"].Yes()
		}
		f.yes(target.Capability("as.gm."+action), can, "metadata: "+actions)
	}
}

// objectsAlone is whether a request object counts also where no scope stands
// beside it. OpenID Connect reads it only beside openid: without that, the
// request is one of OAuth, which need not know the parameter (OpenID Connect Core
// section 6.1, RFC 6749 section 3.1). Who publishes what RFC 9101 section 10.5
// adds reads it always, and so does who reads it and knows no OpenID Connect.
func (f *finder) objectsAlone() {
	_, published := f.t.Metadata["require_signed_request_object"]
	alone := f.found["as.jar"].Yes() && (published || !f.found["as.oidc"].Yes())
	f.yes("as.jar.alone", alone, "metadata: require_signed_request_object")
}

// kindsFrom is where the number of kinds of authorization request comes from.
const kindsFrom = "derived: as.code, as.post.alone, as.par, as.jar.alone"

// kinds is how many kinds of authorization request can be made, whatever is asked
// for. OpenID Connect has its requests taken by POST as well (OpenID Connect Core section
// 3.1.2.1); not every server takes others so, or reads a request object without openid
// beside it.
func (f *finder) kinds() int {
	has := func(name target.Capability) bool { return f.found[name].Yes() }
	kinds := 0
	for _, can := range []bool{has("as.code"), has("as.post.alone"), has("as.par"), has("as.jar.alone")} {
		if can && has("as.code") {
			kinds++
		}
	}
	return kinds
}

// UserInfoAlg is an algorithm that the metadata lists for signed UserInfo
// (OpenID Connect Discovery section 3); empty: there is none.
func UserInfoAlg(t *target.Target) string {
	list, _ := t.Metadata["userinfo_signing_alg_values_supported"].([]any)
	for _, each := range list {
		if alg, _ := each.(string); alg != "" && alg != "none" && !strings.HasPrefix(alg, "HS") {
			return alg
		}
	}
	return ""
}
