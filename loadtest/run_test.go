package loadtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

const hiddenToken = "token-0123456789-abcdefghijkl"

// hostile is a server that answers as it is told.
func hostile(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *target.Target) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			return // the connections are dialled
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server, &target.Target{Description: &target.Description{Name: "hostile"}, Issuer: server.URL, Metadata: map[string]any{}}
}

func apiScenario(url string, expect func(*loadtest.Stage) loadtest.Expectation) loadtest.Scenario {
	return loadtest.Scenario{Name: "stub", Text: "A stub is called.", Rules: []string{"RSM-02"}, Prepare: func(_ context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
		return loadtest.Plan{Hits: []loadtest.Hit{{
			Request: loadtest.Request{
				Method: "GET", URL: url + "/things?access_token=" + hiddenToken, Actor: "Planner", To: "API",
				Header: http.Header{"Authorization": {"Bearer " + hiddenToken}},
			},
			Expect: expect(s),
		}}}, nil
	}}
}

func refuses(s *loadtest.Stage) loadtest.Expectation {
	return s.Refuses("RSM-02", target.Operation{Name: "list"}, nil, "")
}
func serves(s *loadtest.Stage) loadtest.Expectation {
	return s.Serves("RSM-01", target.Operation{Name: "list"}, nil)
}
func issues(s *loadtest.Stage) loadtest.Expectation {
	read := oauth.NewScopeSet("read")
	return s.Issues(loadtest.Grant{Rule: "GRANT-01", Asked: read, Must: read})
}

func short() loadtest.Options {
	return loadtest.Options{Rate: 200, Duration: 500 * time.Millisecond, Seed: 1}
}

func run(t *testing.T, tg *target.Target, s loadtest.Scenario, o loadtest.Options) (*loadtest.Report, loadtest.ScenarioReport) {
	t.Helper()
	r, err := loadtest.Run(t.Context(), tg, []loadtest.Scenario{s}, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Scenarios) != 1 {
		t.Fatalf("got %d scenarios, want 1", len(r.Scenarios))
	}
	return r, r.Scenarios[0]
}

func TestAnswersAreCountedByWhatTheyAmountTo(t *testing.T) {
	reset := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
	for _, tt := range []struct {
		name    string
		answer  http.HandlerFunc
		expect  func(*loadtest.Stage) loadtest.Expectation
		outcome loadtest.Outcome
		class   string
		exit    int
	}{
		{"403 as expected", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, refuses, loadtest.Kept, "", 0},
		{"200 where 403 is due", func(http.ResponseWriter, *http.Request) {}, refuses, loadtest.Broken, "leak", 1},
		{"403 where 200 is due", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, serves, loadtest.Broken, "false_refusal", 1},
		{"garbage for a token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "}{") }, issues, loadtest.Broken, "fault", 1},
		{"another scope", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"`+hiddenToken+`","token_type":"Bearer","scope":"read write"}`)
		}, issues, loadtest.Broken, "leak", 1},
		{"every third connection ends", func() http.HandlerFunc {
			var n atomic.Int64
			return func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1)%3 != 0 {
					return
				}
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil { // with a byte of an answer, net/http does not send the request again
					_, _ = io.WriteString(conn, "H")
					_ = conn.Close()
				}
			}
		}(), serves, loadtest.Broken, "fault", 1},
		{"every connection is reset", func(w http.ResponseWriter, _ *http.Request) { reset(w) }, serves, loadtest.Inconclusive, "fault", 3},
		{"half an answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}, serves, loadtest.Inconclusive, "fault", 3},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			for chunk := make([]byte, 64<<10); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, serves, loadtest.Inconclusive, "fault", 3},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, serves, loadtest.Broken, "fault", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, tg := hostile(t, tt.answer)
			o := short()
			o.Rate, o.Duration = 50, 400*time.Millisecond
			report, s := run(t, tg, apiScenario(server.URL, tt.expect), o)
			if s.Outcome != tt.outcome {
				t.Errorf("got %s (%s), want %s", s.Outcome, s.Reason, tt.outcome)
			}
			if s.Requests != s.Kept+s.Leaks+s.FalseRefusals+s.Faults || s.Requests == 0 {
				t.Errorf("the classes do not add up: %+v", s)
			}
			if tt.class != "" && (len(s.Samples) == 0 || s.Samples[0].Class != tt.class) {
				t.Errorf("got samples %v, want one of class %s first", s.Samples, tt.class)
			}
			if got := loadtest.ExitCode(report); got != tt.exit {
				t.Errorf("got exit code %d, want %d", got, tt.exit)
			}
			noSecrets(t, report)
		})
	}
}

func noSecrets(t *testing.T, report *loadtest.Report) {
	t.Helper()
	data, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(hiddenToken)) {
		t.Errorf("the report shows a token: %s", data)
	}
}

// A stall must be seen in the latency of the requests that were due during it,
// also of those that no worker was free for.
func TestAStallIsSeenInFull(t *testing.T) {
	for _, workers := range []int{0, 32} {
		var began atomic.Int64
		release := make(chan struct{})
		var once sync.Once
		server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {
			if began.Add(1) < 200 {
				return
			}
			once.Do(func() { time.AfterFunc(time.Second, func() { close(release) }) })
			<-release
		})
		o := loadtest.Options{Rate: 500, Duration: 4 * time.Second, Seed: 1, Workers: workers}
		_, s := run(t, tg, apiScenario(server.URL, serves), o)
		// 500 of 2000 requests were due in the stall, and waited 0 to 1 s.
		if s.Latency.P99 < 700 || s.Latency.P90 < 250 || s.Latency.Max < 800 {
			t.Errorf("%d workers: got p90 %v, p99 %v and max %v ms, want what a stall of 1 s leaves", workers, s.Latency.P90, s.Latency.P99, s.Latency.Max)
		}
		if s.Leaks+s.FalseRefusals+s.Faults > 0 {
			t.Errorf("%d workers: got %+v, want nothing but kept", workers, s)
		}
	}
}

func TestATargetThatIsTooSlowIsNamed(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) { time.Sleep(100 * time.Millisecond) })
	o := short()
	o.Workers = 2
	r, s := run(t, tg, apiScenario(server.URL, serves), o)
	if s.Outcome != loadtest.Inconclusive || s.AchievedRate > 0.5*s.OfferedRate || loadtest.ExitCode(r) != 3 {
		t.Errorf("got %s, %v of %v requests/s, want inconclusive at a fraction of the rate", s.Outcome, s.AchievedRate, s.OfferedRate)
	}
	if !strings.Contains(s.Reason, "saturated") {
		t.Errorf("the reason does not say who was saturated: %s", s.Reason)
	}
}

func TestATimeoutIsAFault(t *testing.T) {
	done := make(chan struct{})
	server, tg := hostile(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	})
	defer close(done)
	o := short()
	o.Timeout = 200 * time.Millisecond
	o.Thresholds = []loadtest.Threshold{threshold(t, "p99<1h")}
	r, s := run(t, tg, apiScenario(server.URL, serves), o)
	if s.Outcome != loadtest.Inconclusive || s.Faults != s.Requests || !strings.Contains(s.Reason, "timed out") {
		t.Errorf("got %s (%s) with %d faults of %d", s.Outcome, s.Reason, s.Faults, s.Requests)
	}
	if r.Thresholds[0].Held || r.Thresholds[0].Value != nil || loadtest.ExitCode(r) != 3 {
		t.Errorf("got %+v and exit code %d, want a threshold without samples, and 3", r.Thresholds, loadtest.ExitCode(r))
	}
}

func threshold(t *testing.T, text string) loadtest.Threshold {
	t.Helper()
	th, err := loadtest.ParseThreshold(text)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func TestAMissedThresholdBreaks(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	o := short()
	o.Thresholds = []loadtest.Threshold{threshold(t, "p50<1ns"), threshold(t, "stub.leaks==0")}
	r, s := run(t, tg, apiScenario(server.URL, serves), o)
	if s.Outcome != loadtest.Broken || !strings.Contains(s.Reason, "p50<1ns") || loadtest.ExitCode(r) != 1 {
		t.Errorf("got %s (%s) and exit code %d", s.Outcome, s.Reason, loadtest.ExitCode(r))
	}
	if len(r.Thresholds) != 2 || r.Thresholds[0].Held || !r.Thresholds[1].Held {
		t.Errorf("got thresholds %+v", r.Thresholds)
	}
}

func TestNothingListens(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	server.Close()
	r, s := run(t, tg, apiScenario(server.URL, serves), short())
	if s.Outcome != loadtest.Inconclusive || !strings.Contains(s.Reason, "connection refused") || loadtest.ExitCode(r) != 3 {
		t.Errorf("got %s (%s) and exit code %d", s.Outcome, s.Reason, loadtest.ExitCode(r))
	}
}

func TestResultsAreVegetasAndHoldNoSecret(t *testing.T) {
	var headers sync.Map
	server, tg := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			headers.Store(name, true)
		}
		w.WriteHeader(403)
		_, _ = io.WriteString(w, hiddenToken)
	})
	var written bytes.Buffer
	o := short()
	o.Results = &written
	_, s := run(t, tg, apiScenario(server.URL, refuses), o)
	if bytes.Contains(written.Bytes(), []byte(hiddenToken)) {
		t.Error("the results hold a token")
	}
	decode := vegeta.NewDecoder(&written)
	var metrics vegeta.Metrics
	for {
		var r vegeta.Result
		if err := decode.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if r.URL != server.URL+"/things" || r.Body != nil || r.Headers != nil || r.Error != "" || r.Code != 403 || r.Attack != "stub" {
			t.Fatalf("got the result %+v", r)
		}
		if r.BytesIn != uint64(len(hiddenToken)) {
			t.Fatalf("got %d bytes in, want %d", r.BytesIn, len(hiddenToken))
		}
		metrics.Add(&r)
	}
	metrics.Close()
	if metrics.Requests != uint64(s.Requests) {
		t.Errorf("got %d results, want %d", metrics.Requests, s.Requests)
	}
	for _, name := range []string{"X-Vegeta-Seq", "X-Vegeta-Attack"} {
		if _, sent := headers.Load(name); sent {
			t.Errorf("%s was sent", name)
		}
	}
}

func TestAnInterruptedRunReportsWhatItSaw(t *testing.T) {
	server, tg := hostile(t, func(_ http.ResponseWriter, r *http.Request) {
		select { // the last ones are under way when the run is interrupted
		case <-r.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	o := short()
	o.Duration = time.Minute
	s := apiScenario(server.URL, serves)
	other := s
	other.Name = "other"
	began := time.Now()
	r, err := loadtest.Run(ctx, tg, []loadtest.Scenario{s, other}, o)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the run took %v to end", took)
	}
	if !r.Interrupted || len(r.Scenarios) != 1 || loadtest.ExitCode(r) != 130 {
		t.Fatalf("got interrupted %v, %d scenarios, exit code %d", r.Interrupted, len(r.Scenarios), loadtest.ExitCode(r))
	}
	if got := r.Scenarios[0]; got.Kept == 0 || got.Faults > 0 || got.Outcome != loadtest.Inconclusive {
		t.Errorf("got %+v, want some kept, no faults, inconclusive", got)
	} else if got.OfferedRate != o.Rate || got.AchievedRate < o.Rate/4 || got.AchievedRate > o.Rate {
		t.Errorf("got %v of %v requests/s, want those of what ran, of %v", got.AchievedRate, got.OfferedRate, o.Rate)
	}
}

func TestWhatDoesNotApplyIsSaid(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	s := apiScenario(server.URL, serves)
	s.Needs = []target.Capability{"as.cc"}
	o := short()
	o.Thresholds = []loadtest.Threshold{threshold(t, "p99<1s")}
	r, got := run(t, tg, s, o)
	if got.Outcome != loadtest.NotApplicable || !strings.Contains(got.Reason, "as.cc") || loadtest.ExitCode(r) != 3 {
		t.Errorf("got %s (%s) and exit code %d", got.Outcome, got.Reason, loadtest.ExitCode(r))
	}
	if len(r.Thresholds) != 1 || r.Thresholds[0].Value != nil || r.Thresholds[0].Held {
		t.Errorf("got thresholds %+v, want one without a value", r.Thresholds)
	}
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	good := apiScenario(server.URL, serves)
	for name, change := range map[string]func(*loadtest.Options, *[]loadtest.Scenario){
		"no rate":           func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Rate = 0 },
		"a negative rate":   func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Rate = -1 },
		"rate and saturate": func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Saturate = true },
		"no duration":       func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Duration = 0 },
		"negative workers":  func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Workers = -1 },
		"no scenarios":      func(_ *loadtest.Options, s *[]loadtest.Scenario) { *s = nil },
		"a scenario twice":  func(_ *loadtest.Options, s *[]loadtest.Scenario) { *s = append(*s, good) },
		"a threshold of another": func(o *loadtest.Options, _ *[]loadtest.Scenario) {
			o.Thresholds = []loadtest.Threshold{threshold(t, "no.p99<1s")}
		},
		"a threshold of nothing": func(o *loadtest.Options, _ *[]loadtest.Scenario) { o.Thresholds = []loadtest.Threshold{{}} },
	} {
		o, list := short(), []loadtest.Scenario{good}
		change(&o, &list)
		if _, err := loadtest.Run(t.Context(), tg, list, o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestAFailedSetUpIsInconclusive(t *testing.T) {
	_, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	s := loadtest.Scenario{Name: "stub", Prepare: func(context.Context, *loadtest.Stage) (loadtest.Plan, error) { return loadtest.Plan{}, nil }}
	if _, got := run(t, tg, s, short()); got.Outcome != loadtest.Inconclusive || !strings.Contains(got.Reason, "no hits") {
		t.Errorf("got %s (%s)", got.Outcome, got.Reason)
	}
}

// spent is a chain that never goes on.
type spent struct{ url string }

func (c spent) Next() loadtest.Request { return loadtest.Request{Method: "GET", URL: c.url} }
func (spent) Judge(loadtest.Answer) (loadtest.Verdict, bool) {
	return loadtest.Verdict{}, false
}

func TestAnAttackEndsWithItsLastChain(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	s := loadtest.Scenario{Name: "stub", Prepare: func(context.Context, *loadtest.Stage) (loadtest.Plan, error) {
		return loadtest.Plan{Hits: []loadtest.Hit{{Chains: []loadtest.Chain{spent{server.URL}, spent{server.URL}}}}}, nil
	}}
	if _, got := run(t, tg, s, short()); got.Outcome != loadtest.Inconclusive || got.Requests != 2 || !strings.Contains(got.Reason, "no chain is left") {
		t.Errorf("got %s (%s) after %d requests, want inconclusive after 2", got.Outcome, got.Reason, got.Requests)
	}
}

func TestSaturation(t *testing.T) {
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	o := loadtest.Options{Saturate: true, Duration: 300 * time.Millisecond, Workers: 8}
	if _, s := run(t, tg, apiScenario(server.URL, serves), o); s.Outcome != loadtest.Kept || s.Requests < 10 {
		t.Errorf("got %s (%s) at %v/s", s.Outcome, s.Reason, s.AchievedRate)
	}
}

func TestProgressIsToldAndNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	server, tg := hostile(t, func(http.ResponseWriter, *http.Request) {})
	var told atomic.Int64
	o := short()
	o.Duration = time.Second
	o.OnProgress = func(p loadtest.Progress) {
		told.Add(1)
		if p.Scenario != "stub" || p.Number != 1 || p.Of != 1 || p.Requests == 0 {
			t.Errorf("got %+v", p)
		}
		time.Sleep(300 * time.Millisecond) // a slow one must not slow the attack
	}
	if _, s := run(t, tg, apiScenario(server.URL, serves), o); s.Requests < 100 || s.Requests > 200 {
		t.Errorf("got %d requests, want 200, or nearly so on a slow host", s.Requests)
	}
	if told.Load() == 0 {
		t.Error("no progress was told")
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
