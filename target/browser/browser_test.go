package browser_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/browser"
)

const callback = "http://127.0.0.1:9/cb" // port 9 discards: a fetch would fail

// app is a server whose pages are scripts: nothing of login or consent is in the
// markup that it sends, and nothing there is a form.
func app(t *testing.T) *httptest.Server {
	page := func(script string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><title>App</title><div id=app></div><script>const app = document.getElementById("app"); %s</script>`, script)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "ada" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		http.Redirect(w, r, "/consent", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /login", page(`document.cookie = "js=set; path=/"; setTimeout(() => {
		app.innerHTML = '<label>User <input id=u></label><label>Password <input id=p type=password></label><div role=alert></div><button type=button>Sign in</button>';
		app.querySelector("button").onclick = async () => {
			const r = await fetch("/session", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({u: app.querySelector("#u").value, p: app.querySelector("#p").value})});
			if (r.ok) location = "/consent"; else app.querySelector("[role=alert]").textContent = "Wrong";
		};
	}, 300)`))
	mux.HandleFunc("POST /session", func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		if c, err := r.Cookie("js"); err != nil || c.Value != "set" || body.String() != `{"u":"ada","p":"s3cret-of-ada"}` {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "ada", Path: "/", HttpOnly: true, Secure: true})
	})
	mux.HandleFunc("GET /consent", page(`
		app.innerHTML = '<label><input type=checkbox id=r value=cal.read checked> Read</label><label><input type=checkbox id=w value=cal.edit checked> Write</label><button id=yes>Allow</button><button id=no>Deny</button>';
		app.querySelector("#yes").onclick = () => { location = "`+callback+`?code=" + [...app.querySelectorAll(":checked")].map((e) => e.value).join("+"); };
		app.querySelector("#no").onclick = () => { location = "`+callback+`?error=access_denied"; };`))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// opened is a target that is there already.
type opened struct{ *target.Target }

func (o opened) Open(context.Context) (*target.Target, error) { return o.Target, nil }

// agent is Chromium for a target; the test is skipped where there is none.
// SCOPEPROOF_REQUIRE_BROWSER=1 turns the skip into a failure.
func agent(t *testing.T, opts ...browser.Option) target.UserAgent {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("SCOPEPROOF_REQUIRE_BROWSER") == "1" {
			t.Fatal("no Chromium in PATH, and SCOPEPROOF_REQUIRE_BROWSER=1")
		}
		t.Skip("no Chromium in PATH")
	}
	up, err := browser.Source(opened{&target.Target{Description: &target.Description{Login: target.Login{Driver: browser.Driver}}}}, opts...).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := up.Stop(); err != nil {
			t.Error(err)
		}
	})
	return up.UserAgent
}

// recorder keeps what is sent.
type recorder struct {
	mu   sync.Mutex
	sent []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.sent = append(r.sent, req.Method+" "+req.URL.Path)
	r.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

func ada(s *httptest.Server, password string, transport http.RoundTripper) target.Visit {
	return target.Visit{
		URL: s.URL + "/auth?scope=cal.read+cal.edit", RedirectURI: callback, Transport: transport, Jar: useragent.NewJar(),
		Owner: oauth.ResourceOwner{Name: "Ada", Username: "ada", Password: oauth.Secret(password)},
	}
}

func TestPagesThatAreScriptsArePlayed(t *testing.T) {
	s, sent := app(t), &recorder{}
	driver := agent(t)
	visit := ada(s, "s3cret-of-ada", sent)
	only := oauth.MustParseScope("cal.read")
	visit.Decide = func(p target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Only: &only} }
	a, err := driver.Visit(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	if a.Redirect == nil || a.Redirect.Query().Get("code") != "cal.read" || a.LoginPages != 1 || len(a.ConsentPages) != 1 || a.ConsentPages[0].Scopes.Len() != 2 {
		t.Errorf("got %+v, want one login page, one consent page with two scopes, and a code for cal.read", a)
	}
	for _, want := range []string{"GET /auth", "GET /login", "POST /session", "GET /consent"} {
		if !strings.Contains(strings.Join(sent.sent, "\n"), want) {
			t.Errorf("got no %s among what was sent: %q", want, sent.sent)
		}
	}
	t.Run("a session is kept in the jar of the visit", func(t *testing.T) {
		visit.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Deny: true} }
		a, err := driver.Visit(t.Context(), visit)
		if err != nil {
			t.Fatal(err)
		}
		if a.LoginPages != 0 || a.Redirect == nil || a.Redirect.Query().Get("error") != "access_denied" {
			t.Errorf("got %+v, want no login page and access_denied", a)
		}
	})
}

func TestAVisitThatGetsStuckLeavesAPicture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	_, err := agent(t, browser.Screenshots(dir)).Visit(t.Context(), ada(app(t), "another-word", http.DefaultTransport))
	if err == nil || !strings.Contains(err.Error(), "check users.Ada.username and users.Ada.password") || strings.Contains(err.Error(), "another-word") {
		t.Errorf("got %v, want an error about the password, and not the password", err)
	}
	data, readErr := os.ReadFile(filepath.Join(dir, "stuck-1.png"))
	if readErr != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) || !strings.Contains(err.Error(), "screenshot: "+dir) {
		t.Errorf("got %d bytes and %v, want a picture that the error %v names", len(data), readErr, err)
	}
}

func TestOtherDriversAreLeftAlone(t *testing.T) {
	up, err := browser.Source(opened{&target.Target{Description: &target.Description{}}}).Open(t.Context())
	if err != nil || up.UserAgent != nil {
		t.Errorf("got %v and %v, want no user agent", up.UserAgent, err)
	}
}

func TestAServerThatIsNotThereIsSaidSo(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := agent(t).Visit(t.Context(), ada(s, "x", http.DefaultTransport))
	var wrong *url.Error
	if err == nil || errors.As(err, &wrong) || !strings.Contains(err.Error(), "could not be sent") {
		t.Errorf("got %v, want that the request could not be sent", err)
	}
}
