package actor

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// shownBody is how much of a body a report shows, in bytes.
const shownBody = 8 << 10

// vault knows the secrets of one recorder and takes them out of what is shown.
// It works by place (this parameter, that header) to learn a value, and by
// value to remove it wherever else it turns up.
type vault struct {
	values map[string]string // secret → digest
	order  []string          // longest first, so that a secret inside another does not spoil it
}

// secretNames are the parameters and JSON members whose values are secrets.
var secretNames = regexp.MustCompile(`^(?i:access_token|refresh_token|id_token|token|code|client_secret|password|code_verifier|assertion|subject_token|actor_token|registration_access_token|device_code|user_code|session|csrf\w*|_csrf|xsrf|authenticity_token|login_challenge|consent_challenge|login_verifier|consent_verifier|login_session_id|redirect_to|request_uri|d|jwk|key)$`)

var (
	jsonSecret = regexp.MustCompile(`"(?i:access_token|refresh_token|id_token|token|code|client_secret|password|registration_access_token|device_code|challenge|session_id|d)"\s*:\s*"((?:[^"\\]|\\.)*)"`)
	formSecret = regexp.MustCompile(`(?i)<input[^>]*name="?(?:csrf\w*|_csrf|xsrf|csrfmiddlewaretoken|transaction|authenticity_token)"?[^>]*value="?([^"\s>]*)`)
	anyJWT     = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`)
	embedded   = regexp.MustCompile(`[?&](?:code|access_token|id_token|login_challenge|consent_challenge|login_verifier|consent_verifier)=([^&\s"'<>]+)`)
)

func (v *vault) add(secret string) {
	if len(secret) < 6 || v.values[secret] != "" { // shorter ones would blot out ordinary words
		return
	}
	if v.values == nil {
		v.values = map[string]string{}
	}
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
		if v.values[form] == "" {
			v.values[form] = oauth.Digest(secret)
			v.order = append(v.order, form)
		}
	}
	sort.SliceStable(v.order, func(i, j int) bool { return len(v.order[i]) > len(v.order[j]) })
}

// learn finds the secrets in one exchange by where they stand.
func (v *vault) learn(rec *record) {
	for _, h := range []http.Header{rec.reqHeader, rec.respHeader} {
		for _, value := range h.Values("Authorization") {
			if _, credentials, found := strings.Cut(value, " "); found {
				v.add(credentials)
			}
		}
		for _, value := range append(h.Values("Set-Cookie"), h.Values("Cookie")...) {
			for part := range strings.SplitSeq(value, ";") {
				name, val, _ := strings.Cut(strings.TrimSpace(part), "=")
				if !cookieAttribute(name) {
					v.add(val)
				}
			}
		}
		v.text(h.Get("Location"))
	}
	if u, err := url.Parse(rec.url); err == nil {
		v.params(u.Query())
	}
	for _, body := range []string{string(rec.reqBody), string(rec.respBody)} {
		if form, err := url.ParseQuery(body); err == nil && !strings.ContainsAny(body, "{<\n") {
			v.params(form)
		}
		v.text(body)
	}
}

func (v *vault) params(values url.Values) {
	for name, list := range values {
		if secretNames.MatchString(name) {
			for _, value := range list {
				v.add(value)
			}
		}
	}
}

func (v *vault) text(text string) {
	for _, re := range []*regexp.Regexp{jsonSecret, formSecret, embedded} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			v.add(m[1])
			if plain, err := url.QueryUnescape(m[1]); err == nil {
				v.add(plain)
			}
		}
	}
	for _, token := range anyJWT.FindAllString(text, -1) {
		v.add(token)
	}
}

func (v *vault) clean(text string) string {
	for _, secret := range v.order {
		text = strings.ReplaceAll(text, secret, v.values[secret])
	}
	return text
}

func (v *vault) redact(rec *record) oauth.Exchange {
	return oauth.Exchange{
		Actor: rec.actor, Purpose: rec.purpose, To: rec.to,
		Started: rec.started, Duration: rec.duration,
		Method: rec.method, URL: v.clean(rec.url),
		Request:  v.message(rec.reqHeader, rec.reqBody),
		Status:   rec.status,
		Response: v.message(rec.respHeader, rec.respBody),
		Failure:  v.clean(rec.failure),
	}
}

func (v *vault) message(h http.Header, body []byte) oauth.Message {
	m := oauth.Message{Body: strings.ToValidUTF8(v.clean(string(body)), "\uFFFD")}
	if len(m.Body) > shownBody {
		m.Body = strings.ToValidUTF8(m.Body[:shownBody], "") + "…"
	}
	for name, values := range h {
		for _, value := range values {
			m.Header = append(m.Header, oauth.Param{Name: name, Value: strings.ToValidUTF8(v.clean(value), "\uFFFD")})
		}
	}
	slices.SortFunc(m.Header, func(a, b oauth.Param) int { return strings.Compare(a.Name, b.Name) })
	return m
}

func cookieAttribute(name string) bool {
	switch strings.ToLower(name) {
	case "path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "":
		return true
	}
	return false
}

// bare is a URL without its query, for messages.
func bare(raw string) string {
	before, _, _ := strings.Cut(raw, "?")
	return before
}
