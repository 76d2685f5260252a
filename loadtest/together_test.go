package loadtest_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

func named(name, url string, expect func(*loadtest.Stage) loadtest.Expectation) loadtest.Scenario {
	s := apiScenario(url+"/"+name, expect)
	s.Name = name
	return s
}

// runAll runs scenarios and returns their reports by name.
func runAll(t *testing.T, tg *target.Target, list []loadtest.Scenario, o loadtest.Options) (*loadtest.Report, map[string]loadtest.ScenarioReport) {
	t.Helper()
	r, err := loadtest.Run(t.Context(), tg, list, o)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]loadtest.ScenarioReport{}
	for _, s := range r.Scenarios {
		by[s.Name] = s
	}
	return r, by
}

// A mix is one schedule: every scenario sends its share, and is judged on its own.
func TestAMixIsJudgedScenarioByScenario(t *testing.T) {
	server, tg := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/often") {
			w.WriteHeader(403)
		}
	})
	o := loadtest.Options{
		Rate: 400, Duration: 500 * time.Millisecond, Seed: 1, Weights: []int{3, 1},
		Thresholds: []loadtest.Threshold{threshold(t, "often.requests==150"), threshold(t, "seldom.requests==50"), threshold(t, "faults==0")},
	}
	r, by := runAll(t, tg, []loadtest.Scenario{named("often", server.URL, refuses), named("seldom", server.URL, refuses)}, o)
	often, seldom := by["often"], by["seldom"]
	if often.Requests != 150 || seldom.Requests != 50 || often.OfferedRate != 300 || seldom.OfferedRate != 100 {
		t.Errorf("got %d and %d requests at %v/s and %v/s, want 150 and 50 at 300 and 100", often.Requests, seldom.Requests, often.OfferedRate, seldom.OfferedRate)
	}
	if often.Leaks != 0 || seldom.Leaks != 50 || seldom.Outcome != loadtest.Broken || often.Outcome == loadtest.Broken {
		t.Errorf("got %s and %s, want the seldom one broken alone", often.Outcome, seldom.Outcome)
	}
	if r.Offered != "500ms:400/s" || often.Weight != 3 || seldom.Weight != 1 {
		t.Errorf("got %q offered, by %d and %d", r.Offered, often.Weight, seldom.Weight)
	}
	if len(r.Thresholds) != 4 {
		t.Fatalf("got %d thresholds, want 4: %+v", len(r.Thresholds), r.Thresholds)
	}
	for _, limit := range r.Thresholds {
		if !limit.Held {
			t.Errorf("%s in %s: got %+v, want held", limit.Expression, limit.Scenario, limit)
		}
	}
}

func TestOfAMixTheRestIsRun(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	lacking := named("lacking", server.URL, serves)
	lacking.Needs = []target.Capability{"as.cc"}
	_, by := runAll(t, tg, []loadtest.Scenario{lacking, named("rest", server.URL, serves)}, loadtest.Options{Rate: 100, Duration: 300 * time.Millisecond, Weights: []int{1, 1}})
	if by["lacking"].Outcome != loadtest.NotApplicable || by["rest"].Kept == 0 {
		t.Errorf("got %+v", by)
	}
}

// What is sent to warm up is in no figure, but a leak is a leak.
func TestAWarmUpIsJudgedAndNotCounted(t *testing.T) {
	var served atomic.Int64
	server, tg := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1) != 1 {
			w.WriteHeader(403)
		}
	})
	o := loadtest.Options{Rate: 200, Duration: 500 * time.Millisecond, WarmUp: 250 * time.Millisecond, Seed: 1}
	r, s := run(t, tg, apiScenario(server.URL, refuses), o)
	if served.Load() != 150 || s.Kept != 100 || s.Leaks != 1 || s.Outcome != loadtest.Broken {
		t.Errorf("sent %d, got %d kept and %d leaks (%s), want 150, 100 and the first one's leak", served.Load(), s.Kept, s.Leaks, s.Outcome)
	}
	if r.WarmUpMS != 250 || s.OfferedRate != 200 {
		t.Errorf("got %d ms of warm-up and %v/s offered", r.WarmUpMS, s.OfferedRate)
	}
}

func TestStagesAreOffered(t *testing.T) {
	var served atomic.Int64
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) { served.Add(1) })
	stages, err := loadtest.ParseStages("300ms:100/s,200ms:100/s..300/s,100ms:..300/s")
	if err != nil {
		t.Fatal(err)
	}
	_, s := run(t, tg, apiScenario(server.URL, serves), loadtest.Options{Stages: stages, Seed: 1})
	if want := int64(stages.Requests()); want != 100 || s.Requests != want || served.Load() != want {
		t.Errorf("got %d requests, %d of them served, want %d", s.Requests, served.Load(), want)
	}
	var due int64
	for _, w := range s.Windows {
		due += w.Due
	}
	if due != 100 {
		t.Errorf("the windows have %d requests due, want 100", due)
	}
}

func TestConnectionsBoundAClosedModel(t *testing.T) {
	var now, most atomic.Int64
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for {
			seen := most.Load()
			if n <= seen || most.CompareAndSwap(seen, n) {
				break
			}
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	_, s := run(t, tg, apiScenario(server.URL, serves), loadtest.Options{Saturate: true, Workers: 3, Duration: 300 * time.Millisecond})
	if most.Load() != 3 || s.Kept < 3 || s.Outcome != loadtest.Kept {
		t.Errorf("got %d at once, %d kept, %s (%s), want 3 at once", most.Load(), s.Kept, s.Outcome, s.Reason)
	}
}

// What goes wrong in the middle of a run is in groups, each with its evidence, and
// the run goes on.
func TestWhatGoesWrongIsInGroups(t *testing.T) {
	const all, good = 200, 100
	var n atomic.Int64
	server, tg := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		switch now := n.Add(1); {
		case now > good && now%2 == 0:
			w.WriteHeader(500)
		case now > good:
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
				_ = conn.Close()
			}
		}
	})
	r, s := run(t, tg, apiScenario(server.URL, serves), loadtest.Options{Rate: 400, Duration: 500 * time.Millisecond, Seed: 1})
	if s.Requests != all || s.Kept != good || s.Outcome != loadtest.Broken || loadtest.ExitCode(r) != 1 {
		t.Errorf("got %d requests, %d kept, %s (%s), want %d and %d", s.Requests, s.Kept, s.Outcome, s.Reason, all, good)
	}
	if len(s.Groups) != 2 {
		t.Fatalf("got %d groups, want the 500s and the garbage: %+v", len(s.Groups), s.Groups)
	}
	for _, g := range s.Groups {
		if g.Class != "fault" || g.Count != (all-good)/2 || len(g.Exchanges) == 0 || g.Last.Before(g.First) {
			t.Errorf("got the group %+v, want %d faults with an exchange", g, (all-good)/2)
		}
	}
}

func TestOptionsOfAMixAreChecked(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	stages, err := loadtest.ParseStages("1s:10/s")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*loadtest.Options){
		"too few weights":          func(o *loadtest.Options) { o.Weights = []int{} },
		"a weight of nothing":      func(o *loadtest.Options) { o.Weights = []int{0} },
		"stages and a duration":    func(o *loadtest.Options) { o.Stages, o.Rate = stages, 0 },
		"stages and a rate":        func(o *loadtest.Options) { o.Stages, o.Duration = stages, 0 },
		"capacity and a rate":      func(o *loadtest.Options) { o.Capacity = &loadtest.Search{} },
		"a precision of nothing":   func(o *loadtest.Options) { o.Capacity, o.Rate = &loadtest.Search{Precision: -1}, 0 },
		"a negative warm-up":       func(o *loadtest.Options) { o.WarmUp = -time.Second },
		"a sweep of the same name": func(o *loadtest.Options) { o.Sweeps = []loadtest.Sweep{{Name: "stub"}} },
	} {
		o := short()
		change(&o)
		if _, err := loadtest.Run(t.Context(), tg, []loadtest.Scenario{apiScenario(server.URL, serves)}, o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// The last figures always arrive, and what came before never goes back.
func TestProgressEndsWithTheFinalFigures(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	var seen []loadtest.Progress
	o := loadtest.Options{Rate: 200, Duration: 1500 * time.Millisecond, Seed: 1, OnProgress: func(p loadtest.Progress) { seen = append(seen, p) }}
	_, s := run(t, tg, apiScenario(server.URL, serves), o)
	if len(seen) < 2 {
		t.Fatalf("got %d times progress", len(seen))
	}
	last, before := seen[len(seen)-1], int64(0)
	if !last.Last || last.Requests != s.Requests || last.Kept != s.Kept || last.Latency != s.Latency {
		t.Errorf("got %+v at the end, want the figures of %+v", last, s)
	}
	second := false
	for _, p := range seen {
		if p.Requests < before {
			t.Errorf("got %d requests after %d", p.Requests, before)
		}
		before = p.Requests
		second = second || p.Second.Seconds == 1 && p.Second.Sent > 0
	}
	if !second {
		t.Error("no second was shown")
	}
}

// capable is a server that serves so many requests a second, one after another.
func capable(t *testing.T, rate float64) (string, *target.Target) {
	t.Helper()
	slots := make(chan time.Time, 1)
	slots <- time.Now()
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {
		next := <-slots
		if now := time.Now(); next.Before(now) {
			next = now
		}
		slots <- next.Add(time.Duration(float64(time.Second) / rate))
		time.Sleep(time.Until(next))
	})
	return server.URL, tg
}

func TestTheCapacityOfAServerIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	url, tg := capable(t, 1000)
	o := loadtest.Options{
		Capacity: &loadtest.Search{First: 250, Most: 8000, Precision: 0.1}, Duration: 300 * time.Millisecond, Seed: 1,
		Thresholds: []loadtest.Threshold{threshold(t, "p90<60ms"), threshold(t, "capacity>0")},
	}
	r, s := run(t, tg, apiScenario(url, serves), o)
	if len(r.Capacities) != 1 {
		t.Fatalf("got %d capacities", len(r.Capacities))
	}
	c := r.Capacities[0]
	for _, step := range c.Curve {
		t.Logf("%-7s %6.0f/s: %6.0f/s, p90 %5.1f ms, held %v %s", step.Phase, step.OfferedRate, step.AchievedRate, step.Latency.P90, step.Held, step.Reason)
	}
	// No more can be held than the server serves and what waits for 60 ms; a busy
	// host may hold less.
	if c.Rate > 1400 || c.Rate == 0 || c.Beyond <= c.Rate || !c.Confirmed || c.Reason == "" {
		t.Errorf("got %v to %v/s, confirmed %v (%s), want about 1000", c.Rate, c.Beyond, c.Confirmed, c.Reason)
	}
	if s.Outcome != loadtest.Kept || loadtest.ExitCode(r) != 0 || math.Abs(s.OfferedRate-c.Rate) > 1e-6 || len(r.Thresholds) != 2 {
		t.Errorf("got %s (%s) at %v/s with the thresholds %+v", s.Outcome, s.Reason, s.OfferedRate, r.Thresholds)
	}
}

func TestASearchIsInterruptedAndBroken(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	o := loadtest.Options{Capacity: &loadtest.Search{First: 400}, Duration: 300 * time.Millisecond, Seed: 1}
	r, err := loadtest.Run(ctx, tg, []loadtest.Scenario{apiScenario(server.URL, serves)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || len(r.Capacities) != 1 || r.Capacities[0].Confirmed || r.Capacities[0].Reason != "interrupted" || loadtest.ExitCode(r) != 130 {
		t.Errorf("got %+v", r.Capacities)
	}
	// A leak breaks a search, whatever rate is found.
	o.Capacity = &loadtest.Search{First: 4000, Most: 4000}
	report, s := run(t, tg, apiScenario(server.URL, refuses), o)
	if s.Outcome != loadtest.Broken || s.Leaks != s.Requests || loadtest.ExitCode(report) != 1 || report.Capacities[0].Rate != 0 {
		t.Errorf("got %s (%s), %d leaks of %d, capacity %v", s.Outcome, s.Reason, s.Leaks, s.Requests, report.Capacities[0].Rate)
	}
}

// brief is a chain that ends after some requests.
type brief struct {
	url  string
	left *int
}

func (c brief) Next() loadtest.Request { return loadtest.Request{Method: "GET", URL: c.url} }
func (c brief) Judge(loadtest.Answer) (loadtest.Verdict, bool) {
	*c.left--
	return loadtest.Verdict{}, *c.left > 0
}

// Chains that ended in one step of a search are there again in the next, and nothing
// of what was prepared goes on when the search is over.
func TestASearchRefillsWhatEnded(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	prepared := 0
	var beside atomic.Int64
	s := loadtest.Scenario{Name: "stub", Prepare: func(_ context.Context, stage *loadtest.Stage) (loadtest.Plan, error) {
		prepared++
		beside.Add(1)
		stage.Beside(func(ctx context.Context) {
			<-ctx.Done()
			beside.Add(-1)
		})
		stage.Measure("taken", "ms", "what was measured").Add(1)
		var chains []loadtest.Chain
		for i := range 10 { // one of them ends in each step
			left := 1_000_000
			if i == 0 {
				left = 2
			}
			chains = append(chains, brief{server.URL, &left})
		}
		return loadtest.Plan{Hits: []loadtest.Hit{{Chains: chains}}}, nil
	}}
	o := loadtest.Options{Capacity: &loadtest.Search{First: 200, Most: 400}, Duration: 200 * time.Millisecond, Seed: 1}
	limit, err := loadtest.ParseThreshold("stub.taken.max<5ms")
	if err != nil {
		t.Fatal(err)
	}
	o.Thresholds = []loadtest.Threshold{limit}
	r, got := run(t, tg, s, o)
	if len(r.Thresholds) != 1 || !r.Thresholds[0].Held {
		t.Errorf("got the thresholds %+v, want what was measured held", r.Thresholds)
	}
	steps := len(r.Capacities[0].Curve)
	if prepared != steps || steps < 2 {
		t.Errorf("got %d times prepared in %d steps, want once for each", prepared, steps)
	}
	if n := beside.Load(); n != 0 {
		t.Errorf("%d of what was begun beside the load go on", n)
	}
	if len(got.Measures) != 1 || got.Measures[0].Count != int64(steps) {
		t.Errorf("got the measures %+v, want one of %d values", got.Measures, steps)
	}
}

// Whoever scrapes after the end has the figures of the report.
func TestPrometheusHasTheFinalFigures(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	o := short()
	o.Exporter = loadtest.NewExporter()
	_, s := run(t, tg, apiScenario(server.URL, serves), o)
	w := httptest.NewRecorder()
	o.Exporter.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		fmt.Sprintf(`scopeproof_load_requests_total{class="kept",scenario="stub"} %d`, s.Kept),
		fmt.Sprintf(`scopeproof_load_latency_seconds_count{scenario="stub"} %d`, s.Requests),
	} {
		if !strings.Contains(w.Body.String(), want+"\n") || s.Requests == 0 {
			t.Errorf("got no %s in\n%s", want, w.Body)
		}
	}
}
