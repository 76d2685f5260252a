package loadtest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// Threshold is a limit that a scenario must keep: "p99<50ms".
type Threshold struct {
	Expression string // as written
	Scenario   string // empty: every scenario
	metric     string
	measure    string  // of which metric is; empty: of latency, or of counts
	timed      bool    // what the measure is compared with is a duration
	percent    float64 // of a percentile
	operator   string
	limit      float64 // in the unit of value
	part       bool    // the value is a part of all requests, in percent
}

const thresholdForms = `want [SCENARIO.]FIGURE OPERATOR VALUE, such as "p99<50ms", "token-refresh.faults<1%", "stale_after_edit.max<1s" or "achieved>=0.99"`

// figureNames are the figures that can be limited, beside percentiles such as p99.9.
var figureNames = []string{
	"p50", "p90", "p95", "p99", "p99.9", "min", "mean", "max", "leaks", "false_refusals", "faults", "kept", "achieved", "rate", "requests", "capacity", "growth",
}

var thresholdSyntax = regexp.MustCompile(`^(?:([a-z][a-z0-9-]*)\.)?(?:([a-z][a-z0-9_]*)\.)?([a-z_]+|p[0-9]+(?:\.[0-9]+)?|p\([0-9]+(?:\.[0-9]+)?\))\s*(<=|>=|==|<|>)\s*(\S+)$`)

// ParseThreshold reads a threshold; p(99) is p99. The error says what is allowed.
func ParseThreshold(text string) (Threshold, error) {
	m := thresholdSyntax.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Threshold{}, fmt.Errorf("got %q, %s", text, thresholdForms)
	}
	t := Threshold{
		Expression: strings.TrimSpace(text), Scenario: m[1], measure: m[2], metric: strings.NewReplacer("(", "", ")", "").Replace(m[3]), operator: m[4],
	}
	if err := t.readLimit(m[5]); err != nil {
		return Threshold{}, fmt.Errorf("%q: %w", text, err)
	}
	return t, nil
}

// Metric is what is limited: "p99", "leaks", "stale_after_edit.max".
func (t Threshold) Metric() string {
	if t.measure != "" {
		return t.measure + "." + t.metric
	}
	return t.metric
}

// Limit is the operator ("<", "<=", ">", ">=" or "==") and what the metric is
// compared with: milliseconds for latencies, percent for counts that were given as
// percentages, else a number.
func (t Threshold) Limit() (operator string, limit float64) { return t.operator, t.limit }

// Percentile is the percentile that is limited, as 99.9; 0: the metric is none.
func (t Threshold) Percentile() float64 { return t.percent }

// readLimit reads what the metric is compared with.
func (t *Threshold) readLimit(value string) (err error) {
	if t.measure != "" {
		return t.readMeasured(value)
	}
	switch t.metric {
	case "min", "mean", "max":
		t.limit, err = limitOf(value)
	case "leaks", "false_refusals", "faults", "kept":
		t.limit, t.part, err = numberOf(value)
	case "achieved":
		t.limit, t.part, err = numberOf(value)
		if t.part {
			t.limit, t.part = t.limit/100, false
		}
	case "rate", "requests", "capacity", "growth":
		if t.limit, t.part, err = numberOf(value); err == nil && t.part {
			err = fmt.Errorf("got %q, want a number", value)
		}
	default:
		percent, is := strings.CutPrefix(t.metric, "p")
		if !is || percent == "" || percent[0] < '0' || percent[0] > '9' {
			return fmt.Errorf("got the figure %q, want one such as p99, max, faults or achieved%s", t.metric, meant(t.metric))
		}
		if t.percent, err = strconv.ParseFloat(percent, 64); err != nil || t.percent <= 0 || t.percent > 100 {
			return fmt.Errorf("got the percentile %v, want more than 0 and at most 100", t.percent)
		}
		t.limit, err = limitOf(value)
	}
	return err
}

// meant says which figure somebody may have meant.
func meant(name string) string {
	if hint := spelling.DidYouMean(name, figureNames, ""); hint != "" {
		return "; " + hint
	}
	return ""
}

// readMeasured reads what a measure is compared with: its unit is known when it has
// been measured.
func (t *Threshold) readMeasured(value string) (err error) {
	switch t.metric {
	case "p50", "p99", "max":
	default:
		return fmt.Errorf("got %q of the measure %s, want p50, p99 or max", t.metric, t.measure)
	}
	if t.limit, err = limitOf(value); err == nil {
		t.timed = true
		return nil
	}
	if t.limit, t.part, err = numberOf(value); err == nil && t.part {
		err = fmt.Errorf("got %q, want a duration or a number", value)
	}
	return err
}

// limitOf reads a duration, in milliseconds.
func limitOf(value string) (float64, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf(`got %q, want a duration such as "50ms"`, value)
	}
	return float64(d) / float64(time.Millisecond), nil
}

// numberOf reads a number, or a percentage.
func numberOf(value string) (number float64, part bool, err error) {
	digits, part := strings.CutSuffix(value, "%")
	number, err = strconv.ParseFloat(digits, 64)
	if err != nil || number < 0 || number != number || number > 1e15 {
		return 0, false, fmt.Errorf("got %q, want a number or a percentage", value)
	}
	return number, part, nil
}

// ofSearch reports whether the threshold is about what a search or a sweep found,
// not about an attack.
func (t Threshold) ofSearch() bool {
	return t.measure == "" && (t.metric == "capacity" || t.metric == "growth")
}

// figures are what thresholds look at.
type figures struct {
	requests, answered, kept, leaks, falseRefusals, faults int64
	offered, achieved                                      float64 // requests per second
	latency                                                *histogram
}

// value is what the threshold limits, as seen: milliseconds for latencies, a
// number or percent for counts, a part of 1 for achieved. Without enough samples
// it says why there is none.
func (t Threshold) value(seen *figures) (value float64, lack string) {
	if seen == nil || seen.requests == 0 {
		return 0, "nothing was sent"
	}
	count := func(n int64) (float64, string) {
		if t.part {
			return 100 * float64(n) / float64(seen.requests), ""
		}
		return float64(n), ""
	}
	switch t.metric {
	case "leaks":
		return count(seen.leaks)
	case "false_refusals":
		return count(seen.falseRefusals)
	case "faults":
		return count(seen.faults)
	case "kept":
		return count(seen.kept)
	case "requests":
		return count(seen.requests)
	case "rate":
		return seen.achieved, ""
	case "achieved":
		if seen.offered == 0 {
			return 0, "no rate was offered"
		}
		return seen.achieved / seen.offered, ""
	}
	if seen.answered == 0 {
		return 0, "nothing was answered"
	}
	switch t.metric {
	case "max":
		return millis(seen.latency.max()), ""
	case "min":
		return millis(seen.latency.min()), ""
	case "mean":
		return seen.latency.mean() / 1000, ""
	}
	if want := t.samples(); seen.requests < want {
		return 0, fmt.Sprintf("%d requests are too few for %s: want %d", seen.requests, t.metric, want)
	}
	return millis(seen.latency.at(t.percent)), ""
}

// ofMeasure is what came of the threshold in a scenario that has its measure; false
// means that it has not.
func (t Threshold) ofMeasure(report *ScenarioReport) (r ThresholdResult, found bool) {
	r = ThresholdResult{Expression: t.Expression, Scenario: report.Name}
	for _, m := range report.Measures {
		if m.Name != t.measure {
			continue
		}
		if timed := m.Unit == "ms"; timed != t.timed && t.limit != 0 {
			r.Reason = fmt.Sprintf("%s is in %s, which %q is not compared with", m.Name, m.Unit, t.Expression)
			return r, true
		}
		value := map[string]float64{"p50": m.P50, "p99": m.P99, "max": m.Max}[t.metric]
		r.Value, r.Held = &value, t.holds(value)
		return r, true
	}
	return r, false
}

// samples is how many requests there must be for a percentile to differ from the
// slowest of them.
func (t Threshold) samples() int64 {
	if t.percent == 0 || t.percent == 100 {
		return 1
	}
	return int64(math.Ceil(100/(100-t.percent) - 1e-6))
}

// millis are microseconds in milliseconds.
func millis(microseconds int64) float64 { return float64(microseconds) / 1000 }

func (t Threshold) holds(value float64) bool {
	switch t.operator {
	case "<":
		return value < t.limit
	case "<=":
		return value <= t.limit
	case ">":
		return value > t.limit
	case ">=":
		return value >= t.limit
	}
	return value == t.limit
}

// result is what came of the threshold in one scenario. A threshold without
// samples does not hold.
func (t Threshold) result(scenario string, seen *figures) ThresholdResult {
	r := ThresholdResult{Expression: t.Expression, Scenario: scenario}
	value, lack := t.value(seen)
	if lack != "" {
		r.Reason = lack
		return r
	}
	r.Value, r.Held = &value, t.holds(value)
	return r
}
