package loadtest

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// overloadable is a server as far as workers are concerned: it answers after took,
// and so many a second at most.
type overloadable struct {
	took time.Duration
	most float64 // a second; 0: as many as are asked
}

// crew is an attack of which only the workers and the requests are counted.
type crew struct {
	hiring
	hands   int
	at      time.Duration
	backlog float64 // requests that are due
	taken   float64
	worst   time.Duration // that a request waited for a worker
}

// work lets the crew work for a time at an offered rate.
func (c *crew) work(length time.Duration, rate float64, s overloadable) {
	for end := c.at + length; c.at < end; c.at += hireEvery {
		speed := s.most
		if able := float64(c.hands) / max(s.took, ms/10).Seconds(); s.took < time.Hour && (s.most == 0 || able < s.most) {
			speed = able
		}
		c.backlog += rate * hireEvery.Seconds()
		sent := min(c.backlog, speed*hireEvery.Seconds())
		c.backlog -= sent
		c.taken += sent
		behind := time.Duration(c.backlog / rate * float64(time.Second))
		c.worst = max(c.worst, behind)
		took := s.took
		if s.most > 0 && c.backlog > 0 { // who is asked too much answers late
			took = max(took, time.Duration(float64(c.hands)/s.most*float64(time.Second)))
		}
		if s.took == time.Hour {
			took = ms // those that there were before
		}
		measure := func() pace { return pace{took, took >= quick} }
		c.hands += c.see(look{c.at, uint64(c.taken)}, behind, c.hands, measure)
	}
}

func TestWorkersAreHiredWhereTheyHelp(t *testing.T) {
	for _, c := range []struct {
		name   string
		server overloadable
		start  int
		length time.Duration
		rates  []float64 // one after another, each for that long
		hands  int       // that there must be at the end, at least
		worst  time.Duration
	}{
		{"answers that take long", overloadable{took: 100 * ms}, 20, time.Second, []float64{1000}, 100, 60 * ms},
		{"answers that take very long", overloadable{took: time.Second}, 200, 5 * time.Second, []float64{5000}, 5000, 2 * time.Second},
		{"answers that are quick, but not as quick as was thought", overloadable{took: 10 * ms}, 128, time.Second, []float64{20000}, 200, 200 * ms},
		{"the same, of more requests by and by", overloadable{took: 10 * ms}, 128, time.Second, []float64{10000, 14000, 18000, 22000, 26000}, 260, 200 * ms},
	} {
		k := crew{hands: c.start}
		for _, rate := range c.rates {
			k.work(c.length, rate, c.server)
		}
		if k.hands < c.hands || k.worst > c.worst {
			t.Errorf("%s: got %d workers, and requests that waited up to %v; want %d and %v", c.name, k.hands, k.worst, c.hands, c.worst)
		}
	}
}

func TestNobodyIsHiredForWhatPasses(t *testing.T) {
	const rate, start = 100000, 128
	able := overloadable{took: ms / 2, most: 2 * rate}
	for _, c := range []struct {
		name    string
		trouble overloadable
		length  time.Duration
		hands   int // that there may be after an hour in which that happens once a minute
	}{
		{"half as fast for a moment", overloadable{took: ms / 2, most: rate / 2}, 80 * ms, start},
		{"half as fast for longer", overloadable{took: ms / 2, most: rate / 2}, 300 * ms, start + 3*hireMost},
		{"a tenth as fast for a moment, and then catching up", overloadable{took: ms / 2, most: rate / 10}, 30 * ms, start},
		{"silent for a second", overloadable{took: time.Hour}, time.Second, start},
	} {
		k := crew{hands: start}
		for range 60 {
			k.work(time.Minute, rate, able)
			k.work(c.length, rate, c.trouble)
		}
		if k.hands > c.hands {
			t.Errorf("%s: got %d workers, want %d at most", c.name, k.hands, c.hands)
		}
	}
}

func TestAServerThatIsOverloadedForGoodGetsFewMore(t *testing.T) {
	k := crew{hands: 128}
	k.work(time.Second, 40000, overloadable{took: ms, most: 50000})
	k.work(time.Minute, 100000, overloadable{took: ms, most: 50000})
	if k.hands > 300 {
		t.Errorf("got %d workers", k.hands)
	}
}

func TestAServerIsQuickThatMostWorkersHaveQuickAnswersOf(t *testing.T) {
	type seen struct{ done, took, since time.Duration }
	for _, c := range []struct {
		name  string
		seen  []seen
		quick bool
	}{
		{"quick answers", []seen{{900 * ms, ms, 0}, {910 * ms, 2 * ms, 910 * ms}, {}}, true},
		{"quick answers, and then none", []seen{{900 * ms, ms, 900 * ms}, {901 * ms, ms, 901 * ms}}, true},
		{"slow answers", []seen{{700 * ms, 300 * ms, 0}, {710 * ms, 310 * ms, 0}, {720 * ms, ms, 0}}, false},
		{"no answer yet", []seen{{0, 0, 1}, {0, 0, 2}}, false},
		{"quick answers, but to what the others wait for", []seen{{100 * ms, ms, 100 * ms}, {200 * ms, ms, 200 * ms}, {800 * ms, ms, 800 * ms}}, false},
	} {
		a := &attack{}
		for _, s := range c.seen {
			w := &worker{attack: a}
			w.done.Store(int64(s.done))
			w.took.Store(int64(s.took))
			w.since.Store(int64(s.since))
			a.hands = append(a.hands, w)
		}
		if got := a.pace(); got.long == c.quick {
			t.Errorf("%s: got %+v, want the other", c.name, got)
		}
	}
}
