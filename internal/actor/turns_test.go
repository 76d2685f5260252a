package actor

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A server that bears one request at a time is sent one, whoever asks; what a
// scenario makes at once is one turn.
func TestRequestsTakeTurns(t *testing.T) {
	var now, most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	}))
	defer server.Close()
	get := func() *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	s := &Stage{transport: server.Client().Transport, RequestTimeout: 10 * time.Second}
	s.TakeTurns(1)
	all := make([]*Recorder, 4)
	for i := range all {
		all[i] = newRecorder(s.transport, s.RequestTimeout, nil, nil)
		all[i].turns = s.turns
	}
	var wg sync.WaitGroup
	for _, r := range all {
		req := get()
		wg.Go(func() {
			if _, err := r.do(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := most.Load(); got != 1 {
		t.Errorf("got %d requests at once, want 1", got)
	}
	if err := all[0].race(t.Context(), []*Entry{{req: get()}, {req: get()}}); err != nil {
		t.Fatal(err)
	}
	if got := len(s.turns); got != 0 {
		t.Errorf("got %d turns that were not given back, want none", got)
	}
	if got := most.Load(); got != 2 {
		t.Errorf("got %d requests at once of a race of two, want 2", got)
	}
	if err := s.turns.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	all[0].apart = server.URL
	if _, err := all[0].do(t.Context(), get()); err != nil {
		t.Errorf("what is apart has no turn to wait for: got %v", err)
	}
}
