package target_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/target"
)

func TestExpand(t *testing.T) {
	t.Setenv("SECRET_FOR_TEST", "from the environment")
	running := &target.Target{Variables: map[string]string{"issuer": "https://as.example", "port.public": "80"}}
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"plain $ text }", "plain $ text }"},
		{"${issuer}/x:${port.public}", "https://as.example/x:80"},
		{"${scope}", "a b"},
		{"$${issuer} ${issuer}", "${issuer} https://as.example"},
		{"${env.SECRET_FOR_TEST}", "from the environment"},
	} {
		got, err := running.Expand(test.text, map[string]string{"scope": "a b"})
		if err != nil || got != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.text, got, err, test.want)
		}
	}
	for text, want := range map[string]string{
		"${isuer}":              "got the unknown variable ${isuer}, want one of ${issuer}, ${port.public}, ${env.NAME}\n    hint: did you mean ${issuer}?",
		"${env.NO_SUCH_THING_}": "want the environment variable NO_SUCH_THING_ to be set",
		"${issuer":              `got "${" without "}"`,
	} {
		_, err := running.Expand(text, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	_, err := running.Expand("${x}", nil)
	var unknown *target.UnknownVariable
	if !errors.As(err, &unknown) || unknown.Name != "x" {
		t.Errorf("got %v, want an unknown variable", err)
	}
}

func TestWithVariablesLeavesCallsAlone(t *testing.T) {
	d := &target.Description{
		Name:    "x",
		Users:   map[string]target.User{"Ada": {Username: "${u}", Claims: map[string]any{"a": []any{"${u}", 1, nil}}}},
		Control: target.Control{RevokeGrant: &target.Call{URL: "${issuer}"}},
		API:     &target.API{BaseURL: "${issuer}", Operations: []target.Operation{{Path: "/${id}"}}},
	}
	got, err := d.WithVariables(map[string]string{"u": "ada", "issuer": "https://as.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := &target.Description{
		Name:    "x",
		Users:   map[string]target.User{"Ada": {Username: "ada", Claims: map[string]any{"a": []any{"ada", 1, nil}}}},
		Control: target.Control{RevokeGrant: &target.Call{URL: "${issuer}"}},
		API:     &target.API{BaseURL: "https://as.example", Operations: []target.Operation{{Path: "/${id}"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d.Users["Ada"].Username != "${u}" {
		t.Error("the description itself was changed")
	}
	d.File = "t.yaml"
	_, err = d.WithVariables(nil)
	for _, want := range []string{"t.yaml: users.Ada.username: got the unknown variable ${u}", "t.yaml: users.Ada.claims.a[0]", "t.yaml: api.base_url"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got:\n%v\nwant in it:\n%s", err, want)
		}
	}
}

func TestCallIsSentAsDescribed(t *testing.T) {
	var got struct{ method, uri, user, password, header, media, body string }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.method, got.uri, got.header, got.body = r.Method, r.RequestURI, r.Header.Get("X-Key"), string(body)
		got.user, got.password, _ = r.BasicAuth()
		got.media = r.Header.Get("Content-Type")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"client_id":"c","n":7,"yes":true,"nothing":null,"list":["a","b"],"a/b":{"~":"deep"}}`)
	}))
	defer server.Close()
	running := &target.Target{Variables: map[string]string{"issuer": server.URL, "admin_key": "k"}}
	extra := map[string]string{
		"user.username": "a/d a", "user.password": "p:w", "client.id": "x&y", "scope": "a b", "none": "", "seconds": "60",
		"jwk": `{"kty":"EC"}`, "client.first_party": "true",
	}
	captured, err := running.Perform(t.Context(), target.Call{
		URL: "${issuer}/users/${user.username}?client=${client.id}", Basic: "${user.username}:${user.password}",
		Headers: map[string]string{"X-Key": "Bearer ${admin_key}"},
		JSON: map[string]any{
			"scope": "${scope}", "list": "${scope[]}", "empty": "${none[]}", "seconds": "${seconds}", "first": "${client.first_party}",
			"in": []any{"${jwk}", "of ${seconds}", 5},
		},
		Capture: map[string]string{"client_id": "/client_id", "n": "/n", "yes": "/yes", "second": "/list/1", "deep": "/a~1b/~0", "nothing": "/nothing", "absent": "/list/7"},
	}, extra)
	if err != nil {
		t.Fatal(err)
	}
	want := got
	want.method, want.uri, want.user, want.password = "POST", "/users/a%2Fd%20a?client=x%26y", "a/d a", "p:w"
	want.header, want.media = "Bearer k", "application/json"
	want.body = `{"empty":[],"first":true,"in":[{"kty":"EC"},"of 60",5],"list":["a","b"],"scope":"a b","seconds":60}`
	if got != want {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	if diff := cmp.Diff(map[string]string{"client_id": "c", "n": "7", "yes": "true", "second": "b", "deep": "deep"}, captured); diff != "" {
		t.Errorf("captured (-want +got):\n%s", diff)
	}
	if _, err := running.Perform(t.Context(), target.Call{Method: "PUT", URL: server.URL, Form: map[string]string{"a": "${scope}"}}, extra); err != nil {
		t.Fatal(err)
	}
	if got.method != "PUT" || got.body != "a=a+b" || got.media != "application/x-www-form-urlencoded" {
		t.Errorf("got %+v, want a form", got)
	}
}

func TestCallThatFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "key hush is not known")
	}))
	defer server.Close()
	running := &target.Target{Variables: map[string]string{"admin_key": "hush"}}
	for _, test := range []struct {
		call target.Call
		want string
	}{
		{target.Call{URL: server.URL + "/x"}, `: got 403 Forbidden "key … is not known", want 2xx`},
		{target.Call{URL: server.URL, Expect: []int{200, 404}}, `want 200 404`},
		{target.Call{URL: server.URL, Expect: []int{403}, Capture: map[string]string{"a": "/a"}}, `that is not JSON, want JSON to capture from`},
		{target.Call{URL: server.URL, JSON: map[string]any{"a": "${b}"}}, `json: a: got the unknown variable ${b}`},
		{target.Call{URL: server.URL + "/${x}"}, `url: got the unknown variable ${x}`},
		{target.Call{URL: server.URL, Headers: map[string]string{"A": "${x}"}}, `headers.A: got the unknown variable`},
		{target.Call{URL: server.URL, JSON: "${jwk}"}, `got the unknown variable ${jwk}`},
	} {
		_, err := running.Perform(t.Context(), test.call, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(external))
	for _, name := range target.Bundled() {
		data, err := target.BundledFile(name + "/target.yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := target.Parse("t.yaml", data)
		if (d == nil) == (err == nil) {
			t.Errorf("got %v and %v", d, err)
		}
		var problems *target.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("got %T, want problems", err)
		}
	})
}

func TestWhatStandsForNothingIsPlacedInTheFile(t *testing.T) {
	const file = `name: x
external: {issuer: "http://127.0.0.1:9"}
clients:
  register:
    http:
      method: POST
      url: http://127.0.0.1:9/clients
      headers:
        Authorization: Bearer ${env.NO_SUCH_TOKEN_}
users:
  Ada: {username: ada, password: "${env.NO_SUCH_PASSWORD_}"}
`
	overrides, err := target.Overrides(nil, []string{"users.Bo.username=${env.NO_SUCH_NAME_}"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("t.yaml", []byte(file), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.WithVariables(map[string]string{"issuer": "http://127.0.0.1:9"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"t.yaml:9:24: clients.register.http.headers.Authorization: got ${env.NO_SUCH_TOKEN_}, want the environment variable NO_SUCH_TOKEN_ to be set",
		"t.yaml:11:34: users.Ada.password: got ${env.NO_SUCH_PASSWORD_}, want",
		"--set users.Bo.username: users.Bo.username: got ${env.NO_SUCH_NAME_}, want",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
}
