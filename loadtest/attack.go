package loadtest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/scopeproof/scopeproof/internal/actor"
)

// attack is one scenario's requests under way.
type attack struct {
	name     string
	deck     *deck
	schedule *schedule
	workers  int // at most
	timeout  time.Duration
	network  network
	results  vegeta.Encoder    // nil: not written
	keys     *actor.Signatures // nil: signatures are not checked
	progress func(*tally, time.Duration)
	together *muster

	samples *samples
	tickets *tickets
	counter *counter
	sheets  []sheet
	origins []string
	unsent  atomic.Pointer[error] // why it ended before its time

	checker   *checker
	unchecked atomic.Int64 // tokens that there was no room for

	mu      sync.Mutex
	hands   []*worker
	working int           // of hands
	idle    chan struct{} // closed when no hand works any more
}

// load is what was seen of the attack beside the answers.
type load struct {
	cpu   float64 // cores that this process used
	host  float64 // cores that all processes of this host used; 0: not known
	full  float64 // part of the time in which all workers were waiting, and there were too few
	waits int64   // draws that had to wait for a chain

	workers int // that there were at the end
}

// run attacks until everything is sent that is due, and answered or given up.
func (a *attack) run(parent context.Context, kept *samples) (*tally, load, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	lines, err := a.warmUp(ctx)
	a.together.leave()
	if err == nil {
		if err = a.together.wait(ctx); err != nil {
			for _, l := range lines {
				l.close()
			}
		}
	}
	if err != nil {
		return newTally(), load{}, err
	}
	a.tickets = newTickets(a.schedule)
	defer a.tickets.alarm.close()
	a.checker = newChecker(ctx, a.keys, kept)
	a.counter, a.samples, a.idle = newCounter(a.schedule), kept, make(chan struct{})
	defer context.AfterFunc(ctx, a.tickets.stop)()

	runtime.GC() // what was prepared leaves no garbage to be collected while it is measured
	before, around, began := cpuTime(), hostTime(), time.Now()
	a.tickets.began = began
	var written *recorder
	if a.results != nil {
		written = newRecorder(a.name, a.results, began, cancel)
		a.sheets = make([]sheet, len(a.counter.cells))
		for i := range a.sheets {
			a.sheets[i].recorder = written
		}
	}
	a.hire(ctx, lines)
	stop := a.watch(ctx)
	a.collect()
	took := time.Since(began)
	l := stop()
	t := a.counter.finish(took, int64(a.tickets.taken.Load()))
	if parent.Err() != nil {
		t.stopped = min(took, a.schedule.duration)
	}
	for i := range a.sheets {
		a.sheets[i].flush()
	}
	if took > 0 {
		l.cpu = (cpuTime() - before).Seconds() / took.Seconds()
		l.host = (hostTime() - around).Seconds() / took.Seconds()
	}
	l.waits = a.deck.waits.Load()
	t.signatures = a.checker.finish(a.unchecked.Load())
	if err := a.unsent.Load(); err != nil {
		t.unsent = (*err).Error()
	}
	return t, l, written.close()
}

// watch gives up requests that wait too long, hires workers where all are busy,
// and looks how many requests are under way. The function that it returns ends it.
func (a *attack) watch(ctx context.Context) func() load {
	done := make(chan struct{})
	var watching sync.WaitGroup
	var full, looks int64
	watching.Go(func() {
		tick := time.NewTicker(hireEvery)
		defer tick.Stop()
		var h hiring
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			now := look{a.tickets.elapsed(), a.tickets.taken.Load()}
			if more := h.see(now, a.tickets.behind(), len(a.hands), a.pace); more > 0 {
				a.hire(ctx, a.newLines(ctx, more))
			}
			if n%int(sweepEvery/hireEvery) != 0 {
				continue
			}
			looks++
			if busy := a.sweep(); busy >= a.workers || busy >= len(a.hands) && h.behind > patience {
				full++
			}
		}
	})
	return func() load {
		close(done)
		watching.Wait()
		return load{full: float64(full) / float64(max(1, looks)), workers: len(a.hands)}
	}
}

// sweep gives up requests that wait too long, and returns how many are under way.
func (a *attack) sweep() (busy int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.tickets.elapsed()
	for _, w := range a.hands {
		if w.sweep(now) {
			busy++
		}
	}
	return busy
}

// collect counts what the workers do until all are done.
func (a *attack) collect() {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.idle:
			return
		case <-tick.C:
			moment := a.tickets.elapsed()
			a.counter.collect(moment, int64(a.tickets.taken.Load()))
			a.progress(a.counter.total, moment)
		}
	}
}

// warmUp dials the connections that the attack starts with, so that the first
// requests do not wait for it. An error means that nothing answers.
func (a *attack) warmUp(ctx context.Context) ([]line, error) {
	lines := a.newLines(ctx, a.startWorkers())
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	a.origins = a.deck.origins()
	for _, origin := range a.origins {
		if err := a.network.warm(ctx, origin, lines); err != nil {
			for _, l := range lines {
				l.close()
			}
			return nil, err
		}
	}
	return lines, nil
}
