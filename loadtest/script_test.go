package loadtest_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

// scripted is a scenario of scripts beside a request that is always the same.
func scripted(url string, scripts int, play func(context.Context, *loadtest.Player) error) loadtest.Scenario {
	return loadtest.Scenario{Name: "stub", Prepare: func(_ context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
		return loadtest.Plan{Hits: []loadtest.Hit{
			{Request: loadtest.Request{Method: "GET", URL: url + "/plain"}, Expect: func(loadtest.Answer) loadtest.Verdict { return loadtest.Verdict{} }},
			{Weight: 3, Chains: s.Scripts(scripts, play)},
		}}, nil
	}}
}

func get(url string) loadtest.Request { return loadtest.Request{Method: "GET", URL: url, Actor: "Ada"} }

func TestAScriptPlaysItsActsInTurn(t *testing.T) {
	var mu sync.Mutex
	var order []string
	server, tg := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, r.URL.Path)
		if r.URL.Path == "/second" {
			w.WriteHeader(403)
		}
	})
	s := scripted(server.URL, 1, func(ctx context.Context, p *loadtest.Player) error {
		for _, path := range []string{"/first", "/second"} {
			a, err := p.Send(ctx, get(server.URL+path))
			if err != nil {
				return err
			}
			if a.Status == 403 {
				p.Judge(loadtest.Verdict{Class: loadtest.FalseRefusal, Rule: "RSM-01", Message: "mild"})
				p.Judge(loadtest.Verdict{Class: loadtest.Leak, Rule: "RSM-02", Message: "grave"})
				p.Judge(loadtest.Verdict{Class: loadtest.Fault, Message: "milder"})
			}
		}
		return nil
	})
	_, got := run(t, tg, s, short())
	mu.Lock()
	defer mu.Unlock()
	last, leaks := "/second", int64(0)
	for _, path := range order {
		if path == "/plain" {
			continue
		}
		if path == last {
			t.Fatalf("%s was sent twice in a row: %v", path, order)
		}
		last = path
		if path == "/second" {
			leaks++
		}
	}
	if leaks == 0 || got.Leaks != leaks || got.FalseRefusals+got.Faults > 0 || got.LeaksByRule["RSM-02"] != leaks {
		t.Errorf("got %d leaks %v, %d false refusals and %d faults, want %d leaks", got.Leaks, got.LeaksByRule, got.FalseRefusals, got.Faults, leaks)
	}
}

func TestAScriptThatRestsHoldsNothingUp(t *testing.T) {
	var plain, scripts atomic.Int64
	server, tg := hostile(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/plain" {
			plain.Add(1)
		} else {
			scripts.Add(1)
		}
	})
	s := scripted(server.URL, 4, func(ctx context.Context, p *loadtest.Player) error {
		if _, err := p.Send(ctx, get(server.URL+"/polls")); err != nil {
			return err
		}
		return p.Rest(ctx, time.Hour)
	})
	o := short()
	o.Workers = 4
	_, got := run(t, tg, s, o)
	if got.Requests != 100 || scripts.Load() != 4 || plain.Load() != 96 {
		t.Errorf("got %d requests, %d of scripts and %d others, want 100, 4 and 96 (%s)", got.Requests, scripts.Load(), plain.Load(), got.Reason)
	}
}

func TestAScriptThatFailsIsAFaultAndBeginsAnew(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	var begun atomic.Int64
	s := scripted(server.URL, 1, func(ctx context.Context, p *loadtest.Player) error {
		begun.Add(1)
		if _, err := p.Send(ctx, get(server.URL+"/acts")); err != nil {
			return err
		}
		return errors.New("the page has no form")
	})
	_, got := run(t, tg, s, short())
	if begun.Load() < 3 || got.Faults < 2 || len(got.Samples) == 0 || !strings.Contains(got.Samples[0].Message, "no form") {
		t.Errorf("begun %d times: got %d faults, %+v", begun.Load(), got.Faults, got.Samples)
	}
}

func TestAScriptGoesOnWithoutAnAnswer(t *testing.T) {
	var acts atomic.Int64
	server, tg := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/acts" || acts.Add(1)%2 == 0 {
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil { // with a byte of an answer, net/http does not send the request again
			_, _ = conn.Write([]byte("H"))
			_ = conn.Close()
		}
	})
	s := scripted(server.URL, 1, func(ctx context.Context, p *loadtest.Player) error {
		_, err := p.Send(ctx, get(server.URL+"/acts"))
		return err
	})
	_, got := run(t, tg, s, short())
	if acts.Load() < 4 || got.Faults == 0 || got.Kept+got.Faults != got.Requests {
		t.Errorf("got %d acts, %d faults and %d kept of %d", acts.Load(), got.Faults, got.Kept, got.Requests)
	}
}

func TestMeasuresAreReportedAndNothingOfAScriptIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	s := loadtest.Scenario{Name: "stub", Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
		took := s.Measure("took", "ms", "how long it took")
		s.Measure("never", "ms", "what nobody measured")
		s.Beside(func(ctx context.Context) { <-ctx.Done() })
		o := s.Others()
		o.Beside(func(ctx context.Context) { <-ctx.Done() })
		for i := range 100 {
			took.Add(float64(i + 1))
		}
		return loadtest.Plan{Hits: []loadtest.Hit{{Chains: o.Scripts(8, func(ctx context.Context, p *loadtest.Player) error {
			if _, err := p.Send(ctx, get(server.URL)); err != nil {
				return err
			}
			return p.Rest(ctx, time.Millisecond)
		})}}}, nil
	}}
	_, got := run(t, tg, s, short())
	if len(got.Measures) != 1 {
		t.Fatalf("got measures %+v, want one", got.Measures)
	}
	if m := got.Measures[0]; m.Name != "took" || m.Unit != "ms" || m.Count != 100 || m.P50 < 49 || m.P50 > 51 || m.Max < 99.9 || m.Max > 100.1 {
		t.Errorf("got %+v", m)
	}
	server.Close()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("got %d goroutines after the run, want %d", now, before)
	}
}

func TestWhatPreparesIsBoundedAndToldOf(t *testing.T) {
	_, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	tg.Description.Parallel = 3
	var under, most atomic.Int64
	var told []loadtest.Minted
	o := short()
	o.OnMinted = func(m loadtest.Minted) { told = append(told, m) }
	s := loadtest.Scenario{Name: "stub", Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
		err := s.Each(ctx, "things", 20, func(context.Context, *loadtest.Player, int) error {
			now := under.Add(1)
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			time.Sleep(time.Millisecond)
			under.Add(-1)
			return nil
		})
		return loadtest.Plan{}, errors.Join(err, &loadtest.Inapplicable{Reason: "there is nothing to try"})
	}}
	_, got := run(t, tg, s, o)
	if got.Outcome != loadtest.NotApplicable || got.Reason != "there is nothing to try" {
		t.Errorf("got %s (%s)", got.Outcome, got.Reason)
	}
	if most.Load() > 3 || most.Load() < 2 {
		t.Errorf("got %d at once, want 2 or 3", most.Load())
	}
	if len(told) != 20 || told[19] != (loadtest.Minted{What: "things", Done: 20, Of: 20}) {
		t.Errorf("was told %+v", told)
	}
}
