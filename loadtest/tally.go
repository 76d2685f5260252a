package loadtest

import (
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest latency that is told apart, in microseconds: 1 h.
const longest = int64(time.Hour / time.Microsecond)

// tally is what came of the requests of one scenario. Its size does not grow
// with their number. One goroutine writes it.
type tally struct {
	requests, kept, leaks, falseRefusals, faults int64
	answered                                     int64
	leaksByRule                                  map[string]int64
	unsent                                       string // why the attack stopped before its time
	// latency is in microseconds, from when a request was due. A request without
	// an answer counts with the time until it was given up, so that the slowest
	// are not left out.
	latency  *hdrhistogram.Histogram
	lastSent time.Duration // since the attack began
	elapsed  time.Duration // until the last answer
}

func newTally() *tally {
	return &tally{latency: hdrhistogram.New(1, longest, 3)}
}

// add counts one request; the rule is that which a leak breaks.
func (t *tally) add(c Class, rule string, answered bool, sent, latency time.Duration) {
	t.requests++
	switch c {
	case Leak:
		t.leaks++
		if t.leaksByRule == nil {
			t.leaksByRule = map[string]int64{}
		}
		t.leaksByRule[rule]++
	case FalseRefusal:
		t.falseRefusals++
	case Fault:
		t.faults++
	default:
		t.kept++
	}
	if answered {
		t.answered++
	}
	t.lastSent = max(t.lastSent, sent)
	t.elapsed = max(t.elapsed, sent+latency)
	// The value is in range, so that it cannot fail.
	_ = t.latency.RecordValue(min(max(latency.Microseconds(), 1), longest))
}

// quantile is a percentile of the latency.
func (t *tally) quantile(percent float64) time.Duration {
	return time.Duration(t.latency.ValueAtQuantile(percent)) * time.Microsecond
}

func (t *tally) latencies() Latency {
	if t.answered == 0 {
		return Latency{}
	}
	return Latency{
		P50: milliseconds(t.quantile(50)), P90: milliseconds(t.quantile(90)), P95: milliseconds(t.quantile(95)),
		P99: milliseconds(t.quantile(99)), P999: milliseconds(t.quantile(99.9)),
		Max: milliseconds(time.Duration(t.latency.Max()) * time.Microsecond),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// classOf reads the verdict that travels with a result.
func classOf(marked []string) (c Class, rule, text string) {
	if len(marked) != 3 {
		return AsExpected, "", ""
	}
	return Class(marked[0]), marked[1], strings.Join(strings.Fields(marked[0]+" "+marked[1]+" "+marked[2]), " ")
}

// figures are what thresholds look at.
func (t *tally) figures(r *ScenarioReport) *figures {
	return &figures{
		requests: t.requests, answered: t.answered, kept: t.kept, leaks: t.leaks, falseRefusals: t.falseRefusals, faults: t.faults,
		offered: r.OfferedRate, achieved: r.AchievedRate, latency: t.latency,
	}
}
