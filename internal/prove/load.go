package prove

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// How hard a defect is looked for by load. The faults last a few milliseconds a
// request, so that a thousand requests a second are sure to meet.
const (
	loadRate     = 1000.0 // requests per second, for each scenario
	loadDuration = 3 * time.Second
)

// oneByLoad proves a defect that single requests do not show: the rules hold one
// request at a time, and a leak under load is charged to the rule that its
// expectation names.
func oneByLoad(ctx context.Context, d defect.Defect) (Result, error) {
	r := newResult(d, slices.Sorted(slices.Values(d.Breaks)))
	t, err := embedded.Reference(embedded.Defect(d.ID)).Open(ctx)
	if err != nil {
		return r, err
	}
	defer func() { _ = t.Close() }()
	rep, err := loadtest.Run(ctx, t, scenarios.All(), loadtest.Options{Rate: loadRate, Duration: loadDuration, Seed: 1})
	if err != nil {
		return r, err
	}
	for _, s := range rep.Scenarios {
		for id := range s.LeaksByRule {
			if !slices.Contains(r.Violated, id) {
				r.Violated = append(r.Violated, id)
			}
		}
		for _, sample := range s.Samples {
			if sample.Class == "leak" && r.Shown[sample.Rule] == "" {
				r.Shown[sample.Rule] = s.Name + ": " + sample.Message
			}
		}
	}
	slices.Sort(r.Violated)
	seen := false
	for _, message := range r.Shown {
		seen = seen || strings.Contains(message, d.Shows)
	}
	r.judge(d.Shows, seen)
	return r, nil
}
