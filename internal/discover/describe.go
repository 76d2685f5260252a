package discover

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Described is a target file.
type Described struct {
	File []byte
	// Issuer is the issuer as the metadata names it: with a slash at its end, or without.
	Issuer string
	// Found is what was observed; nil where nothing was played.
	Found *Found
	// Trouble is why not everything could be played, and Pages are what was seen of
	// login then; nil where it could, and where nothing was tried.
	Trouble error
	Pages   []target.PageSeen
}

// fetch reads the metadata of a running server, and completes it with the endpoints
// that are known. Silent says that there is no metadata: then they are looked for.
func fetch(ctx context.Context, issuer string, known []Endpoint) (document map[string]any, endpoints []Endpoint, silent bool, err error) {
	found, err := target.FetchMetadata(ctx, nil, issuer, "")
	if err != nil {
		return nil, nil, false, err
	}
	document, silent = found.Document, found.Document == nil
	if silent {
		document = map[string]any{}
	}
	if silent && len(known) == 0 {
		known = lookAround(ctx, issuer)
	}
	if silent && len(known) == 0 {
		return nil, nil, true, &target.Unavailable{
			What: issuer, Got: "no metadata (" + strings.Join(found.Tried, "; ") + "), and nothing at the usual places", Want: "a metadata document (RFC 8414)",
			Hint: "is the issuer complete, with its path? Where a server has no metadata, say where its endpoints are: --endpoint authorization_endpoint=/authorize --endpoint token_endpoint=/token",
		}
	}
	for _, e := range known {
		document[e.Name] = e.URL
	}
	return document, known, silent, nil
}

// file writes the target file, and reads it as a check.
func (s sketch) file() ([]byte, *target.Description, error) {
	var b strings.Builder
	if err := outline.Execute(&b, s); err != nil {
		return nil, nil, err
	}
	data := []byte(b.String())
	d, err := target.Parse("target.yaml", data)
	if err != nil {
		return nil, nil, fmt.Errorf("the target file that would be written is wrong: %w", err)
	}
	return data, d, nil
}

// sketch is what a target file begins with.
type sketch struct {
	Issuer, Name string
	Dynamic      bool     // clients can be registered (RFC 7591)
	Grants       []string // that the server has and the rules use
	Scopes       []string // that the metadata lists
	Own          bool     // whether read:appointments is among them
	Introspects  bool
	Offline      string   // what asks for a refresh token; empty: none that is known
	Finds        bool     // a run finds out itself what brings a refresh token
	Missing      []string // endpoints that the metadata does not name
	Silent       bool     // there is no metadata
	Named        []Endpoint
	Prompts      bool // OpenID Connect's scopes are among them, so that a prompt is understood
	Known             // what somebody says who knows the server
	Learned           // what a login showed
}

func newSketch(issuer string, document map[string]any, known Known) sketch {
	s := sketch{Issuer: quoted(issuer), Name: "my-server", Known: known}
	if u, err := url.Parse(issuer); err == nil && u.Hostname() != "" {
		s.Name = quoted(u.Hostname())
	}
	s.Dynamic = has(document, "registration_endpoint")
	s.Introspects = has(document, "introspection_endpoint")
	s.Grants = tokens(document["grant_types_supported"])
	if len(s.Grants) == 0 {
		s.Grants = []string{"authorization_code", "implicit"} // what a missing list means (RFC 8414 section 2)
	}
	s.Scopes = tokens(document["scopes_supported"])
	s.Own = slices.Contains(s.Scopes, asked)
	listed := actor.OfflineScopes(document)
	switch {
	case len(listed) > 0:
		s.Offline = listed[0]
	case known.Names["offline_access"] != "":
		s.Offline = "offline_access"
	}
	s.Prompts = slices.Contains(s.Scopes, "openid") || slices.Contains(s.Scopes, "offline_access")
	s.Finds = len(listed) > 0
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint"} {
		if !has(document, name) {
			s.Missing = append(s.Missing, name)
		}
	}
	return s
}

// TellRefresh reports whether the file says what brings a refresh token.
func (s sketch) TellRefresh() bool { return s.Offline != "" && !s.Finds }

func has(document map[string]any, name string) bool {
	text, _ := document[name].(string)
	return text != ""
}

// tokens are the members of a list that are scope tokens: nothing else of what a
// server says may end up in the file.
func tokens(list any) []string {
	const most = 40
	values, _ := list.([]any)
	var kept []string
	for _, v := range values {
		text, _ := v.(string)
		if set, err := oauth.ParseScope(text); err == nil && set.Len() == 1 && len(text) <= 80 && len(kept) < most {
			kept = append(kept, text)
		}
	}
	return kept
}

// quoted is a text for the file: in double quotes, and with no variable in it.
func quoted(text string) string { return strings.ReplaceAll(strconv.QuoteToASCII(text), "${", "$${") }

var outline = template.Must(template.New("target").Funcs(template.FuncMap{"join": strings.Join, "text": strconv.Quote, "remark": remark}).Parse(`# A target file for scopeproof, made from {{if .Silent}}what a server without metadata shows{{else}}the metadata of the server{{end}}.
#
#   scopeproof check FILE   logs in, consents, and says what is still missing
#   scopeproof test  FILE   runs the rules
#
# ${env.NAME} is an environment variable: it keeps secrets out of this file.
{{- range .Trouble}}
# {{.}}
{{- end}}
name: {{.Name}}
# version: "1.0"   # of the server, for reports

external:
  issuer: {{.Issuer}}
{{- if .Finds}}

# What a client must ask for to be given a refresh token. Left out: a run finds out.
# authorization_server:
#   refresh: {scope: {{text .Offline}}{{if .Prompts}}, prompt: consent{{end}}}
{{- end}}
{{- if or .TellRefresh .Named .AlwaysAsked}}

authorization_server:
{{- if .AlwaysAsked}}
  # Without it a request leads nowhere.
  always_asked: {{.AlwaysAsked}}
{{- end}}
{{- if .TellRefresh}}
  # What a client must ask for to be given a refresh token.
  refresh: {scope: {{text .Offline}}{{if .Prompts}}, prompt: consent{{end}}}
{{- end}}
{{- if .Named}}
{{- if .Silent}}
  # The server publishes no metadata.
{{- end}}
  endpoints:
{{- range .Named}}
    {{.Name}}: {{text .URL}}
{{- end}}
{{- if .Introspects}}
  # What our calendar API introspects tokens with, unless the API under test is described below.
  # introspection: {client_id: calendar, secret: "${env.CALENDAR_SECRET}"}
{{- end}}
{{- end}}
{{- end}}
{{- if .Missing}}

# {{if .Silent}}These were not found{{else}}The metadata does not name every endpoint{{end}}. What the server has all the same
# goes into authorization_server:
#   endpoints:
{{- range .Missing}}
#     {{.}}: https://…
{{- end}}
{{- end}}

{{if .Silent}}# Whether there are refresh tokens and client credentials is found out; capabilities has
# what else there is.{{else}}# Grant types by the metadata: {{join .Grants ", "}}.{{end}}
clients:
{{- if .Clients}}
{{- if .Dynamic}}
  # The metadata has a registration_endpoint: with "register: {dynamic: {}}" and no actors, clients are
  # registered anew for each scenario, and more rules apply.
{{- end}}
  register: {static: true}
  actors:
{{- range $name, $c := .Clients}}
    {{$name}}: {id: {{text $c.ID}}{{if $c.Secret}}, secret: {{text $c.Secret}}{{end}}{{if $c.AuthMethod}}, auth_method: {{$c.AuthMethod}}{{end}}{{if $c.RedirectURI}}, redirect_uri: {{text $c.RedirectURI}}{{end}}}
{{- end}}
{{- else if .Dynamic}}
  # Clients are registered anew for each scenario (RFC 7591).
  register:
    dynamic: {}   # or {initial_access_token: "${env.REGISTRATION_TOKEN}"}
{{- else}}
  # There is no registration_endpoint, so the clients must be there already, or a
  # call of the server's own registers them (http in place of static). With the redirect URI http://127.0.0.1:9/cb:
  register: {static: true}
  actors:
    # Confidential; may ask for every scope.
    Planner: {id: planner, secret: "${env.PLANNER_SECRET}"}
    # Confidential; may ask to read alone.
    Viewer: {absent: true}   # {id: viewer, secret: "${env.VIEWER_SECRET}"}
    # Public: no secret.
    Pocket: {absent: true}   # {id: pocket}
    # First-party: no consent page.
    House: {absent: true}    # {id: house, secret: "${env.HOUSE_SECRET}"}
    # A machine: client credentials.
    Robot: {absent: true}    # {id: robot, secret: "${env.ROBOT_SECRET}"}
{{- end}}

# The people who log in. Permissions, where a role limits what a person can
# grant; left out: no limit.
users:
{{- if .Users}}
{{- range $name, $u := .Users}}
  {{$name}}: {username: {{text $u.Username}}{{if $u.Password}}, password: {{text $u.Password}}{{end}}}
{{- end}}
{{- else}}
  Ada:   # may do everything
    username: ada
    password: "${env.ADA_PASSWORD}"
  # Bo:   # may only read
  #   username: bo
  #   password: "${env.BO_PASSWORD}"
  #   permissions: read:appointments
  # Cy:   # may do nothing
  #   username: cy
  #   password: "${env.CY_PASSWORD}"
  #   permissions: ""
{{- end}}

# How login and consent are played: form fills HTML forms in, browser does so in a headless
# Chromium for pages that are scripts, manual prints the URL and waits for you.
login:
  driver: {{or .Driver "form"}}
{{- if .Form}}
  form:
{{- if .Consent}}
    consent:
{{- if .Withholds}}
      withholds: true   # a box that is ticked withholds what it stands for
{{- end}}
{{- if .Checkboxes}}
      checkboxes:
{{- range .Checkboxes}}
        {{text .Box}}: {{text .Scope}}{{remark .Label}}
{{- end}}
{{- end}}
{{- with .Allow}}
      allow: {name: {{text .Name}}, value: {{text .Value}}}{{remark .Label}}
{{- end}}
{{- with .Deny}}
      deny: {name: {{text .Name}}, value: {{text .Value}}}{{remark .Label}}
{{- end}}
{{- end}}
{{- if .Boxes}}
    # Boxes that stand for no scope: true ticks one, false unticks it.
    boxes:
{{- range .Boxes}}
      {{text .Box}}: false{{remark .Label}}
{{- end}}
{{- end}}
{{- else if not .Played}}
  # form:
  #   login: {username: username, password: password}
  #   consent: {checkbox: scope, allow: {name: decision, value: allow}, deny: {name: decision, value: deny}}
{{- end}}

{{- if .Scopes}}

# Scopes by the metadata:
{{- range .Scopes}}
#   {{.}}
{{- end}}
{{- end}}
{{- if .Names}}

# What the server calls the scopes of the rules' calendar.
scopes:
{{- range $name, $own := .Names}}
  {{text $name}}: {{text $own}}
{{- end}}
{{- else if not .Own}}

# The rules speak of a calendar. The server's own names for its scopes:
# scopes:
#   read:appointments: my.read
#   write:appointments: my.write
{{- end}}

# The API under test. Left out: our calendar API is started and told to trust
# this issuer{{if not .Introspects}}; for tokens that are no JWTs that takes introspection, which {{if .Silent}}was not found{{else}}the metadata lacks{{end}}{{end}}.
# api:
#   base_url: https://api.example
#   operations:
#     - {name: list, method: GET, path: /appointments, all_of: "read:appointments"}

{{- if .Choices}}

# What this server does where a standard leaves it open, as it was observed. Without the "#" the
# server is held to it.
# choices:
{{- range .Choices}}
#   {{.Name}}: {{.Value}}   # {{.Text}}
{{- end}}
{{- end}}

{{- if .Capabilities}}

# What the metadata cannot say, as it was seen; "scopeproof check" lists what else was found.
capabilities:
{{- range $name, $value := .Capabilities}}
  {{$name}}: {{$value}}
{{- end}}
{{- if .Unasked}}
  # Ada was shown no page of consent. A server that should ask, and does not, is found only
  # where this says that it should; none says that it need not.
  # consent.ui: granular   # or all_or_nothing, none
{{- end}}
  # token.revocation_visible: immediate   # or expiry
{{- else}}

# What the metadata cannot say. Left out: observed; "scopeproof check" lists what was found.
# capabilities:
#   consent.ui: granular            # or all_or_nothing, none
#   token.format: jwt               # or opaque
#   token.revocation_visible: immediate   # or expiry
{{- end}}

# HTTP calls that edit a grant or change a role; rules that need one do not
# apply without it.
# control:
#   revoke_grant: {method: DELETE, url: "${issuer}/grants/${client.id}", basic: "${user.username}:${user.password}"}
`))
