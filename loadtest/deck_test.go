package loadtest

import (
	"slices"
	"testing"
	"time"
)

func drawn(t *testing.T, seed int64, n int) []string {
	t.Helper()
	p := Plan{Hits: []Hit{
		{Weight: 3, Request: Request{Method: "GET", URL: "http://h/a"}, Expect: func(Answer) Verdict { return Verdict{} }},
		{Request: Request{Method: "GET", URL: "http://h/b"}, Expect: func(Answer) Verdict { return Verdict{} }},
	}}
	d := newDeck(t.Context(), p, seed)
	var urls []string
	for i := range n {
		s, err := d.draw(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, s.packet.URL)
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
		if url == "http://h/a" {
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
	s, err := d.draw(0)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		_, err := d.draw(1)
		second <- err
	}()
	select {
	case <-second:
		t.Fatal("the chain was given out twice")
	case <-time.After(20 * time.Millisecond):
	}
	_, more := s.chain.Judge(Answer{})
	s.pool.give(s, more)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	_, more = s.chain.Judge(Answer{})
	s.pool.give(s, more)
	if _, err := d.draw(2); err != errEnded {
		t.Errorf("got %v, want the error that no chain is left", err)
	}
	if all, ended := d.chains(); all != 1 || ended != 1 {
		t.Errorf("got %d of %d chains ended, want 1 of 1", ended, all)
	}
}
