package loadtest

import (
	"cmp"
	"time"
)

// Progress is how far a load run has come. Rates are requests per second.
type Progress struct {
	Scenario   string
	Number, Of int    // the place of the scenario, mix or sweep, from 1
	Phase      string // of a search: "bisect"; of the rest ""
	// Elapsed of Duration are over, both with the warm-up.
	Elapsed, Duration, WarmUp time.Duration
	OfferedRate               float64 // now; 0: none is, in a closed model
	Rate                      float64 // in the last second, or so far
	Requests                  int64   // as below: without the warm-up
	Kept                      int64
	Leaks                     int64
	FalseRefusals             int64
	Faults                    int64
	Latency                   Latency // so far
	// Second is the last second that is over; its Seconds are 0 before that.
	Second Window
	// Last says that these are the final figures of the scenario, or of the step of
	// a search.
	Last bool

	// Counts are the latencies so far, in a form that can be added up; see
	// [Together]. They are there in shards, and where there is an exporter.
	Counts []byte
}

// startProgress calls OnProgress from a goroutine of its own, so that a slow one
// delays nothing. The function that it returns waits for its end.
func (r *runner) startProgress() (stop func()) {
	if r.OnProgress == nil {
		return func() {}
	}
	r.progress = make(chan Progress, 8)
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
func (r *runner) notice(p *part, o offer) func(*tally, time.Duration) {
	exported := time.Duration(0)
	return func(t *tally, elapsed time.Duration) {
		due := r.Exporter != nil && elapsed-exported >= time.Second
		if !due && r.progress == nil {
			return
		}
		seen := r.seen(p, o, t, elapsed)
		if due || r.Shards > 0 {
			seen.Counts = newSparse(t.latency)
		}
		if due {
			exported = elapsed
			r.Exporter.Show(seen)
		}
		if r.progress == nil {
			return
		}
		select {
		case r.progress <- seen:
		default:
		}
	}
}

// last shows the final figures of an attack; they are never left out.
func (r *runner) last(p *part, o offer) {
	if r.progress == nil && r.Exporter == nil {
		return
	}
	seen := r.seen(p, o, p.tally, cmp.Or(p.tally.stopped, o.duration))
	seen.Last, seen.Rate, seen.OfferedRate = true, p.report.AchievedRate, p.report.OfferedRate
	seen.Counts = newSparse(p.tally.latency)
	if r.Exporter != nil {
		r.Exporter.Show(seen)
	}
	if r.progress != nil {
		r.progress <- seen
	}
}

func (r *runner) seen(p *part, o offer, t *tally, elapsed time.Duration) Progress {
	shown := Progress{
		Scenario: p.scenario.Name, Number: r.number, Of: r.of, Phase: o.phase, Elapsed: elapsed, Duration: o.duration, WarmUp: o.warm,
		Requests: t.requests, Kept: t.kept, Leaks: t.leaks, FalseRefusals: t.falseRefusals, Faults: t.faults,
		Latency: t.latencies(), Second: t.latest,
		Rate: float64(t.requests) / max(elapsed-o.warm, time.Millisecond).Seconds(),
	}
	if t.latest.Seconds > 0 {
		shown.Rate = float64(t.latest.Sent)
	}
	if pacer := p.attack.schedule.pacer; pacer != nil {
		shown.OfferedRate = pacer.Rate(elapsed)
	}
	return shown
}

// sweepProgress shows how far a sweep has come.
func (r *runner) sweepProgress(w *sweeping, part float64) {
	if r.progress == nil {
		return
	}
	p := Progress{
		Scenario: w.Name, Number: r.number, Of: r.of, Phase: "sweep", Elapsed: time.Duration(min(part, 1) * float64(r.Duration)), Duration: r.Duration,
		Requests: w.report.Requests, Kept: w.report.Requests - w.report.Leaks - w.report.Faults, Leaks: w.report.Leaks, Faults: w.report.Faults,
	}
	select {
	case r.progress <- p:
	default:
	}
}

// Together is how far all shards have come, from what each said last of the same
// scenario.
func Together(shards []Progress) Progress {
	var all Progress
	latency := newHistogram()
	all.Last = true
	for _, p := range shards {
		all.Scenario, all.Number, all.Of, all.Phase = p.Scenario, p.Number, p.Of, p.Phase
		all.Duration, all.WarmUp, all.Elapsed = p.Duration, p.WarmUp, max(all.Elapsed, p.Elapsed)
		all.OfferedRate = max(all.OfferedRate, p.OfferedRate) // each says that of all
		all.Rate += p.Rate
		all.Requests, all.Kept, all.Leaks = all.Requests+p.Requests, all.Kept+p.Kept, all.Leaks+p.Leaks
		all.FalseRefusals, all.Faults = all.FalseRefusals+p.FalseRefusals, all.Faults+p.Faults
		all.Last = all.Last && p.Last
		if p.Second.Seconds > 0 && (all.Second.Seconds == 0 || p.Second.Second == all.Second.Second) {
			all.Second.Second, all.Second.Seconds = p.Second.Second, p.Second.Seconds
			all.Second.addCounts(p.Second)
		}
		sparse(p.Counts).addTo(latency)
	}
	all.Latency, all.Counts = latencies(latency), newSparse(latency)
	return all
}
