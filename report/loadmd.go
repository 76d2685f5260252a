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
	var rows, groups [][]string
	for _, s := range r.Sweeps {
		groups = append(groups, mdGroups(s.Name, s.Groups, s.Samples)...)
	}
	for _, s := range r.Scenarios {
		rows = append(rows, []string{
			mdCut(s.Name, 100), md(strings.ReplaceAll(string(s.Outcome), "_", " ")), offeredWord(s.OfferedRate), number(s.AchievedRate),
			thousands(s.Requests), thousands(s.Leaks), thousands(s.FalseRefusals), thousands(s.Faults),
			number(s.Latency.P50), number(s.Latency.P99), number(s.Latency.Max), mdCut(s.Reason, 300),
		})
		groups = append(groups, mdGroups(s.Name, s.Groups, s.Samples)...)
	}
	mdCapacities(m, r.Capacities)
	mdSweeps(m, r.Sweeps)
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
	if len(groups) > 0 {
		m.add("## Not as expected\n\n")
		m.table([]string{"scenario", "class", "rule", "times", "what was seen", "one exchange"}, groups)
	}
	m.add(md(fmt.Sprintf("%s (%s), scopeproof %s, seed %d, %s, started %s", r.Target, r.Issuer, r.Tool, r.Seed,
		duration(r.DurationMS), timestamp(r.Started))) + "\n")
	if r.Shards != nil {
		m.add("\nShards: " + md(strings.Join(append([]string{sharded(r.Shards)}, r.Shards.Problems...), "; ")) + "\n")
	}
	_, err := w.Write(m.bytes("load.json"))
	return err
}

// mdGroups are rows of what was not as expected, each with an exchange.
func mdGroups(name string, groups []loadtest.Group, samples []loadtest.Sample) (rows [][]string) {
	for _, g := range groups {
		example := ""
		for _, sample := range samples {
			if e := sample.Exchange; len(g.Exchanges) > 0 && e.Number == g.Exchanges[0] {
				example = e.Method + " " + e.URL + ": " + statusOf(e.Status, e.Failure)
			}
		}
		rows = append(rows, []string{
			mdCut(name, 100), md(strings.ReplaceAll(g.Class, "_", " ")), md(g.Rule), thousands(g.Count), mdCut(g.Message, mdMessage), mdCut(example, 500),
		})
	}
	return rows
}

func mdCapacities(m *mdWriter, found []loadtest.Capacity) {
	for _, c := range found {
		m.add("## Capacity of " + md(strings.Join(c.Scenarios, ", ")) + "\n\n")
		sure := "confirmed by a repeat"
		if !c.Confirmed {
			sure = "not confirmed"
		}
		m.add(md(fmt.Sprintf("%s requests/s hold (%s), %s do not: %s. %s", number(c.Rate), sure, number(c.Beyond), c.Reason, sideWords(c.Limit))) + "\n\n")
		var rows [][]string
		for _, step := range curve(c.Curve) {
			held := "held"
			if !step.Held {
				held = "not held: " + step.Reason
			}
			rows = append(rows, []string{
				number(step.OfferedRate), number(step.AchievedRate), number(step.Latency.P50), number(step.Latency.P99), number(step.Latency.Max),
				number(step.CPU), mdCut(held, 300),
			})
		}
		m.table([]string{"offered/s", "achieved/s", "p50 ms", "p99 ms", "max ms", "cores", ""}, rows)
	}
}

func mdSweeps(m *mdWriter, sweeps []loadtest.SweepReport) {
	for _, s := range sweeps {
		m.add("## " + md(s.Name+" "+growthWords(s)) + "\n\n" + md(s.Text) + "\n\n")
		for _, text := range []string{s.Warning, s.Reason} {
			if text != "" {
				m.add(mdCut(text, 600) + "\n\n")
			}
		}
		if g := s.Growth; g.Model != "" {
			m.add(md(fmt.Sprintf("Fit: latency = a + b·n^%s (%s to %s in 95 of 100 resamples), %s sure, of %d sizes with %s each.",
				number(g.Exponent), number(g.Low), number(g.High), percent(g.Confidence), g.Points, count(g.Samples, "sample"))) + "\n\n")
		}
		var rows [][]string
		for _, p := range s.Points {
			rows = append(rows, []string{
				thousands(int64(p.Size)), thousands(int64(p.Bytes)), statusOf(p.Status, ""), number(p.Latency.P50), number(p.Latency.P99), thousands(int64(p.Samples)),
			})
		}
		m.table([]string{mdCut(s.Unit, 100), "bytes", "status", "p50 ms", "p99 ms", "samples"}, rows)
	}
}
