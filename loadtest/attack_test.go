package loadtest

import (
	"testing"
	"time"
)

func TestAServerThatFellSilentHasStopped(t *testing.T) {
	const ms = time.Millisecond
	type answer struct{ done, took time.Duration } // as seen a second into the attack
	for _, c := range []struct {
		name    string
		answers []answer
		stopped bool
	}{
		{"quick answers, and then none", []answer{{900 * ms, ms}, {910 * ms, 2 * ms}, {0, 0}}, true},
		{"quick answers until now", []answer{{900 * ms, ms}, {time.Hour, ms}}, false}, // now is later than a second
		{"slow answers, and none for a while", []answer{{700 * ms, 300 * ms}, {710 * ms, 310 * ms}}, false},
		{"slow answers, but for one", []answer{{700 * ms, 300 * ms}, {710 * ms, 310 * ms}, {720 * ms, ms}}, false},
		{"no answer yet", []answer{{0, 0}, {0, 0}}, false},
	} {
		a := &attack{tickets: &tickets{began: time.Now().Add(-time.Second)}}
		for _, seen := range c.answers {
			w := &worker{attack: a}
			w.done.Store(int64(seen.done))
			w.took.Store(int64(seen.took))
			a.hands = append(a.hands, w)
		}
		if got := a.stopped(); got != c.stopped {
			t.Errorf("%s: got %v, want %v", c.name, got, c.stopped)
		}
	}
}
