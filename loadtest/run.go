package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/scopeproof/scopeproof/target"
)

const (
	// DefaultWorkers is how many requests may be under way at once: enough for
	// 500 requests/s to a server that takes a second.
	DefaultWorkers = 512
	// DefaultTimeout is how long an answer is waited for.
	DefaultTimeout = 10 * time.Second

	progressEvery = 200 * time.Millisecond
	maxRate       = 1e6 // requests per second: more is a slip of the keyboard
)

// Options say how a load run is made.
type Options struct {
	// Rate is the offered rate of each scenario, in requests per second.
	Rate float64
	// Saturate sends each request as soon as a worker is free, in place of Rate:
	// for measuring how much is possible. Latency then counts from when a request
	// was sent, and no part of the rate can be missed.
	Saturate bool
	// Duration is how long each scenario is attacked.
	Duration time.Duration
	// Seed decides the order of requests.
	Seed int64
	// Workers is how many requests may be under way at once; 0 means
	// [DefaultWorkers].
	Workers int
	// Timeout is how long an answer is waited for; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Thresholds are the limits to keep.
	Thresholds []Threshold
	// Results is given every result in vegeta's gob format, without bodies,
	// headers, and all of the URL that could hold a token; nil: nothing is
	// written.
	Results io.Writer
	// OnProgress is called a few times a second, by one goroutine; it may be nil.
	OnProgress func(Progress)
	// OnMinted is called as scenarios prepare, by one goroutine at a time; it may be
	// nil.
	OnMinted func(Minted)
}

// Progress is how far a load run has come.
type Progress struct {
	Scenario      string
	Number, Of    int // the scenario's place, from 1
	Elapsed       time.Duration
	Duration      time.Duration
	OfferedRate   float64
	Rate          float64 // requests per second so far
	Requests      int64
	Kept          int64
	Leaks         int64
	FalseRefusals int64
	Faults        int64
	Latency       Latency
}

// Run attacks the target with the scenarios, one after another, and judges every
// answer. Errors are of usage, or say that nothing could begin; whatever befalls
// a scenario is in its report.
func Run(ctx context.Context, t *target.Target, scenarios []Scenario, o Options) (*Report, error) {
	if err := o.check(scenarios); err != nil {
		return nil, err
	}
	stage, err := newStage(ctx, t, o.Seed)
	if err != nil {
		return nil, err
	}
	stage.Rate, stage.Duration, stage.Progress = o.Rate, o.Duration, o.OnMinted
	r := &runner{
		Options: o, target: t, stage: stage, of: len(scenarios),
		report: &Report{Schema: Schema, Target: t.Description.Name, Issuer: t.Issuer, Started: time.Now(), Seed: o.Seed, Thresholds: []ThresholdResult{}},
	}
	if o.Results != nil {
		r.encoder = vegeta.NewEncoder(o.Results)
	}
	stop := r.startProgress()
	defer stop()
	for i, s := range scenarios {
		if ctx.Err() != nil {
			break
		}
		r.number = i + 1
		if err := r.scenario(ctx, s); err != nil {
			return nil, err
		}
	}
	r.unbound()
	r.report.Interrupted = ctx.Err() != nil
	r.report.DurationMS = time.Since(r.report.Started).Milliseconds()
	return r.report, nil
}

// check refuses options that mean nothing.
func (o *Options) check(scenarios []Scenario) error {
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	known := map[string]bool{}
	for _, s := range scenarios {
		if known[s.Name] {
			return fmt.Errorf("the scenario %q is there twice", s.Name)
		}
		known[s.Name] = true
	}
	switch {
	case len(scenarios) == 0:
		return errors.New("got no scenarios, want one at least")
	case o.Saturate && o.Rate != 0:
		return fmt.Errorf("got a rate of %v and saturate, want one of both", o.Rate)
	case !o.Saturate && (!(o.Rate > 0) || o.Rate > maxRate):
		return fmt.Errorf("rate: got %v requests/s, want more than 0 and at most %v", o.Rate, maxRate)
	case o.Duration <= 0:
		return fmt.Errorf("duration: got %v, want more than 0s", o.Duration)
	case o.Workers < 1:
		return fmt.Errorf("workers: got %d, want 1 or more", o.Workers)
	case o.Timeout < 0:
		return fmt.Errorf("timeout: got %v, want more than 0s", o.Timeout)
	}
	for _, t := range o.Thresholds {
		if t.metric == "" {
			return errors.New("got a threshold that was not made by ParseThreshold")
		}
		if t.Scenario != "" && !known[t.Scenario] {
			return fmt.Errorf("threshold %q: no scenario of this run is called %q", t.Expression, t.Scenario)
		}
	}
	return nil
}

// runner is a run under way.
type runner struct {
	Options
	target   *target.Target
	stage    *Stage
	report   *Report
	encoder  vegeta.Encoder
	progress chan Progress
	number   int
	of       int
}

// scenario runs one scenario and adds its report.
func (r *runner) scenario(ctx context.Context, s Scenario) error {
	report := ScenarioReport{Name: s.Name, Text: s.Text, Rules: slices.Clone(s.Rules), OfferedRate: r.Rate}
	if report.Rules == nil {
		report.Rules = []string{}
	}
	for _, need := range s.Needs {
		if lacks := r.stage.lacks(need); lacks != "" {
			report.Outcome, report.Reason = NotApplicable, lacks
			r.report.Scenarios = append(r.report.Scenarios, report)
			return nil
		}
	}
	stage := r.stage.another()
	defer stage.end()
	plan, err := s.Prepare(ctx, stage)
	if err == nil {
		err = plan.check()
	}
	if without := (*Inapplicable)(nil); errors.As(err, &without) {
		report.Outcome, report.Reason = NotApplicable, without.Reason
		r.report.Scenarios = append(r.report.Scenarios, report)
		return nil
	}
	if err != nil {
		report.Outcome, report.Reason = Inconclusive, fmt.Sprintf("set-up: %v", err)
		if ctx.Err() != nil {
			report.Reason = "interrupted during set-up"
		}
		r.bind(s.Name, &report, newTally())
		r.report.Scenarios = append(r.report.Scenarios, report)
		return nil
	}
	err = r.attack(ctx, s, plan, stage, &report)
	r.report.Scenarios = append(r.report.Scenarios, report)
	return err
}

// attack sends the requests of a plan and fills in the report.
func (r *runner) attack(ctx context.Context, s Scenario, plan Plan, stage *Stage, report *ScenarioReport) error {
	attackCtx, cancel := context.WithCancel(ctx)
	d := newDeck(attackCtx, plan, r.Seed)
	base, conns := transport(r.target.Transport, r.Workers)
	a := &attack{
		name: s.Name, deck: d, schedule: newSchedule(r.Rate, d.burst, r.Duration), workers: r.Workers, timeout: r.Timeout,
		base: base, conns: conns, results: r.encoder, progress: r.notice(s.Name),
	}
	a.schedule.saturate = r.Saturate
	renewed := r.renew(attackCtx, s, d, stage)
	kept := &samples{}
	t, seen, err := a.run(attackCtx, kept)
	cancel()
	note := <-renewed
	if t, ok := base.(interface{ CloseIdleConnections() }); ok && conns != nil {
		t.CloseIdleConnections()
	}
	if errors.Is(err, errResults) {
		return err
	}
	if err != nil {
		t.unsent = err.Error()
	}
	a.fill(report, t)
	report.Samples, report.Measures = kept.taken(), stage.measured.taken()
	missed := r.bind(s.Name, report, t)
	j := judgement{attack: a, tally: t, load: seen, report: report, missed: missed, embedded: r.target.Kind == target.KindEmbedded, note: note}
	j.decide(ctx.Err() != nil)
	return nil
}

// fill puts the numbers into the report.
func (a *attack) fill(report *ScenarioReport, t *tally) {
	report.Requests, report.Kept, report.Leaks, report.FalseRefusals, report.Faults = t.requests, t.kept, t.leaks, t.falseRefusals, t.faults
	report.LeaksByRule = t.leaksByRule
	report.Latency = t.latencies()
	report.DurationMS = t.elapsed.Milliseconds()
	took := max(a.schedule.duration, t.lastSent)
	if a.schedule.saturate {
		took = max(t.elapsed, time.Millisecond)
	}
	report.AchievedRate = float64(t.requests) / took.Seconds()
	if a.schedule.saturate {
		report.OfferedRate = report.AchievedRate
	} else if t.requests == int64(a.schedule.planned) && t.lastSent <= a.schedule.duration {
		// Everything was sent in time: a duration that holds no whole number of
		// requests is not held against the rate.
		report.AchievedRate = report.OfferedRate
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

// bind evaluates the thresholds of a scenario, and returns those missed.
func (r *runner) bind(name string, report *ScenarioReport, t *tally) []ThresholdResult {
	var missed []ThresholdResult
	for _, threshold := range r.Thresholds {
		if threshold.Scenario != "" && threshold.Scenario != name {
			continue
		}
		result := threshold.result(name, t, report.OfferedRate, report.AchievedRate)
		r.report.Thresholds = append(r.report.Thresholds, result)
		if result.Value != nil && !result.Held {
			missed = append(missed, result)
		}
	}
	return missed
}

// unbound adds the thresholds that no scenario had samples for, so that they are
// not lost: such a threshold does not hold.
func (r *runner) unbound() {
	for _, t := range r.Thresholds {
		bound := slices.ContainsFunc(r.report.Thresholds, func(b ThresholdResult) bool { return b.Expression == t.Expression })
		if !bound {
			r.report.Thresholds = append(r.report.Thresholds, ThresholdResult{Expression: t.Expression, Scenario: t.Scenario})
		}
	}
}

// startProgress calls OnProgress from a goroutine of its own, so that a slow one
// delays nothing. The function that it returns waits for its end.
func (r *runner) startProgress() (stop func()) {
	if r.OnProgress == nil {
		return func() {}
	}
	r.progress = make(chan Progress, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p := range r.progress {
			r.OnProgress(p)
		}
	}()
	return func() {
		close(r.progress)
		<-done
	}
}

// notice is what an attack calls with its tally as it goes on. What OnProgress
// has no time for is left out.
func (r *runner) notice(name string) func(*tally, time.Duration) {
	return func(t *tally, elapsed time.Duration) {
		if r.progress == nil || t.requests == 0 {
			return
		}
		p := Progress{
			Scenario: name, Number: r.number, Of: r.of, Elapsed: elapsed, Duration: r.Duration, OfferedRate: r.Rate,
			Rate: float64(t.requests) / max(elapsed, time.Millisecond).Seconds(), Requests: t.requests, Kept: t.kept, Leaks: t.leaks,
			FalseRefusals: t.falseRefusals, Faults: t.faults, Latency: t.latencies(),
		}
		select {
		case r.progress <- p:
		default:
		}
	}
}
