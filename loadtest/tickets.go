package loadtest

import (
	"sync"
	"sync/atomic"
	"time"
)

// ticket is a request that is due.
type ticket struct {
	number uint64
	due    time.Duration // since the attack began
	now    time.Duration // when it was handed out
}

// tickets hands the requests of a schedule out to workers, in order, each when it
// is due: no other goroutine is between the clock and the connection. A worker
// takes a request that is due at once. Where none is, one worker waits for the
// next to be due, and the others until they are woken, the last to come first.
type tickets struct {
	began time.Time
	taken atomic.Uint64 // requests handed out
	ended atomic.Bool

	alarm *alarm

	mu sync.Mutex
	cursor
	waiting bool // a worker waits for the alarm
	idle    []chan struct{}
}

// grain is the least that is waited for: requests that are due within it are sent
// together. To sleep and be woken takes as long as to send several requests, the
// more so where a hypervisor is asked each time.
const grain = 100 * time.Microsecond

func newTickets(s *schedule) *tickets {
	return &tickets{cursor: cursor{schedule: s}, alarm: newAlarm()}
}

// elapsed is the time since the attack began.
func (t *tickets) elapsed() time.Duration { return time.Since(t.began) }

// take waits for the next request to be due; false means that there is none. Wake
// is the worker's own, with room for one.
func (t *tickets) take(wake chan struct{}) (ticket, bool) {
	if t.pacer == nil {
		return t.atOnce()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		due, ok := t.peek()
		now := t.elapsed()
		switch {
		case !ok || t.ended.Load() || now > t.limit():
			t.end()
			return ticket{}, false
		case now >= due:
			n, due := t.next()
			t.taken.Add(1)
			if !t.waiting {
				t.rouse() // for the next one
			}
			return ticket{n, due, now}, true
		case t.waiting:
			t.idle = append(t.idle, wake)
			t.mu.Unlock()
			<-wake
			t.mu.Lock()
		default:
			t.waiting = true
			t.mu.Unlock()
			t.alarm.wait(max(due-now, grain))
			t.mu.Lock()
			t.waiting = false
		}
	}
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
	return ticket{n, now, now}, true
}

// rouse wakes one of the workers that wait.
func (t *tickets) rouse() {
	if last := len(t.idle) - 1; last >= 0 {
		t.idle[last] <- struct{}{}
		t.idle = t.idle[:last]
	}
}

// end is the end of the schedule: everybody may go.
func (t *tickets) end() {
	t.ended.Store(true)
	for len(t.idle) > 0 {
		t.rouse()
	}
}

// behind is for how long a request has been due for which there is no worker; 0:
// there is none.
func (t *tickets) behind() time.Duration {
	if t.pacer == nil || t.ended.Load() {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting || len(t.idle) > 0 {
		return 0
	}
	due, ok := t.peek()
	if !ok {
		return 0
	}
	return max(0, t.elapsed()-due)
}

// stop ends the attack: nothing more is handed out.
func (t *tickets) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
	t.alarm.ring()
}
