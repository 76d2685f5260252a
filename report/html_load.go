package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// The parts of the page of a load run. It has no script.
var (
	loadStyles    = []string{"tokens.css", "page.css", "report.css", "diagram.css", "load.css", "print.css"}
	loadTemplates = []string{"load.html.tmpl", "diagram.html.tmpl"}
)

// LoadHTML writes load.html: one file that fetches nothing and has no script, in
// the look of [HTML].
func LoadHTML(w io.Writer, r *loadtest.Report) error {
	look, sentence := loadHeadline(r)
	frame, err := newShell(sentence, loadStyles, nil)
	if err != nil {
		return err
	}
	p := &loadPage{
		shell: frame, Outcome: loadColour(look), Report: r, Started: timestamp(r.Started), Took: duration(r.DurationMS),
	}
	for _, s := range r.Scenarios {
		p.Requests, p.Kept, p.Leaks = p.Requests+s.Requests, p.Kept+s.Kept, p.Leaks+s.Leaks
		p.FalseRefusals, p.Faults = p.FalseRefusals+s.FalseRefusals, p.Faults+s.Faults
		p.Scenarios = append(p.Scenarios, newLoadScenario(s, r.Issuer))
	}
	for _, t := range r.Thresholds {
		held, value := thresholdWords(t)
		row := loadThreshold{ThresholdResult: t, Words: held, Is: value, Outcome: conformance.Violates}
		switch {
		case t.Value == nil:
			row.Outcome = conformance.Inconclusive
		case t.Held:
			row.Outcome = conformance.Conforms
		}
		p.Thresholds = append(p.Thresholds, row)
	}
	return writePage(w, p, loadTemplates...)
}

// loadPage is everything that the template shows.
type loadPage struct {
	shell
	*loadtest.Report
	Outcome                                      conformance.Outcome // as which the verdict is coloured
	Started, Took                                string
	Requests, Kept, Leaks, FalseRefusals, Faults int64
	Scenarios                                    []loadScenarioPage
	Thresholds                                   []loadThreshold
}

type loadThreshold struct {
	loadtest.ThresholdResult
	Words, Is string
	Outcome   conformance.Outcome
}

// loadScenarioPage is one scenario.
type loadScenarioPage struct {
	loadtest.ScenarioReport
	Colour            conformance.Outcome
	Word              string
	Offered, Achieved string
	Tenths            int // of the offered rate that were achieved
	Took              string
	Answers           string
	Latencies         []finding
	Chart             *chart
	Shown             []loadSample
}

type loadSample struct {
	loadtest.Sample
	Word     string
	Exchange *pageExchange
}

// loadColour is the outcome of rules whose colour a style is.
func loadColour(s style) conformance.Outcome {
	switch s {
	case red:
		return conformance.Violates
	case purple:
		return conformance.Inconclusive
	case green:
		return conformance.Conforms
	}
	return conformance.NotApplicable
}

func newLoadScenario(s loadtest.ScenarioReport, issuer string) loadScenarioPage {
	page := loadScenarioPage{
		ScenarioReport: s, Colour: loadColour(loadLook(s.Outcome)), Word: strings.ReplaceAll(string(s.Outcome), "_", " "),
		Offered: number(s.OfferedRate), Achieved: number(s.AchievedRate), Took: duration(s.DurationMS),
	}
	if s.OfferedRate > 0 && isNumber(s.AchievedRate) {
		page.Tenths = min(max(int(s.AchievedRate/s.OfferedRate*10+0.5), 0), 10)
	}
	page.Answers = thousands(s.Requests) + ", all as expected"
	if s.Kept != s.Requests {
		page.Answers = fmt.Sprintf("%s: %s as expected, %s, %s, %s", thousands(s.Requests), thousands(s.Kept),
			count(int(s.Leaks), "leak"), count(int(s.FalseRefusals), "false refusal"), count(int(s.Faults), "fault"))
	}
	if s.Requests > 0 {
		page.Latencies, page.Chart = latencies(s)
	}
	for i, sample := range s.Samples {
		id := fmt.Sprintf("%s.%d", s.Name, i+1)
		page.Shown = append(page.Shown, loadSample{
			Sample: sample, Word: strings.ReplaceAll(sample.Class, "_", " "), Exchange: newPageExchange(sample.Exchange, id, issuer, false),
		})
	}
	return page
}

// latencies are the percentiles of a scenario, as numbers and as a curve over the
// share of requests that were slower: each step to the right is a tenth of them.
func latencies(s loadtest.ScenarioReport) ([]finding, *chart) {
	l := s.Latency
	var rows []finding
	var ticks []chartTick
	line := series{Name: "latency", Class: "latency"}
	for _, p := range []struct {
		name string
		at   float64 // of ten slower ones: how often a tenth is taken
		ms   float64
	}{{"p50", 0.301, l.P50}, {"p90", 1, l.P90}, {"p95", 1.301, l.P95}, {"p99", 2, l.P99}, {"p99.9", 3, l.P999}, {"max", 3.7, l.Max}} {
		rows = append(rows, finding{Name: p.name, Value: number(p.ms)})
		line.Points = append(line.Points, [2]float64{p.at, p.ms})
		if p.name != "p95" {
			ticks = append(ticks, chartTick{p.at, p.name})
		}
	}
	title := "Latency of " + oneLine(s.Name) + " by percentile, in milliseconds"
	return rows, newChart(title, axis{From: 0.1, To: 3.8, Ticks: ticks}, axis{Label: "ms", Log: true}, line)
}
