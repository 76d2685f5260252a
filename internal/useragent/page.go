package useragent

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"github.com/scopeproof/scopeproof/target"
)

const (
	maxFields  = 2000    // forms, fields and buttons on a page
	maxShown   = 2 << 10 // bytes of a page's text in an arrival
	maxRefresh = 10      // seconds after which a refresh is a time-out of the session, not a way on
)

// page is an answer that is not a redirect.
type page struct {
	url     *url.URL
	status  int
	refresh string // the Refresh header
	text    string // what a reader sees, whitespace collapsed
	// doc is nil, and there are no forms, when the answer is not HTML.
	doc   *goquery.Document
	base  *url.URL // what addresses on the page are relative to
	forms []*form
}

// end notes that a visit ended at this page.
func (p *page) end(a *target.Arrival) {
	a.Status, a.Page, a.Address = p.status, shorten(p.text, maxShown), p.url
}

// readPage reads an answer of at most [target.MaxAnswer] bytes.
func readPage(resp *http.Response, from *url.URL) (*page, error) {
	data, err := target.ReadSized(resp.Body, resp.ContentLength)
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	p, err := parsePage(data, resp.Header.Get("Content-Type"), from)
	if err != nil {
		return nil, err
	}
	p.status, p.refresh = resp.StatusCode, resp.Header.Get("Refresh")
	return p, nil
}

// parsePage understands a page as a browser without scripts does. Bytes that
// are not text become U+FFFD.
func parsePage(data []byte, contentType string, from *url.URL) (*page, error) {
	p := &page{url: from, base: from}
	encoding, name, _ := charset.DetermineEncoding(data, contentType)
	if name != "utf-8" || !utf8.Valid(data) || bytes.HasPrefix(data, []byte("\uFEFF")) {
		if decoded, err := encoding.NewDecoder().Bytes(data); err == nil {
			data = decoded
		}
		data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	if !isHTML(data, contentType) {
		p.text = collapse(string(data))
		return p, nil
	}
	root, err := html.ParseWithOptions(bytes.NewReader(data), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	p.doc = goquery.NewDocumentFromNode(root)
	if href, ok := p.doc.FindMatcher(firstBase).Attr("href"); ok {
		if base, err := from.Parse(strings.TrimSpace(href)); err == nil && base.Host != "" {
			p.base = base
		}
	}
	p.text = p.mainText()
	if p.forms, err = readForms(p.doc); err == nil {
		p.forms = append(p.forms, decidingLinks(p)...)
	}
	return p, err
}

func isHTML(data []byte, contentType string) bool {
	if contentType == "" {
		contentType = http.DetectContentType(data)
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
	}
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// The first element of a kind on a page, compiled once for all pages.
var (
	firstBase = goquery.Single("base[href]")
	firstMain = goquery.Single(`main, [role="main"]`)
	firstBody = goquery.Single("body")
)

// mainText is what the page's main content says, or all of it where no element
// is marked as such.
func (p *page) mainText() string {
	main := p.doc.FindMatcher(firstMain)
	if main.Length() == 0 {
		main = p.doc.FindMatcher(firstBody)
	}
	var b strings.Builder
	for _, n := range main.Nodes {
		writeText(&b, n)
	}
	return collapse(b.String())
}

func collapse(text string) string { return strings.Join(strings.Fields(text), " ") }

// unread are elements whose text nobody sees.
var unread = map[string]bool{
	"head": true, "script": true, "style": true, "template": true, "noscript": true, "datalist": true,
	"svg": true, "iframe": true, "object": true, "textarea": true,
}

// inline are elements that do not part words.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "cite": true, "code": true, "em": true, "font": true,
	"i": true, "kbd": true, "mark": true, "q": true, "s": true, "small": true, "span": true, "strong": true, "sub": true,
	"sup": true, "time": true, "tt": true, "u": true, "var": true, "wbr": true,
}

func writeText(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(n.Data)
		return
	case n.Type != html.ElementNode || unread[n.Data] || hides(n):
		return
	}
	if !inline[n.Data] {
		b.WriteByte(' ')
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		writeText(b, child)
	}
	if !inline[n.Data] {
		b.WriteByte(' ')
	}
}

// hides reports whether an element says of itself that it is not shown. Style
// sheets are not read.
func hides(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "style":
			style := strings.ToLower(strings.Join(strings.Fields(a.Val), ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// onwards is the request that the page makes by itself, or nil: a form that
// sends itself, or a refresh.
func (p *page) onwards(b *browser) (*request, error) {
	if next, err := p.selfSentRequest(b); next != nil || err != nil {
		return next, err
	}
	return p.refreshed(), nil
}

// selfSentRequest is the request of a form that sends itself, or nil.
func (p *page) selfSentRequest(b *browser) (*request, error) {
	if f := p.selfSent(b); f != nil {
		return f.request(p, f.entries(nil, nil), nil)
	}
	return nil, nil
}

// selfSent is the page's only form, if nobody has to touch it: it goes to the
// redirect URI (OAuth 2.0 Form Post Response Mode), or it has nothing to fill
// in and no button outside noscript.
func (p *page) selfSent(b *browser) *form {
	if len(p.forms) != 1 || p.forms[0].loose || p.forms[0].visibleInputs() > 0 {
		return nil
	}
	f := p.forms[0]
	if to, err := p.address(f.action); err == nil && b.ends(to) {
		return f
	}
	for _, c := range f.controls {
		if c.isButton() && !c.noscript {
			return nil
		}
	}
	return f
}

// refreshed is the request of a refresh in the header or in the markup, or of a
// script that does nothing but go on, or nil.
func (p *page) refreshed() *request {
	wanted := []string{p.refresh}
	if p.doc != nil {
		p.doc.Find("meta[http-equiv]").Each(func(_ int, s *goquery.Selection) {
			if strings.EqualFold(strings.TrimSpace(s.AttrOr("http-equiv", "")), "refresh") {
				wanted = append(wanted, s.AttrOr("content", ""))
			}
		})
	}
	var leads []string
	for _, content := range wanted {
		if target, ok := refreshTarget(content); ok {
			leads = append(leads, target)
		}
	}
	for _, target := range append(leads, p.scripted()...) {
		if to, err := p.base.Parse(target); err == nil {
			return &request{method: http.MethodGet, url: to, from: p.url}
		}
	}
	return nil
}

// scripted are the addresses of scripts that do nothing but go there.
func (p *page) scripted() []string {
	if p.doc == nil {
		return nil
	}
	var found []string
	p.doc.Find("script:not([src])").Each(func(_ int, s *goquery.Selection) {
		if m := goesTo.FindStringSubmatch(strings.TrimSpace(s.Text())); m != nil {
			found = append(found, either(m[1], m[2]))
		}
	})
	return found
}

// onlyScripts reports whether there is nothing on the page to read or to fill in
// until a script puts it there.
func (p *page) onlyScripts() bool {
	return p.doc != nil && len(p.forms) == 0 && p.text == "" && p.doc.Find("script").Length() > 0
}

// refreshTarget reads "0; url=/next". Without an address, or after more than
// ten seconds, it leads nowhere.
func refreshTarget(content string) (string, bool) {
	at := strings.IndexAny(content, ";,")
	if at < 0 {
		return "", false
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(content[:at]), 64)
	if err != nil || !(seconds >= 0 && seconds <= maxRefresh) {
		return "", false
	}
	rest := strings.TrimSpace(content[at+1:])
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(rest[3:]), "="); ok {
			rest = strings.TrimSpace(value)
		}
	}
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		rest, _, _ = strings.Cut(rest[1:], rest[:1])
	}
	rest = strings.TrimSpace(rest)
	return rest, rest != ""
}

// address resolves what a form or a link on the page names; nothing names the
// page itself.
func (p *page) address(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return p.url, nil
	}
	to, err := p.base.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("page %s: got a form with an action that is no URL", place(p.url))
	}
	return to, nil
}
