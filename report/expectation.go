package report

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// expected and seen of a scenario that did not hold, as its message has them.
type expected struct {
	expected, seen []span
}

// span is a part of a sentence. What stood in quotes is code.
type span struct {
	Text string
	Code bool
	Bad  bool // a scope that should not be there
}

var (
	// wanted parts "Planner holds …, want at most …: … is too much".
	wanted = regexp.MustCompile(`(?s)^(.*?), want (.*?)(: "[^"]*" (?:is|are) too much.*)?$`)
	// agreed parts "Planner holds …, Ada agreed to …: … is too much".
	agreed = regexp.MustCompile(`(?s)^(.*?), (?:and )?(\w+ (?:had )?agreed to|\w+ had granted it|it may have|its registration says) ("[^"]*")(.*)$`)
	// tooMuch names scopes that should not be there.
	tooMuch = regexp.MustCompile(`"([^"]*)" (?:is|are) too much|want none of "([^"]*)"`)
	// quotes are what stands in quotes.
	quotes = regexp.MustCompile(`"([^"\n]*)"`)
)

// expectation parts what was expected from what was seen. Where the message of a
// scenario does not say what was expected, the step does that did not hold, or
// the rule.
func expectation(v conformance.Verdict, s conformance.ScenarioResult) expected {
	text, bad := visible(s.Message), excess(s.Message)
	made := func(want, seen string) expected {
		return expected{spans(want, oauth.ScopeSet{}), spans(seen, bad)}
	}
	if s.Outcome != conformance.Inconclusive || strings.HasPrefix(s.Message, "the control failed") {
		if m := wanted.FindStringSubmatch(text); m != nil {
			return made(m[2], said(m[1], m[3], bad))
		}
		if m := agreed.FindStringSubmatch(text); m != nil {
			return made("no more than what "+m[2]+": "+m[3], said(m[1], m[4], bad))
		}
	}
	want := s.Step
	if want == "" || s.ChargedFrom != "" && s.ChargedFrom != v.ID {
		want = v.Text
	}
	if text == "" {
		text = label(s.Outcome)
	}
	return made(visible(want), text)
}

// said is what was seen, and what is too much unless that is marked in it.
func said(seen, more string, bad oauth.ScopeSet) string {
	if last := quotes.FindAllStringSubmatch(seen, -1); len(last) > 0 && bad.SubsetOf(oauth.FieldsScope(last[len(last)-1][1])) && strings.HasSuffix(more, " too much") {
		return seen
	}
	return seen + more
}

// excess are the scopes that should not be there, as a message names them.
func excess(message string) oauth.ScopeSet {
	var all oauth.ScopeSet
	for _, m := range tooMuch.FindAllStringSubmatch(message, -1) {
		all = all.Union(oauth.FieldsScope(m[1] + " " + m[2]))
	}
	return all
}

// spans parts a sentence at its quotes.
func spans(text string, bad oauth.ScopeSet) []span {
	var list []span
	last := 0
	for _, at := range quotes.FindAllStringSubmatchIndex(text, -1) {
		if at[0] > last {
			list = append(list, span{Text: text[last:at[0]]})
		}
		for i, word := range strings.SplitAfter(text[at[2]:at[3]], " ") {
			if bare := oauth.ScopeToken(strings.TrimSpace(word)); word != "" || i == 0 {
				list = append(list, span{Text: strings.TrimSpace(word), Code: true, Bad: bad.Has(bare)})
			}
		}
		last = at[1]
	}
	if last < len(text) {
		list = append(list, span{Text: text[last:]})
	}
	return list
}

// Divergence is the number of the exchange at which a scenario first shows what
// its message says; 0: none does.
func Divergence(s conformance.ScenarioResult) int {
	if s.Outcome == conformance.Conforms || s.Outcome == conformance.NotApplicable {
		return 0
	}
	until, played := stepOf(s), []oauth.Exchange{}
	for _, e := range s.Exchanges {
		if (e.Step <= until || until == 0) && !isHarness(e.Actor) {
			played = append(played, e)
		}
	}
	if len(played) == 0 {
		return 0
	}
	if i := slices.IndexFunc(played, func(e oauth.Exchange) bool { return e.Failure != "" || e.Status >= 500 || e.Status == 429 }); i >= 0 && s.Outcome == conformance.Inconclusive {
		return played[i].Number
	}
	if bad := excess(s.Message); !bad.IsEmpty() {
		if n := firstWith(ofRequest(played, s.Message), bad); n > 0 {
			return n
		}
	}
	if n := named(played, s.Message); n > 0 {
		return n
	}
	return played[len(played)-1].Number
}

// operation is a request as messages name it.
var operation = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/[^\s:]*)`)

// named is the last exchange that a message speaks of: the request that it names, the
// redirect back to the client, or the answer that issued a token; 0: it speaks of none.
func named(played []oauth.Exchange, message string) int {
	request := operation.FindStringSubmatch(message)
	for _, e := range slices.Backward(played) {
		switch {
		case request != nil:
			if u, err := url.Parse(e.URL); err == nil && e.Method == request[1] && strings.Contains(u.RequestURI(), request[2]) {
				return e.Number
			}
		case strings.Contains(message, "redirect"):
			if backTo(e) != "" {
				return e.Number
			}
		case strings.Contains(message, "was issued a token"):
			if issuedToken.MatchString(e.Response.Body) || backTo(e) == "token" {
				return e.Number
			}
		}
	}
	return 0
}

// firstWith is the first exchange of the last step in which one of the scopes was
// granted or shown to be good.
func firstWith(played []oauth.Exchange, bad oauth.ScopeSet) int {
	found, in := 0, -1
	for _, shows := range []func(oauth.Exchange) bool{
		func(e oauth.Exchange) bool { return e.Endpoint != "registration" && holds(e.Granted, bad) },
		func(e oauth.Exchange) bool { return holds(e.Effective, bad) },
	} {
		for _, e := range played {
			if shows(e) && e.Step != in {
				found, in = e.Number, e.Step
			}
		}
		if found > 0 {
			return found
		}
	}
	return 0
}

func holds(scope *string, bad oauth.ScopeSet) bool {
	return scope != nil && !oauth.FieldsScope(*scope).Intersect(bad).IsEmpty()
}

var (
	// numbered is a message about one request of several.
	numbered = regexp.MustCompile(`^request (\d+)\b`)
	// issuedToken is the access token of a response.
	issuedToken = regexp.MustCompile(`"access_token"\s*:\s*"([^"]+)"`)
)

// ofRequest are the exchanges about one request of several, where the message
// names one: those with its token.
func ofRequest(played []oauth.Exchange, message string) []oauth.Exchange {
	m := numbered.FindStringSubmatch(message)
	if m == nil {
		return played
	}
	n, _ := strconv.Atoi(m[1])
	step, at, issue := 0, 0, oauth.Exchange{}
	for _, e := range played { // the n-th of the last step that has as many
		if e.Endpoint != "token" && backTo(e) != "token" {
			continue
		}
		if e.Step != step {
			step, at = e.Step, 0
		}
		if at++; at == n {
			issue = e
		}
	}
	token := issuedToken.FindStringSubmatch(issue.Response.Body)
	if token == nil {
		return played
	}
	return slices.DeleteFunc(slices.Clone(played), func(e oauth.Exchange) bool {
		return e.Number < issue.Number || e.Number > issue.Number && !strings.Contains(e.Request.Body+header(e.Request, "Authorization"), token[1])
	})
}

func header(m oauth.Message, name string) string {
	for _, h := range m.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// stepOf is the place of the sentence that did not hold, from 1; 0: not known.
func stepOf(s conformance.ScenarioResult) int {
	for i, sentence := range s.Steps {
		_, text, _ := strings.Cut(sentence, " ")
		if s.Step != "" && (text == s.Step || sentence == s.Step) {
			return i + 1
		}
	}
	return 0
}
