package useragent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// spa is a server whose pages are scripts: /page calls /api/session,
// /api/login, /api/asked, /api/grant and /api/deny, and goes on to where it is
// told.
type spa struct {
	*httptest.Server
	user    string
	granted []string // by the decisions that were told
}

func newSPA(t *testing.T) *spa {
	s := &spa{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch {
		case query.Get("scope") == "bad":
			http.Error(w, "no such scope", http.StatusBadRequest)
		case query.Has("done"):
			http.Redirect(w, r, callback+"?code="+strings.Join(s.granted, "+"), http.StatusFound)
		default:
			http.Redirect(w, r, "/page?id=r%2B1&scope="+url.QueryEscape(query.Get("scope")), http.StatusFound)
		}
	})
	mux.HandleFunc("GET /device", func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"": "/code", "good": "/page?id=r%2B1&scope=read"}[r.URL.Query().Get("code")]
		if to == "" {
			to = "/expired"
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	for _, page := range []string{"/page", "/code", "/expired", "/other"} {
		mux.HandleFunc("GET "+page, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "csrf", Value: "c1", Path: "/"})
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<script src=/app.js></script>")
		})
	}
	mux.HandleFunc("GET /api/session", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("POST /api/login", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ User, Password, CSRF string }
		if _ = json.NewDecoder(r.Body).Decode(&asked); asked.Password != ada.Password.Reveal() || asked.CSRF != "c1" || r.Header.Get("Origin") != s.URL {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.user = asked.User
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/"})
	})
	mux.HandleFunc("GET /api/asked/{id}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil || r.PathValue("id") != "r+1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"scopes":["openid","read","write"],"ticket":"t1"}`)
	})
	mux.HandleFunc("POST /api/{act}/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		var told struct{ Scopes []string }
		_ = json.NewDecoder(r.Body).Decode(&told)
		s.granted = append([]string{r.PathValue("act")}, told.Scopes...)
		fmt.Fprintf(w, `{"redirect_to":"%s/auth?done"}`, s.URL)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// pages are what the target file says of the pages of spa.
func (s *spa) pages() []target.APIPage {
	return []target.APIPage{
		{Path: "/expired", RefusesCode: true},
		{Path: "/code", Next: "${issuer}/device?code=${user_code}"},
		{
			Path: "/page", SignedIn: &target.Call{Method: "GET", URL: "${issuer}/api/session"},
			SignIn: &target.Call{URL: "${issuer}/api/login", JSON: map[string]any{"user": "${user.username}", "password": "${user.password}", "csrf": "${cookie.csrf}"}},
			Asks:   &target.Asks{Call: target.Call{Method: "GET", URL: "${issuer}/api/asked/${query.id}", Capture: map[string]string{"ticket": "/ticket"}}, Scopes: "/scopes"},
			Grant:  &target.Call{URL: "${issuer}/api/grant/${ticket}", JSON: map[string]any{"scopes": "${scope[]}"}, Capture: map[string]string{"to": "/redirect_to"}},
			Deny:   &target.Call{URL: "${issuer}/api/deny/${ticket}", Capture: map[string]string{"to": "/redirect_to"}},
			Next:   "${to}",
		},
	}
}

func (s *spa) visit(t *testing.T, pages []target.APIPage, change func(*target.Visit)) (*target.Arrival, error) {
	t.Helper()
	agent, err := New(&target.Target{
		Description: &target.Description{
			Login:               target.Login{Driver: "api", API: target.APILogin{Pages: pages}},
			AuthorizationServer: target.AuthorizationServer{RequiredScopes: "openid"},
		},
		Variables: map[string]string{"issuer": s.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	v := target.Visit{URL: s.URL + "/auth?scope=read+write", RedirectURI: callback, Owner: ada, Jar: NewJar()}
	if change != nil {
		change(&v)
	}
	return agent.Visit(context.Background(), v)
}

func TestScriptsArePlayed(t *testing.T) {
	only := func(scope string) func(*target.Visit) {
		return func(v *target.Visit) {
			set := oauth.FieldsScope(scope)
			v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Only: &set} }
		}
	}
	for _, test := range []struct {
		name   string
		change func(*target.Visit)
		want   string // code of the redirect; empty: there is none
	}{
		{"everything", nil, "grant openid read write"},
		{"less", only("openid write"), "grant openid write"},
		{"what cannot be left out is left out", only("read"), "deny"},
		{"no", func(v *target.Visit) {
			v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Deny: true} }
		}, "deny"},
		{"unanswered", func(v *target.Visit) { v.StopAtConsent = true }, ""},
		{"a device", func(v *target.Visit) { v.URL, v.UserCode = strings.Replace(v.URL, "/auth", "/device", 1), "good" }, "grant openid read write"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSPA(t)
			arrival, err := s.visit(t, s.pages(), test.change)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if arrival.Redirect != nil {
				got = arrival.Redirect.Query().Get("code")
			}
			if got != test.want || arrival.LoginPages != 1 || len(arrival.ConsentPages) != 1 || s.user != ada.Username {
				t.Fatalf("got %q and %+v, want %q", got, arrival, test.want)
			}
			page := arrival.ConsentPages[0]
			if !page.Lists || !page.Boxes || page.Scopes.String() != "openid read write" || page.Fixed.String() != "openid" {
				t.Errorf("got %+v", page)
			}
		})
	}
}

func TestScriptsThatGoNowhere(t *testing.T) {
	s := newSPA(t)
	without := func(change func(*target.APIPage)) []target.APIPage {
		pages := s.pages()
		change(&pages[2])
		return pages
	}
	to := func(path string) func(*target.Visit) { return func(v *target.Visit) { v.URL = s.URL + path } }
	deny := func(v *target.Visit) {
		v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Deny: true} }
	}
	for _, test := range []struct {
		name   string
		pages  []target.APIPage
		change func(*target.Visit)
		status int
		text   string // of the error
	}{
		{"an error page", s.pages(), to("/auth?scope=bad"), 400, ""},
		{"a page that is not in the file", s.pages(), to("/other"), 0, "got a page that login.api.pages has not, want one with the path"},
		{"nobody can refuse", without(func(p *target.APIPage) { p.Deny = nil }), deny, 200, ""},
		{"a page that comes again", without(func(p *target.APIPage) { p.Grant, p.Asks, p.Deny, p.Next = nil, nil, nil, "" }), nil, 200, ""},
		{"no code to type in", s.pages(), to("/device"), 200, ""},
		{"a wrong password", s.pages(), func(v *target.Visit) { v.Owner.Password = "wrong" }, 0, "login.api.pages[2].sign_in: POST ${issuer}/api/login: got 401"},
		{"no password", s.pages(), func(v *target.Visit) { v.Owner.Password = "" }, 0, "set users.Ada.password"},
		{"nowhere to go", without(func(p *target.APIPage) { p.Next = "${query.none}" }), nil, 0, ""},
		{"all or nothing", without(func(p *target.APIPage) { p.Grant.JSON = nil }), func(v *target.Visit) {
			set := oauth.FieldsScope("openid read")
			v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Only: &set} }
		}, 0, "got a call that grants everything, want a way to grant less"},
	} {
		t.Run(test.name, func(t *testing.T) {
			arrival, err := s.visit(t, test.pages, test.change)
			switch {
			case test.text != "":
				if err == nil || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "wrong") {
					t.Errorf("got %v, want %s", err, test.text)
				}
			case err != nil || arrival.Redirect != nil || test.status != 0 && arrival.Status != test.status:
				t.Errorf("got %+v, %v, want it to end with %d", arrival, err, test.status)
			}
		})
	}
	if _, err := s.visit(t, s.pages(), func(v *target.Visit) { v.URL, v.UserCode = s.URL+"/device", "bad" }); !errors.Is(err, ErrCodeRefused) {
		t.Errorf("got %v, want that the code is refused", err)
	}
}
