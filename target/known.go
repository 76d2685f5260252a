package target

import (
	"fmt"
	"reflect"
	"strings"
)

// Actors are the clients that a target file may describe, by name: those that
// features know, and Auditor.
func Actors() []string {
	return []string{"Planner", "Viewer", "Pocket", "House", "Robot", "Rival", "Worker", "Auditor", "Newcomer", "Legacy", "Strict", "Steward"}
}

// Owners are the resource owners that features know, by name.
func Owners() []string { return []string{"Ada", "Bo", "Cy"} }

// Endpoints are the members of a metadata document that
// authorization_server.endpoints may add or override (RFC 8414 section 2, RFC
// 8628 section 4, RFC 9126 section 5, Grant Management for OAuth 2.0, OpenID
// Connect Discovery section 3, OpenID Connect CIBA Core section 4).
func Endpoints() []string {
	return []string{
		"authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint",
		"userinfo_endpoint", "jwks_uri", "registration_endpoint", "device_authorization_endpoint",
		"backchannel_authentication_endpoint", "pushed_authorization_request_endpoint", "grant_management_endpoint", "end_session_endpoint",
	}
}

// knownKeys returns the keys that the mapping at a path may have, and what such
// a key is; nil: any key.
func knownKeys(path string, t reflect.Type) (known []string, what string) {
	switch {
	case t.Key() == reflect.TypeFor[Capability]():
		for _, c := range Capabilities() {
			known = append(known, string(c.Name))
		}
		return known, "capability"
	case t.Key() == reflect.TypeFor[ChoiceName]():
		for _, c := range Choices() {
			known = append(known, string(c.Name))
		}
		return known, "choice"
	case t.Key() == reflect.TypeFor[Way]():
		for _, way := range Ways() {
			known = append(known, string(way))
		}
		return known, "way"
	case t.Elem() == reflect.TypeFor[User]():
		return Owners(), "user"
	case t.Elem() == reflect.TypeFor[ClientDescription]():
		return Actors(), "client"
	case path == "authorization_server.endpoints":
		return Endpoints(), "endpoint"
	}
	return nil, ""
}

// knownValues returns what a key of a mapping may be set to; nil: anything of
// the type.
func knownValues(t reflect.Type, key string) []string {
	switch t.Key() {
	case reflect.TypeFor[Capability]():
		for _, c := range Capabilities() {
			if string(c.Name) == key && c.Kind == Boolean {
				return []string{"true", "false"}
			}
			if string(c.Name) == key {
				return c.Allowed
			}
		}
	case reflect.TypeFor[ChoiceName]():
		for _, c := range Choices() {
			if string(c.Name) == key {
				return c.Allowed
			}
		}
	}
	return nil
}

// variablesAt returns the variables that a text at a path may use, beside those
// of the environment.
func variablesAt(d *Description, path string) []string {
	var known []string
	if path != "authorization_server.issuer" && path != "external.issuer" {
		known = append(known, "issuer")
	}
	if d.Container != nil {
		for name := range d.Container.Ports {
			known = append(known, "port."+name)
		}
	}
	if d.External == nil {
		known = append(known, "admin_key")
	}
	if d.OnlyAPI() {
		known = append(known, "authority", "audience")
	}
	if d.Container != nil {
		known = append(known, "host", "signing_key", "signing_key.public")
	}
	if !strings.HasPrefix(path, "container.") && path != "authorization_server.issuer" && path != "external.issuer" {
		known = append(known, laterCaptures(d.Setup)...)
	}
	switch {
	case strings.HasPrefix(path, "clients.actors.") && d.Clients.Sets > 0:
		known = append(known, "set")
	case strings.HasPrefix(path, "clients.register.http."):
		known = append(known, registrationVariables()...)
	case strings.HasPrefix(path, "login.api.pages["):
		known = append(known, "user.username", "user.password", "user.subject", "user.totp", "user_code", "scope")
		known = append(known, pageVariables(d, path)...)
	case strings.HasPrefix(path, "control."):
		known = append(append(known, controlVariables()...), registrationVariables()...)
	case strings.Contains(path, "api.further["):
		known = append(append(known, "id", "marker", "token", "api"), furtherCaptures(d, path)...)
	case strings.Contains(path, "api.operations["), strings.Contains(path, "api.batch."), strings.Contains(path, "api.step_up."):
		known = append(known, "id", "marker")
	}
	return known
}

// furtherCaptures are what the calls of a further operation capture, for what is
// sent after them.
func furtherCaptures(d *Description, path string) (names []string) {
	for key, api := range map[string]*API{"api": d.API, "other_api": d.OtherAPI} {
		if api == nil {
			continue
		}
		for i, f := range api.Further {
			if strings.HasPrefix(path, fmt.Sprintf("%s.further[%d].", key, i)) {
				names = append(names, laterCaptures(f.First)...)
			}
		}
	}
	return names
}

// registrationVariables are what a call that registers a client knows.
func registrationVariables() []string {
	return []string{
		"client.name", "client.id", "client.secret", "client.scope", "client.redirect_uri", "client.grant_types",
		"client.auth_method", "client.confidential", "client.first_party",
	}
}

// controlVariables are what the calls of control know, each as far as it makes
// sense.
func controlVariables() []string {
	return []string{
		"user.username", "user.password", "user.subject", "user.claims", "user.roles",
		"scope", "removed", "seconds", "jwk", "reachable",
	}
}

// pageVariables are what the path of a page of driver api names, and what its
// calls capture.
func pageVariables(d *Description, path string) (names []string) {
	for i, page := range d.Login.API.Pages {
		if !strings.HasPrefix(path, fmt.Sprintf("login.api.pages[%d].", i)) {
			continue
		}
		for _, part := range strings.Split(page.Path, "/") {
			if name, is := strings.CutPrefix(part, "{"); is {
				names = append(names, strings.TrimSuffix(name, "}"))
			}
		}
		for _, call := range []*Call{page.SignedIn, page.SignIn, page.Grant, page.Deny} {
			if call != nil {
				names = append(names, call.Captures()...)
			}
		}
		if page.Asks != nil {
			names = append(names, page.Asks.Call.Captures()...)
		}
	}
	return names
}
