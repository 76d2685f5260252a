package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
)

// LoadMarkdown writes load.md, for the summary of a job, with the same limits as
// [Markdown].
func LoadMarkdown(w io.Writer, r *loadtest.Report) error {
	m := &mdWriter{limit: markdownLimit}
	_, sentence := loadHeadline(r)
	m.add("# " + md(cut(sentence, 300)) + "\n\n")
	var rows, samples [][]string
	for _, s := range r.Scenarios {
		rows = append(rows, []string{
			mdCut(s.Name, 100), md(strings.ReplaceAll(string(s.Outcome), "_", " ")), number(s.OfferedRate), number(s.AchievedRate),
			thousands(s.Requests), thousands(s.Leaks), thousands(s.FalseRefusals), thousands(s.Faults),
			number(s.Latency.P50), number(s.Latency.P99), number(s.Latency.Max), mdCut(s.Reason, 300),
		})
		for _, sample := range s.Samples {
			e := sample.Exchange
			samples = append(samples, []string{
				mdCut(s.Name, 100), md(strings.ReplaceAll(sample.Class, "_", " ")), md(sample.Rule), mdCut(sample.Message, mdMessage),
				mdCut(e.Method+" "+e.URL+": "+statusOf(e.Status, e.Failure), 500),
			})
		}
	}
	m.table([]string{
		"scenario", "outcome", "offered/s", "achieved/s", "requests", "leaks", "false refusals", "faults",
		"p50 ms", "p99 ms", "max ms", "reason",
	}, rows)
	var thresholds [][]string
	for _, t := range r.Thresholds {
		held, value := thresholdWords(t)
		thresholds = append(thresholds, []string{md(t.Expression), mdCut(t.Scenario, 100), md(value), held})
	}
	m.table([]string{"threshold", "scenario", "value", ""}, thresholds)
	if len(samples) > 0 {
		m.add("## Not as expected\n\n")
		m.table([]string{"scenario", "class", "rule", "what was seen", "exchange"}, samples)
	}
	m.add(md(fmt.Sprintf("%s (%s), scopeproof %s, seed %d, %s, started %s", r.Target, r.Issuer, r.Tool, r.Seed,
		duration(r.DurationMS), timestamp(r.Started))) + "\n")
	_, err := w.Write(m.bytes("load.json"))
	return err
}
