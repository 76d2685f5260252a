package actor

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

const (
	shownBody  = 8 << 10 // bytes of a body that a report shows
	maxSpread  = 4096    // secrets that are replaced wherever they stand; where a server sends more, nothing is shown
	spreadFrom = 6       // bytes from which a secret is replaced wherever it stands: shorter ones would blot out ordinary words
)

// vault knows the secrets of one recorder and takes them out of what is shown.
// What stands where secrets stand (this parameter, that header) is replaced
// whatever it is, and learned; what was learned is replaced wherever else it
// turns up, however it is escaped there.
type vault struct {
	values   map[string]string // secret → digest, or empty until it is asked for
	spread   map[string]bool   // secrets that are replaced wherever they stand
	replacer *strings.Replacer // of spread; nil if one was learned since
	names    map[string]suspicion

	odd     []string          // secrets that were kept and have signs in them
	first   *strings.Replacer // of odd; nil if one was kept since
	overrun bool              // there are more secrets than spread holds
}

// tooMany is shown in place of what might hold a secret that was not learned.
const tooMany = "(not shown: the server sent too many different secrets)"

// keep learns a secret that an actor holds. One with signs in it is taken out
// before anything else is: by where it stands it might be taken for two.
func (v *vault) keep(value string) {
	v.overrun = v.add(value) || v.overrun
	parted := odd(value) || strings.Contains(value, "eyJ") && !onlyJWT.MatchString(value) // "at_eyJ…" has a JWT in it
	if len(value) >= spreadFrom && parted && !slices.Contains(v.odd, value) {
		v.odd, v.first = append(v.odd, value), nil
	}
}

// odd reports whether a text has signs in it that part a text into names and
// values, or that are written in several ways.
func odd(value string) bool {
	return strings.IndexFunc(value, func(c rune) bool { return c > '~' || !letterOrDigit(byte(c)) && !strings.ContainsRune("-._~", c) }) >= 0
}

// before replaces the secrets that would be parted.
func (v *vault) before(text string) string {
	if len(v.odd) == 0 {
		return text
	}
	if v.first == nil {
		v.first = v.replacing(slices.Values(v.odd))
	}
	return v.first.Replace(text)
}

// add learns a secret that is one for certain, and reports whether there is no
// more room for it.
func (v *vault) add(value string) (full bool) {
	v.remember(value, "")
	if len(value) < spreadFrom || v.spread[value] {
		return false
	}
	if v.spread == nil {
		v.spread = map[string]bool{}
	}
	if len(v.spread) >= maxSpread {
		return true
	}
	v.spread[value], v.replacer = true, nil
	return false
}

// know is what is shown for a secret.
func (v *vault) know(value string) string {
	shown := v.values[value]
	if shown == "" {
		shown = oauth.Digest(value)
		v.remember(value, shown)
	}
	return shown
}

func (v *vault) remember(value, shown string) {
	if value == "" || shown == "" && v.values[value] != "" {
		return
	}
	if v.values == nil {
		v.values = map[string]string{}
	}
	if _, known := v.values[value]; known || len(v.values) < 2*maxSpread {
		v.values[value] = shown
	}
}

// hide learns a value from where it stands and returns what is shown for it.
func (v *vault) hide(value string, how suspicion) string {
	if digested.MatchString(value) {
		return value // hidden before
	}
	if !vocabulary[value] && (how == secret || !wordlike.MatchString(value)) {
		v.overrun = v.add(value) || v.overrun
	}
	return v.know(value)
}

// digested is what [oauth.Digest] returns.
var digested = regexp.MustCompile(`^‹sha256:[0-9a-f]{8}›$`)

// suspect is the function of that name, remembered: exchanges repeat names.
func (v *vault) suspect(name string) suspicion {
	how, ok := v.names[name]
	if !ok {
		how = suspect(name)
		if v.names == nil {
			v.names = map[string]suspicion{}
		}
		if len(v.names) < 4096 && len(name) < 100 {
			v.names[name] = how
		}
	}
	return how
}

// everywhere replaces the secrets that are known by now.
func (v *vault) everywhere(text string) string {
	if v.replacer == nil {
		v.replacer = v.replacing(maps.Keys(v.spread))
	}
	return v.replacer.Replace(text)
}

// replacing replaces secrets by their digests, in every form.
func (v *vault) replacing(secrets iter.Seq[string]) *strings.Replacer {
	digests := map[string]string{}
	var order []string
	for value := range secrets {
		for _, form := range forms(value) {
			if digests[form] == "" {
				digests[form] = v.know(value)
				order = append(order, form)
			}
		}
		digests[value] = v.know(value)
	}
	// Longest first, so that a secret inside another does not spoil it.
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(order))
	for _, form := range order {
		pairs = append(pairs, form, digests[form])
	}
	return strings.NewReplacer(pairs...)
}

// forms are how a secret may be written: as it is, or escaped for a URL, a form,
// JSON, HTML or HTTP Basic.
func forms(value string) []string {
	list := append([]string{value}, encoded(value)...)
	if !odd(value) {
		return list
	}
	query, path := url.QueryEscape(value), url.PathEscape(value)
	lenient := strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "+", "%20").Replace(query) // encodeURIComponent
	for _, form := range []string{query, path, strings.ReplaceAll(query, "+", "%20"), strings.ReplaceAll(query, "%2A", "*"), lenient} {
		list = append(list, form, lowerHex.ReplaceAllStringFunc(form, strings.ToLower))
	}
	if quoted, err := json.Marshal(value); err == nil {
		form := string(quoted[1 : len(quoted)-1])
		plain := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(form)
		list = append(list, form, plain, strings.ReplaceAll(plain, "/", `\/`))
		list = append(list, strings.NewReplacer("'", `\u0027`, "+", `\u002b`).Replace(form))
	}
	for _, quoted := range []string{strconv.Quote(value), strconv.QuoteToASCII(value)} {
		list = append(list, quoted[1:len(quoted)-1])
	}
	escaped := html.EscapeString(value)
	named := strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(escaped)
	return append(list, escaped, named, strings.ReplaceAll(named, "&#x27;", "&#39;"), strings.ReplaceAll(named, "&#x27;", "'"),
		strings.ReplaceAll(escaped, "+", "&#43;"))
}

var lowerHex = regexp.MustCompile(`%[0-9A-F]{2}`)

// encoded is how a password or client secret looks in Base64, after any user
// name: what its own bits decide, at each of three alignments.
func encoded(value string) []string {
	if len(value) < 8 || len(value) > 128 {
		return nil
	}
	var list []string
	for before, skip := range []int{0, 2, 3} {
		data := append(make([]byte, before), value...)
		whole := len(data) * 8 / 6
		list = append(list, base64.StdEncoding.EncodeToString(data)[skip:whole], base64.URLEncoding.EncodeToString(data)[skip:whole])
	}
	return list
}

// learn finds the secrets of an exchange by where they stand, and remembers it
// without them.
func (v *vault) learn(rec *record) {
	if rec.placed != nil {
		return
	}
	rec.placed = &oauth.Exchange{
		Actor: rec.actor, Purpose: rec.purpose, To: rec.to,
		Started: rec.started, Duration: rec.duration,
		Method: rec.method, URL: v.address(v.before(rec.url)),
		Request:  v.message(rec.reqHeader, rec.sent()),
		Status:   rec.status,
		Response: v.message(rec.respHeader, rec.respBody),
		Failure:  v.text(v.before(rec.failure), false),
	}
}

func (v *vault) message(h http.Header, body []byte) oauth.Message {
	m := oauth.Message{Body: v.body(h.Get("Content-Type"), v.before(string(body)))}
	for name, values := range h {
		for _, value := range values {
			m.Header = append(m.Header, oauth.Param{Name: name, Value: v.header(name, v.before(value))})
		}
	}
	slices.SortStableFunc(m.Header, func(a, b oauth.Param) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// redact is an exchange as it may be shown, by all that was learned.
func (v *vault) redact(rec *record) oauth.Exchange {
	v.learn(rec)
	e := *rec.placed
	if v.overrun {
		e.Purpose, e.URL, e.Failure = tooMany, v.everywhere(bare(e.URL)), tooMany
		e.Request, e.Response = oauth.Message{Body: tooMany}, oauth.Message{Body: tooMany}
		return e
	}
	for _, text := range []*string{&e.Purpose, &e.To, &e.URL, &e.Failure} {
		*text = v.everywhere(*text)
	}
	for _, m := range []*oauth.Message{&e.Request, &e.Response} {
		m.Body = strings.ToValidUTF8(v.everywhere(m.Body), "\uFFFD")
		if len(m.Body) > shownBody {
			m.Body = withoutPart(strings.ToValidUTF8(m.Body[:shownBody], "")) + "…"
		}
		m.Header = slices.Clone(m.Header)
		for i, h := range m.Header {
			m.Header[i].Name = v.everywhere(h.Name)
			value := strings.ToValidUTF8(v.everywhere(h.Value), "\uFFFD")
			if len(value) > shownBody {
				value = withoutPart(strings.ToValidUTF8(value[:shownBody], "")) + "…"
			}
			m.Header[i].Value = value
		}
	}
	return e
}

// withoutPart drops the beginning of a digest from the end of a text.
func withoutPart(text string) string {
	if at := strings.LastIndex(text, "‹"); at >= 0 && len(text)-at < len("‹sha256:12345678›") {
		return text[:at]
	}
	return text
}

// clean is a message as it may be shown.
func (v *vault) clean(text string) string {
	shown := v.everywhere(v.text(v.before(text), false))
	if v.overrun {
		return tooMany
	}
	return shown
}

// bare is a URL without user, query and fragment, for messages.
func bare(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
