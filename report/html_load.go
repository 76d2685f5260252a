package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// The parts of the page of a load run. It has no script.
var (
	loadStyles    = []string{"tokens.css", "page.css", "report.css", "diagram.css", "load.css", "print.css"}
	loadTemplates = []string{"load.html.tmpl", "loadparts.html.tmpl", "diagram.html.tmpl"}
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
		shell: frame, Outcome: loadColour(look), Report: r, Started: timestamp(r.Started), Took: duration(r.DurationMS), WarmUp: duration(r.WarmUpMS),
		Closed: closed(r.Offered),
	}
	if r.Shards != nil {
		p.Sharded = sharded(r.Shards)
	}
	p.count(r)
	for _, c := range r.Capacities {
		p.Capacities = append(p.Capacities, newLoadCapacity(c))
	}
	for i, s := range r.Sweeps {
		p.Sweeps = append(p.Sweeps, newLoadSweep(s, fmt.Sprintf("sweep-%d", i+1), r))
	}
	for _, s := range r.Scenarios {
		p.Scenarios = append(p.Scenarios, newLoadScenario(s, r, len(r.Scenarios) <= openScenarios))
		p.Vegeta = p.Vegeta || s.Requests > 0 && len(r.Capacities) == 0 && (r.Shards == nil || r.Shards.Results)
	}
	for _, t := range r.Thresholds {
		p.Thresholds = append(p.Thresholds, newLoadThreshold(t))
	}
	return writePage(w, p, loadTemplates...)
}

// openScenarios is how many scenarios are all shown open; of more, those that did
// not keep what was expected.
const openScenarios = 4

// loadPage is everything that the template shows.
type loadPage struct {
	shell
	*loadtest.Report
	Outcome                                      conformance.Outcome // as which the verdict is coloured
	Started, Took, WarmUp, Sharded               string
	Requests, Kept, Leaks, FalseRefusals, Faults int64
	Capacities                                   []loadCapacityPage
	Sweeps                                       []loadSweepPage
	Scenarios                                    []loadScenarioPage
	Thresholds                                   []loadThresholdRow
	Closed                                       bool // nothing was offered
	Vegeta                                       bool // there is a results.gob, which a search for the capacity does not write
}

// count adds up what scenarios and sweeps sent.
func (p *loadPage) count(r *loadtest.Report) {
	for _, s := range r.Scenarios {
		p.Requests, p.Kept, p.Leaks = p.Requests+s.Requests, p.Kept+s.Kept, p.Leaks+s.Leaks
		p.FalseRefusals, p.Faults = p.FalseRefusals+s.FalseRefusals, p.Faults+s.Faults
	}
	for _, s := range r.Sweeps {
		p.Requests, p.Kept, p.Leaks = p.Requests+s.Requests, p.Kept+s.Requests-s.Leaks-s.Faults, p.Leaks+s.Leaks
		p.Faults += s.Faults
	}
}

// loadThresholdRow is a threshold, and a gauge of its value and its limit: both are
// places from 0 to gaugeWidth.
type loadThresholdRow struct {
	loadtest.ThresholdResult
	Words, Is    string
	Outcome      conformance.Outcome
	Gauge        bool
	Value, Limit float64
}

const gaugeWidth = 150

func newLoadThreshold(t loadtest.ThresholdResult) loadThresholdRow {
	held, value := thresholdWords(t)
	row := loadThresholdRow{ThresholdResult: t, Words: held, Is: value, Outcome: conformance.Violates}
	switch {
	case t.Value == nil:
		row.Outcome = conformance.Inconclusive
	case t.Held:
		row.Outcome = conformance.Conforms
	}
	parsed, err := loadtest.ParseThreshold(t.Expression)
	if err == nil && t.Value != nil && isNumber(*t.Value) {
		_, limit := parsed.Limit()
		x := axis{To: max(limit, *t.Value, 1e-9) * 1.2}
		row.Gauge, row.Value, row.Limit = true, x.place(*t.Value, 1, gaugeWidth), x.place(limit, 1, gaugeWidth)
	}
	return row
}

// loadScenarioPage is one scenario.
type loadScenarioPage struct {
	loadtest.ScenarioReport
	Colour         conformance.Outcome
	Word           string
	Open           bool
	Rate, Achieved string
	Offers         bool // a rate was offered
	Tenths         int  // of it that were achieved
	Answers        string
	Late           string // how much later than due requests were sent
	Cores          string
	Latencies      []finding
	Brief          string // the latency, while the row is closed
	Measured       []string
	Signed         string
	Charts         []*chart
	Windows        []loadWindow
	Each           string // how long a window is
	Groups         []loadGroup
}

// loadWindow is a row of the table of what was seen over time.
type loadWindow struct {
	loadtest.Window
	Offered, Achieved, P50, P90, P99, Max string
}

// loadGroup are answers that were not as expected in the same way, with exchanges.
type loadGroup struct {
	loadtest.Group
	Word, When string
	Exchanges  []*pageExchange
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
	case yellow:
		return conformance.Deviates
	}
	return conformance.NotApplicable
}

func newLoadScenario(s loadtest.ScenarioReport, r *loadtest.Report, open bool) loadScenarioPage {
	page := loadScenarioPage{
		ScenarioReport: s, Colour: loadColour(loadLook(s.Outcome)), Word: strings.ReplaceAll(string(s.Outcome), "_", " "),
		Rate: rateWords(s), Achieved: number(s.AchievedRate), Offers: s.OfferedRate > 0,
		Open: open || s.Outcome == loadtest.Broken || s.Outcome == loadtest.Inconclusive, Groups: loadGroupsOf(s.Name, s.Groups, s.Samples, r),
	}
	if s.Requests == 0 {
		return page
	}
	if s.OfferedRate > 0 && isNumber(s.AchievedRate) {
		page.Tenths = min(max(int(s.AchievedRate/s.OfferedRate*10+0.5), 0), 10)
	}
	page.Answers = thousands(s.Requests) + ", all as expected"
	if s.Kept != s.Requests {
		page.Answers = fmt.Sprintf("%s: %s as expected, %s, %s, %s", thousands(s.Requests), thousands(s.Kept),
			count(int(s.Leaks), "leak"), count(int(s.FalseRefusals), "false refusal"), count(int(s.Faults), "fault"))
	}
	for _, p := range latencyFigures() {
		page.Latencies = append(page.Latencies, finding{Name: p.Name, Value: number(*p.of(&s.Latency))})
	}
	page.Brief = fmt.Sprintf("latency p50 %s, p99 %s ms", number(s.Latency.P50), number(s.Latency.P99))
	if s.Lag.Max > 0 {
		page.Late = fmt.Sprintf("p50 %s, p99 %s, max %s ms after they were due", number(s.Lag.P50), number(s.Lag.P99), number(s.Lag.Max))
	}
	if s.CPU > 0 {
		page.Cores = number(s.CPU) + " by the load generator"
		if s.HostCPU > 0 {
			page.Cores += ", " + number(s.HostCPU) + " on its host in all"
		}
	}
	for _, m := range s.Measures {
		page.Measured = append(page.Measured, fmt.Sprintf("%s: p50 %s, p99 %s, max %s %s, %s", m.Text, number(m.P50), number(m.P99), number(m.Max), m.Unit, count(int(m.Count), "time")))
	}
	page.Signed = signedWords(s.Signatures)
	page.draw(r)
	return page
}

// signedWords says what was found of the signatures of tokens, or is empty.
func signedWords(s *loadtest.Signatures) string {
	if s == nil {
		return ""
	}
	words := []string{thousands(s.Checked) + " checked"}
	if s.Checked > 0 {
		words = append(words, thousands(s.Bad)+" bad")
	}
	if s.Unchecked > 0 {
		words = append(words, "there was no time for "+thousands(s.Unchecked))
	}
	if s.Reason != "" {
		words = append(words, s.Reason)
	}
	return strings.Join(words, ", ")
}

// draw adds the charts, and the table of what those over time show.
func (p *loadScenarioPage) draw(r *loadtest.Report) {
	s := p.ScenarioReport
	limits := limitsOf(s.Name, r.Thresholds)
	if o := newOverTime(s, r.WarmUpMS, limits); o != nil && len(s.Windows) > 1 {
		p.Charts = append(p.Charts, o.throughput(p.Offers), o.latency(), o.answers())
	}
	p.Charts = append(p.Charts, spectrumChart(s, limits))
	for _, w := range thinned(s.Windows, mostListed) {
		row := loadWindow{Window: w, Offered: number(float64(w.Due) / float64(max(w.Seconds, 1))), Achieved: number(float64(w.Sent) / float64(max(w.Seconds, 1)))}
		row.P50, row.P90, row.P99, row.Max = nothing, nothing, nothing, nothing
		if w.Answered() > 0 {
			row.P50, row.P90, row.P99, row.Max = number(w.Latency.P50), number(w.Latency.P90), number(w.Latency.P99), number(w.Latency.Max)
		}
		p.Windows = append(p.Windows, row)
	}
	p.Each = "second by second"
	if len(p.Windows) > 0 && p.Windows[0].Seconds > 1 {
		p.Each = fmt.Sprintf("%d s a row; of percentiles the highest of these seconds", p.Windows[0].Seconds)
	}
}

// limitsOf are the thresholds of a scenario.
func limitsOf(scenario string, thresholds []loadtest.ThresholdResult) []drawnLimit {
	var all []drawnLimit
	for _, t := range thresholds {
		parsed, err := loadtest.ParseThreshold(t.Expression)
		if err == nil && t.Scenario == scenario && t.Value != nil {
			_, limit := parsed.Limit()
			all = append(all, drawnLimit{parsed, limit, t.Held})
		}
	}
	return all
}

// loadGroupsOf are what was not as expected, each with the exchanges that were kept.
func loadGroupsOf(id string, groups []loadtest.Group, samples []loadtest.Sample, r *loadtest.Report) []loadGroup {
	by := map[int]loadtest.Sample{}
	for _, s := range samples {
		by[s.Exchange.Number] = s
	}
	var all []loadGroup
	for _, g := range groups {
		shown := loadGroup{Group: g, Word: strings.ReplaceAll(g.Class, "_", " ")}
		if !g.First.IsZero() && !r.Started.IsZero() {
			after := func(t time.Time) string { return duration(max(t.Sub(r.Started), 0).Milliseconds()) }
			shown.When = after(g.First) + " into the run"
			if g.Last.After(g.First) {
				shown.When = "from " + after(g.First) + " to " + after(g.Last) + " into the run"
			}
		}
		for _, n := range g.Exchanges {
			if s, kept := by[n]; kept {
				shown.Exchanges = append(shown.Exchanges, newPageExchange(s.Exchange, id, r.Issuer, false))
			}
		}
		all = append(all, shown)
	}
	return all
}
