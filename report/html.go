package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// The page: its markup, its style and its script.
var (
	//go:embed report.html.tmpl
	pageMarkup string
	//go:embed report.css.tmpl
	pageStyle string
	//go:embed report.js.tmpl
	pageScript string
)

// HTML writes report.html: one file that fetches nothing, for a browser, a phone
// or paper. It can be read without its script, which only filters. Its content
// security policy allows that script and that style and nothing else.
func HTML(w io.Writer, r *conformance.Report) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"label": label, "explain": explain, "duration": duration, "title": title, "visible": visible,
		"screenshot": screenshot,
	}).Parse(pageMarkup)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	return page.Execute(w, newPage(r))
}

// shot is how the browser's driver says where it left a picture: beside the report.
var shot = regexp.MustCompile(`(?m)^ *screenshot: (?:.*[/\\])?(stuck-\d+\.png)$`)

// screenshot is the file of the picture that a message speaks of, or nothing.
func screenshot(message string) string {
	if found := shot.FindStringSubmatch(message); found != nil {
		return found[1]
	}
	return ""
}

// page is everything that the template shows, in its order.
type page struct {
	Policy       string // content security policy
	Style        template.CSS
	Script       template.JS
	Title        string
	Outcome      conformance.Outcome // of the run
	Target       conformance.TargetInfo
	Version      string
	Started      string
	Machine      string // Started for machines
	Took         string
	Seed         int64
	Exchanges    string
	Counts       []pageCount
	Problems     []conformance.Problem
	Areas        []pageArea
	Columns      []conformance.Outcome // outcomes that occur, for the matrix
	Groups       []pageGroup
	Choices      []finding
	Capabilities []finding
	Settings     []finding
}

// pageCount is one outcome, how many rules have it, and where its part of the
// bar is, in thousandths.
type pageCount struct {
	Outcome conformance.Outcome
	N       int
	At, Of  int
}

// pageArea is a row of the matrix.
type pageArea struct {
	Name     string
	Features string
	Cells    []pageCell
}

type pageCell struct {
	Area    string
	Outcome conformance.Outcome
	N       int
}

// pageGroup is the rules of one outcome.
type pageGroup struct {
	Outcome conformance.Outcome
	Rules   []pageRule
}

// pageRule is one rule.
type pageRule struct {
	conformance.Verdict
	Sources   []pageSource
	Where     string
	Open      bool   // it failed, so it is shown at once
	Why       string // the reason, unless a scenario says it
	Search    string // what a search looks at, in lower case
	Scenarios []pageScenario
}

type pageSource struct{ Text, URL string }

// pageScenario is one scenario of a rule.
type pageScenario struct {
	conformance.ScenarioResult
	Failed    bool
	Where     string
	Exchanges []pageExchange
}

// pageExchange is one exchange as a transcript. It is text, not a table of
// headers: a page with 10,000 of them stays small and fast.
type pageExchange struct {
	oauth.Exchange
	Status   string
	Class    string // "ok", "refused" or "none": how the status is shown
	Took     string
	Request  string
	Response string
	Curl     string
}

func newPage(r *conformance.Report) page {
	script := sha256.Sum256([]byte(pageScript))
	style := sha256.Sum256([]byte(pageStyle))
	outcome, sentence := headline(r)
	p := page{
		Policy: fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-%s'; script-src 'sha256-%s'",
			base64.StdEncoding.EncodeToString(style[:]), base64.StdEncoding.EncodeToString(script[:])),
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), // ours, embedded
		Title: visible(sentence), Outcome: outcome, Target: r.Target, Version: r.Tool.Version,
		Started: timestamp(r.Started), Took: duration(r.DurationMS), Seed: r.Seed,
		Problems: r.Problems, Choices: choices(r), Capabilities: capabilities(r), Settings: settings(r),
	}
	if !r.Started.IsZero() {
		p.Machine = r.Started.UTC().Format("2006-01-02T15:04:05Z")
	}
	p.counts(r)
	p.areas(r)
	n := 0
	for _, o := range outcomes() {
		rules := rulesWith(r, o)
		if len(rules) == 0 {
			continue
		}
		g := pageGroup{Outcome: o}
		for _, v := range rules {
			rule := newPageRule(v, r.Target.Issuer)
			for _, s := range rule.Scenarios {
				n += len(s.Exchanges)
			}
			g.Rules = append(g.Rules, rule)
		}
		p.Groups = append(p.Groups, g)
	}
	p.Exchanges = thousands(int64(n))
	return p
}

// counts fills in the counts and the bar.
func (p *page) counts(r *conformance.Report) {
	counts, at := tally(r.Rules), 0
	for _, o := range outcomes() {
		at += counts[o]
		start := (at - counts[o]) * 1000 / max(len(r.Rules), 1)
		end := at * 1000 / max(len(r.Rules), 1)
		p.Counts = append(p.Counts, pageCount{Outcome: o, N: counts[o], At: start, Of: end - start})
		if counts[o] > 0 {
			p.Columns = append(p.Columns, o)
		}
	}
}

// areas fills in the matrix, the areas in alphabetical order.
func (p *page) areas(r *conformance.Report) {
	byArea := make(map[string][]conformance.Verdict)
	var names []string
	for _, v := range r.Rules {
		area := areaOf(v)
		if byArea[area] == nil {
			names = append(names, area)
		}
		byArea[area] = append(byArea[area], v)
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		row, counts := pageArea{Name: name}, tally(byArea[name])
		var features []string
		for _, v := range byArea[name] {
			if v.Feature != "" && !slices.Contains(features, v.Feature) {
				features = append(features, v.Feature)
			}
		}
		row.Features = strings.Join(features, " · ")
		for _, o := range p.Columns {
			row.Cells = append(row.Cells, pageCell{Area: name, Outcome: o, N: counts[o]})
		}
		p.Areas = append(p.Areas, row)
	}
}

func newPageRule(v conformance.Verdict, issuer string) pageRule {
	v.Area = areaOf(v)
	rule := pageRule{Verdict: v, Where: where(v, 0), Why: visible(v.Reason)}
	rule.Open = v.Outcome == conformance.Violates || v.Outcome == conformance.Deviates || v.Outcome == conformance.Inconclusive
	if isSaid(v.Reason, failing(v)) {
		rule.Why = ""
	}
	for _, source := range v.Sources {
		rule.Sources = append(rule.Sources, pageSource{Text: source, URL: sourceURL(source)})
	}
	words := []string{v.ID, string(v.Level), v.Text, v.Feature, v.File, v.Reason, v.Loss}
	words = append(words, v.Sources...)
	for _, s := range v.Scenarios {
		failed := s.Outcome != conformance.Conforms && s.Outcome != conformance.NotApplicable
		scenario := pageScenario{ScenarioResult: s, Failed: failed, Where: where(v, s.Line)}
		for _, e := range s.Exchanges {
			scenario.Exchanges = append(scenario.Exchanges, newPageExchange(e, issuer))
		}
		rule.Scenarios = append(rule.Scenarios, scenario)
		words = append(words, s.Name, cut(s.Message, shortMessage))
	}
	rule.Search = strings.ToLower(oneLine(strings.Join(words, " ")))
	return rule
}

func newPageExchange(e oauth.Exchange, issuer string) pageExchange {
	x := pageExchange{
		Exchange: e, Status: statusOf(e.Status, ""), Took: duration(e.Duration.Milliseconds()), Class: "refused",
		Request:  message(e.Method+" "+e.URL, e.Request),
		Response: message("", e.Response),
		Curl:     Curl(e, issuer),
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
