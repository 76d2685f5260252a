package useragent

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
)

// NewJar returns an empty cookie jar for one browser. It keeps to RFC 6265, and
// is as lenient as servers on a developer's machine need: a Secure cookie of a
// loopback host is kept and sent over plain HTTP, and a Domain attribute that
// names an IP address, with or without a leading dot, is that host alone. It
// may be used by several goroutines at once.
func NewJar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // cookiejar.New only fails by its options
	}
	return &lenientJar{jar: jar}
}

type lenientJar struct {
	jar      *cookiejar.Jar
	sameSite sync.Map // whether cookies are, by host and name
}

// staysBehind reports whether a browser keeps a cookie back from a form of another
// site's page, because it is SameSite (Lax or Strict). Not all browsers take one that
// does not say for such.
func (j *lenientJar) staysBehind(u *url.URL, name string) bool {
	same, _ := j.sameSite.Load(strings.ToLower(u.Hostname()) + " " + name)
	return same == true
}

// SetCookies keeps the cookies of an answer from u.
func (j *lenientJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	host := strings.ToLower(u.Hostname())
	eased := make([]*http.Cookie, len(cookies))
	for i, cookie := range cookies {
		c := *cookie
		if isLoopback(host) {
			c.Secure = false
		}
		if net.ParseIP(host) != nil && strings.TrimPrefix(c.Domain, ".") == host {
			c.Domain = ""
		}
		eased[i] = &c
		j.sameSite.Store(host+" "+c.Name, c.SameSite == http.SameSiteLaxMode || c.SameSite == http.SameSiteStrictMode)
	}
	j.jar.SetCookies(u, eased)
}

// Cookies returns what a browser would send to u.
func (j *lenientJar) Cookies(u *url.URL) []*http.Cookie { return j.jar.Cookies(u) }

// isLoopback reports whether a host name or address is this machine.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
