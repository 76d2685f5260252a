package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
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
	// Rate is the offered rate of each scenario, or of the mix, in requests per
	// second.
	Rate float64
	// Stages is an offered rate that changes, in place of Rate and Duration.
	Stages Pace
	// Saturate sends each request as soon as a worker is free, in place of Rate: a
	// closed model, for measuring how much is possible. Latency then counts from
	// when a request was sent, and no part of the rate can be missed.
	Saturate bool
	// Duration is how long each scenario is attacked, or the mix; in a search for
	// the capacity each step, at least; in a sweep about the whole of it.
	Duration time.Duration
	// WarmUp is how long requests are sent before that: they are judged, but are in
	// no figure unless they show a leak or a false refusal.
	WarmUp time.Duration
	// Weights has all scenarios attacked at once, as one mix in which each has the
	// weight of its place; nil: one after another.
	Weights []int
	// Capacity looks for the highest rate that holds the thresholds; nil: no.
	Capacity *Search
	// Sweeps are made before the scenarios.
	Sweeps []Sweep
	// Seed decides the order of requests.
	Seed int64
	// Workers is how many requests may be under way at once; 0 means
	// [DefaultWorkers].
	Workers int
	// Timeout is how long an answer is waited for; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Reach says how the target is reached.
	Reach Reach
	// Thresholds are the limits to keep.
	Thresholds []Threshold
	// Exporter serves the figures to Prometheus; nil: nobody does.
	Exporter *Exporter
	// Results is given every result in vegeta's gob format, without bodies,
	// headers, and all of the URL that could hold a token; nil: nothing is
	// written, nor is it in a search for the capacity, where every step would begin
	// to number its requests anew.
	Results io.Writer
	// Shard is which of Shards processes this is, from 0: together they send what
	// one would send. 0 shards means that there is one. See [RunShard].
	Shard, Shards int
	// Begin is asked when everything is ready for the scenario, or the mix, of a
	// name: it returns when the clock starts. Nil: at once.
	Begin func(ctx context.Context, name string) (time.Time, error)
	// OnProgress is called a few times a second, by one goroutine; it may be nil.
	OnProgress func(Progress)
	// OnMinted is called as scenarios prepare, by one goroutine at a time; it may be
	// nil.
	OnMinted func(Minted)
}

// Run attacks the target with the scenarios, one after another or as one mix, and
// judges every answer. Errors are of usage, or say that nothing could begin;
// whatever befalls a scenario is in its report.
func Run(ctx context.Context, t *target.Target, scenarios []Scenario, o Options) (*Report, error) {
	r, err := newRunner(ctx, t, scenarios, o)
	if err != nil {
		return nil, err
	}
	if err := r.run(ctx, scenarios); err != nil {
		return nil, err
	}
	return r.report, nil
}

func newRunner(ctx context.Context, t *target.Target, scenarios []Scenario, o Options) (*runner, error) {
	if err := o.check(scenarios); err != nil {
		return nil, err
	}
	stage, err := newStage(ctx, t, o.Seed)
	if err != nil {
		return nil, err
	}
	stage.Rate, stage.Duration, stage.Progress = o.Rate, o.Duration, o.OnMinted
	if o.Stages.Duration() > 0 {
		stage.Rate = o.Stages.Mean()
	}
	r := &runner{
		Options: o, target: t, stage: stage,
		report: &Report{
			Schema: Schema, Target: t.Description.Name, Issuer: t.Issuer, Started: time.Now(), Seed: o.Seed,
			WarmUpMS: o.WarmUp.Milliseconds(), Thresholds: []ThresholdResult{},
		},
	}
	if o.Results != nil && o.Capacity == nil {
		r.encoder = oneAtATime(vegeta.NewEncoder(o.Results))
	}
	return r, nil
}

// run fills in the report.
func (r *runner) run(ctx context.Context, scenarios []Scenario) error {
	stop := r.startProgress()
	defer stop()
	if err := r.all(ctx, scenarios); err != nil {
		return err
	}
	r.unbound()
	r.report.Interrupted = ctx.Err() != nil
	r.report.DurationMS = time.Since(r.report.Started).Milliseconds()
	return nil
}

// all makes the sweeps, and attacks the scenarios: each on its own, or all
// together.
func (r *runner) all(ctx context.Context, scenarios []Scenario) error {
	groups := [][]Scenario{scenarios}
	if r.Weights == nil {
		groups = slices.Collect(slices.Chunk(scenarios, 1))
	}
	r.of = len(r.Sweeps) + len(groups)
	if len(scenarios) > 0 {
		r.report.Offered = r.offered()
	}
	for i := range r.Sweeps {
		if ctx.Err() != nil {
			return nil
		}
		r.number++
		swept := r.sweep(ctx, &r.Sweeps[i])
		r.bindSweep(&swept)
		r.report.Sweeps = append(r.report.Sweeps, swept)
	}
	for _, group := range groups {
		if ctx.Err() != nil || len(group) == 0 {
			return nil
		}
		r.number++
		if err := r.group(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// oneAtATime is an encoder for several attacks at once.
func oneAtATime(e vegeta.Encoder) vegeta.Encoder {
	var mu sync.Mutex
	return func(r *vegeta.Result) error {
		mu.Lock()
		defer mu.Unlock()
		return e(r)
	}
}

// check refuses options that mean nothing, and fills in the defaults.
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
	for _, s := range o.Sweeps {
		if known[s.Name] {
			return fmt.Errorf("%q is there twice", s.Name)
		}
		known[s.Name] = true
	}
	switch {
	case len(known) == 0:
		return errors.New("got no scenarios, want one at least")
	case o.Workers < 1:
		return fmt.Errorf("workers: got %d, want 1 or more", o.Workers)
	case o.Timeout < 0:
		return fmt.Errorf("timeout: got %v, want more than 0s", o.Timeout)
	case o.Weights != nil && len(o.Weights) != len(scenarios):
		return fmt.Errorf("weights: got %d for %d scenarios", len(o.Weights), len(scenarios))
	case slices.ContainsFunc(o.Weights, func(w int) bool { return w < 1 || w > mostWeight }):
		return fmt.Errorf("weights: got %v, want 1 to %d each", o.Weights, mostWeight)
	}
	if err := o.checkRate(len(scenarios) > 0); err != nil {
		return err
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

// checkRate refuses an offered rate that means nothing. A sweep needs none.
func (o *Options) checkRate(needed bool) error {
	staged := o.Stages.Duration() > 0
	if staged {
		if o.Duration != 0 {
			return fmt.Errorf("got stages and a duration of %v, want one of both", o.Duration)
		}
		o.Duration = o.Stages.Duration()
	}
	ways := 0
	for _, way := range []bool{o.Rate != 0, staged, o.Saturate, o.Capacity != nil} {
		if way {
			ways++
		}
	}
	switch {
	case needed && ways != 1:
		return errors.New("got more or fewer than one of: a rate, stages, saturate, a search for the capacity")
	case needed && o.Rate != 0 && (!(o.Rate > 0) || o.Rate > maxRate):
		return fmt.Errorf("rate: got %v requests/s, want more than 0 and at most %v", o.Rate, maxRate)
	case o.Duration <= 0:
		return fmt.Errorf("duration: got %v, want more than 0s", o.Duration)
	case o.WarmUp < 0:
		return fmt.Errorf("warm-up: got %v, want 0s or more", o.WarmUp)
	case o.Capacity != nil:
		return o.Capacity.check()
	}
	return nil
}

// pace is the offered rate, with the warm-up before it.
func (o *Options) pace() Pace {
	p := o.Stages
	if o.Rate != 0 {
		p = ConstantPace(o.Rate, o.Duration)
	}
	return p.after(o.WarmUp)
}

// offered says what is offered, in words.
func (o *Options) offered() string {
	switch {
	case o.Capacity != nil:
		return "search"
	case o.Saturate:
		return fmt.Sprintf("%d connections", o.Workers)
	}
	return o.pace().String()
}

// runner is a run under way.
type runner struct {
	Options
	target   *target.Target
	stage    *Stage
	report   *Report
	encoder  vegeta.Encoder
	parts    []*part // of the report's scenarios
	progress chan Progress
	number   int // of the scenario, mix or sweep under way
	of       int
}

// group attacks scenarios at once, or looks for what they hold.
func (r *runner) group(ctx context.Context, scenarios []Scenario) error {
	parts, end := r.prepare(ctx, scenarios)
	var err error
	if r.Begin != nil {
		if err := unprepared(parts); err != nil {
			end()
			return err
		}
	}
	if ready := slices.ContainsFunc(parts, func(p *part) bool { return p.ready }); ready && r.Capacity != nil {
		err = r.seek(ctx, parts)
	} else if ready {
		pace := r.pace()
		err = r.attack(ctx, parts, offer{pace: pace, duration: r.WarmUp + r.Duration, warm: r.WarmUp, closed: r.Saturate})
	}
	end()
	for _, p := range parts {
		if r.Capacity == nil || !p.ready {
			r.conclude(ctx, p)
		} else {
			r.bindMeasures(&p.report)
		}
		r.report.Scenarios = append(r.report.Scenarios, p.report)
		r.parts = append(r.parts, p)
	}
	return err
}

// unprepared is why a part cannot be attacked: the other shards would wait for
// this one in vain.
func unprepared(parts []*part) error {
	for _, p := range parts {
		if !p.ready && p.report.Outcome != NotApplicable {
			return fmt.Errorf("%s: %s", p.report.Name, p.report.Reason)
		}
	}
	return nil
}
