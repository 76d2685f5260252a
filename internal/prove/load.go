package prove

import (
	"context"
	"fmt"
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
	// rareRate is the rate at which a fault is looked for that takes many requests,
	// as often as it takes to send them on a slow machine.
	rareRate = 3000.0
	mostRuns = 20
)

// byLoad proves a defect as often as is asked; it is proven if it is each time.
func (p *proof) byLoad(ctx context.Context, d defect.Defect) (Result, error) {
	times := max(1, p.options.Times)
	var all Result
	found := 0
	for n := range times {
		r, err := oneByLoad(ctx, d, int64(n)+1)
		if err != nil {
			return r, err
		}
		if r.Proven {
			found++
		}
		if n == 0 || all.Proven { // the first that is not proven says why
			all = r
		}
	}
	all.Times, all.Found = times, found
	if times > 1 && !all.Proven {
		all.Reason = fmt.Sprintf("found %d of %d times; %s", found, times, all.Reason)
	}
	return all, nil
}

// oneByLoad proves a defect that single requests do not show: the rules hold one
// request at a time, and a leak under load is charged to the rule that its
// expectation names. Run are the scenarios that judge one of its rules.
func oneByLoad(ctx context.Context, d defect.Defect, seed int64) (Result, error) {
	r := newResult(d, slices.Sorted(slices.Values(d.Breaks)))
	t, err := embedded.Reference(embedded.Defect(d.ID)).Open(ctx)
	if err != nil {
		return r, err
	}
	defer func() { _ = t.Close() }()
	// Of several runs the server remembers what it remembers between requests. One that
	// sent less than was asked for, on a busy machine, shows nothing by finding nothing.
	var sent int64
	short := false
	for n := 0; n == 0 || (short || sent < int64(d.Requests)) && len(r.Violated) == 0 && n < mostRuns; n++ {
		o := loadtest.Options{Rate: loadRate, Duration: loadDuration, Seed: seed}
		if d.Requests > 0 {
			o.Rate = rareRate
		}
		rep, err := loadtest.Run(ctx, t, judging(d.Breaks), o)
		if err != nil {
			return r, err
		}
		short = false
		for _, s := range rep.Scenarios {
			sent += s.Requests
			short = short || s.Outcome == loadtest.Inconclusive
			r.leaked(s, d.Shows)
		}
	}
	// What is done at once may go well: a fault is held to the rule that it is there
	// for.
	r.byChance = d.Breaks[1:]
	slices.Sort(r.Violated)
	seen := false
	for _, message := range r.Shown {
		seen = seen || strings.Contains(message, d.Shows)
	}
	r.judge(d.Shows, seen)
	return r, nil
}

// leaked takes from a scenario which rules its leaks break, and an exchange for
// each as evidence: one that shows what the defect is to show, if there is one, as
// an answer can break a rule in several ways, and which comes first is chance.
func (r *Result) leaked(s loadtest.ScenarioReport, shows string) {
	for id := range s.LeaksByRule {
		if !slices.Contains(r.Violated, id) {
			r.Violated = append(r.Violated, id)
		}
	}
	for _, sample := range s.Samples {
		if sample.Class != string(loadtest.Leak) {
			continue
		}
		shown := r.Shown[sample.Rule]
		if shown != "" && (strings.Contains(shown, shows) || !strings.Contains(sample.Message, shows)) {
			continue
		}
		r.Shown[sample.Rule] = s.Name + ": " + sample.Message
		r.Evidence = append(slices.DeleteFunc(r.Evidence, func(e Evidence) bool { return e.Sample.Rule == sample.Rule }),
			Evidence{Scenario: s.Name, Sample: sample})
	}
}

// judging are the load scenarios that judge one of the rules.
func judging(rules []string) []loadtest.Scenario {
	return slices.DeleteFunc(scenarios.All(), func(s loadtest.Scenario) bool {
		return !slices.ContainsFunc(rules, func(id string) bool { return slices.Contains(s.Rules, id) })
	})
}

// Evidence is an answer that shows a defect under load.
type Evidence struct {
	Scenario string          `json:"scenario"`
	Sample   loadtest.Sample `json:"sample"`
}
