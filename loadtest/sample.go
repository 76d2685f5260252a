package loadtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

const (
	groupsMost  = 40      // in a scenario, without those of what found no place
	samplesEach = 3       // of a group
	samplesMost = 60      // in a scenario, beside the first of each group
	wordsMost   = 1000    // messages whose group is known
	shownBody   = 8 << 10 // bytes of a body in a sample
)

// samples groups the answers that were not as expected by what they amount to,
// and keeps the first few exchanges of each group. Its size is bounded.
type samples struct {
	mu     sync.Mutex
	words  map[wording]*group
	groups map[wording]*group
	order  []*group
	list   []Sample
}

// wording is what answers of a group have in common.
type wording struct {
	class         Class
	rule, message string
}

type group struct {
	Group
	kept int
}

func classIndex(c Class) int {
	switch c {
	case Leak:
		return 0
	case FalseRefusal:
		return 1
	}
	return 2
}

// keep counts an answer that was not as expected, and keeps the exchange if it
// is one of the first of its group, secrets replaced.
func (s *samples) keep(v Verdict, r Request, a Answer, failed error, began time.Time) {
	took := time.Since(began)
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group(v)
	if g.Count == 0 || began.Before(g.First) {
		g.First = began
	}
	if began.After(g.Last) {
		g.Last = began
	}
	g.Count++
	if g.kept > 0 && (g.kept >= samplesEach || len(s.list) >= samplesMost) {
		return
	}
	g.kept++
	e := redacted(r, a)
	e.Number, e.Started, e.Duration = len(s.list)+1, began, took
	if failed != nil {
		e.Failure = reason(failed)
	}
	g.Exchanges = append(g.Exchanges, e.Number)
	s.list = append(s.list, Sample{Class: string(v.Class), Rule: v.Rule, Message: v.Message, Exchange: e})
}

// group is where a verdict is counted.
func (s *samples) group(v Verdict) *group {
	said := wording{v.Class, v.Rule, v.Message}
	if g := s.words[said]; g != nil {
		return g
	}
	if s.words == nil {
		s.words, s.groups = map[wording]*group{}, map[wording]*group{}
	}
	key := wording{v.Class, v.Rule, figuresOut.ReplaceAllString(v.Message, "N$1")}
	g := s.groups[key]
	if g == nil && len(s.groups) >= groupsMost {
		key.rule, key.message = "", otherMessages
		g = s.groups[key]
	}
	if g == nil {
		g = &group{Group: Group{Class: string(key.class), Rule: key.rule, Message: key.message}}
		s.groups[key] = g
		s.order = append(s.order, g)
	}
	if len(s.words) < wordsMost {
		s.words[said] = g
	}
	return g
}

// otherMessages is the message of what found no group of its own.
const otherMessages = "(other messages)"

// figuresOut are the numbers that tell no group from another: lengths and ids,
// but no statuses.
var figuresOut = regexp.MustCompile(`[0-9]+( bytes)|[0-9]{4,}`)

// grouped returns the groups: leaks first, then the largest.
func (s *samples) grouped() []Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Group{}
	for _, g := range s.order {
		shown := g.Group
		shown.Exchanges = slices.Clone(g.Exchanges)
		list = append(list, shown)
	}
	slices.SortStableFunc(list, func(a, b Group) int {
		return cmp.Or(classIndex(Class(a.Class))-classIndex(Class(b.Class)), cmp.Compare(b.Count, a.Count))
	})
	return list
}

// taken returns the samples, leaks first.
func (s *samples) taken() []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.list)
	slices.SortStableFunc(list, func(a, b Sample) int { return classIndex(Class(a.Class)) - classIndex(Class(b.Class)) })
	return list
}

// plainHeaders are the headers whose values are shown; of all others the digest
// is.
var plainHeaders = map[string]bool{
	"Accept": true, "Allow": true, "Cache-Control": true, "Content-Encoding": true, "Content-Length": true, "Content-Type": true, "Date": true,
	"Pragma": true, "Retry-After": true, "Server": true, "Www-Authenticate": true,
}

// plainNames are the parameters of forms and the members of JSON answers whose
// values are shown although they are long or would pass for secrets.
var plainNames = map[string]bool{
	"grant_type": true, "scope": true, "scp": true, "client_id": true, "resource": true, "audience": true, "token_type": true, "expires_in": true,
	"error": true, "error_description": true, "error_uri": true, "active": true, "sub": true, "aud": true, "iss": true, "username": true,
	"exp": true, "iat": true, "nbf": true, "id": true, "title": true, "start": true, "token_type_hint": true,
}

// opaque is what may be a token: a run of characters of RFC 6750 section 2.1
// that no word is as long as.
var opaque = regexp.MustCompile(`[A-Za-z0-9\-._~+/]{20,}=*`)

// jwt is a JWT, wherever it stands.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*`)

// redacted is an exchange with the digests of its secrets in their place. It
// works by what may be shown, not by what may not: an unknown value is a secret.
func redacted(r Request, a Answer) oauth.Exchange {
	var hidden []string // secrets of the request, wherever else they turn up
	answered := allOf(a.Header)
	e := oauth.Exchange{
		Actor: r.Actor, To: r.To, Purpose: r.Purpose, Method: r.Method, URL: cleanURL(r.URL), Status: a.Status,
		Request:  oauth.Message{Header: headers(r.Header, &hidden), Body: body(r.Header, r.Body, &hidden)},
		Response: oauth.Message{Header: headers(answered, &hidden), Body: body(answered, a.Body, &hidden)},
	}
	scrub := func(text string) string {
		for _, secret := range hidden {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
				text = strings.ReplaceAll(text, form, oauth.Digest(secret))
			}
		}
		return jwt.ReplaceAllStringFunc(text, oauth.Digest)
	}
	for _, m := range []*oauth.Message{&e.Request, &e.Response} {
		m.Body = cut(scrub(m.Body))
		for i := range m.Header {
			m.Header[i].Value = cut(scrub(m.Header[i].Value))
		}
	}
	return e
}

// allOf are all fields of the header of an answer.
func allOf(h Header) http.Header {
	switch h := h.(type) {
	case http.Header:
		return h
	case interface{ Header() http.Header }:
		return h.Header()
	}
	return nil
}

func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > shownBody {
		return strings.ToValidUTF8(text[:shownBody], "") + "…"
	}
	return text
}

func headers(h http.Header, hidden *[]string) []oauth.Param {
	var list []oauth.Param
	for name, values := range h {
		for _, value := range values {
			if name == "Authorization" {
				scheme, credentials, _ := strings.Cut(value, " ")
				value = scheme + " " + hide(credentials, hidden)
			} else if !plainHeaders[name] {
				value = hide(value, hidden)
			}
			list = append(list, oauth.Param{Name: name, Value: value})
		}
	}
	slices.SortFunc(list, func(a, b oauth.Param) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// hide remembers a secret and returns its digest.
func hide(secret string, hidden *[]string) string {
	if len(secret) >= 6 { // shorter ones would blot out ordinary words
		*hidden = append(*hidden, secret)
	}
	return oauth.Digest(secret)
}

// body is a body as it may be shown.
func body(h http.Header, data []byte, hidden *[]string) string {
	if len(data) == 0 {
		return ""
	}
	if strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return form(string(data), hidden)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) == nil && !decoder.More() {
		shown, err := json.Marshal(tree("", v, hidden))
		if err == nil {
			return string(shown)
		}
	}
	return opaque.ReplaceAllStringFunc(string(data), func(s string) string { return hide(s, hidden) })
}

// form is a form, parameter by parameter in the order sent.
func form(text string, hidden *[]string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if plainNames[name] {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		parts[i] = name + "=" + hide(value, hidden)
	}
	return strings.Join(parts, "&")
}

// tree is a JSON value in which strings under names that are not known to be
// harmless are replaced.
func tree(name string, v any, hidden *[]string) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = tree(key, v[key], hidden)
		}
	case []any:
		for i := range v {
			v[i] = tree(name, v[i], hidden)
		}
	case string:
		if plainNames[name] {
			return jwt.ReplaceAllStringFunc(v, func(s string) string { return hide(s, hidden) })
		}
		return hide(v, hidden)
	}
	return v
}

// cleanURL is a URL without user, query and fragment.
func cleanURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
