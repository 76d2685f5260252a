package useragent

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestTheJarKeepsCookies(t *testing.T) {
	tests := []struct {
		name, from, cookie string
		to                 string
		want               string
	}{
		{"a plain one", "http://127.0.0.1:80/a/b", "s=1", "http://127.0.0.1:80/a/c", "s=1"},
		{"on another port", "http://127.0.0.1:80/", "s=1", "http://127.0.0.1:81/", "s=1"},
		{"a secure one of a loopback address", "http://127.0.0.1/", "s=1; Secure", "http://127.0.0.1/", "s=1"},
		{"a secure one of localhost", "http://localhost/", "s=1; Secure", "http://localhost/", "s=1"},
		{"a secure one of a name under localhost", "http://as.localhost/", "s=1; Secure", "http://as.localhost/", "s=1"},
		{"a secure one of the IPv6 loopback", "http://[::1]/", "s=1; Secure", "http://[::1]/", "s=1"},
		{"a secure one of another host", "https://as.example/", "s=1; Secure", "http://as.example/", ""},
		{"a secure one over TLS", "https://as.example/", "s=1; Secure", "https://as.example/", "s=1"},
		{"a domain that is an address", "http://127.0.0.1/", "s=1; Domain=127.0.0.1", "http://127.0.0.1/", "s=1"},
		{"a domain that is an address with a dot", "http://127.0.0.1/", "s=1; Domain=.127.0.0.1", "http://127.0.0.1/", "s=1"},
		{"a domain that is another address", "http://127.0.0.1/", "s=1; Domain=.127.0.0.2", "http://127.0.0.1/", ""},
		{"another host", "http://127.0.0.1/", "s=1", "http://localhost/", ""},
		{"a host under it", "http://as.example/", "s=1", "http://x.as.example/", ""},
		{"a domain and a host under it", "http://as.example/", "s=1; Domain=.as.example", "http://x.as.example/", "s=1"},
		{"a domain of someone else", "http://as.example/", "s=1; Domain=rs.example", "http://rs.example/", ""},
		{"localhost as a domain", "http://localhost/", "s=1; Domain=localhost", "http://localhost/", "s=1"},
		{"the default path", "http://h.example/a/b", "s=1", "http://h.example/c", ""},
		{"a path", "http://h.example/", "s=1; Path=/in", "http://h.example/in/side", "s=1"},
		{"a path that only begins so", "http://h.example/", "s=1; Path=/in", "http://h.example/inside", ""},
		{"one that is over", "http://h.example/", "s=1; Max-Age=0", "http://h.example/", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			jar := NewJar()
			jar.SetCookies(mustURL(t, test.from), cookies(test.cookie))
			if got := sent(jar, mustURL(t, test.to)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheJarForgetsWhatIsDeleted(t *testing.T) {
	jar, u := NewJar(), mustURL(t, "http://127.0.0.1/")
	jar.SetCookies(u, cookies("a=1; Path=/; Secure", "b=2; Path=/"))
	jar.SetCookies(u, cookies("a=; Path=/; Max-Age=0; Domain=.127.0.0.1", "b=3; Path=/"))
	if got := sent(jar, u); got != "b=3" {
		t.Errorf("got %q, want b=3", got)
	}
}

func TestTheJarLeavesTheCookiesOfTheAnswerAlone(t *testing.T) {
	given := cookies("a=1; Secure; Domain=.127.0.0.1")
	NewJar().SetCookies(mustURL(t, "http://127.0.0.1/"), given)
	if !given[0].Secure || given[0].Domain == "" {
		t.Errorf("got %v, want it unchanged", given[0])
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func cookies(lines ...string) []*http.Cookie {
	return (&http.Response{Header: http.Header{"Set-Cookie": lines}}).Cookies()
}

func sent(jar http.CookieJar, u *url.URL) string {
	var all []string
	for _, c := range jar.Cookies(u) {
		all = append(all, c.String())
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}
