package useragent

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// FuzzConsent answers any page as a resource owner who grants "read" alone: what
// is sent grants no other scope that the page offered, and what is refused is
// never sent with the button that allows.
func FuzzConsent(f *testing.F) {
	for _, seed := range []string{
		hiddenPage, mappedPage, twoFormsPage, bareButtonPage, outsideFieldPage, manyHiddenPage, tablePage, passwordPage,
		`<form method=post><input type=checkbox name=scope value=""><input type=checkbox name=scope value="read write" checked><input type=checkbox name=scope value=read><button>Allow</button><button>Deny</button>`,
		`<form method=post><input type=checkbox name=scope value=write checked readonly><input type=checkbox name=scope value=write disabled checked><button name=a value=deny>Allow</button>`,
		`<form><select name=scope multiple><option selected>write</select><input type=hidden name=scope value=" read  write "><input type=image name=go value=Allow>`,
		strings.Repeat(`<form method=post><input type=checkbox name=scope value=read>`, 50), strings.Repeat(`<fieldset disabled style="display:none">`, 400) + `<form><input type=checkbox name=scope value=read>`,
	} {
		f.Add([]byte(seed))
	}
	from := &url.URL{Scheme: "http", Host: "as.example", Path: "/auth"}
	d := newFormDriver(target.Login{}, true)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePage(data, "text/html", from)
		if err != nil {
			return
		}
		p.status = http.StatusOK
		controls := 0
		for _, form := range p.forms {
			controls += len(form.controls)
			c := d.reader.readConsent(p, form)
			if c.offered.Has("") || !oauth.FieldsScope(c.offered.String()).Equal(c.offered) {
				t.Fatalf("got the scopes %q", c.offered.Tokens())
			}
			if text := form.describe(); len(text) > 20<<10 || !utf8.ValidString(text) {
				t.Errorf("got a description of %d bytes", len(text))
			}
			if r, err := c.allow(p, only("read"), nil); err == nil && (c.boxes || c.lists) {
				sent := r.fields
				if sent == nil {
					sent = r.url.Query()
				}
				refused := c.offered.Minus(oauth.NewScopeSet("read"))
				for _, field := range form.controls {
					scopes, box := d.reader.boxScopes(form, field)
					if box && !scopes.Intersect(refused).IsEmpty() && !field.disabled && slices.Contains(sent[field.name], field.value) && alone(form, field) {
						t.Errorf("got %q sent, which was refused", field.value)
					}
				}
			}
			if r, err := c.deny(p); err == nil && (r.url == nil || r.method == "") {
				t.Errorf("got the request %v", r)
			}
		}
		if controls+len(p.forms) > maxFields {
			t.Errorf("got %d forms and controls", controls+len(p.forms))
		}
		if text := describeAll(p); len(text) > 300<<10 {
			t.Errorf("got a description of %d bytes", len(text))
		}
	})
}

// alone reports whether no other control of a form sends the same.
func alone(f *form, c *control) bool {
	for _, other := range f.controls {
		if other != c && other.name == c.name && (other.value == c.value || slices.Contains(other.values, c.value)) {
			return false
		}
	}
	return true
}

// FuzzRedirect follows any Location: to the redirect URI, to a URL of HTTP, or
// not at all; and no error shows a query.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{
		"", "/login?next=%2F", "//elsewhere.example/x", "https://elsewhere.example", callback + "?code=Zq7-code&state=s", callback + "#access_token=Zq7-code", "javascript:alert(1)", "file:///etc/passwd",
		"data:text/html,x", "http://[::1", "http://u:Zq7-code@h/", "app:/cb?code=Zq7-code", "?", "#", "\x00", "http://127.0.0.1:9/cb/../cb", "http:///x", "HTTP://127.0.0.1:9/cb", strings.Repeat("a", 70_000),
	} {
		f.Add(seed, 302)
	}
	b, err := newBrowser(nil, nil, callback)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, location string, status int) {
		from := &url.URL{Scheme: "http", Host: "as.example", Path: "/auth", RawQuery: "secret=Zq7-query"}
		r := request{method: http.MethodPost, url: from, fields: url.Values{"password": {"Zq7-password"}}}
		next, err := r.redirected(&http.Response{StatusCode: status, Header: http.Header{"Location": {location}}})
		if err != nil {
			if next != nil || strings.Contains(err.Error(), "Zq7") {
				t.Errorf("got %v and %v", next, err)
			}
			return
		}
		if next == nil {
			return
		}
		if kept := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect; (next.fields != nil) != kept || (next.method == http.MethodPost) != kept {
			t.Errorf("%d: got %s with %v", status, next.method, next.fields)
		}
		if b.ends(next.url) {
			if !strings.EqualFold(next.url.Scheme, "http") || next.url.Host != "127.0.0.1:9" || next.url.Path != "/cb" {
				t.Errorf("%q: got an end at %s", location, next.url)
			}
			return
		}
		req, err := next.build(t.Context())
		if err != nil {
			if strings.Contains(err.Error(), "Zq7-query") || strings.Contains(err.Error(), "Zq7-password") {
				t.Errorf("got %v", err)
			}
			return
		}
		if (req.URL.Scheme != "http" && req.URL.Scheme != "https") || req.URL.Host == "" || req.URL.Fragment != "" {
			t.Errorf("%q: got a request to %s", location, req.URL)
		}
	})
}

func FuzzRefresh(f *testing.F) {
	for _, seed := range []string{"0;url=/a", "0; URL = '/a'", `5,url="/a"`, "0;/a", "", "NaN;url=/a", "Inf;/a", "1e-400;/a", "-0;/a", "0x1p-2;/a", "0;url=url=/a", "0;;/a", "0;url='", "\xff;\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		to, ok := refreshTarget(content)
		if ok != (to != "") || !strings.Contains(content, to) {
			t.Fatalf("%q: got %q and %t", content, to, ok)
		}
		if to != strings.TrimSpace(to) {
			t.Errorf("%q: got %q, want no space around it", content, to)
		}
		p := &page{url: &url.URL{Scheme: "http", Host: "h"}, base: &url.URL{Scheme: "http", Host: "h"}, refresh: content}
		if r := p.refreshed(); r != nil && (r.url == nil || r.method != http.MethodGet || r.fields != nil) {
			t.Errorf("%q: got %v", content, r)
		}
	})
}

// FuzzAdminProblem says of any answer of an admin API what is short, and has none
// of the members that may hold challenges.
func FuzzAdminProblem(f *testing.F) {
	for _, seed := range []string{`{"error":"not_found","error_description":"gone"}`, `{"error":{"code":404}}`, ``, `null`, "\xff\xfe", strings.Repeat("é", 1000), `{"redirect_to":"http://h/?login_verifier=Zq7-verifier"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := adminProblem(body)
		if len(text) > 220 || !utf8.ValidString(text) || strings.Contains(text, "\n") {
			t.Errorf("got %q", text)
		}
		object := struct {
			RedirectTo string `json:"redirect_to"`
			Error      any    `json:"error"`
			Text       string `json:"error_description"`
		}{RedirectTo: "http://h/?login_verifier=Zq7-verifier", Error: string(body)}
		written, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(adminProblem(written), "Zq7-verifier") != strings.Contains(shorten(collapse(object.Error.(string)), 200), "Zq7-verifier") {
			t.Errorf("got %q", adminProblem(written))
		}
	})
}
