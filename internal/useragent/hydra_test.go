package useragent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// hydra is a server without pages: it sends the browser to addresses that
// nobody answers, and is told the answers over its admin API.
type hydra struct {
	*httptest.Server
	requests map[string]string         // by path below requests/: what GET answers
	puts     map[string]map[string]any // by path: what was put
}

func newHydra(t *testing.T) *hydra {
	h := &hydra{
		requests: map[string]string{
			"login":   `{"skip":false,"subject":""}`,
			"consent": `{"skip":false,"requested_scope":["openid","write","profile","read"],"requested_access_token_audience":["api"]}`,
		},
		puts: map[string]map[string]any{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oauth2/auth", func(w http.ResponseWriter, r *http.Request) {
		session, err := r.Cookie("csrf")
		switch {
		case r.URL.Query().Get("scope") == "bad":
			http.Redirect(w, r, "/error?error=invalid_scope", http.StatusFound)
		case err != nil:
			http.SetCookie(w, &http.Cookie{Name: "csrf", Value: "1", Path: "/", Secure: true})
			http.Redirect(w, r, "http://127.0.0.1:9/__login?login_challenge=l%2B1", http.StatusFound)
		case r.URL.Query().Get("login_verifier") == "v" && session.Value == "1":
			http.Redirect(w, r, "http://127.0.0.1:9/__consent?consent_challenge=c1", http.StatusFound)
		case r.URL.Query().Get("consent_verifier") != "":
			http.Redirect(w, r, callback+"?"+r.URL.Query().Get("consent_verifier"), http.StatusFound)
		default:
			http.Error(w, "no session", http.StatusForbidden)
		}
	})
	mux.HandleFunc("GET /error", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, r.URL.Query().Get("error"))
	})
	mux.HandleFunc("GET /admin/oauth2/auth/requests/{kind}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, h.requests[r.PathValue("kind")])
	})
	next := map[string]string{"login/accept": "login_verifier=v", "consent/accept": "consent_verifier=code", "consent/reject": "consent_verifier=error"}
	mux.HandleFunc("PUT /admin/oauth2/auth/requests/{kind}/{act}", func(w http.ResponseWriter, r *http.Request) {
		kind := r.PathValue("kind")
		if want := map[string]string{"login": "l+1", "consent": "c1"}[kind]; r.URL.Query().Get(kind+"_challenge") != want || h.requests["gone"] != "" {
			w.WriteHeader(http.StatusGone)
			fmt.Fprint(w, `{"error":"gone","error_description":"used before","redirect_to":"http://x/?challenge=secret"}`)
			return
		}
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		path := kind + "/" + r.PathValue("act")
		h.puts[path] = body
		_ = json.NewEncoder(w).Encode(map[string]string{"redirect_to": h.URL + "/oauth2/auth?" + next[path]})
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

// counting records where requests went.
type counting struct {
	mu    sync.Mutex
	paths []string
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.paths = append(c.paths, r.Method+" "+r.URL.Path)
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (h *hydra) visit(t *testing.T, change ...func(*target.Visit)) (*target.Arrival, *counting, error) {
	t.Helper()
	agent, err := New(&target.Target{
		Description: &target.Description{Login: target.Login{Driver: "hydra_admin", Admin: "${admin}/"}},
		Variables:   map[string]string{"admin": h.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := &counting{}
	v := target.Visit{URL: h.URL + "/oauth2/auth?scope=x", RedirectURI: callback, Owner: ada, Transport: sent, Jar: NewJar()}
	v.Owner.Claims = map[string]any{"name": "Ada", "zoneinfo": "UTC", "email": "ada@example.org", "role": "admin"}
	for _, c := range change {
		c(&v)
	}
	arrival, err := agent.Visit(context.Background(), v)
	return arrival, sent, err
}

func TestHydraIsToldOfLoginAndConsent(t *testing.T) {
	accept := func(scopes []any, claims map[string]any) map[string]any {
		return map[string]any{
			"grant_scope": scopes, "grant_access_token_audience": []any{"api"}, "remember": true, "remember_for": 0.0,
			"session": map[string]any{"id_token": claims},
		}
	}
	all := accept([]any{"openid", "write", "profile", "read"}, map[string]any{"name": "Ada", "zoneinfo": "UTC"})
	tests := []struct {
		name     string
		decision oauth.ConsentDecision
		want     map[string]any
	}{
		{"everything, in the order that was requested", oauth.ConsentDecision{}, all},
		{"without openid no claims", only("profile read"), accept([]any{"profile", "read"}, map[string]any{})},
		{"nothing", only(""), accept([]any{}, map[string]any{})},
		{"what is added is not the server's fault", oauth.ConsentDecision{Add: oauth.MustParseScope("admin")}, all},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHydra(t)
			got, sent, err := h.visit(t, decides(test.decision))
			if err != nil {
				t.Fatal(err)
			}
			if got.Redirect == nil || got.Redirect.RawQuery != "code" || got.LoginPages != 1 || len(got.ConsentPages) != 1 {
				t.Fatalf("got %+v, want the redirect after one login and one consent", got)
			}
			if page := got.ConsentPages[0]; !page.Lists || page.Scopes.String() != "openid profile read write" || page.Text != "" || page.Submission != nil {
				t.Errorf("got page %+v", page)
			}
			want := map[string]map[string]any{
				"login/accept":   {"subject": "248289", "remember": true, "remember_for": 3600.0},
				"consent/accept": test.want,
			}
			if diff := cmp.Diff(want, h.puts); diff != "" {
				t.Error(diff)
			}
			if len(sent.paths) != 7 {
				t.Errorf("got %q, want 3 requests of the browser and 4 to the admin API, all of them recorded", sent.paths)
			}
		})
	}
}

func TestHydraIsToldOfADenial(t *testing.T) {
	h := newHydra(t)
	got, _, err := h.visit(t, decides(oauth.ConsentDecision{Deny: true}))
	if err != nil || got.Redirect == nil || got.Redirect.RawQuery != "error" {
		t.Fatalf("got %+v and %v", got, err)
	}
	want := map[string]any{"error": "access_denied", "error_description": "The resource owner denied the request"}
	if diff := cmp.Diff(want, h.puts["consent/reject"]); diff != "" {
		t.Error(diff)
	}
}

func TestWhatHydraSkipsIsNoPage(t *testing.T) {
	h := newHydra(t)
	h.requests["login"] = `{"skip":true,"subject":"known"}`
	h.requests["consent"] = `{"skip":true,"requested_scope":["read"],"requested_access_token_audience":null}`
	got, _, err := h.visit(t, decides(oauth.ConsentDecision{Deny: true}))
	if err != nil || got.Redirect == nil || got.LoginPages != 0 || len(got.ConsentPages) != 0 {
		t.Fatalf("got %+v and %v, want the redirect and no page", got, err)
	}
	if h.puts["login/accept"]["subject"] != "known" {
		t.Errorf("got subject %v, want that of the session", h.puts["login/accept"]["subject"])
	}
	if diff := cmp.Diff([]any{"read"}, h.puts["consent/accept"]["grant_scope"]); diff != "" {
		t.Error(diff)
	}
}

func TestHydraVisitsThatEndEarlier(t *testing.T) {
	h := newHydra(t)
	got, _, err := h.visit(t, func(v *target.Visit) { v.StopAtConsent = true })
	if err != nil || got.Redirect != nil || len(got.ConsentPages) != 1 || h.puts["consent/accept"] != nil {
		t.Errorf("got %+v and %v, want to stop at consent", got, err)
	}
	got, _, err = h.visit(t, func(v *target.Visit) { v.URL = h.URL + "/oauth2/auth?scope=bad" })
	if err != nil || got.Redirect != nil || got.Status != http.StatusBadRequest || got.Page != "invalid_scope" {
		t.Errorf("got %+v and %v, want the error page", got, err)
	}
}

func TestErrorsOfTheAdminAPIAreShort(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*hydra)
		want   string
	}{
		"gone":         {func(h *hydra) { h.requests["gone"] = "yes" }, `/admin/oauth2/auth/requests/login/accept: got 410 "gone used before", want 200`},
		"not JSON":     {func(h *hydra) { h.requests["consent"] = "<html>" }, "not the JSON it should be"},
		"nobody there": {func(h *hydra) { h.Close() }, "connect: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHydra(t)
			test.change(h)
			_, _, err := h.visit(t)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "challenge=") {
				t.Errorf("got %v, want %q and no challenge", err, test.want)
			}
		})
	}
}

func TestNewChecksTheLogin(t *testing.T) {
	for want, login := range map[string]target.Login{
		`login.driver: got "robot", want one of "form", "api", "hydra_admin", "manual"`: {Driver: "robot"},
		`login.admin: got "", want the URL of the admin API`:                            {Driver: "hydra_admin"},
		`login.admin: got the unknown variable ${port.x}`:                               {Driver: "hydra_admin", Admin: "http://h:${port.x}"},
	} {
		if _, err := New(&target.Target{Description: &target.Description{Login: login}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	own := &manualDriver{}
	if got, err := New(&target.Target{UserAgent: own}); err != nil || got != target.UserAgent(own) {
		t.Errorf("got %v and %v, want the target's own user-agent", got, err)
	}
	if _, err := New(&target.Target{}); err != nil {
		t.Errorf("got %v, want the form driver without a description", err)
	}
}

func TestClaimsThatScopesOpen(t *testing.T) {
	claims := map[string]any{"name": 1, "email_verified": true, "address": map[string]any{"country": "NL"}, "phone_number": "2", "sub": "x"}
	for scope, want := range map[string]string{
		"openid": "", "email phone": "", "openid email": "email_verified", "openid profile": "name", "openid address phone": "address phone_number",
	} {
		got := openedClaims(claims, oauth.MustParseScope(scope))
		names := url.Values{}
		for name := range got {
			names.Set(name, "")
		}
		if sorted := strings.ReplaceAll(strings.ReplaceAll(names.Encode(), "=", ""), "&", " "); sorted != want {
			t.Errorf("%s: got %q, want %q", scope, sorted, want)
		}
	}
}
