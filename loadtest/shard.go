package loadtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

// PartSchema is the value of Part.Schema.
const PartSchema = "scopeproof/load-part/v1"

// Part is what one shard of a run found: a report, and of each scenario what is
// needed for adding it to those of the other shards without loss.
type Part struct {
	Schema string `json:"schema"`
	// Shard is its number, from 0, of Shards.
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
	// Attempt tells one run of the shard from another.
	Attempt string  `json:"attempt"`
	Report  *Report `json:"report"`
	// Scenarios are in the order of the report's.
	Scenarios []partScenario `json:"scenarios"`
	// Results is what it wrote in vegeta's format; nil: nothing.
	Results *ResultsSum `json:"results,omitempty"`
}

// partScenario is what a scenario's report leaves out.
type partScenario struct {
	Ready    bool          `json:"ready"` // it was attacked
	Answered int64         `json:"answered"`
	Unsent   string        `json:"unsent,omitempty"`
	Latency  sparse        `json:"latency"`
	Lag      sparse        `json:"lag"`
	Windows  []sparse      `json:"windows"`            // of the report's windows
	Measures []sparse      `json:"measures,omitempty"` // of the report's measures
	LastSent time.Duration `json:"last_sent"`
	Elapsed  time.Duration `json:"elapsed"`
	Stopped  time.Duration `json:"stopped,omitempty"` // when it was interrupted
	Duration time.Duration `json:"duration"`          // of the attack as it was meant
	Warm     time.Duration `json:"warm"`              // of that
	// Planned are the requests of all shards that are due after the warm-up.
	Planned int64 `json:"planned"`
	Open    bool  `json:"open"`    // a rate was offered
	Workers int   `json:"workers"` // that there were at the end
	// Families are the chains that there were, Ended those that could not go on.
	Families  int    `json:"families"`
	Ended     int    `json:"ended"`
	Side      Side   `json:"side"` // who could not keep up
	Saturated string `json:"saturated"`
	Note      string `json:"note,omitempty"`
}

// RunShard is [Run] for one of several shards: of the same schedule it sends every
// Shards-th request. A scenario that cannot be set up is an error.
func RunShard(ctx context.Context, t *target.Target, scenarios []Scenario, o Options) (*Part, error) {
	if o.Shards < 1 || o.Shard < 0 || o.Shard >= o.Shards {
		return nil, fmt.Errorf("shard: got %d of %d, want one from 0 to fewer than all", o.Shard, o.Shards)
	}
	if o.Capacity != nil || len(o.Sweeps) > 0 {
		return nil, fmt.Errorf("got a search for the capacity or a sweep, which are not divided into shards")
	}
	r, err := newRunner(ctx, t, scenarios, o)
	if err != nil {
		return nil, err
	}
	if err := r.run(ctx, scenarios); err != nil {
		return nil, err
	}
	part := &Part{Schema: PartSchema, Shard: o.Shard, Shards: o.Shards, Attempt: rand.Text(), Report: r.report}
	for _, p := range r.parts {
		part.Scenarios = append(part.Scenarios, p.shard())
	}
	return part, nil
}

// shard is what the part's report leaves out.
func (p *part) shard() partScenario {
	if !p.ready || p.attack == nil {
		return partScenario{}
	}
	t, s := p.tally, p.attack.seen(p.tally, p.load)
	j := judgement{seen: s, report: &p.report}
	whole := *p.attack.schedule
	whole.shards = 0
	out := partScenario{
		Ready: true, Answered: t.answered, Unsent: t.unsent, Latency: newSparse(t.latency), Lag: newSparse(t.lag),
		LastSent: t.lastSent, Elapsed: t.elapsed, Stopped: t.stopped, Duration: s.duration, Warm: s.warm, Open: s.open, Workers: s.load.workers,
		Measures: p.stage.measured.counts(), Families: s.families, Ended: s.ended, Side: j.side(), Saturated: j.saturated(), Note: p.note,
	}
	if s.open {
		out.Planned = whole.between(s.warm, s.duration)
	}
	for i := range t.windows {
		out.Windows = append(out.Windows, t.windows[i].counts)
	}
	return out
}

// Encode is the part as it is handed in.
func (p *Part) Encode() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(p); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// partMost bounds a part that was unpacked.
const partMost = 1 << 30

// DecodePart reads what [Part.Encode] wrote.
func DecodePart(data []byte) (*Part, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("a shard's result: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, partMost)) // to its end, where the checksum is
	if err != nil {
		return nil, fmt.Errorf("a shard's result: %w", err)
	}
	p := &Part{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("a shard's result: %w", err)
	}
	if p.Schema != PartSchema || p.Report == nil || len(p.Scenarios) != len(p.Report.Scenarios) {
		return nil, fmt.Errorf("a shard's result: got the schema %q with %d scenarios, want %q", p.Schema, len(p.Scenarios), PartSchema)
	}
	for i := range p.Scenarios {
		got, report := &p.Scenarios[i], &p.Report.Scenarios[i]
		if got.Ready && (len(got.Windows) != len(report.Windows) || len(got.Measures) != len(report.Measures)) {
			return nil, fmt.Errorf("a shard's result: got %d windows for %d, and %d measures for %d",
				len(got.Windows), len(report.Windows), len(got.Measures), len(report.Measures))
		}
	}
	return p, nil
}

// muster lets the attacks of a group begin at the same moment: when the last of
// them is ready, it is asked once when that is.
type muster struct {
	ask  func() (time.Time, error)
	left atomic.Int64  // attacks that are not ready yet
	open chan struct{} // closed when it was asked
	at   time.Time
	err  error
}

// newMuster is for n attacks; ask may be nil.
func newMuster(n int, ask func() (time.Time, error)) *muster {
	m := &muster{ask: ask, open: make(chan struct{})}
	m.left.Store(int64(n))
	return m
}

// leave says that one more attack is ready, or never will be.
func (m *muster) leave() {
	if m.left.Add(-1) > 0 {
		return
	}
	if m.ask != nil {
		m.at, m.err = m.ask()
	}
	close(m.open)
}

// wait waits for the moment at which the attacks begin.
func (m *muster) wait(ctx context.Context) error {
	select {
	case <-m.open:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if m.err != nil {
		return m.err
	}
	select {
	case <-time.After(time.Until(m.at)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
