package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// pageRule is one rule.
type pageRule struct {
	conformance.Verdict
	Sources []pageSource
	Quotes  []pageQuote
	Needs   []finding // the name and what it means
	Where   string
	Failed  bool           // it needs a reader's attention
	Open    bool           // it is shown at once
	Brief   string         // what came of it, in a line
	Why     string         // the reason, unless a scenario says it
	Repeat  string         // the command that plays it alone
	Search  string         // what a search looks at, in lower case
	Shown   []pageScenario // that did not hold
	More    []pageScenario // that did not hold either, once enough are shown
	Rest    []pageScenario // that did
}

type pageSource struct{ Text, URL string }

// pageQuote is what a source says; Of is what it says that of.
type pageQuote struct {
	pageSource
	Of, Says string
}

// pageScenario is one scenario of a rule.
type pageScenario struct {
	conformance.ScenarioResult
	ID       string // in the page
	Failed   bool
	Folded   bool // its evidence is behind its name
	Later    bool // its pictures are made when the rule is opened
	Where    string
	Expected []span
	Seen     []span
	At       []span // the step that did not hold
	Number   int    // of the exchange at which it shows
	Same     string // the id of the scenario in the page that has the same exchanges
	Flow     *flow
	Diagram  *diagram
}

// pageExchange is one exchange as a transcript. It is text, not a table of
// headers: a page with 10,000 of them stays small and fast.
type pageExchange struct {
	oauth.Exchange
	ID       string
	Status   string
	Class    string // "ok", "refused" or "none": how the status is shown
	Took     string
	Request  string
	Response string
	Curl     string
	Later    bool // it is made when it is opened

	// Again is its name for who holds the target; empty: it cannot be held. Spent is
	// what was good once, Several that these are several things. AtOnce says that
	// other requests were under way.
	Again, Spent    string
	Several, AtOnce bool
}

// rendering is a page's rules in the making.
type rendering struct {
	report *conformance.Report
	drawn  map[string]string // the exchanges of a scenario → its id in the page
	open   int               // rules that are shown open
}

// openAtFirst is how many rules that failed are shown open: more would bury what
// they have in common.
const openAtFirst = 8

func (r *rendering) rule(v conformance.Verdict) pageRule {
	v.Area = areaOf(v)
	rule := pageRule{Verdict: v, Where: where(v, 0), Why: visible(v.Reason), Needs: needsOf(v), Repeat: repeat(v, r.report)}
	rule.Failed = v.Outcome == conformance.Violates || v.Outcome == conformance.Deviates || v.Outcome == conformance.Inconclusive
	if rule.Failed && r.open < openAtFirst {
		rule.Open = true
		r.open++
	}
	if isSaid(v.Reason, failing(v)) {
		rule.Why = ""
	}
	if v.Outcome != conformance.Conforms {
		rule.Brief = cut(oneLine(summary(v)), shortBrief)
	}
	for _, source := range v.Sources {
		rule.Sources = append(rule.Sources, pageSource{Text: source, URL: sourceURL(source)})
	}
	for _, q := range conformance.QuotesOf(v.ID) {
		if cited := q.Citation(); slices.Contains(v.Sources, cited) {
			rule.Quotes = append(rule.Quotes, pageQuote{pageSource{Text: cited, URL: sourceURL(cited)}, q.Of, q.Text})
		}
	}
	words := []string{v.ID, string(v.Level), v.Text, v.Feature, v.File, v.Reason, v.Loss}
	words = append(append(words, v.Sources...), v.Needs...)
	for i, s := range ownFirst(v) {
		scenario := r.scenario(v, s, fmt.Sprintf("%s.%d", v.ID, i+1), len(rule.Shown) > 0 || v.Outcome == conformance.Known, !rule.Open)
		if scenario.Failed && len(rule.Shown) == shownScenarios {
			rule.More = append(rule.More, scenario)
		} else if scenario.Failed {
			rule.Shown = append(rule.Shown, scenario)
		} else {
			rule.Rest = append(rule.Rest, scenario)
		}
		words = append(words, s.Name, cut(s.Message, shortMessage))
	}
	rule.Search = strings.ToLower(oneLine(strings.Join(words, " ")))
	return rule
}

// shownScenarios is how many scenarios that did not hold are listed before the
// others are folded.
const shownScenarios = 4

// shortBrief is how many characters of a message stand beside a rule that is
// closed.
const shortBrief = 240

// ownFirst are the scenarios of a rule, its own before those of other rules that
// showed the same.
func ownFirst(v conformance.Verdict) []conformance.ScenarioResult {
	list := slices.Clone(v.Scenarios)
	slices.SortStableFunc(list, func(a, b conformance.ScenarioResult) int {
		return boolInt(a.ChargedFrom != "") - boolInt(b.ChargedFrom != "")
	})
	return list
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// needsOf are what a rule needs, with what each means.
func needsOf(v conformance.Verdict) []finding {
	texts := map[string]string{}
	for _, info := range target.Capabilities() {
		texts[string(info.Name)] = info.Text
	}
	var list []finding
	for _, need := range v.Needs {
		var means []string
		for _, one := range strings.Split(need, "|") {
			name, _, _ := strings.Cut(strings.TrimPrefix(one, "!"), "=")
			if text := texts[name]; text != "" {
				means = append(means, text)
			}
		}
		list = append(list, finding{Name: need, Text: strings.Join(means, "; or ")})
	}
	return list
}

// repeat is the command that plays a rule alone, as it was played; a breach that
// another rule's scenario showed is seen by that rule.
func repeat(v conformance.Verdict, r *conformance.Report) string {
	words := []string{"scopeproof", "test"}
	if name := r.Settings["target"]; name != "" && !strings.HasPrefix(name, "the embedded") {
		words = append(words, quote(literal(oneLine(name))))
	}
	if defect := r.Settings["defect"]; defect != "" {
		words = append(words, "--defect", quote(literal(oneLine(defect))))
	}
	words = append(words, "--rules", quote(literal(oneLine(playedBy(v)))))
	if r.Seed != 0 {
		words = append(words, "--seed", fmt.Sprint(r.Seed))
	}
	return strings.Join(words, " ")
}

func (r *rendering) scenario(v conformance.Verdict, s conformance.ScenarioResult, id string, folded, later bool) pageScenario {
	page := pageScenario{
		ScenarioResult: s, ID: id, Where: where(v, s.Line), Folded: folded, Later: later,
		Failed: s.Outcome != conformance.Conforms && s.Outcome != conformance.NotApplicable,
	}
	if page.Failed {
		e := expectation(v, s)
		page.Expected, page.Seen, page.At = e.expected, e.seen, spans(visible(s.Step), oauth.ScopeSet{})
	} else {
		page.Folded = true
	}
	if len(s.Exchanges) == 0 {
		return page
	}
	first := s.Exchanges[0]
	recorded := fmt.Sprintln(first.Started.UnixNano(), first.Method, first.URL, len(s.Exchanges))
	if page.Same = r.drawn[recorded]; page.Same != "" && page.Folded && s.ChargedFrom != "" {
		return page // one scenario may show that many rules are broken
	}
	page.Same, r.drawn[recorded] = "", id
	at := Divergence(s)
	page.Number, page.Flow = at, newFlow(s, at, id)
	page.Later = page.Later && !page.Folded
	page.Diagram = newDiagram(s, at, id, r.report.Target.Issuer, !page.Folded && !page.Later)
	return page
}

func newPageExchange(e oauth.Exchange, id, issuer string, later bool) *pageExchange {
	x := &pageExchange{
		Exchange: e, ID: fmt.Sprintf("%s.%d", id, e.Number), Later: later,
		Status: statusOf(e.Status, ""), Took: duration(e.Duration.Milliseconds()), Class: "refused",
		Request:  message(e.Method+" "+e.URL, e.Request),
		Response: message("", e.Response),
		Curl:     Curl(e, issuer).Text,
	}
	switch {
	case e.Failure != "":
		x.Status, x.Class, x.Response = "no response", "none", visible(e.Failure)
	case e.Status == 0:
		x.Class = "none"
	case e.Status < 400:
		x.Class = "ok"
	}
	if e.Status != 0 {
		x.Response = message(fmt.Sprintf("HTTP %d", e.Status), e.Response)
	}
	return x
}

// message writes a request or a response as it looks on the wire.
func message(first string, m oauth.Message) string {
	var b strings.Builder
	b.WriteString(oneLine(first))
	for _, h := range m.Header {
		b.WriteString("\n" + oneLine(h.Name) + ": " + oneLine(h.Value))
	}
	if m.Body != "" {
		b.WriteString("\n\n" + visible(strings.ReplaceAll(m.Body, "\r\n", "\n")))
	}
	return b.String()
}
