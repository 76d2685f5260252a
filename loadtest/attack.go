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
	full  float64 // part of the time in which all workers were waiting
	waits int64   // draws that had to wait for a chain
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

// startWorkers is how many workers and connections there are from the start:
// enough for answers that take 20 ms.
func (a *attack) startWorkers() int {
	if a.schedule.pacer == nil {
		return a.workers
	}
	return min(a.workers, 128, max(8, 2*a.schedule.burst, int(a.schedule.rate()/50)))
}

// hire sets more workers to work, one for each line, unless all is over.
func (a *attack) hire(ctx context.Context, lines []line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.hands) > 0 && a.working == 0 {
		for _, l := range lines {
			l.close()
		}
		return
	}
	for _, l := range lines {
		i := len(a.hands) % len(a.counter.cells)
		w := &worker{attack: a, line: l, cell: &a.counter.cells[i], wake: make(chan struct{}, 1)}
		if a.sheets != nil {
			w.sheet = &a.sheets[i]
		}
		a.hands = append(a.hands, w)
		a.working++
		go func() {
			w.run(ctx)
			a.leave()
		}()
	}
}

// newLines are at most n lines for workers that there may be beside those there are.
func (a *attack) newLines(ctx context.Context, n int) []line {
	var lines []line
	for range min(n, a.workers-len(a.hands)) {
		lines = append(lines, a.network.line(ctx))
	}
	return lines
}

// leave is the end of a worker.
func (a *attack) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.working--; a.working == 0 {
		close(a.idle)
	}
}

const (
	// hireEvery is how often it is seen whether there are enough workers, and
	// hireMost how many are hired then: 3200 a second at most. Connections that are
	// dialled all at once would delay what they are dialled for.
	hireEvery = 5 * time.Millisecond
	hireMost  = 16
	// patience is for how long what is due may wait before anybody is hired, and what
	// counts as a quick answer.
	patience = 20 * time.Millisecond
)

// watch gives up requests that wait too long, hires workers where all are busy,
// and looks how many requests are under way. The function that it returns ends it.
func (a *attack) watch(ctx context.Context) func() load {
	done := make(chan struct{})
	var watching sync.WaitGroup
	var full, looks int64
	watching.Go(func() {
		tick := time.NewTicker(hireEvery)
		defer tick.Stop()
		before := time.Duration(0)
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			// Who was held up for a moment, and catches up, would be held up by dialling.
			behind := a.tickets.behind()
			if behind > patience && behind > before && !a.stopped() {
				a.hire(ctx, a.newLines(ctx, hireMost))
			}
			before = behind
			if n%int(sweepEvery/hireEvery) != 0 {
				continue
			}
			looks++
			if a.sweep() >= a.workers {
				full++
			}
		}
	})
	return func() load {
		close(done)
		watching.Wait()
		return load{full: float64(full) / float64(max(1, looks))}
	}
}

// stopped reports whether a server that used to answer quickly answers nobody any
// more. It goes on no sooner for more connections, and they would stay for the rest
// of the run.
func (a *attack) stopped() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	var last time.Duration
	quick := 0 // more of them than of others
	for _, w := range a.hands {
		done := time.Duration(w.done.Load())
		switch {
		case done == 0:
		case time.Duration(w.took.Load()) < patience:
			quick++
		default:
			quick--
		}
		last = max(last, done)
	}
	return quick > 0 && a.tickets.elapsed()-last > patience
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
