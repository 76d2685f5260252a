package loadtest

import (
	"slices"
	"testing"
	"time"
)

func TestWindowsLoseNothingHoweverLongARunIs(t *testing.T) {
	if testing.Short() {
		t.Skip("much arithmetic by one goroutine")
	}
	w := newWindows(0, true)
	all := newTally()
	const seconds = 1500
	seen := newTally()
	for second := range seconds {
		seen.reset()
		for i := range 3 {
			latency := time.Duration(1+(second*7919+i*104729)%900_000) * time.Microsecond
			s := shot{due: time.Duration(second) * time.Second, done: time.Duration(second)*time.Second + latency}
			if i == 2 && second%10 == 0 {
				s.verdict = Verdict{Class: Leak, Rule: "X"}
			}
			seen.count(&s)
			all.count(&s)
		}
		w.add(int64(second), seen, 3, 3)
	}
	w.close()
	if len(w.done) > mostWindows {
		t.Errorf("got %d windows, want %d at most", len(w.done), mostWindows)
	}
	if w.latest.Second != seconds-1 || w.latest.Seconds != 1 || w.latest.Answered() != 3 {
		t.Errorf("got the latest window %+v, want the last second", w.latest)
	}
	sum, merged, next := Window{}, newHistogram(), int64(0)
	for _, one := range w.done {
		if one.Second != next || one.Answered() != 3*one.Seconds || one.Due != 3*one.Seconds || one.Latency.Max == 0 {
			t.Fatalf("got the window %+v, want one that begins at %d with 3 requests a second", one, next)
		}
		next += one.Seconds
		sum.Kept, sum.Leaks = sum.Kept+one.Kept, sum.Leaks+one.Leaks
		one.counts.addTo(merged)
	}
	if next != seconds || sum.Leaks != seconds/10 || sum.Kept+sum.Leaks != 3*seconds {
		t.Errorf("got %d s with %d kept and %d leaks", next, sum.Kept, sum.Leaks)
	}
	for _, q := range []float64{1, 50, 99, 99.9, 100} {
		if got, want := merged.at(q), all.latency.at(q); got != want {
			t.Errorf("p%v of the windows together: got %d, want %d", q, got, want)
		}
	}
}

func TestASecondInWhichNothingHappensIsAWindow(t *testing.T) {
	w := newWindows(0, true)
	seen := newTally()
	seen.count(&shot{done: time.Millisecond})
	w.add(0, seen, 1, 1)
	w.add(2, seen, 1, 1)
	w.close()
	var answered []int64
	for _, one := range w.done {
		answered = append(answered, one.Answered())
	}
	if !slices.Equal(answered, []int64{1, 0, 1}) {
		t.Errorf("got %v answers a second, want 1, 0 and 1", answered)
	}
}

func TestTheSpectrumIsThatOfTheLatencies(t *testing.T) {
	h := newHistogram()
	if got := spectrum(h); got != nil {
		t.Errorf("got %+v of nothing", got)
	}
	for ms := range int64(1000) {
		h.add(1000*(ms+1), 1)
	}
	points := spectrum(h)
	if first, last := points[0], points[len(points)-1]; first.MS != 1 || last.Percentile != 100 || last.MS < 1000 || len(points) > 15 {
		t.Errorf("got %+v, want at most 15 points, from 1 to 1000 ms", points)
	}
	for i, p := range points[1:] {
		if want := 10 * p.Percentile; p.MS < want-1 || p.MS > want*1.01+1 || p.MS < points[i].MS {
			t.Errorf("p%v: got %v ms after %v, want %v", p.Percentile, p.MS, points[i].MS, want)
		}
	}
}

// However long an attack is, what is remembered of it is what its report says.
func TestWindowsOfAnAttackKeepNoLatenciesApart(t *testing.T) {
	for _, tt := range []struct {
		seconds, length int64
		windows         int
	}{{600, 1, 600}, {601, 2, 301}, {2400, 4, 600}} {
		w, seen := newWindows(time.Duration(tt.seconds)*time.Second, false), newTally()
		seen.count(&shot{done: 5 * time.Millisecond})
		for second := range tt.seconds {
			w.add(second, seen, 1, 1)
		}
		w.close()
		if len(w.done) != tt.windows {
			t.Errorf("%d s: got %d windows, want %d", tt.seconds, len(w.done), tt.windows)
		}
		for i, one := range w.done {
			whole := one.Seconds == tt.length
			if one.Second != int64(i)*tt.length || one.Kept != one.Seconds || one.Latency.P50 < 5 || whole && one.counts != nil {
				t.Errorf("%d s: got the window %+v, want it to begin at %d", tt.seconds, one, int64(i)*tt.length)
			}
			if !whole && i < len(w.done)-1 {
				t.Errorf("%d s: got a window of %d s, want %d", tt.seconds, one.Seconds, tt.length)
			}
		}
	}
}
