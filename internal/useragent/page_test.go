package useragent

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/target"
)

func TestARefreshLeadsOnOnlyWhereItSaysSo(t *testing.T) {
	for content, want := range map[string]string{
		"0;url=/a": "/a", "0; URL = '/a'": "/a", `5,url="/a"`: "/a", "0;/a": "/a", "0.5;url=/a?b=c": "/a?b=c", " 0 ; url=u": "u",
		"": "", "0": "", "0;": "", "0;url=": "", "600;url=/timeout": "", "-1;url=/a": "", "x;url=/a": "", "NaN;url=/a": "",
	} {
		if got, ok := refreshTarget(content); got != want || ok != (want != "") {
			t.Errorf("%q: got %q (%t), want %q", content, got, ok, want)
		}
	}
}

func TestTheRedirectURIIsComparedExactly(t *testing.T) {
	tests := []struct {
		end, url string
		want     bool
	}{
		{"http://127.0.0.1:7/cb", "http://127.0.0.1:7/cb?code=1#x", true},
		{"http://127.0.0.1:7/cb", "HTTP://127.0.0.1:7/cb", true},
		{"http://127.0.0.1:7/cb", "http://127.0.0.1:8/cb", false},
		{"http://127.0.0.1:7/cb", "http://localhost:7/cb", false},
		{"http://127.0.0.1:7/cb", "https://127.0.0.1:7/cb", false},
		{"http://127.0.0.1:7/cb", "http://127.0.0.1:7/cb/", false},
		{"http://127.0.0.1:7/cb", "http://127.0.0.1:7/CB", false},
		{"http://127.0.0.1:7/cb", "http://127.0.0.1:7/cb2", false},
		{"http://127.0.0.1:7", "http://127.0.0.1:7/?code=1", true},
		{"http://127.0.0.1:7", "http://127.0.0.1:7/x", false},
		{"org.app:/cb", "org.app:/cb?code=1", true},
		{"org.app:/cb", "org.app:/", false},
		{"org.app:cb", "org.app:cb?code=1", true},
	}
	for _, test := range tests {
		b, err := newBrowser(nil, nil, test.end)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.ends(mustURL(t, test.url)); got != test.want {
			t.Errorf("%s at %s: got %t, want %t", test.url, test.end, got, test.want)
		}
	}
	for _, bad := range []string{"", "/cb", "http://[::1"} {
		if _, err := newBrowser(nil, nil, bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestTextIsWhatAReaderSees(t *testing.T) {
	for markup, want := range map[string]string{
		`<title>t</title><body>a<p>b</p>c`:                       "a b c",
		`<p>W<b>or</b>d<br>next<style>x</style><!-- y -->`:       "Word next",
		`<nav>menu</nav><div role=main><ul><li>1<li>2</ul>`:      "1 2",
		`<p hidden>no<p style="display : NONE">no</p><p>yes`:     "yes",
		`<table><tr><td>a<td>b</table><textarea>c</textarea>d`:   "a b d",
		`<label><input type=checkbox> Read&nbsp;it</label>` + "": "Read it",
	} {
		p, err := parsePage([]byte(markup), "text/html", &url.URL{Scheme: "http", Host: "h"})
		if err != nil || p.text != want {
			t.Errorf("%s: got %q and %v, want %q", markup, p.text, err, want)
		}
	}
}

func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		hiddenPage, mappedPage, twoFormsPage, outsideFieldPage, manyHiddenPage, tablePage, passwordPage,
		`<base href="http://[::1"><form action="%zz" method=post><input type=password><button formaction="javascript:x">`,
		`<meta http-equiv=refresh content="0;url=//x"><form id=a><select name=s><option>`, "\xff<form>\x00<input name=\xc3 type=image>",
	} {
		f.Add([]byte(seed), "text/html")
	}
	from := &url.URL{Scheme: "http", Host: "as.example", Path: "/auth"}
	d := newFormDriver(target.Login{}, false)
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		p, err := parsePage(data, contentType, from)
		if err != nil {
			return
		}
		if !utf8.ValidString(p.text) || strings.Contains(p.text, "  ") {
			t.Errorf("got text %q, want UTF-8 with single spaces", p.text)
		}
		p.status = 200
		b, err := newBrowser(nil, nil, callback)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range p.forms {
			c := d.reader.readConsent(p, form)
			if page, err := c.page(p, ""); err == nil {
				if u, err := url.Parse(page.Submission.URL); err != nil || !u.IsAbs() {
					t.Errorf("got a submission to %q, want an absolute URL", page.Submission.URL)
				}
			}
			if r, err := c.allow(p, only("read"), nil); err == nil && c.boxes {
				for _, scope := range r.fields["scope"] {
					if c.offered.Has("write") && scope == "write" && len(d.reader.hiddenScopes(form)) == 0 && form.count("checkbox") == len(form.controls) {
						t.Error("got write granted, want read alone")
					}
				}
			}
			_, _ = c.deny(p)
		}
		w := &walk{reader: d.reader, browser: b, visit: target.Visit{Owner: ada, RedirectURI: callback}}
		if r, err := w.answer(p); err == nil && r != nil && r.url == nil {
			t.Error("got a request without a URL")
		}
	})
}
