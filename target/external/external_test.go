package external_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
	"github.com/scopeproof/scopeproof/target/external"
)

func reference(t *testing.T, options ...embedded.Option) *target.Target {
	t.Helper()
	return open(t, embedded.Reference(options...))
}

func open(t *testing.T, source target.Source) *target.Target {
	t.Helper()
	got, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	})
	return got
}

// token returns an access token that a client of the reference obtains for
// itself.
func token(t *testing.T, as *target.Target, client, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, as.Metadata["token_endpoint"].(string), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, client+"-secret")
	var answer struct {
		Token string `json:"access_token"`
	}
	status, body := send(t, request)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Token == "" {
		t.Fatalf("no token: %d %s", status, body)
	}
	return answer.Token
}

func send(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// call sends an operation of an API and returns the status.
func call(t *testing.T, api *target.ResourceServer, name, token string) int {
	t.Helper()
	op, ok := api.Operation(name)
	if !ok {
		t.Fatalf("no operation %q", name)
	}
	body := strings.NewReader(`{"title":"x","start":"2030-01-01T10:00:00Z"}`)
	request, err := http.NewRequestWithContext(t.Context(), op.Method, api.BaseURL+op.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	status, _ := send(t, request)
	return status
}

// describe returns a description of a server, with more YAML appended.
func describe(t *testing.T, issuer, more string) *target.Description {
	t.Helper()
	d, err := target.Parse("target.yaml", []byte(fmt.Sprintf("name: there\nexternal: {issuer: %q}\n%s", issuer, more)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestServerThatRunsIsGivenOurCalendar(t *testing.T) {
	as := reference(t)
	got := open(t, external.Description(describe(t, as.Issuer, "")))
	if got.Kind != target.KindExternal || got.Issuer != as.Issuer || got.Metadata["token_endpoint"] == nil {
		t.Errorf("got %+v, want the server with its metadata", got)
	}
	if got.API == nil || !got.API.Ours || got.API.TrustKey == nil {
		t.Fatalf("got API %+v, want ours", got.API)
	}
	for _, name := range []string{"list", "read", "create", "replace", "change", "delete", "move", "me"} {
		if _, ok := got.API.Operation(name); !ok {
			t.Errorf("the calendar has no operation %q", name)
		}
	}
	reads := token(t, as, "planner", "read:appointments")
	if status := call(t, got.API, "list", reads); status != http.StatusOK {
		t.Errorf("list with the scope: got %d, want 200", status)
	}
	if status := call(t, got.API, "create", reads); status != http.StatusForbidden {
		t.Errorf("create without the scope: got %d, want 403", status)
	}
}

func TestCalendarIntrospectsOpaqueTokens(t *testing.T) {
	as := reference(t, embedded.Tokens("opaque"))
	more := "authorization_server: {introspection: {client_id: calendar-api, secret: calendar-api-secret}}\n"
	got := open(t, external.Description(describe(t, as.Issuer, more)))
	if status := call(t, got.API, "list", token(t, as, "planner", "read:appointments")); status != http.StatusOK {
		t.Errorf("list with the scope: got %d, want 200", status)
	}
	if status := call(t, got.API, "list", "nonsense"); status != http.StatusUnauthorized {
		t.Errorf("list with no token of the server: got %d, want 401", status)
	}
}

func TestCalendarNeedsTheTargetsOwnScopeNames(t *testing.T) {
	as := reference(t)
	got := open(t, external.Description(describe(t, as.Issuer, "scopes: {'read:appointments': unread:appointments}\n")))
	if status := call(t, got.API, "list", token(t, as, "planner", "unread:appointments")); status != http.StatusOK {
		t.Errorf("list with the target's name of the scope: got %d, want 200", status)
	}
	if status := call(t, got.API, "list", token(t, as, "planner", "read:appointments")); status != http.StatusForbidden {
		t.Errorf("list with the name that is not the target's: got %d, want 403", status)
	}
}

func TestEndpointsOfTheDescriptionComeFirst(t *testing.T) {
	as := reference(t)
	got := open(t, external.Description(describe(t, as.Issuer, `
authorization_server: {endpoints: {revocation_endpoint: "${issuer}/elsewhere"}}
api: {base_url: "${issuer}/calendar", operations: [{name: list, method: GET, path: /appointments, all_of: "read:appointments"}]}
`)))
	if want := as.Issuer + "/elsewhere"; got.Metadata["revocation_endpoint"] != want {
		t.Errorf("got %v, want %s", got.Metadata["revocation_endpoint"], want)
	}
	if got.API.Ours || got.API.BaseURL != as.Issuer+"/calendar" || got.API.TrustKey != nil {
		t.Errorf("got API %+v, want the one described", got.API)
	}
}

// server answers with JSON at the paths given, and 404 elsewhere.
func server(t *testing.T, handlers map[string]string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := handlers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		switch {
		case strings.HasPrefix(answer, "/"):
			http.Redirect(w, r, answer, http.StatusMovedPermanently)
		case strings.HasPrefix(answer, "<"):
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, answer)
		default:
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, strings.ReplaceAll(answer, "HOST", "http://"+r.Host))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestMetadataIsFoundWhereServersPutIt(t *testing.T) {
	for _, test := range []struct {
		name, path, more string
		places           map[string]string
	}{
		{"RFC 8414", "", "", map[string]string{"/.well-known/oauth-authorization-server": `{"issuer":"HOST","a":"b"}`}},
		{"RFC 8414 with a path", "/t", "", map[string]string{"/.well-known/oauth-authorization-server/t": `{"issuer":"HOST/t","a":"b"}`}},
		{"OpenID Connect with a path", "/t", "", map[string]string{"/t/.well-known/openid-configuration": `{"issuer":"HOST/t","a":"b"}`}},
		{"a path and a slash", "/t/", "", map[string]string{"/t/.well-known/openid-configuration": `{"issuer":"HOST/t/","a":"b"}`}},
		{"a redirect", "", "", map[string]string{
			"/.well-known/openid-configuration": "/.well-known/openid-configuration/", "/.well-known/openid-configuration/": `{"issuer":"HOST","a":"b"}`,
		}},
		{"a page for everything", "", "", map[string]string{
			"/.well-known/oauth-authorization-server": "<html>", "/.well-known/openid-configuration": `{"issuer":"HOST","a":"b"}`,
		}},
		{"two documents", "", "", map[string]string{
			"/.well-known/oauth-authorization-server": `{"issuer":"HOST","a":"b"}`, "/.well-known/openid-configuration": `{"issuer":"HOST","a":"c"}`,
		}},
		{"metadata_url", "", "authorization_server: {metadata_url: '${issuer}/meta'}\n", map[string]string{
			"/meta": `{"issuer":"HOST","a":"b"}`, "/.well-known/oauth-authorization-server": `{"issuer":"HOST","a":"c"}`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := server(t, test.places)
			got := open(t, external.Description(describe(t, s.URL+test.path, test.more)))
			if got.Metadata["a"] != "b" {
				t.Errorf("got %v, want the member a to be b", got.Metadata)
			}
		})
	}
}

func TestServerWithoutMetadata(t *testing.T) {
	s := server(t, map[string]string{"/.well-known/oauth-authorization-server": "<html>", "/.well-known/openid-configuration": `[1]`})
	_, err := external.Description(describe(t, s.URL, "")).Open(t.Context())
	var unavailable *target.Unavailable
	if !errors.As(err, &unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	for _, want := range []string{s.URL, `200 with "text/html" that is not a JSON object`, `200 with "application/json" that is not`, "hint: for a server without one, describe authorization_server.endpoints"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
		}
	}
	got := open(t, external.Description(describe(t, s.URL, "authorization_server: {endpoints: {token_endpoint: '${issuer}/token'}}\n")))
	if got.Metadata["token_endpoint"] != s.URL+"/token" {
		t.Errorf("got %v, want the endpoint that is described", got.Metadata)
	}
}

func TestIssuersMustBeTheSame(t *testing.T) {
	for _, test := range []struct{ issuer, want string }{
		{"HOST/", "they differ in the slash at the end only"},
		{"https://as.example", "the schemes differ (https, http), as behind a proxy that ends TLS"},
		{"http://localhost:1", "the hosts differ (localhost, 127.0.0.1)"},
		{"http://127.0.0.1:1", "the ports differ"},
		{"HOST/path", "write \"http://127.0.0.1:"},
	} {
		s := server(t, map[string]string{"/.well-known/openid-configuration": fmt.Sprintf(`{"issuer":%q}`, test.issuer)})
		_, err := external.Description(describe(t, s.URL, "")).Open(t.Context())
		var mismatch *target.IssuerMismatch
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), fmt.Sprintf("want %q as configured", s.URL)) {
			t.Errorf("%s: got:\n%v\nwant in it:\n%s", test.issuer, err, test.want)
		}
	}
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	listener.Close()
	_, err = external.Description(describe(t, issuer, "")).Open(t.Context())
	var unavailable *target.Unavailable
	if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), issuer+": got dial tcp") || !strings.Contains(err.Error(), "hint: is the server running") {
		t.Errorf("got %v, want unavailable with the URL and a hint", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := external.Description(describe(t, issuer, "")).Open(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestFileOfAnotherKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "target.yaml")
	if err := os.WriteFile(path, []byte("name: x\nembedded: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := external.File(path).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "got no key external") {
		t.Errorf("got %v", err)
	}
}

func TestCalendarIsGivenAClientToIntrospectWith(t *testing.T) {
	var asked, registered string
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"introspection_endpoint":%q,"registration_endpoint":%q}`, s.URL, s.URL+"/introspect", s.URL+"/register")
	})
	mux.HandleFunc("POST /register", func(w http.ResponseWriter, r *http.Request) {
		registered = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"client_id":"api","client_secret":"hush"}`)
	})
	mux.HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"active":true,"scope":"read:appointments","sub":"ada"}`)
	})
	got := open(t, external.Description(describe(t, s.URL, "clients: {register: {dynamic: {initial_access_token: first}}}\n")))
	if status := call(t, got.API, "list", "opaque"); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("api:hush")); asked != want || registered != "Bearer first" {
		t.Errorf("got introspection as %q and registration with %q", asked, registered)
	}
	_, err := external.Description(describe(t, s.URL, "clients: {register: {static: true}, actors: {Planner: {id: p}}}\n")).Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "want authorization_server.introspection.client_id") {
		t.Errorf("got %v, want an error that says which keys are missing", err)
	}
}
