package loadtest

import (
	"slices"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func drawn(t *testing.T, seed int64, n int) []string {
	t.Helper()
	p := Plan{Hits: []Hit{
		{Weight: 3, Request: Request{Method: "GET", URL: "http://h/a"}, Expect: func(Answer) Verdict { return Verdict{} }},
		{Request: Request{Method: "GET", URL: "http://h/b"}, Expect: func(Answer) Verdict { return Verdict{} }},
	}}
	d := newDeck(t.Context(), p, seed)
	var urls []string
	for range n {
		var target vegeta.Target
		if err := d.draw(&target); err != nil {
			t.Fatal(err)
		}
		urls = append(urls, target.URL)
	}
	return urls
}

func TestTheOrderIsTheSeeds(t *testing.T) {
	one, again, other := drawn(t, 1, 400), drawn(t, 1, 400), drawn(t, 2, 400)
	if !slices.Equal(one, again) {
		t.Error("the same seed gave another order")
	}
	if slices.Equal(one, other) {
		t.Error("another seed gave the same order")
	}
	a := 0
	for _, url := range one {
		if url == "http://h/a#0" {
			a++
		}
	}
	if a != 300 {
		t.Errorf("got %d draws of the hit of weight 3, want 300 of 400", a)
	}
}

// counting is a chain that notices when two goroutines have it at once.
type counting struct {
	busy bool
	left int
}

func (c *counting) Next() Request { c.busy = true; return Request{Method: "GET", URL: "http://h/c"} }
func (c *counting) Judge(Answer) (Verdict, bool) {
	c.left--
	return Verdict{}, c.left > 0
}

func TestChainsAreTakenOneAtATime(t *testing.T) {
	chain := &counting{left: 2}
	d := newDeck(t.Context(), Plan{Hits: []Hit{{Chains: []Chain{chain}}}}, 1)
	var target vegeta.Target
	if err := d.draw(&target); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		var target vegeta.Target
		second <- d.draw(&target)
	}()
	select {
	case <-second:
		t.Fatal("the chain was given out twice")
	case <-time.After(20 * time.Millisecond):
	}
	s := d.at("0")
	_, more := s.chain.Judge(Answer{})
	s.pool.give(s, more)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	_, more = s.chain.Judge(Answer{})
	s.pool.give(s, more)
	if err := d.draw(&target); err != errEnded {
		t.Errorf("got %v, want the error that no chain is left", err)
	}
	if all, ended := d.chains(); all != 1 || ended != 1 {
		t.Errorf("got %d of %d chains ended, want 1 of 1", ended, all)
	}
}

func TestTheScheduleKeepsTheRateInBursts(t *testing.T) {
	s := newSchedule(100, 16, 2*time.Second)
	if s.planned != 200 {
		t.Errorf("got %d planned, want 200", s.planned)
	}
	if s.due(0) != 0 || s.due(15) != 0 || s.due(16) != 160*time.Millisecond || s.due(31) != 160*time.Millisecond {
		t.Errorf("got due %v %v %v %v", s.due(0), s.due(15), s.due(16), s.due(31))
	}
	if wait, stop := s.Pace(100*time.Millisecond, 16); wait != 60*time.Millisecond || stop {
		t.Errorf("got wait %v, stop %v", wait, stop)
	}
	if wait, stop := s.Pace(200*time.Millisecond, 16); wait != 0 || stop {
		t.Errorf("late: got wait %v, stop %v", wait, stop)
	}
	if _, stop := s.Pace(0, 200); !stop {
		t.Error("it goes on when all is sent")
	}
	if _, stop := s.Pace(3*time.Second, 100); !stop {
		t.Error("it goes on long after the end")
	}
	if got := s.lag(0, s.began.Add(30*time.Millisecond)); got != 30*time.Millisecond {
		t.Errorf("got lag %v, want 30ms", got)
	}
}
