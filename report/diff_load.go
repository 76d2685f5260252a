package report

import (
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
)

// LoadChange is a load scenario of either run.
type LoadChange struct {
	Name   string   `json:"name"`
	Change Change   `json:"change,omitempty"` // empty: neither better nor worse
	Old    LoadSide `json:"old"`
	New    LoadSide `json:"new"`
}

// LoadSide is a load scenario in one run.
type LoadSide struct {
	Outcome       loadtest.Outcome `json:"outcome,omitempty"` // empty: not in that run
	Requests      int64            `json:"requests"`
	Leaks         int64            `json:"leaks"`
	FalseRefusals int64            `json:"false_refusals"`
	Faults        int64            `json:"faults"`
	OfferedRate   float64          `json:"offered_rate"`  // requests per second
	AchievedRate  float64          `json:"achieved_rate"` // requests per second
	P50           float64          `json:"p50_ms"`
	P99           float64          `json:"p99_ms"`
}

// CapacityChange is a search for the capacity that both runs made.
type CapacityChange struct {
	Name   string            `json:"name"`             // of the scenarios
	Change Change            `json:"change,omitempty"` // empty: they differ by no more than they are exact
	Old    loadtest.Capacity `json:"old"`              // without its curve
	New    loadtest.Capacity `json:"new"`
}

// GrowthChange is a sweep that both runs made.
type GrowthChange struct {
	Name   string     `json:"name"`
	Change Change     `json:"change,omitempty"` // empty: neither better nor worse
	Old    GrowthSide `json:"old"`
	New    GrowthSide `json:"new"`
}

// GrowthSide is a sweep in one run.
type GrowthSide struct {
	Outcome loadtest.Outcome `json:"outcome"` // empty: not in that run
	Growth  loadtest.Growth  `json:"growth"`
	Leaks   int64            `json:"leaks"`
	Faults  int64            `json:"faults"`
}

// ThresholdChange is a threshold of both runs that changed its outcome, or one that
// was added and is missed.
type ThresholdChange struct {
	Expression string   `json:"expression"`
	Scenario   string   `json:"scenario,omitempty"`
	Change     Change   `json:"change"`
	Old        *float64 `json:"old"` // null: there is no value
	New        *float64 `json:"new"`
}

// load compares load scenarios: what came of them, leaks and false refusals. How
// long they took is compared by d.latency.
func (d *Diff) load(before, after *loadtest.Report) {
	sides := map[string][2]LoadSide{}
	var names []string
	for i, r := range []*loadtest.Report{before, after} {
		for _, s := range r.Scenarios {
			pair, known := sides[s.Name]
			if !known {
				names = append(names, s.Name)
			}
			pair[i] = LoadSide{
				s.Outcome, s.Requests, s.Leaks, s.FalseRefusals, s.Faults, finite(s.OfferedRate), finite(s.AchievedRate), finite(s.Latency.P50), finite(s.Latency.P99),
			}
			sides[s.Name] = pair
		}
	}
	for _, name := range names {
		c := LoadChange{Name: name, Old: sides[name][0], New: sides[name][1]}
		switch worse := worseOutcome(c.Old.Outcome, c.New.Outcome); {
		case c.Old.Outcome == "" && bad(c.New.Outcome):
			c.Change = Regression
		case c.Old.Outcome == "":
			c.Change = Added
		case c.New.Outcome == "":
			c.Change = Removed
		case worse > 0, c.New.Leaks > 0 && c.Old.Leaks == 0, c.New.FalseRefusals > 0 && c.Old.FalseRefusals == 0:
			c.Change = Regression
		case worse < 0:
			c.Change = Improvement
		}
		d.regress(c.Change)
		d.Load = append(d.Load, c)
	}
}

// bad reports whether a run with such an outcome is not green.
func bad(o loadtest.Outcome) bool { return o == loadtest.Broken || o == loadtest.Inconclusive }

// worseOutcome is above 0 where an outcome is worse than it was, below where better.
func worseOutcome(was, is loadtest.Outcome) int {
	rank := []loadtest.Outcome{loadtest.Kept, loadtest.NotApplicable, loadtest.Inconclusive, loadtest.Broken}
	return slices.Index(rank, is) - slices.Index(rank, was)
}

// searches compares capacities and sweeps that both runs have. A sweep that the new
// run alone has, and that is not green, is a regression.
func (d *Diff) searches(before, after *loadtest.Report) {
	for _, old := range before.Capacities {
		name := strings.Join(old.Scenarios, ", ")
		for _, found := range after.Capacities {
			if strings.Join(found.Scenarios, ", ") != name {
				continue
			}
			c := CapacityChange{Name: name, Old: old, New: found, Change: capacityChange(old, found)}
			c.Old.Curve, c.New.Curve = []loadtest.CapacityStep{}, []loadtest.CapacityStep{}
			d.regress(c.Change)
			d.Capacities = append(d.Capacities, c)
		}
	}
	for _, s := range after.Sweeps {
		c := GrowthChange{Name: s.Name, New: growthSide(s)}
		i := slices.IndexFunc(before.Sweeps, func(old loadtest.SweepReport) bool { return old.Name == s.Name })
		switch {
		case i >= 0:
			c.Old = growthSide(before.Sweeps[i])
			c.Change = growthChange(c.Old, c.New)
		case bad(s.Outcome):
			c.Change = Regression
		default:
			continue
		}
		d.regress(c.Change)
		d.Growths = append(d.Growths, c)
	}
}

// capacityChange compares two capacities: they differ if the ranges in which each
// was found, from the highest rate that held to the lowest that did not, do not
// meet. One that was not confirmed by a repeat says nothing.
func capacityChange(was, is loadtest.Capacity) Change {
	upTo := func(c loadtest.Capacity) float64 { return max(c.Beyond, c.Rate*(1+c.Precision)) }
	switch {
	case !was.Confirmed || !is.Confirmed && is.Rate > 0:
		return ""
	case upTo(is) < was.Rate:
		return Regression
	case is.Rate > upTo(was):
		return Improvement
	}
	return ""
}

func growthSide(s loadtest.SweepReport) GrowthSide {
	return GrowthSide{s.Outcome, s.Growth, s.Leaks, s.Faults}
}

// growthChange compares two fits. One is worse if it leaks, could not be judged, or
// grows by a higher class of power, the two ranges of which do not meet.
func growthChange(was, is GrowthSide) Change {
	rank := []string{loadtest.GrowsNot, loadtest.GrowsLinear, loadtest.GrowsWorse}
	steeper := slices.Index(rank, is.Growth.Model) - slices.Index(rank, was.Growth.Model)
	if was.Growth.Model == "" || is.Growth.Model == "" {
		steeper = 0
	}
	apart := is.Growth.Low > was.Growth.High || was.Growth.Low > is.Growth.High
	switch worse := worseOutcome(was.Outcome, is.Outcome); {
	case worse > 0, is.Leaks > 0 && was.Leaks == 0, steeper > 0 && apart:
		return Regression
	case worse < 0, steeper < 0 && apart:
		return Improvement
	}
	return ""
}

// thresholds compares those that both runs have, and finds those that were added
// and are missed.
func (d *Diff) thresholds(before, after *loadtest.Report) {
	for _, t := range after.Thresholds {
		c := ThresholdChange{Expression: t.Expression, Scenario: t.Scenario, Change: Improvement, New: t.Value}
		i := slices.IndexFunc(before.Thresholds, func(old loadtest.ThresholdResult) bool {
			return old.Expression == t.Expression && old.Scenario == t.Scenario
		})
		if i >= 0 {
			c.Old = before.Thresholds[i].Value
		}
		if held := i < 0 || before.Thresholds[i].Held; held == t.Held {
			continue
		}
		if !t.Held {
			c.Change = Regression
		}
		d.regress(c.Change)
		d.Thresholds = append(d.Thresholds, c)
	}
}
