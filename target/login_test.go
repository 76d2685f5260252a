package target_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestAsksReadsWhatIsAskedFor(t *testing.T) {
	for _, test := range []struct {
		name  string
		asks  target.Asks
		body  string
		scope string
		lists bool
		skip  bool
		wrong string
	}{
		{name: "a list of texts", asks: target.Asks{Scopes: "/scope"}, body: `{"scope":["read","write"]}`, scope: "read write", lists: true},
		{name: "a text of words", asks: target.Asks{Scopes: "/scope"}, body: `{"scope":"write read"}`, scope: "read write", lists: true},
		{name: "objects", asks: target.Asks{Scopes: "/s", Name: "/name"}, body: `{"s":[{"name":"read"},{"name":"write"}]}`, scope: "read write", lists: true},
		{name: "some granted before", asks: target.Asks{Scopes: "", Granted: "/g"}, body: ``},
		{name: "one granted before", asks: target.Asks{Scopes: "/s", Name: "/n", Granted: "/g"}, body: `{"s":[{"n":"read","g":true},{"n":"write","g":false}]}`, scope: "read write", lists: true},
		{name: "all granted before", asks: target.Asks{Scopes: "/s", Name: "/n", Granted: "/g"}, body: `{"s":[{"n":"read","g":true}]}`, scope: "read", lists: true, skip: true},
		{name: "nothing to ask", asks: target.Asks{Scopes: "/s", Skip: "/skip"}, body: `{"s":[],"skip":true}`, lists: true, skip: true},
		{name: "an empty list is a question", asks: target.Asks{Scopes: "/s", Granted: "/g"}, body: `{"s":[]}`, lists: true},
		{name: "no JSON", asks: target.Asks{Scopes: "/s"}, body: `<html>`, wrong: "not JSON"},
		{name: "nothing there", asks: target.Asks{Scopes: "/s"}, body: `{}`, wrong: `got no list and no text at "/s"`},
		{name: "no name", asks: target.Asks{Scopes: "/s", Name: "/n"}, body: `{"s":[{"id":1}]}`, wrong: `got no text at "/n" of item 0`},
		{name: "numbers", asks: target.Asks{Scopes: "/s"}, body: `{"s":[1]}`, wrong: `got no text at "" of item 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.asks.Read([]byte(test.body))
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Errorf("got %v, want %s", err, test.wrong)
				}
				return
			}
			if err != nil || !got.Scopes.Equal(oauth.FieldsScope(test.scope)) || got.Lists != test.lists || got.Skip != test.skip {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestPageFitsAnAddress(t *testing.T) {
	page := target.APIPage{Path: "/interaction/{uid}/consent", Query: map[string]string{"prompt": "consent", "client_id": ""}}
	for _, test := range []struct {
		address string
		want    map[string]string // nil: it does not fit
	}{
		{"http://as.example/interaction/a%2Fb/consent?prompt=consent&client_id=c", map[string]string{"uid": "a/b", "query.prompt": "consent", "query.client_id": "c"}},
		{"http://as.example/interaction/a/consent/?prompt=consent#/page?client_id=c", map[string]string{"uid": "a", "query.prompt": "consent", "query.client_id": "c"}},
		{"http://as.example/interaction/a/consent?prompt=login&client_id=c", nil},
		{"http://as.example/interaction/a/consent?prompt=consent&client_id=", nil},
		{"http://as.example/interaction/a/login?prompt=consent&client_id=c", nil},
		{"http://as.example/interaction//consent?prompt=consent&client_id=c", nil},
		{"http://as.example/interaction/a/b/consent?prompt=consent&client_id=c", nil},
	} {
		at, err := url.Parse(test.address)
		if err != nil {
			t.Fatal(err)
		}
		if got, fits := page.Fits(at); fits != (test.want != nil) || !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.address, got, fits, test.want)
		}
	}
}

func TestParseRefusesPagesThatCannotBePlayed(t *testing.T) {
	start := "name: x\nexternal: {issuer: http://as.example}\nlogin:\n  driver: api\n"
	page := func(text string) string { return start + "  api: {pages: [{path: /login, " + text + "}]}\n" }
	for _, test := range []struct{ name, file, want string }{
		{"no pages", start, `login.api.pages: got none, want the pages`},
		{"a path that is none", start + "  api: {pages: [{path: login}]}\n", `login.api.pages[0].path: got "login", want a path that begins with "/"`},
		{"nobody signs in", page("signed_in: {url: 'http://as.example/me'}"), `sign_in: got nothing, want what is done where`},
		{"nobody grants", page("asks: {call: {url: 'http://as.example/a'}}"), `grant: got nothing, want the call that grants`},
		{"no pointer", page("asks: {call: {url: 'http://as.example/a'}, scopes: scope}, grant: {url: 'http://as.example/g'}"), `asks.scopes: got "scope", want a JSON pointer`},
		{"an unknown variable", page("next: '${redirect}'"), `login.api.pages[0].next: got the unknown variable ${redirect}`},
		{"a variable of another place", "name: x\nexternal: {issuer: http://as.example}\ncontrol: {revoke_grant: {url: 'http://as.example/${query.a}'}}\n", `got the unknown variable ${query.a}`},
		{"one call for several texts where there can be but one", page("sign_in: {url: 'http://as.example/a', each: [a]}"), `sign_in.each: got a list, want none`},
		{"something that is neither a pointer nor a header field", page("sign_in: {url: 'http://as.example/a', capture: {a: id}}"), `sign_in.capture.a: got "id", want a JSON pointer such as "/client_id" (RFC 6901), or the name of a header field`},
		{"set-up of the embedded server", "name: x\nembedded: {}\nsetup: [{url: 'http://as.example/a'}]\n", `setup: got calls, want none`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := target.Parse("t.yaml", []byte(test.file)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	good := page("sign_in: {url: 'http://as.example/a', json: {u: '${user.username}', x: '${cookie.csrf}'}, capture: {to: /to}}, next: '${to}&x=${query.x}'")
	if _, err := target.Parse("t.yaml", []byte(good)); err != nil {
		t.Error(err)
	}
}

func TestGrantTypesAreCalledWhatTheServerCallsThem(t *testing.T) {
	r := target.Registration{GrantTypes: map[string]string{"authorization_code": "code", "implicit": "token id_token", "password": ""}}
	for want, grants := range map[string][]string{
		"code refresh_token":  {"authorization_code", "refresh_token"},
		"code token id_token": {"authorization_code", "implicit", "implicit"},
		"":                    {"password"},
	} {
		if got := r.GrantNames(grants); got != want {
			t.Errorf("%q: got %q, want %q", grants, got, want)
		}
	}
}
