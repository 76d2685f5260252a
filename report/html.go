package report

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// The parts of the page. The first two styles and the last are those of every page.
var (
	reportStyles    = []string{"tokens.css", "page.css", "report.css", "diagram.css", "print.css"}
	reportScripts   = []string{"report.js"}
	reportTemplates = []string{"report.html.tmpl", "rule.html.tmpl", "diagram.html.tmpl", "privilege.html.tmpl", "merged.html.tmpl"}
)

// HTML writes report.html: one file that fetches nothing, for a browser, a phone
// or paper. It can be read without its script, which filters, opens links and
// makes details when they are opened.
func HTML(w io.Writer, r *conformance.Report) error {
	p, err := newPage(r)
	if err != nil {
		return err
	}
	return writePage(w, p, reportTemplates...)
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
	shell
	Outcome      conformance.Outcome // of the run
	Target       conformance.TargetInfo
	Version      string
	Started      string
	Machine      string // Started for machines
	Took         string
	Limited      string // how the server limited the rate of requests; empty: it did not
	Seed         int64
	Exchanges    string
	Counts       []pageCount
	Problems     []conformance.Problem
	Warnings     []conformance.Warning
	Merged       *pageMerged
	Areas        []pageArea
	Columns      []conformance.Outcome // outcomes that occur, for the matrix
	Levels       []pageLevel
	Groups       []pageGroup
	Privilege    *pagePrivilege
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

// pageLevel is one level and how many rules have it.
type pageLevel struct {
	Level conformance.Level
	N     int
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

func newPage(r *conformance.Report) (*page, error) {
	outcome, sentence := headline(r)
	frame, err := newShell(sentence, reportStyles, reportScripts)
	if err != nil {
		return nil, err
	}
	p := &page{
		shell: frame, Outcome: outcome, Target: r.Target, Version: r.Tool.Version,
		Started: timestamp(r.Started), Took: duration(r.DurationMS), Limited: limitFacts(r.Limited), Seed: r.Seed,
		Problems: r.Problems, Warnings: r.Warnings, Merged: newMerged(r.Merged),
		Privilege: newPrivilege(r), Choices: choices(r), Capabilities: capabilities(r), Settings: settings(r),
	}
	if !r.Started.IsZero() {
		p.Machine = r.Started.UTC().Format("2006-01-02T15:04:05Z")
	}
	p.counts(r)
	p.areas(r)
	p.levels(r)
	n, making := 0, &rendering{report: r, drawn: map[string]string{}}
	for _, o := range outcomes() {
		rules := rulesWith(r, o)
		if len(rules) == 0 {
			continue
		}
		g := pageGroup{Outcome: o}
		for _, v := range rules {
			g.Rules = append(g.Rules, making.rule(v))
			for _, s := range v.Scenarios {
				n += len(s.Exchanges)
			}
		}
		p.Groups = append(p.Groups, g)
	}
	p.Exchanges = thousands(int64(n))
	return p, nil
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

// levels fills in the levels that occur, the strongest first.
func (p *page) levels(r *conformance.Report) {
	for _, l := range []conformance.Level{conformance.Must, conformance.Should, conformance.May, conformance.Guidance} {
		n := 0
		for _, v := range r.Rules {
			if v.Level == l {
				n++
			}
		}
		if n > 0 {
			p.Levels = append(p.Levels, pageLevel{l, n})
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
