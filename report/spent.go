package report

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// spending is which secrets of a scenario are good only once, or were revoked, by
// their digest: the number of the exchange that used each up.
type spending map[string]int

// newSpending reads it off the exchanges. A page of a browser is gone with the last
// form that is sent for it, and everything else at its first use.
func newSpending(exchanges []oauth.Exchange) spending {
	s := spending{}
	for _, e := range exchanges {
		from, _ := ends(e)
		for _, d := range usesUp(e) {
			if s[d] == 0 || from == laneAgent {
				s[d] = e.Number
			}
		}
	}
	return s
}

// Spent are, for each exchange of a scenario by its number, what it needs and is no
// longer as it was: variables of its command whose values are good once, or were
// revoked later, and what it deleted. What was spent before it was sent spent.
func Spent(exchanges []oauth.Exchange, issuer string) map[int][]string {
	all, spent := map[int][]string{}, newSpending(exchanges)
	for _, e := range exchanges {
		served := e.Status/100 == 2
		switch {
		case served && strings.EqualFold(e.Method, "DELETE"):
			all[e.Number] = append(all[e.Number], "what it deletes")
		case e.Status == http.StatusCreated && isHarness(e.Actor):
			all[e.Number] = append(all[e.Number], "what it creates")
		}
		for _, v := range Curl(e, issuer).Variables {
			if spent[v.Digest] >= e.Number || served && slices.Contains(usesUp(e), v.Digest) {
				all[e.Number] = append(all[e.Number], "$"+v.Name)
			}
		}
	}
	return all
}

// usesUp are the digests of what an exchange used up.
func usesUp(e oauth.Exchange) []string {
	var spent []string
	add := func(values ...string) {
		for _, value := range values {
			for _, d := range digest.FindAllString(value, -1) {
				spent = append(spent, asWritten(d))
			}
		}
	}
	add(header(e.Request, "DPoP")) // RFC 9449 section 11.1
	if u, err := url.Parse(e.URL); err == nil {
		add(u.Query()["request_uri"]...) // RFC 9126 section 4
	}
	if isForm(e.Request) {
		form, _ := url.ParseQuery(e.Request.Body) // what cannot be read has nothing that could be told
		for _, name := range []string{"code", "client_assertion", "assertion"} {
			add(form[name]...) // RFC 6749 section 4.1.2, RFC 7523 section 3
		}
		served := e.Status/100 == 2
		switch {
		case served && e.Endpoint == "revocation":
			add(form["token"]...)
		case served:
			add(form["device_code"]...)
			add(form["auth_req_id"]...)
		}
		if served && rotates(e.Response.Body, form["refresh_token"]) {
			add(form["refresh_token"]...)
		}
		if from, _ := ends(e); from == laneAgent {
			add(e.Request.Body) // the page that it answers is gone
		}
	}
	return spent
}

// rotates reports whether an answer has another refresh token than was sent
// (RFC 6749 section 6).
func rotates(body string, sent []string) bool {
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	return json.Unmarshal([]byte(body), &answer) == nil && answer.RefreshToken != "" && !slices.Contains(sent, answer.RefreshToken)
}

func isForm(m oauth.Message) bool {
	return strings.HasPrefix(strings.ToLower(header(m, "Content-Type")), "application/x-www-form-urlencoded")
}

// atOnce are the exchanges, by their number, during which another one was made.
func atOnce(exchanges []oauth.Exchange) map[int]bool {
	all := map[int]bool{}
	byStart := slices.SortedFunc(slices.Values(exchanges), func(a, b oauth.Exchange) int { return a.Started.Compare(b.Started) })
	var last oauth.Exchange // of those before, the one that took longest
	for i, e := range byStart {
		if i > 0 && e.Started.Before(last.Started.Add(last.Duration)) {
			all[e.Number], all[last.Number] = true, true
		}
		if i == 0 || e.Started.Add(e.Duration).After(last.Started.Add(last.Duration)) {
			last = e
		}
	}
	return all
}
