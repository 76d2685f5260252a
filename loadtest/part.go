package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/scopeproof/scopeproof/target"
)

// part is a scenario that is attacked, alone or in a mix, once or several times.
type part struct {
	scenario Scenario
	weight   int
	report   ScenarioReport
	ready    bool // it can be attacked
	stage    *Stage
	refilled []*Stage // of plans that took the place of the first, in a search
	deck     *deck
	kept     *samples
	renewed  <-chan string
	note     string // what went wrong with renewing, at the end

	// Of the last attack.
	attack *attack
	tally  *tally
	load   load

	// Of all attacks of a search.
	totals totals
	steps  map[float64]stepSeen // by rate
}

// offer is what is sent in an attack.
type offer struct {
	pace     Pace // with the warm-up; not of a closed model
	duration time.Duration
	warm     time.Duration // of duration
	closed   bool
	phase    string // for progress: what the attack is a part of
}

// prepare obtains what the scenarios need. The function that it returns ends what
// renews it.
func (r *runner) prepare(ctx context.Context, scenarios []Scenario) (parts []*part, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	for i, s := range scenarios {
		p := &part{scenario: s, weight: 1, kept: &samples{}, report: ScenarioReport{Name: s.Name, Text: s.Text, Rules: slices.Clone(s.Rules)}}
		if p.report.Rules == nil {
			p.report.Rules = []string{}
		}
		if r.Weights != nil {
			p.weight = r.Weights[i]
			p.report.Weight = p.weight
		}
		parts = append(parts, p)
		r.ready(ctx, p)
	}
	return parts, func() {
		cancel()
		for _, p := range parts {
			if p.ready {
				p.note = <-p.renewed
			}
			if p.stage != nil {
				p.stage.end()
				for _, s := range p.refilled {
					s.end()
				}
				p.report.Measures = p.stage.measured.taken()
			}
		}
	}
}

// ready obtains what a part needs, or says in its report why it cannot.
func (r *runner) ready(ctx context.Context, p *part) {
	if lacks := r.stage.lacks(p.scenario.Needs); lacks != "" {
		p.report.Outcome, p.report.Reason = NotApplicable, lacks
		return
	}
	p.stage = r.stage.another()
	plan, err := p.scenario.Prepare(ctx, p.stage)
	if err == nil {
		err = plan.check()
	}
	if without := (*Inapplicable)(nil); errors.As(err, &without) {
		p.report.Outcome, p.report.Reason = NotApplicable, without.Reason
		return
	}
	if err != nil {
		p.report.Outcome, p.report.Reason = Inconclusive, fmt.Sprintf("set-up: %v", err)
		if ctx.Err() != nil {
			p.report.Reason = "interrupted during set-up"
		}
		return
	}
	p.ready, p.deck = true, newDeck(ctx, plan, r.Seed)
	p.renewed = r.renew(ctx, p.scenario, p.deck, p.stage)
}

// attack sends what is offered to the parts that are ready, all at once, and
// fills in their reports. The shares of the others are not sent. An error means
// that results could not be written.
func (r *runner) attack(ctx context.Context, parts []*part, o offer) error {
	var ready []*part
	var weights []int
	for _, p := range parts {
		if p.ready {
			ready, weights = append(ready, p), append(weights, p.weight)
		}
	}
	workers := divide(r.Workers, weights)
	shares := mix(o.pace, weights)
	errs := make([]error, len(ready))
	together := newMuster(len(ready), r.begin(ctx, ready))
	var attacks sync.WaitGroup
	for i, p := range ready {
		var pacer vegeta.Pacer
		if !o.closed {
			pacer = shares[i]
		}
		p.attack = &attack{
			name: p.scenario.Name, deck: p.deck, schedule: newSchedule(pacer, p.deck.burst, o.duration), workers: workers[i],
			timeout: r.Timeout, network: r.network(workers[i]), results: r.encoder, progress: r.notice(p, o), together: together,
			keys: r.stage.another().cast.Signatures(),
		}
		p.attack.schedule.warm = o.warm
		p.attack.schedule.shard, p.attack.schedule.shards = uint64(r.Shard), uint64(r.Shards)
		p.deck.waits.Store(0)
		attacks.Go(func() {
			p.tally, p.load, errs[i] = p.attack.run(ctx, p.kept)
			p.attack.network.close()
		})
	}
	attacks.Wait()
	for i, p := range ready {
		if errs[i] != nil && !errors.Is(errs[i], errResults) {
			p.tally.unsent = errs[i].Error()
			errs[i] = nil
		}
		p.fill(o, shares[i])
		r.last(p, o)
	}
	return errors.Join(errs...)
}

// begin is what asks when the attacks on the parts begin, or nil.
func (r *runner) begin(ctx context.Context, parts []*part) func() (time.Time, error) {
	if r.Begin == nil {
		return nil
	}
	var names []string
	for _, p := range parts {
		names = append(names, p.scenario.Name)
	}
	return func() (time.Time, error) { return r.Begin(ctx, strings.Join(names, "+")) }
}

// fill puts the numbers of an attack into the report.
func (p *part) fill(o offer, share mixed) {
	report, t := &p.report, p.tally
	report.Requests, report.Kept, report.Leaks, report.FalseRefusals, report.Faults = t.requests, t.kept, t.leaks, t.falseRefusals, t.faults
	report.LeaksByRule, report.Limited = t.leaksByRule, t.limited
	report.Latency, report.Lag, report.Signatures = t.latencies(), latencies(t.lag), t.signatures
	report.Spectrum = t.spectrum()
	report.DurationMS = t.elapsed.Milliseconds()
	report.Windows = t.windows
	report.Groups, report.Samples = p.kept.grouped(), p.kept.taken()
	report.CPU, report.HostCPU = p.load.cpu, p.load.host
	if o.closed {
		report.AchievedRate = float64(t.requests) / max(t.elapsed-o.warm, time.Millisecond).Seconds()
		return
	}
	seen := p.attack.seen(t, p.load)
	ran, end := seen.ran(), o.duration
	if t.stopped > o.warm {
		end = t.stopped
	}
	offered := o.pace.between(o.warm, end) / (end - o.warm).Seconds() * share.share()
	report.OfferedRate = math.Round(offered*1e6) / 1e6 // 600, not 599.9999999
	all := report.OfferedRate / float64(max(1, p.attack.schedule.shards))
	switch {
	case ran == 0: // interrupted in the warm-up
		report.AchievedRate = 0
	case t.requests >= p.attack.schedule.between(o.warm, end) && t.lastSent <= end:
		// Everything was sent in time: a duration that holds no whole number of
		// requests is not held against the rate.
		report.AchievedRate = all
	default:
		report.AchievedRate = min(all, float64(t.requests)/ran.Seconds())
	}
}

// between counts the requests that are due from one moment to another.
func (s *schedule) between(from, to time.Duration) int64 {
	c := &cursor{schedule: s}
	c.before(from)
	return c.before(to)
}

// conclude evaluates the thresholds of a part, and decides what came of it.
func (r *runner) conclude(ctx context.Context, p *part) {
	if !p.ready {
		if p.report.Outcome != NotApplicable {
			r.bind(&p.report, nil)
		}
		return
	}
	missed := r.bind(&p.report, p.figures())
	j := judgement{seen: p.attack.seen(p.tally, p.load), report: &p.report, missed: missed, embedded: r.target.Kind == target.KindEmbedded, note: p.note}
	j.decide(ctx.Err() != nil)
}

// figures are what thresholds look at.
func (p *part) figures() *figures {
	t := p.tally
	return &figures{
		requests: t.requests, answered: t.answered, kept: t.kept, leaks: t.leaks, falseRefusals: t.falseRefusals, faults: t.faults,
		offered: p.report.OfferedRate, achieved: p.report.AchievedRate, latency: t.latency,
	}
}

// renew prepares the scenario anew before its tokens expire. What it sends when
// the attack has ended is empty, or says what went wrong.
func (r *runner) renew(ctx context.Context, s Scenario, d *deck, first *Stage) <-chan string {
	done := make(chan string, 1)
	go func() {
		for until := first.expires(); !until.IsZero(); {
			// A fifth of the lifetime is left for obtaining the next ones.
			wait := max(time.Second, time.Until(until)*4/5)
			select {
			case <-ctx.Done():
				done <- ""
				return
			case <-time.After(wait):
			}
			stage := first.again()
			defer stage.end() // what it made may be in use until the attack ends
			plan, err := s.Prepare(ctx, stage)
			if err == nil {
				err = plan.check()
			}
			if err != nil {
				if ctx.Err() == nil {
					done <- fmt.Sprintf("the tokens could not be renewed: %v", err)
					return
				}
				done <- ""
				return
			}
			d.deal(plan)
			until = stage.expires()
		}
		done <- ""
	}()
	return done
}

// bind evaluates the thresholds of a scenario, and returns those missed. Nil
// figures are those of a scenario that was not attacked.
func (r *runner) bind(report *ScenarioReport, seen *figures) []ThresholdResult {
	var missed []ThresholdResult
	for _, threshold := range r.Thresholds {
		if threshold.Scenario != "" && threshold.Scenario != report.Name || threshold.ofSearch() {
			continue
		}
		result := threshold.result(report.Name, seen)
		if threshold.measure != "" {
			var found bool
			if result, found = threshold.ofMeasure(report); !found {
				continue // what no scenario has is found in the end
			}
		}
		r.report.Thresholds = append(r.report.Thresholds, result)
		if result.Value != nil && !result.Held {
			missed = append(missed, result)
		}
	}
	return missed
}

// bindMeasures evaluates the thresholds of what a scenario measured in a search.
func (r *runner) bindMeasures(report *ScenarioReport) {
	for _, threshold := range r.Thresholds {
		if threshold.measure == "" || threshold.Scenario != "" && threshold.Scenario != report.Name {
			continue
		}
		result, found := threshold.ofMeasure(report)
		if !found {
			continue
		}
		r.report.Thresholds = append(r.report.Thresholds, result)
		if result.Value != nil && !result.Held && report.Outcome == Kept {
			report.Outcome, report.Reason = Broken, fmt.Sprintf("missed %s: got %s", threshold.Expression, figureText(*result.Value))
		}
	}
}

// bindSweep evaluates the thresholds of a sweep.
func (r *runner) bindSweep(s *SweepReport) {
	for _, threshold := range r.Thresholds {
		if threshold.metric != "growth" || threshold.Scenario != "" && threshold.Scenario != s.Name {
			continue
		}
		result := ThresholdResult{Expression: threshold.Expression, Scenario: s.Name, Reason: s.Reason}
		if s.Growth.Model != "" {
			value := s.Growth.Exponent
			if s.Growth.Model == GrowsNot {
				value = 0
			}
			result.Value, result.Held, result.Reason = &value, threshold.holds(value), ""
		}
		r.report.Thresholds = append(r.report.Thresholds, result)
		if result.Value != nil && !result.Held {
			s.Outcome, s.Reason = Broken, fmt.Sprintf("missed %s: got %s", threshold.Expression, figureText(*result.Value))
		}
	}
}

// unbound adds the thresholds that nothing had samples for, so that they are not
// lost: such a threshold does not hold.
func (r *runner) unbound() {
	for _, t := range r.Thresholds {
		bound := slices.ContainsFunc(r.report.Thresholds, func(b ThresholdResult) bool { return b.Expression == t.Expression })
		if !bound {
			r.report.Thresholds = append(r.report.Thresholds, ThresholdResult{Expression: t.Expression, Scenario: t.Scenario, Reason: "nothing was run that has this figure"})
		}
	}
}
