package loadtest_test

import (
	"testing"

	"github.com/scopeproof/scopeproof/loadtest"
)

func TestExitCodes(t *testing.T) {
	one := 1.0
	kept := loadtest.ScenarioReport{Outcome: loadtest.Kept}
	for _, c := range []struct {
		name string
		r    loadtest.Report
		want int
	}{
		{"kept", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept, {Outcome: loadtest.NotApplicable}}, Thresholds: []loadtest.ThresholdResult{{Value: &one, Held: true}}}, 0},
		{"a leak", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Inconclusive, Leaks: 1}}}, 1},
		{"broken", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Broken}}}, 1},
		{"a missed threshold", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept}, Thresholds: []loadtest.ThresholdResult{{Value: &one}}}, 1},
		{"a threshold without samples", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept}, Thresholds: []loadtest.ThresholdResult{{Held: true}}}, 3},
		{"too slow", loadtest.Report{Scenarios: []loadtest.ScenarioReport{kept, {Outcome: loadtest.Inconclusive}}}, 3},
		{"nothing applies", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.NotApplicable}}}, 3},
		{"a sweep that warns", loadtest.Report{Sweeps: []loadtest.SweepReport{{Outcome: loadtest.Kept, Warning: "it grows"}}}, 0},
		{"a sweep that leaks", loadtest.Report{Sweeps: []loadtest.SweepReport{{Outcome: loadtest.Kept, Leaks: 1}}}, 1},
		{"a sweep that says nothing", loadtest.Report{Sweeps: []loadtest.SweepReport{{Outcome: loadtest.Inconclusive}}}, 3},
		{"nothing ran", loadtest.Report{}, 3},
		{"interrupted", loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Broken}}, Interrupted: true}, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := loadtest.ExitCode(&c.r); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
