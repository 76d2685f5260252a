package loadtest

import "time"

// Waiter is a [Chain] that is not always ready: a device has to wait between two
// polls, a refresh until somebody has consented. While it waits another request
// of the plan is sent in its place.
type Waiter interface {
	Chain
	// Wait is how long it is not ready from now on; 0: Next may be called. It is
	// called after each answer, and again when that time is over.
	Wait() time.Duration
	// Unanswered is called in place of Judge when there was no answer, and reports
	// whether the chain goes on.
	Unanswered() bool
}

// unanswered reports whether a chain goes on after a request without an answer.
func unanswered(c Chain) bool {
	w, ok := c.(Waiter)
	return ok && w.Unanswered()
}

// put makes a chain wait for the next draw, as soon as it is ready.
func (p *pool) put(s *slot) {
	if w, ok := s.chain.(Waiter); ok {
		p.patient.Store(true)
		if wait := w.Wait(); wait > 0 {
			time.AfterFunc(wait, func() { p.put(s) })
			return
		}
	}
	p.free <- s // never blocks: there is a place for each
}

// looked is how many places of the order are looked at for something that is
// ready.
const looked = 64

// ready is the entry at a place of the order, or one after it if that one waits
// until a moment comes.
func ready(order []entry, at uint64) entry {
	n := uint64(len(order))
	e := order[at%n]
	for i := uint64(1); i < looked && e.waits(); i++ {
		e = order[(at+i)%n]
	}
	if e.waits() {
		return order[at%n]
	}
	return e
}

// waits reports whether all chains of an entry wait, some of them for a moment
// and not for an answer.
func (e entry) waits() bool { return e.pool != nil && e.pool.patient.Load() && len(e.pool.free) == 0 }
