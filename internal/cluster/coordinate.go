package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Fleet is the shards of one run, where they are.
type Fleet interface {
	// Open waits until a shard runs and returns its standard output, from its
	// beginning, and its standard input. It is called again when the output breaks
	// off before the shard's end. An error is why there is no such shard, or no
	// more; its text names where it was.
	Open(ctx context.Context, shard int) (Streams, error)
	// Waits is what a shard that is not heard seems to be waiting for.
	Waits(shard int) string
	// Close removes everything that the fleet made, and waits until it is gone.
	Close(ctx context.Context) error
}

// Streams are those of one shard.
type Streams struct {
	Where string // "process 4711", "pod scopeproof-load-3-x7f2k"
	In    io.WriteCloser
	Out   io.ReadCloser
}

// Options say how a run is coordinated.
type Options struct {
	Shards int
	// ReadyWithin is how long a shard may take to be heard for the first time, and
	// how long the first that is ready for a stage waits for the others; whoever
	// comes later starts late. 0 means two minutes.
	ReadyWithin time.Duration
	// SilentFor is how long a shard that was heard may say nothing before it is
	// given up; it says that it lives every [alive]. 0 means half a minute.
	SilentFor time.Duration
	// OnProgress is called with what shards say of their progress, one at a time;
	// it may be nil.
	OnProgress func(shard int, data json.RawMessage)
}

const (
	defaultReadyWithin = 2 * time.Minute
	defaultSilentFor   = 30 * time.Second
	// lead is how long before its start a stage is announced: longer than a
	// message takes.
	lead = 500 * time.Millisecond
	// stopWithin is how long shards have for handing in what ran when they are
	// told to stop.
	stopWithin = 15 * time.Second
	// again is how long a stream that broke off is waited for before it is opened
	// anew.
	again = 200 * time.Millisecond
)

// Shard is what came of one shard.
type Shard struct {
	Index int
	Where string
	// Late is how much later than the others it started, in the worst stage.
	Late time.Duration
	// Result is what it handed in; nil: nothing.
	Result []byte
	// Problem is why there is no result, or empty.
	Problem string
}

// Run coordinates the shards of a fleet until each has handed in its result or
// cannot. When ctx ends they are told to stop and to hand in what ran. The fleet
// stays the caller's to close.
func Run(ctx context.Context, fleet Fleet, o Options) []Shard {
	if o.ReadyWithin == 0 {
		o.ReadyWithin = defaultReadyWithin
	}
	if o.SilentFor == 0 {
		o.SilentFor = defaultSilentFor
	}
	c := &coordinator{Options: o, fleet: fleet, shards: make([]*shard, o.Shards), stages: map[string]*stage{}}
	// Streams outlive an interruption, so that what ran is still handed in.
	streams, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var all sync.WaitGroup
	for i := range c.shards {
		c.shards[i] = &shard{Shard: Shard{Index: i}, heard: time.Now()}
	}
	for _, s := range c.shards {
		all.Go(func() { c.follow(streams, s) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		c.stop()
		select {
		case <-done:
		case <-time.After(stopWithin):
		}
	}
	cancel()
	<-done
	list := make([]Shard, o.Shards)
	for i, s := range c.shards {
		list[i] = s.Shard
	}
	return list
}

// shard is one shard under way.
type shard struct {
	Shard
	reading reading
	ended   bool // guarded by coordinator.mu

	mu    sync.Mutex // guards the rest
	in    io.WriteCloser
	heard time.Time // when it last said something, or was begun with
	known bool      // it said something
}

// silence is how long nothing has been heard of the shard.
func (s *shard) silence() (d time.Duration, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.heard), s.known
}

func (s *shard) hear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard, s.known = time.Now(), true
}

// tell sends an order; a shard that cannot be reached is noticed by what it does
// not say.
func (s *shard) tell(o order) {
	data, err := json.Marshal(o)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != nil {
		_, _ = s.in.Write(append(data, '\n'))
	}
}

func (s *shard) connect(in io.WriteCloser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != nil {
		_ = s.in.Close()
	}
	s.in = in
}

// stage is one barrier.
type stage struct {
	ready map[int]bool
	begun time.Time // zero: not yet
	timer *time.Timer
}

type coordinator struct {
	Options
	fleet    Fleet
	shards   []*shard
	progress sync.Mutex

	mu      sync.Mutex
	stages  map[string]*stage
	stopped bool
}

// follow reads a shard until its end.
func (c *coordinator) follow(ctx context.Context, s *shard) {
	defer c.leave(s)
	defer s.connect(nil)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer c.watch(ctx, s, cancel)()
	for {
		streams, err := c.fleet.Open(ctx, s.Index)
		if err != nil {
			s.Problem = given(ctx, err.Error())
			return
		}
		s.Where = streams.Where
		s.connect(streams.In)
		if c.listen(ctx, s, streams.Out) {
			return
		}
		if ctx.Err() != nil {
			s.Problem = given(ctx, "")
			return
		}
		time.Sleep(again)
	}
}

// given is why a shard was given up, or else what happened.
func given(ctx context.Context, happened string) string {
	switch {
	case ctx.Err() == nil:
		return happened
	case context.Cause(ctx) == context.Canceled:
		return "it handed in nothing in time"
	}
	return context.Cause(ctx).Error()
}

// watch gives a shard up that says nothing. The function that it returns ends
// that.
func (c *coordinator) watch(ctx context.Context, s *shard, giveUp context.CancelCauseFunc) (stop func()) {
	tick := time.NewTicker(c.SilentFor / 10)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			quiet, known := s.silence()
			switch {
			case known && quiet > c.SilentFor:
				giveUp(fmt.Errorf("nothing was heard of it for %v: %s", c.SilentFor, c.fleet.Waits(s.Index)))
			case !known && quiet > c.ReadyWithin:
				giveUp(fmt.Errorf("it did not come up within %v: %s", c.ReadyWithin, c.fleet.Waits(s.Index)))
			}
		}
	}()
	return tick.Stop
}

// listen reads a shard's output, and reports whether that was its end.
func (c *coordinator) listen(ctx context.Context, s *shard, out io.ReadCloser) (ended bool) {
	stop := context.AfterFunc(ctx, func() { _ = out.Close() })
	defer stop()
	failed := ""
	err := s.reading.read(out, func(l line) {
		s.hear()
		switch {
		case l.Ready != "":
			c.ready(s, l.Ready)
		case l.Progress != nil:
			c.tellProgress(s.Index, l.Progress)
		case l.Failed != "":
			failed = l.Failed
		}
	})
	if stop() {
		_ = out.Close()
	}
	switch {
	case s.reading.done:
		s.Result = s.reading.result.Bytes()
	case failed != "":
		s.Problem = failed
	case errors.Is(err, errCorrupt):
		s.Problem = err.Error()
	default:
		return false
	}
	return true
}

func (c *coordinator) tellProgress(shard int, data json.RawMessage) {
	if c.OnProgress == nil {
		return
	}
	c.progress.Lock()
	defer c.progress.Unlock()
	c.OnProgress(shard, data)
}

// ready notes that a shard waits for a stage, and starts the stage when all do.
func (c *coordinator) ready(s *shard, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.stages[name]
	if st == nil {
		st = &stage{ready: map[int]bool{}}
		c.stages[name] = st
		st.timer = time.AfterFunc(c.ReadyWithin, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.begin(name, st)
		})
	}
	st.ready[s.Index] = true
	if !st.begun.IsZero() {
		s.Late = max(s.Late, time.Since(st.begun))
		s.tell(order{Start: name})
		return
	}
	c.settle()
}

// settle starts the stages for which nobody is left to wait.
func (c *coordinator) settle() {
	waiting := 0
	for _, s := range c.shards {
		if s != nil && !s.ended {
			waiting++
		}
	}
	for name, st := range c.stages {
		here := 0
		for i := range st.ready {
			if !c.shards[i].ended {
				here++
			}
		}
		if st.begun.IsZero() && here > 0 && here == waiting {
			c.begin(name, st)
		}
	}
}

func (c *coordinator) begin(name string, st *stage) {
	if !st.begun.IsZero() || c.stopped {
		return
	}
	st.timer.Stop()
	st.begun = time.Now().Add(lead)
	for i := range st.ready {
		// What is left of the lead: sending to many takes a while.
		c.shards[i].tell(order{Start: name, InMS: max(0, time.Until(st.begun).Milliseconds())})
	}
}

// leave notes that a shard is at its end: nobody waits for it any more.
func (c *coordinator) leave(s *shard) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.ended = true
	if s.Result == nil && s.Problem == "" {
		s.Problem = "it ended without a result"
	}
	c.settle()
}

// stop tells every shard to stop.
func (c *coordinator) stop() {
	c.mu.Lock()
	c.stopped = true
	for _, st := range c.stages {
		st.timer.Stop()
	}
	c.mu.Unlock()
	for _, s := range c.shards {
		s.tell(order{Stop: true})
	}
}

// Problems are the shards without a result, in words.
func Problems(shards []Shard) []string {
	var list []string
	for _, s := range shards {
		if s.Result != nil {
			continue
		}
		where := s.Where
		if where == "" {
			where = "never ran"
		}
		list = append(list, fmt.Sprintf("shard %d (%s): %s", s.Index, where, s.Problem))
	}
	return list
}
