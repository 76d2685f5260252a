package report

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/loadtest"
)

// runOf is a load run of one scenario, a window a second, with latencies about so
// many milliseconds.
func runOf(seed uint64, ms float64, seconds, perSecond int64) *loadtest.Report {
	random := rand.New(rand.NewPCG(seed, 1))
	r := &loadtest.Report{Schema: loadtest.Schema, Target: "reference", Offered: "20s:200/s", WarmUpMS: 2000}
	s := loadtest.ScenarioReport{Name: "api-reads", Outcome: loadtest.Kept, OfferedRate: 200, AchievedRate: 200, Requests: seconds * perSecond, Kept: seconds * perSecond}
	for second := range seconds {
		about := ms * (0.7 + 0.6*random.Float64())
		if second < 2 {
			about *= 50 // the warm-up
		}
		s.Windows = append(s.Windows, loadtest.Window{
			Second: second, Seconds: 1, Due: perSecond, Sent: perSecond, Kept: perSecond, Latency: loadtest.Latency{P50: about, P99: 4 * about, Max: 9 * about},
		})
	}
	r.Scenarios = []loadtest.ScenarioReport{s}
	return r
}

func loadDiff(t *testing.T, before, after *loadtest.Report, slower float64) *Diff {
	t.Helper()
	d, err := NewDiff(File{Name: "old", Load: before}, File{Name: "new", Load: after}, slower)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLatencyOfLoadRunsIsComparedSecondBySecond(t *testing.T) {
	if d := loadDiff(t, runOf(1, 10, 20, 200), runOf(2, 10, 20, 200), 10); d.Tested != 2 || len(d.Latency) != 0 || d.Regressions != 0 {
		t.Errorf("noise: got %+v of %d tests, want none of 2", d.Latency, d.Tested)
	}
	d := loadDiff(t, runOf(1, 10, 20, 200), runOf(2, 20, 32, 200), 0)
	if len(d.Latency) != 2 || d.Latency[0].What != "p50 of api-reads" || d.Latency[1].What != "p99 of api-reads" || d.Latency[0].OldSize != 18 || d.Latency[0].NewSize != 30 || d.Regressions != 0 {
		t.Errorf("twice as long: got %+v and %d regressions, want both percentiles of 18 and 30 seconds", d.Latency, d.Regressions)
	}
	if d := loadDiff(t, runOf(1, 10, 20, 200), runOf(2, 20, 20, 200), 50); d.Regressions != 2 {
		t.Errorf("slower than 50 %%: got %d regressions, want 2", d.Regressions)
	}
	if d := loadDiff(t, runOf(1, 10, 20, 99), runOf(2, 20, 20, 99), 50); len(d.Latency) != 1 || len(d.Notes) != 1 {
		t.Errorf("few answers a second: got %+v and %q, want p50 alone, and a note", d.Latency, d.Notes)
	}
	for name, change := range map[string]func(r *loadtest.Report){
		"of another rate": func(r *loadtest.Report) { r.Scenarios[0].OfferedRate = 400 },
		"of other stages": func(r *loadtest.Report) { r.Offered = "10s:100/s,10s:300/s" },
		"of longer windows": func(r *loadtest.Report) {
			for i := range r.Scenarios[0].Windows {
				w := &r.Scenarios[0].Windows[i]
				w.Second, w.Seconds = 2*w.Second, 2
			}
		},
	} {
		other := runOf(2, 20, 20, 200)
		change(other)
		if d := loadDiff(t, runOf(1, 10, 20, 200), other, 1); d.Tested != 0 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "not compared") {
			t.Errorf("a run %s: got %d tests and %q, want none, and why", name, d.Tested, d.Notes)
		}
	}
}

func TestWhatBecomesOfALoadRun(t *testing.T) {
	missed := 60.0
	for name, c := range map[string]struct {
		change func(r *loadtest.Report)
		want   int
	}{
		"the same":              {func(*loadtest.Report) {}, 0},
		"a leak":                {func(r *loadtest.Report) { r.Scenarios[0].Leaks = 1 }, 1},
		"a false refusal":       {func(r *loadtest.Report) { r.Scenarios[0].FalseRefusals = 1 }, 1},
		"too slow to be judged": {func(r *loadtest.Report) { r.Scenarios[0].Outcome = loadtest.Inconclusive }, 1},
		"a threshold missed":    {func(r *loadtest.Report) { r.Thresholds[0].Held, r.Thresholds[0].Value = false, &missed }, 1},
		"less capacity":         {func(r *loadtest.Report) { r.Capacities[0].Rate, r.Capacities[0].Beyond = 1000, 1050 }, 1},
		"none":                  {func(r *loadtest.Report) { r.Capacities[0] = loadtest.Capacity{Scenarios: []string{"api-reads"}} }, 1},
		"a little less":         {func(r *loadtest.Report) { r.Capacities[0].Rate, r.Capacities[0].Beyond = 1390, 1440 }, 0},
		"less, not confirmed": {func(r *loadtest.Report) {
			r.Capacities[0].Rate, r.Capacities[0].Beyond, r.Capacities[0].Confirmed = 1000, 1050, false
		}, 0},
		"more capacity": {func(r *loadtest.Report) { r.Capacities[0].Rate, r.Capacities[0].Beyond = 2000, 2100 }, 0},
		"an added threshold, missed": {func(r *loadtest.Report) {
			r.Thresholds = append(r.Thresholds, loadtest.ThresholdResult{Expression: "p50<1ms", Value: &missed})
		}, 1},
		"an added threshold": {func(r *loadtest.Report) {
			r.Thresholds = append(r.Thresholds, loadtest.ThresholdResult{Expression: "p50<99ms", Value: &missed, Held: true})
		}, 0},
		"an added scenario, broken": {func(r *loadtest.Report) {
			r.Scenarios = append(r.Scenarios, loadtest.ScenarioReport{Name: "device", Outcome: loadtest.Broken})
		}, 1},
		"an added sweep, broken": {func(r *loadtest.Report) {
			r.Sweeps = append(r.Sweeps, loadtest.SweepReport{Name: "length", Outcome: loadtest.Broken})
		}, 1},
		"a leak of a sweep": {func(r *loadtest.Report) { r.Sweeps[0].Leaks, r.Sweeps[0].Outcome = 2, loadtest.Broken }, 1},
		"steeper growth": {func(r *loadtest.Report) {
			r.Sweeps[0].Growth = loadtest.Growth{Model: loadtest.GrowsWorse, Exponent: 2, Low: 1.8, High: 2.2}
		}, 1},
		"growth that may be so": {func(r *loadtest.Report) {
			r.Sweeps[0].Growth = loadtest.Growth{Model: loadtest.GrowsWorse, Exponent: 1.4, Low: 1, High: 2.2}
		}, 0},
		"growth of another kind": {func(r *loadtest.Report) { r.Sweeps[0].Growth = loadtest.Growth{} }, 0},
	} {
		run := func() *loadtest.Report {
			r, held := loadFixture(), 15.0
			r.Scenarios = r.Scenarios[:1]
			r.Thresholds = []loadtest.ThresholdResult{{Expression: "p99<50ms", Scenario: "api-reads", Value: &held, Held: true}}
			r.Sweeps[0].Leaks, r.Sweeps[0].Outcome = 0, loadtest.Kept
			r.Sweeps[0].Growth = loadtest.Growth{Model: loadtest.GrowsLinear, Exponent: 1, Low: 0.9, High: 1.1}
			return r
		}
		after := run()
		c.change(after)
		if d := loadDiff(t, run(), after, 0); d.Regressions != c.want {
			t.Errorf("%s: got %d regressions, want %d: %+v %+v %+v", name, d.Regressions, c.want, d.Load, d.Capacities, d.Growths)
		}
	}
}
