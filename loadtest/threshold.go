package loadtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Threshold is a limit that a scenario must keep: "p99<50ms".
type Threshold struct {
	Expression string // as written
	Scenario   string // empty: every scenario
	metric     string
	percent    float64 // of a percentile
	operator   string
	limit      float64 // in the unit of value
	part       bool    // the value is a part of all requests, in percent
}

const thresholdForms = `want [SCENARIO.]METRIC OPERATOR VALUE: p50, p90, p95, p99, p99.9 or another percentile, or max, with a duration ("p99<50ms"); ` +
	`leaks, false_refusals or faults with a number or a percentage ("leaks==0", "faults<1%"); achieved, the achieved part of the offered rate, ` +
	`with a number or a percentage ("achieved>=0.99"); the operators are <, <=, >, >= and ==`

var thresholdSyntax = regexp.MustCompile(`^(?:([a-z][a-z0-9-]*)\.)?([a-z_]+|p[0-9]+(?:\.[0-9]+)?)\s*(<=|>=|==|<|>)\s*(\S+)$`)

// ParseThreshold reads a threshold. The error says what is allowed.
func ParseThreshold(text string) (Threshold, error) {
	m := thresholdSyntax.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Threshold{}, fmt.Errorf("threshold: got %q, %s", text, thresholdForms)
	}
	t := Threshold{Expression: strings.TrimSpace(text), Scenario: m[1], metric: m[2], operator: m[3]}
	value := m[4]
	var err error
	switch {
	case t.metric == "max":
		t.limit, err = limitOf(value)
	case t.metric == "leaks" || t.metric == "false_refusals" || t.metric == "faults":
		t.limit, t.part, err = numberOf(value)
	case t.metric == "achieved":
		t.limit, t.part, err = numberOf(value)
		if t.part {
			t.limit, t.part = t.limit/100, false
		}
	case t.metric[0] == 'p':
		t.percent, err = strconv.ParseFloat(t.metric[1:], 64)
		if err == nil && (t.percent <= 0 || t.percent > 100) {
			err = fmt.Errorf("got percentile %v, want more than 0 and at most 100", t.percent)
		}
		if err == nil {
			t.limit, err = limitOf(value)
		}
	default:
		err = fmt.Errorf("no metric is called %q", t.metric)
	}
	if err != nil {
		return Threshold{}, fmt.Errorf("threshold %q: %w; %s", text, err, thresholdForms)
	}
	return t, nil
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

// value is what the threshold limits, as seen: milliseconds for latencies, a
// number or percent for counts, a part of 1 for achieved. False means that there
// are no samples.
func (t Threshold) value(seen *tally, offered, achieved float64) (float64, bool) {
	if seen == nil || seen.requests == 0 {
		return 0, false
	}
	count := func(n int64) (float64, bool) {
		if t.part {
			return 100 * float64(n) / float64(seen.requests), true
		}
		return float64(n), true
	}
	switch t.metric {
	case "leaks":
		return count(seen.leaks)
	case "false_refusals":
		return count(seen.falseRefusals)
	case "faults":
		return count(seen.faults)
	case "achieved":
		if offered == 0 {
			return 0, false
		}
		return achieved / offered, true
	}
	if seen.answered == 0 {
		return 0, false
	}
	if t.metric == "max" {
		return milliseconds(time.Duration(seen.latency.Max()) * time.Microsecond), true
	}
	return milliseconds(seen.quantile(t.percent)), true
}

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
func (t Threshold) result(scenario string, seen *tally, offered, achieved float64) ThresholdResult {
	r := ThresholdResult{Expression: t.Expression, Scenario: scenario}
	if value, ok := t.value(seen, offered, achieved); ok {
		r.Value, r.Held = &value, t.holds(value)
	}
	return r
}
