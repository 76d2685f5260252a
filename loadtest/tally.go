package loadtest

import (
	"maps"
	"runtime"
	"sync"
	"time"
)

// longest is the longest latency that is told apart, in microseconds: 1 h.
const longest = int64(time.Hour / time.Microsecond)

// tally is what came of the requests of one scenario. Its size does not grow
// with their number. One goroutine writes it.
type tally struct {
	requests, kept, leaks, falseRefusals, faults int64
	limited                                      int64 // of faults: fewer requests are asked for
	answered                                     int64
	leaksByRule                                  map[string]int64
	unsent                                       string // why the attack stopped before its time
	// latency is in microseconds, from when a request was due. A request without
	// an answer counts with the time until it was given up, so that the slowest
	// are not left out.
	latency *histogram
	// lag is how much later than due requests were sent, in microseconds, within 1 %.
	lag      *histogram
	lastSent time.Duration // since the attack began
	elapsed  time.Duration // until the last answer
	stopped  time.Duration // when the attack was interrupted; 0: it was not
	// due and sent are the requests that were due so far, and those sent; the whole
	// run has both in full.
	due, sent int64
	windows   []Window
	// latest is the last second that is over.
	latest     Window
	signatures *Signatures
}

func newTally() *tally { return &tally{latency: newHistogram(), lag: newHistogramTo(longest, 8)} }

// shot is what came of one request; times are since the attack began.
type shot struct {
	verdict         Verdict
	answered        bool
	limited         bool // the answer asks for fewer requests
	due, sent, done time.Duration
}

// count counts one request.
func (t *tally) count(s *shot) {
	t.add(s.verdict.Class, s.verdict.Rule, s.answered, s.due, s.done-s.due)
	if s.limited {
		t.limited++
	}
	t.lastSent = max(t.lastSent, s.sent)
	t.lag.add(inRange(s.sent-s.due), 1)
}

// add counts one request without the time at which it was sent; the rule is that
// which a leak breaks.
func (t *tally) add(c Class, rule string, answered bool, due, latency time.Duration) {
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
	t.elapsed = max(t.elapsed, due+latency)
	t.latency.add(inRange(latency), 1)
}

// inRange is a duration in microseconds that a histogram can hold.
func inRange(d time.Duration) int64 { return min(max(d.Microseconds(), 1), longest) }

// merge adds what another tally counted.
func (t *tally) merge(other *tally) {
	t.addCounts(other)
	t.latency.merge(other.latency)
	t.lag.merge(other.lag)
}

// addCounts is merge without the histograms.
func (t *tally) addCounts(other *tally) {
	t.requests, t.answered = t.requests+other.requests, t.answered+other.answered
	t.kept, t.leaks = t.kept+other.kept, t.leaks+other.leaks
	t.falseRefusals, t.faults = t.falseRefusals+other.falseRefusals, t.faults+other.faults
	t.limited += other.limited
	for rule, n := range other.leaksByRule {
		if t.leaksByRule == nil {
			t.leaksByRule = map[string]int64{}
		}
		t.leaksByRule[rule] += n
	}
	t.lastSent, t.elapsed = max(t.lastSent, other.lastSent), max(t.elapsed, other.elapsed)
}

func (t *tally) reset() {
	clear(t.leaksByRule)
	t.latency.reset()
	t.lag.reset()
	*t = tally{latency: t.latency, lag: t.lag, leaksByRule: t.leaksByRule}
}

func (t *tally) latencies() Latency {
	if t.answered == 0 {
		return Latency{}
	}
	return latencies(t.latency)
}

func (t *tally) spectrum() []Percentile {
	if t.answered == 0 {
		return nil
	}
	return spectrum(t.latency)
}

// counter counts the requests of an attack. Workers count into cells, of which
// there are about as many as can run at once; one goroutine collects them.
type counter struct {
	cells   []cell
	spare   *tally // of collect
	total   *tally
	windows *windows
	due     *cursor // what is due is counted apart from what is handed out
}

type cell struct {
	mu    sync.Mutex
	tally *tally
	_     [48]byte // a cache line
}

func newCounter(s *schedule) *counter {
	c := &counter{
		cells: make([]cell, min(runtime.GOMAXPROCS(0), 64)), spare: newTally(), total: newTally(),
		windows: newWindows(s.duration, s.shards > 0),
	}
	for i := range c.cells {
		c.cells[i].tally = newTally()
	}
	if s.pacer != nil {
		c.due = &cursor{schedule: s}
	}
	return c
}

func (c *cell) add(s *shot) {
	c.mu.Lock()
	c.tally.count(s)
	c.mu.Unlock()
}

// collect adds what was counted since the last call, up to a moment of the attack;
// sent is how many requests were handed out in all.
func (c *counter) collect(moment time.Duration, sent int64) {
	due := sent - c.total.sent
	if c.due != nil {
		due = c.due.before(moment)
	}
	sent, c.total.sent = sent-c.total.sent, sent
	c.total.due += due
	// What is collected belongs to where most of the time was since the last call.
	second := int64(max(0, moment-progressEvery/2) / time.Second)
	for i := range c.cells {
		cell := &c.cells[i]
		cell.mu.Lock()
		c.spare, cell.tally = cell.tally, c.spare
		cell.mu.Unlock()
		c.windows.add(second, c.spare, due, sent)
		due, sent = 0, 0
		c.total.merge(c.spare)
		c.spare.reset()
	}
	c.total.windows, c.total.latest = c.windows.done, c.windows.latest
}

// finish collects what is left, and ends the last window.
func (c *counter) finish(moment time.Duration, sent int64) *tally {
	c.collect(moment, sent)
	if w := &c.windows.now; w.Due+w.Sent+w.Answered() > 0 {
		c.windows.close()
	}
	c.total.leaksByRule = maps.Clone(c.total.leaksByRule)
	c.total.windows, c.total.latest = c.windows.done, c.windows.latest
	return c.total
}
