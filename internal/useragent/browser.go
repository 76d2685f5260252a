package useragent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/target"
)

const (
	maxHops    = 20       // redirects from one page to the next, as browsers have it
	maxCookies = 200      // to one address; browsers keep some 180 of a host
	maxDrain   = 64 << 10 // bytes of a redirect's body that are read, to keep the connection
)

// browser sends requests with cookies and follows redirects, until it is sent
// to the redirect URI or comes to a page.
type browser struct {
	transport http.RoundTripper
	jar       http.CookieJar
	end       *url.URL // the redirect URI
	// intercept may answer in place of the server at next, by the URL to go on
	// with. Nil, and a nil URL, mean that next is fetched.
	intercept func(ctx context.Context, next *url.URL) (*url.URL, error)
}

func newBrowser(transport http.RoundTripper, jar http.CookieJar, redirectURI string) (*browser, error) {
	end, err := url.Parse(redirectURI)
	if err != nil || end.Scheme == "" {
		return nil, fmt.Errorf("redirect URI: got %q, want an absolute URI", redirectURI)
	}
	if transport == nil {
		transport = http.DefaultTransport
	}
	if jar == nil {
		jar = NewJar()
	}
	return &browser{transport: transport, jar: jar, end: end}, nil
}

// request is what a browser is about to send.
type request struct {
	method string
	url    *url.URL
	fields url.Values // the body of a POST; nil: no body
	form   string     // an encoded form in their place, octet by octet; empty: none
	from   *url.URL   // the page it comes from, or nil
	// elsewhere says that from is a page of another site.
	elsewhere bool
	// filled and pressed are the form and the button that it comes from; nil: none.
	filled  *form
	pressed *control
}

// sent are the fields that the request carries.
func (r request) sent() url.Values {
	if r.fields != nil {
		return r.fields
	}
	return r.url.Query()
}

// same reports whether a server cannot tell two requests apart.
func (r request) same(other *request) bool {
	return r.method == other.method && r.url.String() == other.url.String() && r.fields.Encode() == other.fields.Encode()
}

// follow sends r and goes where it is redirected. One of redirect and page is
// set when err is nil.
func (b *browser) follow(ctx context.Context, r request) (redirect *url.URL, p *page, err error) {
	for range maxHops + 1 {
		if b.ends(r.url) {
			return r.arrives(), nil, nil
		}
		if b.intercept != nil {
			next, err := b.intercept(ctx, r.url)
			if err != nil {
				return nil, nil, err
			}
			if next != nil {
				r = request{method: http.MethodGet, url: next}
				continue
			}
		}
		page, next, err := b.send(ctx, r)
		if err != nil || next == nil {
			return nil, page, err
		}
		r = *next
	}
	return nil, nil, fmt.Errorf("got %d redirects without a page, the last to %s, want one to %s", maxHops, place(r.url), place(b.end))
}

// ends reports whether u is at the redirect URI: the same scheme, host, port
// and path (RFC 6749 section 3.1.2.2; for a loopback address the port is the
// one that was asked for, RFC 8252 section 7.3).
func (b *browser) ends(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, b.end.Scheme) && strings.EqualFold(u.Host, b.end.Host) &&
		u.Opaque == b.end.Opaque && rooted(u) == rooted(b.end)
}

// rooted is the path as it is sent; without a path that is the root (RFC 3986
// section 6.2.3).
func rooted(u *url.URL) string {
	if path := u.EscapedPath(); path != "" || u.Host == "" {
		return path
	}
	return "/"
}

// arrives is the URL at the redirect URI. What a form posts there (form_post)
// becomes part of its query, so that it can be read in one place.
func (r request) arrives() *url.URL {
	if len(r.fields) == 0 {
		return r.url
	}
	u := *r.url
	query := u.Query()
	for name, values := range r.fields {
		query[name] = append(query[name], values...)
	}
	u.RawQuery = query.Encode()
	return &u
}

// send makes one exchange. The answer is a page, or the next request.
func (b *browser) send(ctx context.Context, r request) (*page, *request, error) {
	req, err := r.build(ctx)
	if err != nil {
		return nil, nil, err
	}
	cookies := b.jar.Cookies(r.url)
	if kept, ok := b.jar.(*lenientJar); ok && r.elsewhere {
		cookies = slices.DeleteFunc(cookies, func(c *http.Cookie) bool { return kept.staysBehind(r.url, c.Name) })
	}
	if len(cookies) > maxCookies {
		return nil, nil, fmt.Errorf("%s %s: got %d cookies to send there, want at most %d", r.method, place(r.url), len(cookies), maxCookies)
	}
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	resp, err := b.transport.RoundTrip(req)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", r.method, place(r.url), plain(err))
	}
	defer resp.Body.Close()
	if cookies := resp.Cookies(); len(cookies) > 0 {
		b.jar.SetCookies(r.url, cookies)
	}
	next, err := r.redirected(resp)
	if err != nil {
		return nil, nil, err
	}
	if next != nil {
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
		return nil, next, nil
	}
	p, err := readPage(resp, r.url)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", r.method, place(r.url), err)
	}
	return p, nil, nil
}

// plain takes the URL, which may hold a secret, out of an error of net/http.
func plain(err error) error {
	var in *url.Error
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}

func (r request) build(ctx context.Context) (*http.Request, error) {
	if r.url.Scheme != "http" && r.url.Scheme != "https" || r.url.Hostname() == "" {
		return nil, fmt.Errorf("got a way to %s, want an http or https URL or the redirect URI", place(r.url))
	}
	bare := *r.url
	bare.Fragment, bare.RawFragment = "", ""
	var body io.Reader
	switch {
	case r.form != "":
		body = strings.NewReader(r.form)
	case r.fields != nil:
		body = strings.NewReader(r.fields.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, r.method, bare.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, place(r.url), plain(err))
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	req.Header.Set("User-Agent", "scopeproof")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.from != nil {
		r.sayWhereFrom(req)
	}
	return req, nil
}

// sayWhereFrom sets the headers by which servers tell their own forms from
// those of others, as browsers do by default.
func (r request) sayWhereFrom(req *http.Request) {
	origin := r.from.Scheme + "://" + r.from.Host
	referrer := *r.from
	referrer.User, referrer.Fragment, referrer.RawFragment = nil, "", ""
	if r.from.Scheme != r.url.Scheme || r.from.Host != r.url.Host {
		referrer = url.URL{Scheme: r.from.Scheme, Host: r.from.Host, Path: "/"}
	}
	req.Header.Set("Referer", referrer.String())
	if r.method != http.MethodGet {
		req.Header.Set("Origin", origin)
	}
}

// redirected returns the request that a redirect asks for, or nil when the
// answer is none (RFC 9110 section 15.4).
func (r request) redirected(resp *http.Response) (*request, error) {
	next := request{method: http.MethodGet, from: r.from}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next.method, next.fields, next.form = r.method, r.fields, r.form
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	to, err := r.url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%s %s: got %d with a Location that is no URL", r.method, place(r.url), resp.StatusCode)
	}
	next.url = to
	return &next, nil
}

// Submit sends a form that was filled in elsewhere from the browser that jar
// belongs to, follows redirects, and ends at the redirect URI or at a page, of
// which it answers nothing. A rule uses it to send one browser's consent from
// another.
func Submit(ctx context.Context, transport http.RoundTripper, jar http.CookieJar, submission *target.Submission, redirectURI string) (*target.Arrival, error) {
	if submission == nil {
		return nil, errors.New("got no form to submit, want that of a consent page")
	}
	b, err := newBrowser(transport, jar, redirectURI)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(submission.URL)
	if err != nil {
		return nil, fmt.Errorf("form: got an address that is no URL: %w", plain(err))
	}
	r := submitted(submission.Method, to, submission.Fields)
	if r.from, err = to.Parse(submission.Page); err != nil {
		return nil, fmt.Errorf("form: got a page whose address is no URL: %w", plain(err))
	}
	r.elsewhere = submission.Elsewhere && r.method == http.MethodPost
	arrival := &target.Arrival{}
	for range defaultPages {
		redirect, p, err := b.follow(ctx, r)
		if err != nil {
			return nil, err
		}
		if redirect != nil {
			arrival.Redirect = redirect
			return arrival, nil
		}
		next, err := p.onwards(b)
		if err != nil {
			return nil, err
		}
		if next == nil {
			p.end(arrival)
			return arrival, nil
		}
		r = *next
	}
	return nil, fmt.Errorf("got %d pages that lead on by themselves, want one to %s", defaultPages, place(b.end))
}

// opened is the browser of a visit, and the authorization request, which is the first
// that it sends.
func opened(visit target.Visit) (*browser, request, error) {
	b, err := newBrowser(visit.Transport, visit.Jar, visit.RedirectURI)
	if err != nil {
		return nil, request{}, err
	}
	start, err := url.Parse(visit.URL)
	if err != nil {
		return nil, request{}, fmt.Errorf("authorization request: %w", plain(err))
	}
	if visit.Form == "" {
		return b, request{method: http.MethodGet, url: start}, nil
	}
	return b, request{method: http.MethodPost, url: start, form: visit.Form}, nil
}

// walk goes on from page to page as answer says, to the redirect URI or to a page at
// which the answer is none, and notes where that is. After most pages it gives up: last
// is the one too many.
func (b *browser) walk(ctx context.Context, next request, most int, arrival *target.Arrival, answer func(*page) (*request, error)) (last *page, err error) {
	for pages := 0; ; pages++ {
		redirect, p, err := b.follow(ctx, next)
		if err != nil {
			return nil, err
		}
		if redirect != nil {
			arrival.Redirect = redirect
			return nil, nil
		}
		if pages == most {
			return p, nil
		}
		on, err := answer(p)
		if err != nil {
			return nil, err
		}
		if on == nil {
			p.end(arrival)
			return nil, nil
		}
		next = *on
	}
}

// submitted is the request by which a form is sent: its fields are the query of
// a GET and the body of a POST.
func submitted(method string, to *url.URL, fields url.Values) request {
	u := *to
	if !strings.EqualFold(method, http.MethodPost) {
		u.RawQuery, u.Fragment, u.RawFragment = fields.Encode(), "", ""
		return request{method: http.MethodGet, url: &u}
	}
	if fields == nil {
		fields = url.Values{}
	}
	return request{method: http.MethodPost, url: &u, fields: fields}
}
