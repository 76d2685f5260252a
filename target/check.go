package target

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/oauth"
)

// checkText judges a text by the check tag of its field.
func (r *reader) checkText(n *yaml.Node, path, check string) {
	switch check {
	case "url", "uri":
		if reason := wrongURL(n.Value, check == "url"); reason != "" {
			r.problem(n, path, "", "%s", reason)
		}
	case "scope":
		if _, err := oauth.ParseScope(n.Value); err != nil {
			r.problem(n, path, "", "got %v, want scope tokens separated by single spaces (RFC 6749 section 3.3)", err)
		}
	case "scope_token":
		if scope, err := oauth.ParseScope(n.Value); err != nil || scope.Len() != 1 {
			r.problem(n, path, "", "got %q, want one scope token (RFC 6749 section 3.3)", n.Value)
		}
	}
}

// wrongURL says what is wrong with an absolute URL, each variable in it standing
// for something lawful.
func wrongURL(text string, web bool) string {
	want := "an absolute URL"
	if web {
		want = "an absolute http or https URL"
	}
	parts, err := segments(text)
	if err != nil {
		return err.Error()
	}
	probe := ""
	for _, part := range parts {
		switch {
		case !part.variable:
			probe += part.text
		case probe == "":
			probe = "http://variable.example"
		default:
			probe += "1"
		}
	}
	u, err := url.Parse(probe)
	switch {
	case err != nil:
		return fmt.Sprintf("got what is not a URL, want %s", want) // url.Parse shows the whole URL, and with it a password
	case u.Scheme == "" || web && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https"):
		return fmt.Sprintf("got %q, want %s", redacted(text), want)
	}
	return ""
}

// redacted is a URL for a message: without the password in it.
func redacted(text string) string {
	at := strings.IndexByte(text, '@')
	scheme := strings.Index(text, "//")
	if at < 0 || scheme < 0 || at < scheme {
		return text
	}
	return text[:scheme+2] + "…" + text[at:]
}

// check judges what no single value shows.
func (r *reader) check(d *Description) {
	r.checkKind(d)
	if d.Container != nil {
		r.checkContainer(d)
	}
	r.checkIssuer(d)
	r.checkClients(d)
	r.checkPages(d.Login)
	if len(d.Setup) > 0 && d.Embedded != nil {
		r.at("setup", "", "got calls, want none: the embedded server needs no setting up")
	}
	if d.Login.Driver == "hydra_admin" && d.Login.Admin == "" {
		r.at("login.admin", "", "got nothing, want the base URL of the admin API, which driver hydra_admin needs")
	}
	r.checkAPI("api", d.API)
	r.checkAPI("other_api", d.OtherAPI)
	if d.API != nil && d.API.TrustsHarnessKey && d.Control.TrustKey == nil {
		r.at("api.trusts_harness_key", "", "got true, want control.trust_key, which tells the API the key")
	}
	for _, c := range Capabilities() {
		value, given := d.Capabilities[c.Name]
		if _, err := strconv.ParseUint(value, 10, 31); given && c.Kind == Number && err != nil {
			r.at("capabilities."+string(c.Name), "", "got %q, want a whole number", value)
		}
	}
	for way, choices := range d.ChoicesByWay {
		for name := range choices {
			if !slices.Contains(AnsweredByWay(), name) {
				r.at(fmt.Sprintf("choices_by_way.%s.%s", way, name), "", "got a choice that no way to ask shows, want one of %q", AnsweredByWay())
			}
		}
	}
	for token := range d.Scopes {
		if scope, err := oauth.ParseScope(token); err != nil || scope.Len() != 1 {
			r.at("scopes."+token, "", "got the key %q, want one scope token (RFC 6749 section 3.3)", token)
		}
	}
	r.checkHierarchy(d)
	if p := d.AuthorizationServer.IncrementalParameter; p != "" && !strings.Contains(p, "=") {
		r.at("authorization_server.incremental_parameter", "", `got %q, want "name=value"`, p)
	}
	r.checkTexts(d, reflect.ValueOf(d).Elem(), "")
}

// checkPages judges the pages of driver api.
func (r *reader) checkPages(login Login) {
	if login.Driver == "api" && len(login.API.Pages) == 0 {
		r.at("login.api.pages", `"pages: [{path: /login, …}]"`, "got none, want the pages that a visit can come to, which driver api needs")
	}
	for i, page := range login.API.Pages {
		path := fmt.Sprintf("login.api.pages[%d]", i)
		if !strings.HasPrefix(page.Path, "/") {
			r.at(path+".path", "", `got %q, want a path that begins with "/"`, page.Path)
		}
		if page.SignedIn != nil && page.SignIn == nil {
			r.at(path+".sign_in", "", "got nothing, want what is done where the call of signed_in fails")
		}
		if (page.Asks != nil || page.Deny != nil) && page.Grant == nil {
			r.at(path+".grant", "", "got nothing, want the call that grants")
		}
		if page.Asks == nil {
			continue
		}
		for name, pointer := range map[string]string{"scopes": page.Asks.Scopes, "name": page.Asks.Name, "granted": page.Asks.Granted, "skip": page.Asks.Skip} {
			if pointer != "" && !strings.HasPrefix(pointer, "/") {
				r.at(path+".asks."+name, "", `got %q, want a JSON pointer such as "/scope" (RFC 6901)`, pointer)
			}
		}
	}
}

func (r *reader) checkKind(d *Description) {
	var given []string
	for _, kind := range []struct {
		name  string
		given bool
	}{{"embedded", d.Embedded != nil}, {"external", d.External != nil}, {"container", d.Container != nil}} {
		if kind.given {
			given = append(given, kind.name)
		}
	}
	switch {
	case d.Tokens != nil && d.API == nil:
		r.at("tokens", "", "got it without api, want the API that takes the tokens")
	case d.OnlyAPI():
		r.checkOnlyAPI(d)
	case len(given) == 0:
		r.problem(r.root, "", `for a server that already runs: "external: {issuer: …}"`, `got no way up, want one of the keys "embedded", "external" or "container"`)
	case len(given) > 1:
		r.problem(r.root, "", "", `got %s, want one of the keys "embedded", "external" or "container"`, strings.Join(given, " and "))
	}
}

func (r *reader) checkContainer(d *Description) {
	c := d.Container
	if len(c.Ports) == 0 {
		r.at("container.ports", `"ports: {public: 8080}"`, "got no port, want the container's ports by name")
	}
	r.checkPorts("container.ports", c.Ports)
	r.checkReady("container.ready", c.Ready, c.Ports)
	for from, to := range c.Files {
		if !strings.HasPrefix(to, "/") {
			r.at("container.files."+from, "", "got %q, want an absolute path in the container", to)
		}
	}
	names := map[string]bool{}
	for i, with := range c.With {
		path := fmt.Sprintf("container.with[%d]", i)
		if names[with.Name] {
			r.at(path+".name", "", "got %q a second time, want each name once", with.Name)
		}
		names[with.Name] = true
		r.checkPorts(path+".ports", with.Ports)
		r.checkReady(path+".ready", with.Ready, with.Ports)
	}
	if d.AuthorizationServer.Issuer == "" && len(c.Ports) > 1 && !d.OnlyAPI() {
		r.at("authorization_server.issuer", `"http://${host}:${port.NAME}"`, "got nothing, want the issuer, because the container has several ports")
	}
}

func (r *reader) checkPorts(path string, ports map[string]int) {
	for name, port := range ports {
		if port < 1 || port > 65535 {
			r.at(join(path, name), "", "got %d, want a port from 1 to 65535", port)
		}
	}
}

func (r *reader) checkReady(path string, ready Ready, ports map[string]int) {
	var names []string
	for name := range ports {
		names = append(names, name)
	}
	slices.Sort(names)
	if ready.HTTP != "" && !strings.HasPrefix(ready.HTTP, "/") {
		r.at(path+".http", "", `got %q, want a path that begins with "/"`, ready.HTTP)
	}
	if _, ok := ports[ready.Port]; ready.Port != "" && !ok {
		r.at(path+".port", didYouMean(ready.Port, names), "got %q, want one of the ports: %s", ready.Port, spelling.Listed(names))
	}
	if ready.HTTP != "" && ready.Port == "" && len(ports) != 1 {
		r.at(path+".port", "", "got nothing, want the name of a port, because there is not exactly one")
	}
}

func (r *reader) checkIssuer(d *Description) {
	path, issuer := "authorization_server.issuer", d.AuthorizationServer.Issuer
	if d.External != nil {
		if issuer != "" && issuer != d.External.Issuer {
			r.at(path, "leave it out", "got %q, want the issuer of external, %q", redacted(issuer), redacted(d.External.Issuer))
		}
		path, issuer = "external.issuer", d.External.Issuer
	}
	if d.Embedded != nil && issuer != "" {
		r.at(path, "leave it out", "got %q, want nothing: the embedded server chooses its issuer", redacted(issuer))
	}
	if strings.ContainsAny(issuer, "?#") {
		r.at(path, "", "got %q, want no query and no fragment (RFC 8414 section 2)", redacted(issuer))
	}
}

func (r *reader) checkClients(d *Description) {
	register := d.Clients.Register
	var ways []string
	if register.HTTP != nil {
		ways = append(ways, "http")
	}
	if register.Dynamic != nil {
		ways = append(ways, "dynamic")
	}
	if register.Static {
		ways = append(ways, "static")
	}
	if len(ways) > 1 {
		r.at("clients.register", "", "got %s, want one of them", strings.Join(ways, " and "))
	}
	if !register.Static {
		if d.Clients.Sets > 0 {
			r.at("clients.sets", "", "got %d, want nothing, because clients are not static", d.Clients.Sets)
		}
		return
	}
	for _, name := range Actors() {
		actor, given := d.Clients.Actors[name]
		switch {
		case !given || actor.Absent:
		case actor.ID == "":
			r.at("clients.actors."+name+".id", "", "got nothing, want the client_id, because clients are static")
		case d.Clients.Sets > 1 && !strings.Contains(actor.ID, setVariable):
			r.at("clients.actors."+name+".id", "", "got %q, want %s in it, because there are %d sets of clients", actor.ID, setVariable, d.Clients.Sets)
		}
	}
	if len(d.Clients.Actors) == 0 {
		r.at("clients.actors", "", "got nothing, want the clients that the server has, because clients are static")
	}
}

func (r *reader) checkAPI(path string, api *API) {
	if api == nil {
		return
	}
	if strings.HasSuffix(api.BaseURL, "/") {
		r.at(path+".base_url", "", "got %q, want no slash at the end", redacted(api.BaseURL))
	}
	seen := map[string]bool{}
	for i, op := range api.Operations {
		at := fmt.Sprintf("%s.operations[%d]", path, i)
		if seen[op.Name] {
			r.at(at+".name", "", "got %q a second time, want each operation once", op.Name)
		}
		seen[op.Name] = true
		r.checkOperation(op, at)
	}
	for i, f := range api.Further {
		at := fmt.Sprintf("%s.further[%d]", path, i)
		if seen[f.Name] {
			r.at(at+".name", "", "got %q a second time, want each operation once", f.Name)
		}
		seen[f.Name] = true
		r.checkOperation(f.Operation(), at)
	}
	if op := api.Batch; op != nil && len(strings.Fields(op.AllOf)) < 2 {
		r.at(path+".batch.all_of", "", "got %q, want the scopes for reading and for deleting", op.AllOf)
	}
	if op := api.StepUp; op != nil && (op.AllOf == "" || op.ACR == "") {
		r.at(path+".step_up", "", "got no all_of or no acr, want both")
	}
}

func (r *reader) checkOperation(op Operation, at string) {
	if !strings.HasPrefix(op.Path, "/") {
		r.at(at+".path", "", `got %q, want a path that begins with "/"`, op.Path)
	}
	if op.AllOf != "" && op.AnyOf != "" {
		r.at(at+".any_of", "", "got all_of and any_of, want one of them")
	}
	if op.AllOf == "" && op.AnyOf == "" && op.Name != "me" {
		r.at(at, "", "got no scope, want all_of or any_of: an operation that needs no scope shows nothing")
	}
}

// checkTexts judges the calls, and the variables of every text.
func (r *reader) checkTexts(d *Description, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			r.checkTexts(d, v.Elem(), path)
		}
	case reflect.Struct:
		if call, ok := v.Interface().(Call); ok {
			r.checkCall(call, path)
			before := r.captured
			r.captured = append(slices.Clip(before), laterCaptures(call.First)...)
			if len(call.Each) > 0 {
				r.captured = append(r.captured, "each")
			}
			defer func() { r.captured = before }()
		}
		for _, f := range fieldsOf(v.Type()) {
			r.checkTexts(d, v.Field(f.index), join(path, f.name))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			r.checkTexts(d, v.MapIndex(key), join(path, key.String()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.checkTexts(d, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.String:
		r.checkVariables(d, v.String(), path)
	}
}

// named reports whether a variable is one of those that can have any name: of the
// environment, and where calls share cookies a cookie, or where they are made for a
// page a parameter of its address.
func named(variable, path string) bool {
	kind, name, _ := strings.Cut(variable, ".")
	page := strings.HasPrefix(path, "login.api.pages[")
	if strings.HasPrefix(variable, "user.claims.") && strings.HasPrefix(path, "control.create_user.") {
		return true
	}
	return name != "" && (kind == "env" || kind == "query" && page || kind == "cookie" && (page || calls.MatchString(path)))
}

// calls is the path of what is part of a call.
var calls = regexp.MustCompile(`^(setup\[|control\.|clients\.register\.http\.)`)

func (r *reader) checkVariables(d *Description, text, path string) {
	parts, err := segments(text)
	if err != nil {
		r.at(path, "", "%v", err)
		return
	}
	known := append(variablesAt(d, path), r.captured...)
	slices.Sort(known)
	for _, part := range parts {
		name := strings.TrimSuffix(part.text, "[]")
		if !part.variable || slices.Contains(known, name) || named(name, path) {
			continue
		}
		r.at(path, didYouMean(name, known), "got the unknown variable ${%s}, want one of %s", name, variableList(known))
	}
}

// headerName is the name of a header field as it is written by custom: it begins
// with a capital, so that a JSON pointer without its slash is noticed.
var headerName = regexp.MustCompile(`^[A-Z][A-Za-z0-9-]*$`)

func (r *reader) checkCall(call Call, path string) {
	if call.JSON != nil && call.Form != nil {
		r.at(path+".form", "", "got json and form, want one of them")
	}
	if call.Basic != "" && !strings.Contains(call.Basic, ":") {
		r.at(path+".basic", "", `got a text without ":", want "user:password"`)
	}
	if len(call.Each) > 0 && !strings.HasPrefix(path, "setup[") && !strings.Contains(path, ".first[") {
		r.at(path+".each", "", "got a list, want none: only calls of setup and first are made for each of several texts")
	}
	for i, status := range call.Expect {
		if status < 200 || status > 599 {
			r.at(fmt.Sprintf("%s.expect[%d]", path, i), "", "got %d, want an HTTP status from 200 to 599", status)
		}
	}
	for name, from := range call.Capture {
		if from != "" && !strings.HasPrefix(from, "/") && !headerName.MatchString(from) {
			r.at(path+".capture."+name, "", `got %q, want a JSON pointer such as "/client_id" (RFC 6901), or the name of a header field`, from)
		}
	}
}
