package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
)

// loadHeadline is the verdict on a load run: how it looks and a sentence.
func loadHeadline(r *loadtest.Report) (style, string) {
	name := r.Target
	if name == "" {
		name = "the target"
	}
	var requests, leaks, refusals int64
	for _, s := range r.Scenarios {
		requests, leaks, refusals = requests+s.Requests, leaks+s.Leaks, refusals+s.FalseRefusals
	}
	missed := 0
	for _, t := range r.Thresholds {
		if !t.Held && t.Value != nil {
			missed++
		}
	}
	sent := thousands(requests) + " requests"
	switch code := loadtest.ExitCode(r); {
	case code == exitInterrupted:
		return purple, fmt.Sprintf("Interrupted: %s was judged on %s", name, sent)
	case leaks > 0:
		return red, fmt.Sprintf("%s leaked: %s of %s got more than was granted", name, thousands(leaks), sent)
	case refusals > 0:
		return red, fmt.Sprintf("%s refused what was granted: %s of %s", name, thousands(refusals), sent)
	case code == exitViolates && missed > 0:
		return red, fmt.Sprintf("%s missed %s in %s", name, count(missed, "threshold"), sent)
	case code == exitViolates:
		return red, fmt.Sprintf("%s did not keep what was expected in %s", name, sent)
	case code == exitInconclusive:
		return purple, fmt.Sprintf("Inconclusive: %s was judged on %s", name, sent)
	}
	return green, fmt.Sprintf("%s kept every scope in %s", name, sent)
}

// loadLook is the style of a load scenario's outcome.
func loadLook(o loadtest.Outcome) style {
	switch o {
	case loadtest.Kept:
		return green
	case loadtest.Broken:
		return red
	case loadtest.Inconclusive:
		return purple
	}
	return faint
}

// LoadText writes the last screen of a load run: the verdict, a line a scenario,
// what was not as expected, and the thresholds.
func LoadText(w io.Writer, r *loadtest.Report, o TextOptions) error {
	s := newScreen(o.Width, o.Color)
	look, sentence := loadHeadline(r)
	for _, l := range wrap(oneLine(sentence), s.width, s.width) {
		s.line(s.paint(look, l))
	}
	s.gap()
	s.hanging(2, 12, column("issuer", 9), faint, r.Issuer)
	s.hanging(2, 12, column("run", 9), faint, fmt.Sprintf("scopeproof %s, seed %d, %s", r.Tool, r.Seed, duration(r.DurationMS)))
	for _, sc := range r.Scenarios {
		loadScenario(s, sc, o.Verbose)
	}
	if len(r.Thresholds) > 0 {
		s.gap()
		s.line(s.paint(bold, "Thresholds"))
	}
	for _, t := range r.Thresholds {
		held, value := thresholdWords(t)
		look := green
		if !t.Held {
			look = red
		}
		if t.Value == nil {
			look = purple
		}
		of := ""
		if t.Scenario != "" {
			of = " in " + t.Scenario
		}
		s.hanging(2, 16, column(held, 11), look, fmt.Sprintf("%s%s: %s", t.Expression, of, value))
	}
	_, err := w.Write(s.buf.Bytes())
	return err
}

// loadScenario writes one scenario of a load run.
func loadScenario(s *screen, sc loadtest.ScenarioReport, verbose bool) {
	s.gap()
	outcome := strings.ReplaceAll(string(sc.Outcome), "_", " ")
	s.hanging(0, 4, oneLine(sc.Name)+" "+outcome+":", loadLook(sc.Outcome), sc.Text)
	if sc.Reason != "" {
		s.text(4, sc.Reason)
	}
	if sc.Outcome == loadtest.NotApplicable {
		return
	}
	s.hanging(4, 14, column("rate", 9), faint, fmt.Sprintf("%s of %s requests/s offered, for %s", number(sc.AchievedRate), number(sc.OfferedRate), duration(sc.DurationMS)))
	s.hanging(4, 14, column("answers", 9), faint, fmt.Sprintf("%s: %s kept, %s, %s, %s", thousands(sc.Requests), thousands(sc.Kept),
		count(int(sc.Leaks), "leak"), count(int(sc.FalseRefusals), "false refusal"), count(int(sc.Faults), "fault")))
	l := sc.Latency
	s.hanging(4, 14, column("latency", 9), faint, fmt.Sprintf("p50 %s, p90 %s, p95 %s, p99 %s, p99.9 %s, max %s ms",
		number(l.P50), number(l.P90), number(l.P95), number(l.P99), number(l.P999), number(l.Max)))
	for _, m := range sc.Measures {
		s.hanging(4, 14, column("measured", 9), faint, fmt.Sprintf("%s: p50 %s, p99 %s, max %s %s, %s",
			m.Text, number(m.P50), number(m.P99), number(m.Max), m.Unit, count(int(m.Count), "time")))
	}
	if len(sc.Rules) > 0 {
		s.hanging(4, 14, column("rules", 9), faint, strings.Join(sc.Rules, ", "))
	}
	for i, sample := range sc.Samples {
		if i == shortScenarios && !verbose {
			s.text(4, fmt.Sprintf("and %s", count(len(sc.Samples)-i, "more sample")))
			break
		}
		words := strings.TrimSpace(strings.ReplaceAll(sample.Class, "_", " ") + " " + sample.Rule)
		e := sample.Exchange
		s.hanging(4, 8, oneLine(words)+":", red, cut(oneLine(sample.Message), shortMessage)+" ("+
			e.Method+" "+cut(e.URL, 200)+": "+statusOf(e.Status, e.Failure)+")")
	}
}

// thresholdWords says whether a threshold held, and its value.
func thresholdWords(t loadtest.ThresholdResult) (held, value string) {
	switch {
	case t.Value == nil:
		return "no samples", "there is no value"
	case t.Held:
		return "held", number(*t.Value) + unit(t.Expression)
	}
	return "missed", number(*t.Value) + unit(t.Expression)
}

// unit is that of a threshold's value: percentiles are in milliseconds.
func unit(expression string) string {
	_, figure, scoped := strings.Cut(expression, ".p")
	if strings.HasPrefix(expression, "p") || strings.HasPrefix(expression, "max") || scoped && figure != "" || strings.Contains(expression, ".max") {
		return " ms"
	}
	return ""
}

// number writes a measured value with as many digits as mean something.
func number(f float64) string {
	switch {
	case !isNumber(f):
		return "–"
	case f >= 1000 || f <= -1000:
		return thousands(int64(f + 0.5))
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

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
