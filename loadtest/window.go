package loadtest

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"time"
)

// mostWindows bounds how many windows an attack keeps: when there are more, each
// two become one, of twice the length.
const mostWindows = 600

// Window is what was seen in one second of an attack, or in several where it was
// long: windows are at most some hundreds, all of one length but the last.
type Window struct {
	// Second is when it begins, in seconds since the attack began, and Seconds how
	// long it is.
	Second  int64 `json:"second"`
	Seconds int64 `json:"seconds"`
	// Due are the requests that were due in the window, Sent those handed to a
	// connection in it.
	Due  int64 `json:"due"`
	Sent int64 `json:"sent"`
	// Kept, Leaks, FalseRefusals and Faults are the requests that were answered or
	// given up in the window.
	Kept          int64 `json:"kept"`
	Leaks         int64 `json:"leaks"`
	FalseRefusals int64 `json:"false_refusals"`
	Faults        int64 `json:"faults"`
	// Limited are those of Faults whose answer asks for fewer requests.
	Limited int64 `json:"limited,omitempty"`
	// Latency is that of the requests that were answered or given up in the window,
	// from when each was due.
	Latency Latency `json:"latency_ms"`

	counts sparse
}

// Answered is how many requests were answered or given up in the window.
func (w *Window) Answered() int64 { return w.Kept + w.Leaks + w.FalseRefusals + w.Faults }

// merge adds the next window to w; scratch is a histogram to count in.
func (w *Window) merge(next Window, scratch *histogram) {
	w.Seconds += next.Seconds
	w.addCounts(next)
	scratch.reset()
	w.counts.addTo(scratch)
	next.counts.addTo(scratch)
	w.counts, w.Latency = newSparse(scratch), latencies(scratch)
}

func (w *Window) addCounts(other Window) {
	w.Due, w.Sent = w.Due+other.Due, w.Sent+other.Sent
	w.Kept, w.Leaks = w.Kept+other.Kept, w.Leaks+other.Leaks
	w.FalseRefusals, w.Faults = w.FalseRefusals+other.FalseRefusals, w.Faults+other.Faults
	w.Limited += other.Limited
}

// windows are the windows of an attack, and the one that is under way.
type windows struct {
	done   []Window
	length int64 // of a window, in seconds: of the last one at most
	// counted keeps the latencies of each, so that windows can be added up later: those
	// of shards, and of an attack of which it is not known how long it is. They are
	// what grows with the time that an attack takes.
	counted bool
	latest  Window // the last that is over, of one second
	now     Window
	hist    *histogram // of now
	spare   *histogram
}

// newWindows are those of an attack that takes so long; 0: nobody knows.
func newWindows(duration time.Duration, counted bool) *windows {
	length := int64(1)
	for time.Duration(length*mostWindows)*time.Second < duration {
		length *= 2
	}
	return &windows{length: length, counted: counted || duration == 0, hist: newHistogram(), spare: newHistogram(), now: Window{Seconds: 1}}
}

// add counts what was seen since the last call, in the window of that second. Due
// and sent are what there was in all.
func (w *windows) add(second int64, seen *tally, due, sent int64) {
	for w.now.Second < second {
		w.close()
	}
	n := &w.now
	n.Kept, n.Leaks = n.Kept+seen.kept, n.Leaks+seen.leaks
	n.FalseRefusals, n.Faults = n.FalseRefusals+seen.falseRefusals, n.Faults+seen.faults
	n.Limited += seen.limited
	n.Due, n.Sent = n.Due+due, n.Sent+sent
	w.hist.merge(seen.latency)
}

// close ends the window that is under way.
func (w *windows) close() {
	w.now.Latency = latencies(w.hist)
	if w.counted || w.length > 1 {
		w.now.counts = newSparse(w.hist)
	}
	w.latest = w.now
	w.hist.reset()
	last := len(w.done) - 1
	if last >= 0 && w.done[last].Seconds < w.length {
		w.done[last].merge(w.now, w.spare)
	} else {
		w.done = append(w.done, w.now)
		last++
	}
	w.now = Window{Second: w.now.Second + 1, Seconds: 1}
	if !w.counted {
		if w.done[last].Seconds == w.length {
			w.done[last].counts = nil
		}
		return // what an attack takes longer than it was meant to is not much
	}
	if len(w.done) > mostWindows {
		half := w.done[:0]
		for i := 0; i < len(w.done); i += 2 {
			pair := w.done[i]
			if i+1 < len(w.done) {
				pair.merge(w.done[i+1], w.spare)
			}
			half = append(half, pair)
		}
		clear(w.done[len(half):])
		w.done, w.length = half, 2*w.length
	}
}

// sparse is a histogram of which only the buckets are kept that hold something:
// the distance to the one before, and the count.
type sparse []byte

func newSparse(h *histogram) sparse {
	if h.total == 0 {
		return nil
	}
	var s sparse
	last := int64(0)
	for value, count := range h.all() {
		s = binary.AppendUvarint(s, uint64(value-last))
		s = binary.AppendUvarint(s, uint64(count))
		last = value
	}
	return slices.Clone(s) // no more than that
}

// all are the buckets: the highest value that counts in each, in microseconds, and
// how many do. What is no sparse histogram ends where it stops being one.
func (s sparse) all() iter.Seq2[int64, int64] {
	return func(yield func(value, count int64) bool) {
		for value, rest := uint64(0), s; len(rest) > 0; {
			step, n := binary.Uvarint(rest)
			if n <= 0 {
				return
			}
			count, m := binary.Uvarint(rest[n:])
			if m <= 0 {
				return
			}
			rest, value = rest[n+m:], value+step
			if !yield(int64(min(value, uint64(longest))), int64(min(count, math.MaxInt64))) {
				return
			}
		}
	}
}

func (s sparse) addTo(h *histogram) {
	for value, count := range s.all() {
		h.add(value, count)
	}
}

func latencies(h *histogram) Latency {
	if h.total == 0 {
		return Latency{}
	}
	at := func(percent float64) float64 { return millis(h.at(percent)) }
	return Latency{
		Min: millis(h.min()), Mean: math.Round(h.mean()) / 1000,
		P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), P9999: at(99.99), Max: millis(h.max()),
	}
}

// spectrum is the distribution of the latencies that h counted: the median first,
// then each time what half of the slower ones took at most, until one is left, and
// the slowest.
func spectrum(h *histogram) []Percentile {
	total := h.total
	if total == 0 {
		return nil
	}
	points := []Percentile{{0, millis(h.min())}, {25, millis(h.at(25))}}
	for slower := 0.5; slower*float64(total) >= 1; slower /= 2 {
		percent := 100 * (1 - slower)
		points = append(points, Percentile{percent, millis(h.at(percent))})
	}
	return append(points, Percentile{100, millis(h.max())})
}
