package useragent

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

const callback = "http://127.0.0.1:9/cb" // port 9 discards: a fetch would fail

var ada = oauth.ResourceOwner{Name: "Ada", Username: "ada@example.org", Password: "s3cret-of-ada", Subject: "248289"}

// site is a server whose pages are written in the test.
type site struct {
	*httptest.Server
	mux *http.ServeMux
	// posted are the forms that were received, by path.
	posted map[string]url.Values
	header http.Header // of the last form
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{mux: http.NewServeMux(), posted: map[string]url.Values{}}
	s.Server = httptest.NewServer(s.mux)
	t.Cleanup(s.Close)
	return s
}

// page serves markup at a path, with status 200.
func (s *site) page(path, markup string) { s.status(path, http.StatusOK, markup) }

func (s *site) status(path string, status int, markup string) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, markup)
	})
}

// takes receives a form at a path and redirects.
func (s *site) takes(path, to string) {
	s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.posted[path], s.header = r.PostForm, r.Header
		http.Redirect(w, r, to, http.StatusFound)
	})
}

// visit goes to /auth as Ada.
func (s *site) visit(login target.Login, change ...func(*target.Visit)) (*target.Arrival, error) {
	return s.visitDeclared("", login, change...)
}

// visitDeclared is visit where the target file declares consent.ui, if not "".
func (s *site) visitDeclared(ui string, login target.Login, change ...func(*target.Visit)) (*target.Arrival, error) {
	v := target.Visit{URL: s.URL + "/auth?scope=read+write", RedirectURI: callback, Owner: ada, Transport: http.DefaultTransport, Jar: NewJar()}
	for _, c := range change {
		c(&v)
	}
	agent, err := New(&target.Target{Description: &target.Description{Login: login, Capabilities: map[target.Capability]string{"consent.ui": ui}}})
	if err != nil {
		return nil, err
	}
	return agent.Visit(context.Background(), v)
}

// mustVisit is visit where an error is the test's failure.
func (s *site) mustVisit(t *testing.T, login target.Login, change ...func(*target.Visit)) *target.Arrival {
	t.Helper()
	arrival, err := s.visit(login, change...)
	if err != nil {
		t.Fatal(err)
	}
	return arrival
}

func decides(d oauth.ConsentDecision) func(*target.Visit) {
	return func(v *target.Visit) { v.Decide = func(target.ConsentPage) oauth.ConsentDecision { return d } }
}

func only(scope string) oauth.ConsentDecision {
	set := oauth.MustParseScope(scope)
	return oauth.ConsentDecision{Only: &set}
}

func consentForm(form target.ConsentForm) target.Login {
	return target.Login{Form: target.Form{Consent: form}}
}

// authorizationServer has a login with a CSRF token and a consent page with
// boxes, and keeps a session in a cookie.
func authorizationServer(t *testing.T) *site {
	s := newSite(t)
	token := 0
	csrf := func() string { return fmt.Sprintf("csrf-%d", token) }
	session := func(r *http.Request) bool {
		c, err := r.Cookie("session")
		return err == nil && c.Value == "ada"
	}
	s.mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		token++
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if !session(r) {
			fmt.Fprintf(w, `<h1>Sign in</h1><form action="/search"><input type="search" name="q"></form>
<form method="post" action="login?x=1"><input type=hidden name=csrf value=%q><label>Name <input name="login"></label>
<input type=password name=pw><input type=checkbox name=stay value=yes checked><button name=cancel value=1>Cancel</button>
<button type=submit name=go value=in>Sign in</button></form>`, csrf())
			return
		}
		fmt.Fprintf(w, `<nav>Menu</nav><main><h1>Planner asks</h1><p>It <b>wants</b> to:</p><form method=post action=/decide>
<input type=hidden name=csrf value=%q>
<label><input type=checkbox name=scope value=read checked> Read &amp; see</label>
<label><input type=checkbox name=scope value=write> Write</label>
<button name=decision value=deny>Deny</button><button name=decision value=allow>Allow</button></form></main><script>var x = "unseen"</script>`, csrf())
	})
	s.mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.posted["/login"], s.header = r.PostForm, r.Header
		if r.PostForm.Get("csrf") == csrf() && r.PostForm.Get("login") == ada.Username && r.PostForm.Get("pw") == ada.Password.Reveal() {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "ada", Path: "/", Secure: true, HttpOnly: true})
		}
		http.Redirect(w, r, "/auth", http.StatusSeeOther)
	})
	s.mux.HandleFunc("POST /decide", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.posted["/decide"] = r.PostForm
		switch {
		case !session(r) || r.PostForm.Get("csrf") != csrf():
			http.Error(w, "no session", http.StatusForbidden)
		case r.PostForm.Get("decision") == "allow":
			http.Redirect(w, r, callback+"?code=c1", http.StatusFound)
		default:
			http.Redirect(w, r, callback+"?error=access_denied", http.StatusFound)
		}
	})
	return s
}

func TestAVisitSignsInAndConsents(t *testing.T) {
	tests := []struct {
		name     string
		decision oauth.ConsentDecision
		want     []string // the scope fields
		arrives  string
	}{
		{"everything", oauth.ConsentDecision{}, []string{"read", "write"}, "code=c1"},
		{"only one, though the other is ticked", only("write"), []string{"write"}, "code=c1"},
		{"only what is not offered", only("admin"), nil, "code=c1"},
		{"nothing", only(""), nil, "code=c1"},
		{"more than is offered", oauth.ConsentDecision{Add: oauth.MustParseScope("admin root")}, []string{"read", "write", "admin", "root"}, "code=c1"},
		{"denied", oauth.ConsentDecision{Deny: true}, []string{"read"}, "error=access_denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := authorizationServer(t)
			got := s.mustVisit(t, target.Login{}, decides(test.decision))
			if got.Redirect == nil || got.Redirect.RawQuery != test.arrives {
				t.Fatalf("got redirect %v, want %s", got.Redirect, test.arrives)
			}
			if diff := cmp.Diff(test.want, s.posted["/decide"]["scope"]); diff != "" {
				t.Error(diff)
			}
			if got.LoginPages != 1 || len(got.ConsentPages) != 1 {
				t.Errorf("got %d login pages and %d consent pages, want 1 and 1", got.LoginPages, len(got.ConsentPages))
			}
			if diff := cmp.Diff(url.Values{"csrf": {"csrf-1"}, "login": {ada.Username}, "pw": {"s3cret-of-ada"}, "stay": {"yes"}, "go": {"in"}}, s.posted["/login"]); diff != "" {
				t.Error(diff)
			}
			if s.header.Get("Origin") != s.URL || !strings.HasPrefix(s.header.Get("Referer"), s.URL+"/auth?") {
				t.Errorf("got Origin %q and Referer %q, want those of the page", s.header.Get("Origin"), s.header.Get("Referer"))
			}
		})
	}
}

func TestAConsentPageIsRead(t *testing.T) {
	s := authorizationServer(t)
	got := s.mustVisit(t, target.Login{}, func(v *target.Visit) { v.StopAtConsent = true })
	if got.Redirect != nil || got.Status != http.StatusOK || s.posted["/decide"] != nil {
		t.Fatalf("got %+v, want to be left at the consent page", got)
	}
	want := []target.ConsentPage{{
		Scopes: oauth.MustParseScope("read write"), Lists: true, Boxes: true, Text: "Planner asks It wants to: Read & see Write Deny Allow",
		Submission: &target.Submission{Method: "POST", URL: s.URL + "/decide", Page: s.URL + "/auth", Fields: url.Values{"csrf": {"csrf-2"}, "scope": {"read", "write"}, "decision": {"allow"}}},
	}}
	denied, err := got.ConsentPages[0].Answer(oauth.ConsentDecision{Deny: true})
	if err != nil || denied.Fields.Get("decision") != "deny" {
		t.Errorf("a denial of the same page: got %+v and %v, want the button that denies", denied, err)
	}
	got.ConsentPages[0].Answer = nil
	equal := cmp.Comparer(func(a, b oauth.ScopeSet) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, got.ConsentPages, equal); diff != "" {
		t.Error(diff)
	}
}

func TestWithASessionNobodySignsIn(t *testing.T) {
	s, jar := authorizationServer(t), NewJar()
	same := func(v *target.Visit) { v.Jar = jar }
	for i, want := range []int{1, 0} {
		if got := s.mustVisit(t, target.Login{}, same); got.LoginPages != want || got.Redirect == nil {
			t.Errorf("visit %d: got %d login pages and redirect %v, want %d", i+1, got.LoginPages, got.Redirect, want)
		}
	}
}

func TestSubmitSendsAFormFromAnotherBrowser(t *testing.T) {
	s, jar := authorizationServer(t), NewJar()
	page := s.mustVisit(t, target.Login{}, func(v *target.Visit) { v.StopAtConsent, v.Jar = true, jar }).ConsentPages[0]
	other, err := Submit(t.Context(), http.DefaultTransport, NewJar(), page.Submission, callback)
	if err != nil || other.Redirect != nil || other.Status != http.StatusForbidden || other.Page != "no session" {
		t.Errorf("got %+v and %v, want the 403 page", other, err)
	}
	own, err := Submit(t.Context(), http.DefaultTransport, jar, page.Submission, callback)
	if err != nil || own.Redirect == nil {
		t.Errorf("got %+v and %v, want the redirect", own, err)
	}
	if _, err := Submit(t.Context(), nil, nil, nil, callback); err == nil {
		t.Error("got no error without a form")
	}
}

func TestAWrongPasswordIsSaidWithoutThePassword(t *testing.T) {
	s := authorizationServer(t)
	_, err := s.visit(target.Login{}, func(v *target.Visit) { v.Owner.Password = "wrong-one" })
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"/auth shown again after signing in as \"ada@example.org\"", "users.Ada.password"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to contain %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("got the password in %q", err)
	}
	if _, err = s.visit(target.Login{}, func(v *target.Visit) { v.Owner.Password = "" }); err == nil || !strings.Contains(err.Error(), "set users.Ada.password") {
		t.Errorf("got %v, want a hint to set the password", err)
	}
}

func TestALoginMayTakeTwoPages(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action=name><input type=hidden name=t value=1><input type=email name=identifier autofocus><button>Next</button></form>`)
	s.takes("/name", "/password")
	s.page("/password", `<form method=post action="/in"><input name=identifier readonly value="ada@example.org"><input type=password name=Passwd><input type=submit></form>`)
	s.takes("/in", callback+"?code=1")
	got := s.mustVisit(t, target.Login{})
	if got.Redirect == nil || got.LoginPages != 2 {
		t.Fatalf("got %+v, want the redirect after two login pages", got)
	}
	want := map[string]url.Values{
		"/name": {"t": {"1"}, "identifier": {ada.Username}},
		"/in":   {"identifier": {ada.Username}, "Passwd": {"s3cret-of-ada"}},
	}
	if diff := cmp.Diff(want, s.posted); diff != "" {
		t.Error(diff)
	}
}

func TestAPasswordMayBeAskedForInAFieldOfText(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action="/in"><input type=hidden name=id value=7><input name=username><input name=password><button>Login</button></form>`)
	s.takes("/in", callback+"?code=x")
	arrival, err := s.visit(target.Login{})
	if err != nil || arrival.Redirect == nil {
		t.Fatalf("got %+v, %v, want the redirect", arrival, err)
	}
	want := url.Values{"id": {"7"}, "username": {ada.Username}, "password": {ada.Password.Reveal()}}
	if diff := cmp.Diff(want, s.posted["/in"]); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
}

func TestANameThatIsAskedTwiceIsSaid(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action=name><input name=username><button>Next</button></form>`)
	s.takes("/name", "/auth")
	_, err := s.visit(target.Login{})
	if err == nil || !strings.Contains(err.Error(), "check users.Ada.username") {
		t.Fatalf("got %v, want a hint at the name", err)
	}
}

func TestALoginFormIsFoundAsTheTargetFileSays(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form id=register method=post action=r><input name=user><input type=password name=p1><input type=password name=p2></form>
<div id=in><form method=post action=in><input name=tenant value=acme><input name=who><input type=text name=code_word><button>Go</button></form></div>`)
	s.takes("/in", callback+"?code=1")
	login := target.Login{Form: target.Form{Login: target.LoginForm{Form: "#in", Username: "who", Password: "code_word"}}}
	s.mustVisit(t, login)
	if diff := cmp.Diff(url.Values{"tenant": {"acme"}, "who": {ada.Username}, "code_word": {"s3cret-of-ada"}}, s.posted["/in"]); diff != "" {
		t.Error(diff)
	}
	login.Form.Login.Username = "login"
	_, err := s.visit(login)
	var page *PageError
	if !errors.As(err, &page) || !strings.Contains(page.Hint, "login.form.login.username") {
		t.Errorf("got %v, want an error about the username field", err)
	}
}

func TestPagesThatAskNothingAreAnObservation(t *testing.T) {
	long := strings.Repeat("é", maxShown)
	tests := []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"an error page", "text/html", `<title>x</title><h1>invalid_scope</h1><p>Not&nbsp;known: <b>b</b>ogus`, 400, "invalid_scope Not known: bogus"},
		{"an error page with a form", "text/html", `<p>Sorry</p><form action=/help><input name=question></form>`, 500, "Sorry"},
		{"an error page with a way out", "text/html", `<p>Sorry</p><form method=post action=/out><button>Log out</button></form>`, 200, "Sorry Log out"},
		{"a page without a form", "text/html", `Nothing here`, 200, "Nothing here"},
		{"JSON", "application/json", `{"error":  "invalid_scope"}`, 400, `{"error": "invalid_scope"}`},
		{"nothing", "", ``, 204, ""},
		{"invalid UTF-8", "text/html; charset=utf-8", "a\xffb\xc3<p>c", 200, "a\uFFFDb\uFFFD c"},
		{"another character set", "text/html; charset=iso-8859-1", "caf\xe9", 200, "café"},
		{"a redirect to nowhere", "text/html", `moved`, 302, "moved"},
		{"more text than is shown", "text/plain; charset=utf-8", long, 403, long[:maxShown] + "…"},
		{"markup that is said to be text", "text/plain", "<b>a", 200, "<b>a"},
		{"markup of no type", "", "<!DOCTYPE html><p>a", 200, "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{test.kind}
				w.WriteHeader(test.status)
				if test.status != http.StatusNoContent {
					fmt.Fprint(w, test.body)
				}
			})
			got := s.mustVisit(t, target.Login{})
			if got.Redirect != nil || got.Status != test.status || got.Page != test.want {
				t.Errorf("got %d %q, want %d %q", got.Status, got.Page, test.status, test.want)
			}
		})
	}
}

func TestAPageThatIsNotUnderstoodIsNamed(t *testing.T) {
	s := newSite(t)
	s.page("/auth", `<form method=post action=x><input name=user_code><input type=hidden name=t value=hidden-value><button name=b value=go>Connect</button></form>`)
	_, err := s.visit(target.Login{}, func(v *target.Visit) { v.URL += "&state=state-value" })
	want := fmt.Sprintf(`page %s/auth: got a form with the fields "user_code (text)", "t (hidden)" and the buttons "Connect [b=go]", want a login form with the fields "username" and "password", or a consent form with a box "scope" or the button that allows
    hint: set login.form.login.form or login.form.consent.form to a CSS selector of that form, and its fields beside it; login.driver: manual lets a person answer`, s.URL)
	var page *PageError
	if !errors.As(err, &page) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestBoundsOfAVisit(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for chunk := strings.Repeat("<p>more", 1000); r.Context().Err() == nil; {
			if _, err := fmt.Fprint(w, chunk); err != nil {
				return
			}
		}
	}
	again := func(markup string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, markup)
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"a redirect loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/auth?secret=1", http.StatusFound) }, "got 20 redirects without a page, the last to "},
		{"an endless body", endless, "the answer is longer than 1 MiB"},
		{"a page that refreshes itself", again(`<meta http-equiv=Refresh content="0;url=/auth">`), "got more than 12 pages, want a redirect to http://127.0.0.1:9/cb; the last"},
		{"nested too deeply", again(strings.Repeat("<div>", 5000)), "reading the page: html: open stack of elements exceeds 512 nodes"},
		{"a Location that is no URL", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(302)
		}, "a Location that is no URL"},
		{"a scheme that nobody can open", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "app:/cb?code=c-1")
			w.WriteHeader(302)
		}, "got a way to app:/cb, want an http or https URL or the redirect URI"},
		{"a form that sends a file", again(`<form method=post enctype=multipart/form-data><input name=username><input type=password name=password><button>Go</button></form>`), `a form of enctype "multipart/form-data"`},
		{"nobody there", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:9/other?code=c-1", http.StatusFound)
		}, "GET http://127.0.0.1:9/other: dial tcp"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.mux.HandleFunc("/auth", test.handler)
			_, err := s.visit(target.Login{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "secret=1") || strings.Contains(err.Error(), "c-1") {
				t.Errorf("got a query in %q", err)
			}
		})
	}
}

func TestTheContextEndsAVisit(t *testing.T) {
	s := newSite(t)
	s.mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newFormDriver(target.Login{}, false).Visit(ctx, target.Visit{URL: s.URL + "/auth", RedirectURI: callback})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestWaysOn(t *testing.T) {
	post := `<form method=post action="` + html.EscapeString(callback) + `"><input type=hidden name=code value=c1><input type=hidden name=scope value="read write">`
	tests := []struct {
		name, markup string
		want         string // query at the redirect URI
	}{
		{"a form that a script sends", `<body onload="document.forms[0].submit()"><form method=post action=/next><input type=hidden name=t value=1><noscript><button>Continue</button></noscript></form>`, "t=1"},
		{"a form that a script sends, with a button", `<form method=post action=/next><input type=hidden name=t value=1><input type=submit value="Continue"></form><script>document.forms[0].submit()</script>`, "t=1"},
		{"the form post response mode", post + `</form>`, "code=c1&scope=read+write"},
		{"the form post response mode with a button", post + `<button>Allow me to continue</button></form>`, "code=c1&scope=read+write"},
		{"a form that is sent by GET", `<form action="/next-get?lost=1"><input type=hidden name=t value=2></form>`, "t=2"},
		{"a refresh", `<meta http-equiv="refresh" content="0; URL='/next-get?t=3'">`, "t=3"},
		{"a refresh without scripts", `<noscript><meta http-equiv="refresh" content="1;/next-get?t=4"></noscript>`, "t=4"},
		{"relative to the base", `<base href="/deep/er/"><form method=post action="../../next"><input type=hidden name=t value=5></form>`, "t=5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.page("/auth", test.markup)
			s.mux.HandleFunc("POST /next", func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				http.Redirect(w, r, callback+"?"+r.PostForm.Encode(), http.StatusFound)
			})
			s.mux.HandleFunc("GET /next-get", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, callback+"?"+r.URL.RawQuery, http.StatusFound)
			})
			got := s.mustVisit(t, target.Login{})
			if got.Redirect == nil || got.Redirect.RawQuery != test.want || len(got.ConsentPages) > 0 {
				t.Errorf("got %+v, want the redirect URI with %s", got, test.want)
			}
		})
	}
}

func TestRedirectsKeepTheMethodAsTheyShould(t *testing.T) {
	for status, want := range map[int]string{301: "GET", 302: "GET", 303: "GET", 307: "POST t=1", 308: "POST t=1"} {
		s := newSite(t)
		s.page("/auth", `<form method=post action=/one><input type=hidden name=t value=1></form>`)
		s.mux.HandleFunc("/one", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/two", status) })
		s.mux.HandleFunc("/two", func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			fmt.Fprint(w, strings.TrimSpace(r.Method+" "+r.PostForm.Encode()))
		})
		if got := s.mustVisit(t, target.Login{}); got.Page != want {
			t.Errorf("%d: got %q, want %q", status, got.Page, want)
		}
	}
}

func TestSubmitGoesOnThroughPagesThatLeadOn(t *testing.T) {
	s := newSite(t)
	s.takes("/c", "/wait")
	s.page("/wait", `<meta http-equiv=refresh content="1;url=/post">`)
	s.page("/post", `<form method=post action="`+callback+`"><input type=hidden name=code value=c1></form>`)
	s.page("/loop", `<form action=/loop></form>`)
	s.mux.HandleFunc("GET /c", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery) })
	submit := func(method, path string) (*target.Arrival, error) {
		form := &target.Submission{Method: method, URL: s.URL + path, Fields: url.Values{"a": {"1"}}}
		return Submit(t.Context(), nil, nil, form, callback)
	}
	if got, err := submit("POST", "/c"); err != nil || got.Redirect == nil || got.Redirect.RawQuery != "code=c1" {
		t.Errorf("got %+v and %v, want the redirect", got, err)
	}
	if got, err := submit("get", "/c?b=2"); err != nil || got.Page != "a=1" {
		t.Errorf("got %+v and %v, want the fields as the query", got, err)
	}
	if _, err := submit("GET", "/loop"); err == nil || !strings.Contains(err.Error(), "lead on by themselves") {
		t.Errorf("got %v, want an error about the loop", err)
	}
	if _, err := Submit(t.Context(), nil, nil, &target.Submission{URL: "http://[::1"}, callback); err == nil {
		t.Error("got no error for an address that is no URL")
	}
}
