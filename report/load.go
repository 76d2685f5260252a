package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
	warned := false
	for _, s := range r.Sweeps {
		requests, leaks = requests+s.Requests, leaks+s.Leaks
		warned = warned || s.Warning != ""
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
	case code == exitViolates && failed(r) > 0:
		return red, fmt.Sprintf("%s failed %s of %s; nothing leaked, and nothing was refused that was granted", name, thousands(failed(r)), sent)
	case code == exitViolates:
		return red, fmt.Sprintf("%s did not keep what was expected in %s", name, sent)
	case code == exitInconclusive:
		return purple, fmt.Sprintf("Inconclusive: %s was judged on %s", name, sent)
	}
	sentence := fmt.Sprintf("%s kept every scope in %s", name, sent)
	if len(r.Capacities) == 1 {
		sentence += fmt.Sprintf(", and holds %s requests/s", number(r.Capacities[0].Rate))
	}
	if warned {
		return yellow, sentence + ", with a warning"
	}
	return green, sentence
}

// failed is how many requests had no answer that could be judged, where that is all
// that is held against a scenario.
func failed(r *loadtest.Report) (requests int64) {
	for _, s := range r.Scenarios {
		signed := s.Signatures == nil || s.Signatures.Bad == 0
		if s.Outcome == loadtest.Broken && signed {
			requests += s.Faults - s.Limited
		}
	}
	return requests
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
	run := fmt.Sprintf("scopeproof %s, seed %d, %s", r.Tool, r.Seed, duration(r.DurationMS))
	if r.Offered != "" && len(r.Capacities) == 0 {
		run += ", " + offering(r)
	}
	if r.WarmUpMS > 0 {
		run += fmt.Sprintf(", without the first %s of each scenario", duration(r.WarmUpMS))
	}
	s.hanging(2, 12, column("run", 9), faint, run)
	if r.Shards != nil {
		s.hanging(2, 12, column("shards", 9), faint, sharded(r.Shards))
		for _, p := range r.Shards.Problems {
			s.hanging(12, 12, "", yellow, oneLine(p))
		}
	}
	for _, sw := range r.Sweeps {
		loadSweep(s, sw, o.Verbose)
	}
	for _, c := range r.Capacities {
		loadCapacity(s, c)
	}
	for _, sc := range r.Scenarios {
		loadScenario(s, sc, o.Verbose)
	}
	loadThresholds(s, r.Thresholds)
	loadNext(s, r, o.Dir)
	_, err := w.Write(s.buf.Bytes())
	return err
}

// sharded says how many shards a run had.
func sharded(s *loadtest.Shards) string {
	if s.Counted == s.Wanted {
		return fmt.Sprintf("%d, all counted", s.Wanted)
	}
	return fmt.Sprintf("%d of %d counted", s.Counted, s.Wanted)
}

// loadThresholds writes what came of the thresholds.
func loadThresholds(s *screen, thresholds []loadtest.ThresholdResult) {
	if len(thresholds) > 0 {
		s.gap()
		s.line(s.paint(bold, "Thresholds"))
	}
	for _, t := range thresholds {
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
	s.hanging(4, 14, column("rate", 9), faint, rateWords(sc))
	s.hanging(4, 14, column("answers", 9), faint, fmt.Sprintf("%s: %s kept, %s, %s, %s", thousands(sc.Requests), thousands(sc.Kept),
		count(int(sc.Leaks), "leak"), count(int(sc.FalseRefusals), "false refusal"), count(int(sc.Faults), "fault")))
	s.hanging(4, 14, column("latency", 9), faint, latencyWords(sc.Latency))
	for _, m := range sc.Measures {
		s.hanging(4, 14, column("measured", 9), faint, fmt.Sprintf("%s: p50 %s, p99 %s, max %s %s, %s",
			m.Text, number(m.P50), number(m.P99), number(m.Max), m.Unit, count(int(m.Count), "time")))
	}
	if len(sc.Rules) > 0 {
		s.hanging(4, 14, column("rules", 9), faint, strings.Join(sc.Rules, ", "))
	}
	loadGroups(s, sc.Groups, sc.Samples, verbose)
}

// offering is what was offered, or over what it was sent in a closed model.
func offering(r *loadtest.Report) string {
	if closed(r.Offered) {
		return "a closed model of " + r.Offered
	}
	return "offered " + r.Offered
}

// closed reports whether what was offered is none: connections that send again when
// they are answered.
func closed(offered string) bool { return strings.Contains(offered, "connection") }

// rateWords say how many requests were sent, of how many that were offered. In a
// closed model none is: the answers decide.
func rateWords(sc loadtest.ScenarioReport) string {
	offered := ""
	if sc.OfferedRate > 0 {
		offered = " offered"
	}
	return fmt.Sprintf("%s requests/s%s, for %s", ofOffered(sc.AchievedRate, sc.OfferedRate), offered, duration(sc.DurationMS))
}

// offeredWord is an offered rate in a table.
func offeredWord(rate float64) string {
	if rate > 0 {
		return number(rate)
	}
	return "–"
}

func latencyWords(l loadtest.Latency) string {
	return fmt.Sprintf("p50 %s, p90 %s, p95 %s, p99 %s, p99.9 %s, p99.99 %s, max %s ms",
		number(l.P50), number(l.P90), number(l.P95), number(l.P99), number(l.P999), number(l.P9999), number(l.Max))
}

// loadGroups writes what was not as expected: how often, and one exchange of each
// kind; verbose all that are kept.
func loadGroups(s *screen, groups []loadtest.Group, samples []loadtest.Sample, verbose bool) {
	by := map[int]loadtest.Sample{}
	for _, sample := range samples {
		by[sample.Exchange.Number] = sample
	}
	for i, g := range groups {
		if i == shortScenarios && !verbose {
			s.text(4, fmt.Sprintf("and %s; --verbose shows them", count(len(groups)-i, "more kind")))
			break
		}
		words := strings.TrimSpace(strings.ReplaceAll(g.Class, "_", " ") + " " + g.Rule)
		shown := g.Exchanges
		if !verbose {
			shown = shown[:min(1, len(shown))]
		}
		example := ""
		for _, n := range shown {
			e := by[n].Exchange
			example += " (" + e.Method + " " + cut(e.URL, 200) + ": " + statusOf(e.Status, e.Failure) + ")"
		}
		s.hanging(4, 8, fmt.Sprintf("%s× %s:", thousands(g.Count), oneLine(words)), red, cut(oneLine(g.Message), shortMessage)+example)
	}
}

// loadCapacity writes what a search for the capacity found.
func loadCapacity(s *screen, c loadtest.Capacity) {
	s.gap()
	look, found := capacityWords(c)
	s.hanging(0, 4, "capacity of "+oneLine(strings.Join(c.Scenarios, ", "))+":", look, found)
	s.text(4, c.Reason)
	if words := sideWords(c.Limit); words != "" {
		s.text(4, words)
	}
	loadRow(s, faint, 12, "offered/s", "p99 ms", "held", "achieved/s", "p50 ms", "max ms")
	for _, step := range curve(c.Curve) {
		held, look := "yes", plain
		if !step.Held {
			held, look = "no", red
		}
		loadRow(s, look, 12, number(step.OfferedRate), number(step.Latency.P99), held, number(step.AchievedRate), number(step.Latency.P50), number(step.Latency.Max))
	}
}

// capacityWords says what a search found, and how that looks.
func capacityWords(c loadtest.Capacity) (style, string) {
	look, found := green, fmt.Sprintf("%s requests/s hold, to %s", number(c.Rate), percent(c.Precision))
	switch {
	case c.Rate == 0:
		look, found = red, "no rate holds"
	case !c.Confirmed:
		look, found = purple, found+", not confirmed"
	case c.Beyond > 0:
		found += fmt.Sprintf("; %s do not", number(c.Beyond))
	}
	return look, found
}

// loadRow writes a row of columns of one width, as many as there is room for.
func loadRow(s *screen, look style, width int, cells ...string) {
	text := ""
	for _, cell := range cells {
		if utf8.RuneCountInString(text)+width > s.width {
			break
		}
		text += columnRight(cell, width)
	}
	s.line(s.paint(look, text))
}

// curve is the last step at each rate, the lowest rate first.
func curve(steps []loadtest.CapacityStep) []loadtest.CapacityStep {
	last := map[float64]loadtest.CapacityStep{}
	for _, step := range steps {
		last[step.OfferedRate] = step
	}
	return slices.SortedFunc(maps.Values(last), func(a, b loadtest.CapacityStep) int { return cmp.Compare(a.OfferedRate, b.OfferedRate) })
}

// sideWords says who was saturated.
func sideWords(side loadtest.Side) string {
	switch side {
	case loadtest.SideTarget:
		return "the target is the limit: the load generator had room left, and waited for it"
	case loadtest.SideOurs:
		return "the load generator is the limit, not the target: it used its host up"
	case loadtest.SideHost:
		return "the host of the load generator is the limit: other processes used it up, or the target, if it runs there"
	case loadtest.SideBoth:
		return "load generator and target are one process, which used its host up"
	case loadtest.SideNeither:
		return "the load generator had room left: the target, or the network before it, is what is slow"
	}
	return ""
}

// loadSweep writes how latency grows with the size of what is sent.
func loadSweep(s *screen, sw loadtest.SweepReport, verbose bool) {
	s.gap()
	look := loadLook(sw.Outcome)
	if sw.Warning != "" && look == green {
		look = yellow
	}
	s.hanging(0, 4, oneLine(sw.Name)+" "+growthWords(sw)+":", look, sw.Text)
	if sw.Reason != "" {
		s.text(4, sw.Reason)
	}
	if sw.Warning != "" {
		s.hanging(4, 6, "warning:", yellow, sw.Warning)
	}
	if sw.Outcome == loadtest.NotApplicable {
		return
	}
	if g := sw.Growth; g.Model != "" {
		s.hanging(4, 14, column("fit", 9), faint, fmt.Sprintf("latency = a + b·n^%s (%s to %s in 95 of 100 resamples), %s sure, of %d sizes with %s each",
			number(g.Exponent), number(g.Low), number(g.High), percent(g.Confidence), g.Points, count(g.Samples, "sample")))
	}
	loadRow(s, faint, 12, sw.Name, "p50 ms", "status", "bytes", "p99 ms", "samples")
	for _, p := range sw.Points {
		loadRow(s, plain, 12, thousands(int64(p.Size)), number(p.Latency.P50), statusOf(p.Status, ""), thousands(int64(p.Bytes)),
			number(p.Latency.P99), thousands(int64(p.Samples)))
	}
	loadGroups(s, sw.Groups, sw.Samples, verbose)
}

func growthWords(sw loadtest.SweepReport) string {
	switch sw.Growth.Model {
	case loadtest.GrowsNot:
		return "cost nothing"
	case loadtest.GrowsLinear:
		return "cost linearly"
	case loadtest.GrowsWorse:
		return "cost more than linearly"
	}
	return strings.ReplaceAll(string(sw.Outcome), "_", " ")
}

// percent writes a part of one.
func percent(part float64) string { return number(100*part) + " %" }

// loadNext says what to do now. Dir is where the files of the run are; empty: there
// are none.
func loadNext(s *screen, r *loadtest.Report, dir string) {
	var hints []string
	wrong, slow, few := false, false, false
	for _, sc := range r.Scenarios {
		wrong = wrong || len(sc.Groups) > 0
		slow = slow || sc.Outcome == loadtest.Inconclusive && sc.Requests > 0
	}
	for _, t := range r.Thresholds {
		few = few || t.Value == nil
	}
	if wrong {
		exchanges := "load.json (--out DIR)"
		if dir != "" {
			exchanges = filepath.Join(dir, "load.json")
		}
		hints = append(hints, fmt.Sprintf("--verbose shows every kind of wrong answer, %s an exchange of each; --seed %d sends the same again", exchanges, r.Seed))
	}
	if slow && !r.Interrupted {
		hints = append(hints, "--capacity looks for the rate that the target holds")
	}
	if few {
		hints = append(hints, "a longer --duration or a higher --rate gives a threshold the samples that it lacks")
	}
	for _, c := range r.Capacities {
		if c.Confirmed {
			hints = append(hints, fmt.Sprintf("--rate %s --duration 10m shows whether it is held for longer; --threshold 'capacity>=%s' keeps it in CI", plainRate(c.Rate*0.8), plainRate(c.Rate*0.8)))
		}
	}
	if len(hints) == 0 && len(r.Capacities)+len(r.Sweeps) == 0 && len(r.Scenarios) > 0 {
		hints = append(hints, "--capacity looks for the highest rate that holds")
	}
	if dir == "" {
		hints = append(hints, "--out DIR writes load.html, which draws what came of it, load.json, and results.gob for vegeta report and vegeta plot")
	} else {
		hints = append(hints, filepath.Join(dir, "load.html")+" draws what came of it")
	}
	for i, hint := range hints {
		if i == 0 {
			s.gap()
		}
		s.hanging(0, 6, "hint:", bold, hint)
	}
}

// plainRate is a rate as a flag has it.
func plainRate(rate float64) string { return strconv.FormatFloat(rate, 'f', 0, 64) }

// thresholdWords says whether a threshold held, and its value.
func thresholdWords(t loadtest.ThresholdResult) (held, value string) {
	switch {
	case t.Value == nil && t.Reason != "":
		return "no samples", t.Reason
	case t.Value == nil:
		return "no samples", "there is no value"
	case t.Held:
		return "held", number(*t.Value) + unit(t.Expression)
	}
	return "missed", number(*t.Value) + unit(t.Expression)
}

// unit is that of a threshold's value: latencies are in milliseconds.
func unit(expression string) string {
	figure := expression[:strings.IndexAny(expression+"<", "<>= ")]
	if _, of, scoped := strings.Cut(figure, "."); scoped && of > "9" {
		figure = of
	}
	if figure == "min" || figure == "mean" || figure == "max" || strings.HasPrefix(figure, "p") {
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
