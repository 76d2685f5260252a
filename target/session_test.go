package target_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

// office is a server with a session, a token against forgery, and a place to put
// things.
type office struct {
	*httptest.Server
	mu   sync.Mutex
	puts []string
}

func newOffice(t *testing.T) *office {
	o := &office{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Password string }
		if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Password != "hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s1", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "XSRF-TOKEN", Value: "x1", Path: "/"})
		w.Header().Set("Location", "/people/7")
		fmt.Fprint(w, `{"id":"seven"}`)
	})
	mux.HandleFunc("PUT /things/{name}", func(w http.ResponseWriter, r *http.Request) {
		session, err := r.Cookie("session")
		if err != nil || session.Value != "s1" || r.Header.Get("X-XSRF-TOKEN") != "x1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var body any
		_ = json.NewDecoder(r.Body).Decode(&body)
		text, _ := json.Marshal(body)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.puts = append(o.puts, r.PathValue("name")+string(text))
	})
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

func signIn(password string) target.Call {
	return target.Call{
		URL: "${issuer}/login", JSON: map[string]any{"password": password}, Capture: map[string]string{"who": "/id", "where": "Location", "none": "X-None"},
	}
}

func TestCallsShareCookiesAndWhatTheyCapture(t *testing.T) {
	o := newOffice(t)
	running := &target.Target{Variables: map[string]string{"issuer": o.URL, "secret": "hush"}}
	header := map[string]string{"X-XSRF-TOKEN": "${cookie.XSRF-TOKEN}"}
	call := target.Call{
		Method: "PUT", URL: "${issuer}/things/${who}", Headers: header, JSON: []any{"first", "${scope[]}", "${where}"},
		First: []target.Call{signIn("${secret}"), {Method: "PUT", URL: "${issuer}/things/${each}", Headers: header, JSON: "${who}", Each: []string{"a", "b"}}},
	}
	captured, err := running.Perform(t.Context(), call, map[string]string{"scope": "read write"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`a"seven"`, `b"seven"`, `seven["first","read","write","/people/7"]`}
	if !slices.Equal(o.puts, want) {
		t.Errorf("got %q, want %q", o.puts, want)
	}
	if captured["who"] != "seven" || captured["where"] != "/people/7" || len(captured) != 2 {
		t.Errorf("got %v, want what was captured", captured)
	}
}

func TestACallBeforeAnotherHasToSucceed(t *testing.T) {
	o := newOffice(t)
	running := &target.Target{Variables: map[string]string{"issuer": o.URL}}
	_, err := running.Perform(t.Context(), target.Call{Method: "PUT", URL: "${issuer}/things/a", First: []target.Call{signIn("wrong")}}, nil)
	if want := "POST ${issuer}/login: got 401 Unauthorized"; err == nil || !strings.Contains(err.Error(), want) || len(o.puts) > 0 {
		t.Errorf("got %v and %q, want %s", err, o.puts, want)
	}
}

func TestSetupComesBeforeEverythingThatUsesIt(t *testing.T) {
	o := newOffice(t)
	file := "name: x\nexternal: {issuer: " + o.URL + "}\nsetup:\n" +
		"  - {url: '${issuer}/login', json: {password: hush}, capture: {key: /id}}\n" +
		"  - {method: PUT, url: '${issuer}/things/${key}', headers: {X-XSRF-TOKEN: '${cookie.XSRF-TOKEN}'}, json: {issuer: '${issuer}'}}\n" +
		"clients: {register: {http: {url: '${issuer}/c', headers: {K: '${key}'}}}}\n"
	d, err := target.Parse("t.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"issuer": o.URL}
	if unset := d.Unset(variables); unset["key"] != "${key}" || variables["key"] != "" {
		t.Errorf("got %v, want a stand-in for what is captured", unset)
	}
	if err := d.SetUp(t.Context(), variables); err != nil {
		t.Fatal(err)
	}
	if want := []string{`seven{"issuer":"` + o.URL + `"}`}; variables["key"] != "seven" || !slices.Equal(o.puts, want) {
		t.Errorf("got %v and %q, want %q", variables, o.puts, want)
	}
	d.Setup[0].JSON = map[string]any{"password": "no"}
	if err := d.SetUp(t.Context(), variables); err == nil || !strings.HasPrefix(err.Error(), "setup[0]: POST ${issuer}/login: got 401") {
		t.Errorf("got %v", err)
	}
}
