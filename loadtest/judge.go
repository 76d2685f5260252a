package loadtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// bodyLimit and headerLimit bound what is read of an answer.
	bodyLimit   = 1 << 20
	headerLimit = 64 << 10
	// sweepEvery is how often requests are looked for that wait too long.
	sweepEvery = 50 * time.Millisecond
)

// epoch is what moments are counted from where there is no attack; it is
// monotonic.
var epoch = time.Now()

var errTimeout = errors.New("no answer in time")

// worker takes requests when they are due, sends them over its line, and judges
// each answer, one after another on one goroutine.
type worker struct {
	*attack
	line  line
	cell  *cell
	sheet *sheet // nil: results are not written
	room  room
	wake  chan struct{}
	// since is when what is under way began, in nanoseconds since the attack did, and
	// at least 1; 0: there is nothing; given: it was given up. Setting given and giving
	// up are one act under mu.
	since atomic.Int64
	mu    sync.Mutex
	// When the last answer came, as since, and how long it took.
	done, took atomic.Int64
}

// given marks a request that was given up.
const given = -1

// run works until there is nothing left to send.
func (w *worker) run(ctx context.Context) {
	defer w.line.close()
	if w.deck.queue.Load() == 0 { // or it may well wait for a chain, and need no connection
		w.begin(w.tickets.elapsed())
		for _, origin := range w.origins {
			// A request that needs the connection says what is wrong.
			_ = w.line.open(origin)
		}
		w.ended()
	}
	for w.turn(ctx) {
	}
}

// begin notes that something is under way that must not take for ever.
func (w *worker) begin(now time.Duration) { w.since.Store(int64(now) | 1) }

// ended notes that it is not any more, and reports whether it was given up.
func (w *worker) ended() bool {
	if w.since.Swap(0) != given {
		return false
	}
	w.mu.Lock() // whoever gave it up has done so
	defer w.mu.Unlock()
	w.line.renew()
	return true
}

// turn sends the next request; false means that there is none.
func (w *worker) turn(ctx context.Context) bool {
	t, ok := w.tickets.take(w.wake)
	if !ok {
		return false
	}
	s, err := w.deck.draw(t.number)
	if err != nil {
		w.end(ctx, err)
		return false
	}
	w.shoot(ctx, t, s)
	return true
}

// end ends the attack before its time, as there is nothing that could be sent.
func (w *worker) end(ctx context.Context, why error) {
	if ctx.Err() == nil {
		w.unsent.CompareAndSwap(nil, &why)
	}
	w.tickets.stop()
}

// shoot sends a request and judges its answer.
func (w *worker) shoot(ctx context.Context, t ticket, s *slot) {
	x := shot{due: t.due, sent: t.now}
	if s.chain != nil {
		x.sent = w.tickets.elapsed() // after it was waited for
	}
	w.begin(x.sent)
	a, err := w.line.send(&s.packet)
	if w.ended() && err != nil {
		err = errTimeout
	}
	x.done = w.tickets.elapsed()
	if x.answered = err == nil; x.answered {
		w.done.Store(int64(x.done))
		w.took.Store(int64(x.done - x.sent))
	}
	if err != nil && over(ctx) && !errors.Is(err, errTimeout) {
		// What was under way when the run was interrupted counts as nothing.
		if s.chain != nil {
			s.pool.give(s, false)
		}
		return
	}
	more := w.judge(&x, s, a, err)
	// Of the warm-up counts what no warm-up excuses.
	if wrong := x.verdict.Class == Leak || x.verdict.Class == FalseRefusal; wrong || x.due >= w.schedule.warm {
		w.cell.add(&x)
		if w.sheet != nil {
			w.sheet.add(t.number, &s.packet, &x, a)
		}
	}
	if s.chain != nil {
		s.pool.give(s, more) // from here on the slot is another's
	}
}

// over reports whether the time of a context is up, also where that is seen before
// the context says so.
func over(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	end, limited := ctx.Deadline()
	return limited && !time.Now().Before(end)
}

// judge judges an answer, and keeps it as a sample if it is not as expected. It
// reports whether a chain can go on.
func (w *worker) judge(x *shot, s *slot, a Answer, err error) (more bool) {
	a.room, w.room.issued = &w.room, nil
	switch {
	case err != nil:
		x.verdict = fault("no answer: %s", reason(err))
		more = s.chain != nil && unanswered(s.chain)
	case s.chain != nil:
		x.verdict, more = s.chain.Judge(a)
	default:
		x.verdict = s.expect(a)
	}
	if !x.verdict.kept() {
		x.limited = x.verdict.Class == Fault && limits(a)
		w.samples.keep(x.verdict, s.packet.Request, a, err, w.tickets.began.Add(x.sent))
	}
	if w.room.issued != nil && w.checker != nil && !w.checker.offer(w.room.issued, &s.packet.Request, &a, w.tickets.began.Add(x.sent)) {
		w.unchecked.Add(1)
	}
	return more
}

// sweep gives up a request that has waited too long, and reports whether one is
// under way.
func (w *worker) sweep(now time.Duration) bool {
	since := w.since.Load()
	if since > 0 && now-time.Duration(since) > w.timeout {
		w.mu.Lock()
		if w.since.CompareAndSwap(since, given) {
			w.line.giveUp()
		}
		w.mu.Unlock()
	}
	return since != 0
}
