package loadtest

import (
	"sync/atomic"
	"time"
)

// ticket is a request that is due.
type ticket struct {
	number uint64
	due    time.Duration // since the attack began
}

// tickets hands the requests of a schedule out to workers, in order, each when it
// is due. One worker at a time has the turn: it waits for the next request to be
// due, passes the turn on, and sends. No other goroutine is between the clock and
// the connection.
type tickets struct {
	cursor
	began time.Time
	alarm *alarm
	turn  chan struct{} // holds one token
	// free is how many workers wait for the turn or for a request to be due, taken
	// how many requests were handed out.
	free  atomic.Int64
	taken atomic.Uint64
	ended atomic.Bool
}

func newTickets(s *schedule) *tickets {
	t := &tickets{cursor: cursor{schedule: s}, alarm: newAlarm(), turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// elapsed is the time since the attack began.
func (t *tickets) elapsed() time.Duration { return time.Since(t.began) }

// take waits for the next request to be due; false means that there is none.
func (t *tickets) take() (ticket, bool) {
	if t.pacer == nil {
		return t.atOnce()
	}
	t.free.Add(1)
	<-t.turn
	got, ok := t.wait()
	t.free.Add(-1)
	t.turn <- struct{}{}
	return got, ok
}

// atOnce is take for the closed model.
func (t *tickets) atOnce() (ticket, bool) {
	now := t.elapsed()
	if now >= t.duration || t.ended.Load() {
		return ticket{}, false
	}
	n := t.taken.Add(1) - 1
	if t.shards > 1 {
		n = n*t.shards + t.shard
	}
	return ticket{n, now}, true
}

// wait waits with the turn.
func (t *tickets) wait() (ticket, bool) {
	due, ok := t.peek()
	for ok && !t.ended.Load() {
		now := t.elapsed()
		if now >= due {
			if now > t.limit() {
				break
			}
			n, due := t.next()
			t.taken.Add(1)
			return ticket{n, due}, true
		}
		t.alarm.wait(due - now)
	}
	t.ended.Store(true)
	return ticket{}, false
}

// stop ends the attack: nothing more is handed out.
func (t *tickets) stop() {
	t.ended.Store(true)
	t.alarm.ring()
}
