package loadtest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

// Search says how the capacity is looked for.
type Search struct {
	// First is the rate of the first step, in requests per second; 0 means
	// [DefaultFirst]. A tenth of it is the lowest that is tried.
	First float64
	// Most is the highest rate that is tried; 0: whatever the generator can do.
	Most float64
	// Precision is how far apart the highest rate that holds and the lowest that
	// does not may be, as a part of it; 0 means [DefaultPrecision].
	Precision float64
}

const (
	// DefaultFirst is the rate at which a search begins.
	DefaultFirst = 100.0
	// longestStep bounds how long a step of a search is, whatever its percentiles
	// need.
	longestStep = time.Minute
	// beyondPercentile is how many requests are to be slower than a percentile, for a step
	// to say something of it.
	beyondPercentile = 5
	// stepWarmUp is the part of a step that comes before it and does not count.
	stepWarmUp = 10
)

func (s *Search) check() error {
	switch {
	case s.First < 0 || s.First > maxRate || s.Most < 0 || s.Most > maxRate || s.Most != 0 && s.First > s.Most:
		return fmt.Errorf("capacity: got rates from %v to %v, want from more than 0 to at most %v", s.First, s.Most, maxRate)
	case s.Precision < 0 || s.Precision > 1:
		return fmt.Errorf("capacity: got a precision of %v, want more than 0 and at most 1", s.Precision)
	}
	return nil
}

// seek looks for the highest rate that the parts hold together.
func (r *runner) seek(ctx context.Context, parts []*part) error {
	steps := 0
	s := &search{
		from: r.Capacity.First, most: r.Capacity.Most, precision: r.Capacity.Precision,
		measure: func(ctx context.Context, phase string, rate float64) (CapacityStep, error) {
			steps++
			return r.step(ctx, parts, rate, fmt.Sprintf("step %d: %s", steps, phase))
		},
	}
	if s.from == 0 {
		s.from = DefaultFirst
	}
	if s.most == 0 {
		s.most = maxRate
	}
	if s.precision == 0 {
		s.precision = DefaultPrecision
	}
	found, err := s.find(ctx)
	for _, p := range parts {
		if p.ready {
			found.Scenarios = append(found.Scenarios, p.report.Name)
		}
	}
	r.report.Capacities = append(r.report.Capacities, found)
	r.sought(ctx, parts, &found)
	return err
}

// step offers a rate for long enough to judge the percentiles of the thresholds.
func (r *runner) step(ctx context.Context, parts []*part, rate float64, phase string) (CapacityStep, error) {
	took := max(r.Duration, min(longestStep, time.Duration(r.wanted()/rate*float64(time.Second))))
	warm := max(took/stepWarmUp, r.WarmUp)
	o := offer{pace: ConstantPace(rate, warm+took), duration: warm + took, warm: warm, phase: phase}
	if err := r.refill(ctx, parts); err != nil {
		return CapacityStep{DurationMS: took.Milliseconds(), Reason: err.Error()}, nil
	}
	if err := r.attack(ctx, parts, o); err != nil {
		return CapacityStep{}, err
	}
	step := CapacityStep{DurationMS: took.Milliseconds(), Held: true}
	all := newTally()
	var reasons []string
	for _, p := range parts {
		if !p.ready {
			continue
		}
		all.merge(p.tally)
		p.totals.add(p.tally)
		step.AchievedRate += p.report.AchievedRate
		step.CPU, step.Host = max(step.CPU, p.load.cpu), max(step.Host, p.load.host)
		limits, missed := r.limits(p)
		j := judgement{seen: p.attack.seen(p.tally, p.load), report: &p.report, missed: missed, embedded: r.target.Kind == target.KindEmbedded}
		if j.decide(ctx.Err() != nil); p.report.Outcome != Kept {
			step.Held = false
			step.Limit = j.side()
			reasons = append(reasons, p.named(len(parts), p.report.Reason))
		}
		if p.steps == nil {
			p.steps = map[float64]stepSeen{}
		}
		if last, again := p.steps[rate]; !again || !last.held || step.Held {
			p.steps[rate] = stepSeen{p.report, limits, step.Held}
		}
	}
	step.Requests, step.Leaks, step.FalseRefusals, step.Faults = all.requests, all.leaks, all.falseRefusals, all.faults
	step.Latency, step.Reason = all.latencies(), strings.Join(reasons, "; ")
	return step, nil
}

// refill prepares the parts anew whose chains ended in an earlier step: a rate that
// was too high must not spoil what comes after it.
func (r *runner) refill(ctx context.Context, parts []*part) error {
	for _, p := range parts {
		if !p.ready {
			continue
		}
		if _, ended := p.deck.chains(); ended == 0 {
			continue
		}
		stage := p.stage.again()
		p.refilled = append(p.refilled, stage)
		plan, err := p.scenario.Prepare(ctx, stage)
		if err == nil {
			err = plan.check()
		}
		if err != nil {
			return fmt.Errorf("%s: set-up: %w", p.report.Name, err)
		}
		p.deck.deal(plan)
	}
	return nil
}

// named is what is said of a part, with its name where there are several.
func (p *part) named(of int, text string) string {
	if of == 1 {
		return text
	}
	return p.report.Name + ": " + text
}

// wanted is how many requests a step has, so that enough of them are slower than
// the percentiles of the thresholds.
func (r *runner) wanted() float64 {
	most := 100.0
	for _, t := range r.Thresholds {
		if t.percent > 0 && t.percent < 100 {
			most = max(most, beyondPercentile*100/(100-t.percent))
		}
	}
	return math.Ceil(most)
}

// limits are the thresholds of the last attack of a part, and which of them it
// did not hold or had too few samples for.
func (r *runner) limits(p *part) (all, missed []ThresholdResult) {
	for _, t := range r.Thresholds {
		if t.ofSearch() || t.measure != "" || t.Scenario != "" && t.Scenario != p.report.Name {
			continue
		}
		result := t.result(p.report.Name, p.figures())
		all = append(all, result)
		if !result.Held {
			missed = append(missed, result)
		}
	}
	return all, missed
}

// stepSeen is what a part did at a rate: where it held once, then.
type stepSeen struct {
	report ScenarioReport
	limits []ThresholdResult
	held   bool
}

// totals are the requests of all steps.
type totals struct {
	requests, kept, leaks, falseRefusals, faults, limited int64
	leaksByRule                                           map[string]int64
}

func (t *totals) add(seen *tally) {
	t.requests, t.kept, t.leaks = t.requests+seen.requests, t.kept+seen.kept, t.leaks+seen.leaks
	t.falseRefusals, t.faults, t.limited = t.falseRefusals+seen.falseRefusals, t.faults+seen.faults, t.limited+seen.limited
	for rule, n := range seen.leaksByRule {
		if t.leaksByRule == nil {
			t.leaksByRule = map[string]int64{}
		}
		t.leaksByRule[rule] += n
	}
}

// sought writes the reports of the parts: the figures of the capacity, or of the
// lowest rate that did not hold, with what leaked and was refused in all steps.
func (r *runner) sought(ctx context.Context, parts []*part, found *Capacity) {
	for _, p := range parts {
		if !p.ready || p.tally == nil {
			continue
		}
		rate := found.Rate
		if rate == 0 {
			rate = found.Beyond
		}
		if seen, ok := p.steps[rate]; ok {
			p.report = seen.report
			r.report.Thresholds = append(r.report.Thresholds, seen.limits...)
		}
		t := p.totals
		s := &p.report
		s.Requests, s.Kept, s.Leaks, s.FalseRefusals, s.Faults, s.Limited, s.LeaksByRule = t.requests, t.kept, t.leaks, t.falseRefusals, t.faults, t.limited, t.leaksByRule
		s.Groups, s.Samples = p.kept.grouped(), p.kept.taken()
		switch {
		case s.Leaks > 0 || s.FalseRefusals > 0:
			s.Outcome, s.Reason = Broken, fmt.Sprintf("%d of %d answers leaked, %d refused what was granted", s.Leaks, s.Requests, s.FalseRefusals)
		case ctx.Err() != nil || found.Rate > 0 && !found.Confirmed || s.Requests == 0, found.Rate == 0 && s.Limited > 0 && s.Limited == s.Faults:
			s.Outcome, s.Reason = Inconclusive, found.Reason
		case found.Rate == 0:
			s.Outcome, s.Reason = Broken, found.Reason
		default:
			s.Outcome, s.Reason = Kept, ""
		}
	}
	r.bindCapacity(ctx, found)
}

// bindCapacity evaluates the thresholds of a capacity.
func (r *runner) bindCapacity(ctx context.Context, found *Capacity) {
	for _, t := range r.Thresholds {
		if t.metric != "capacity" || t.Scenario != "" && (len(found.Scenarios) != 1 || t.Scenario != found.Scenarios[0]) {
			continue
		}
		result := ThresholdResult{Expression: t.Expression, Scenario: strings.Join(found.Scenarios, ", "), Reason: found.Reason}
		if found.Confirmed || found.Rate == 0 && ctx.Err() == nil {
			result.Value, result.Held, result.Reason = &found.Rate, t.holds(found.Rate), ""
			if ours := found.Limit == SideOurs || found.Limit == SideHost; ours && !result.Held {
				// The target may hold more.
				result.Value, result.Reason = nil, fmt.Sprintf("%s/s hold at least, but the host of the load generator was the limit", plainNumber(found.Rate))
			}
		}
		r.report.Thresholds = append(r.report.Thresholds, result)
	}
}
