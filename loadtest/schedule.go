package loadtest

import (
	"math"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// schedule says when each request is due. It is an open model, in which a request
// is due whether or not others were answered.
type schedule struct {
	// pacer is asked in the time of the schedule, not in that of the clock: what it
	// says must depend on nothing but its arguments. Nil means that a request is due
	// as soon as a worker is free.
	pacer    vegeta.Pacer
	burst    int // requests that are due at the same moment
	duration time.Duration
	warm     time.Duration // of duration: what is due in it counts in no figure
	// Of the requests this attack sends those whose number leaves shard when divided
	// by shards; 0 shards means all.
	shard, shards uint64
}

func newSchedule(pacer vegeta.Pacer, burst int, duration time.Duration) *schedule {
	return &schedule{pacer: pacer, burst: max(1, burst), duration: duration}
}

// late is how long after its end an attack may still send what was due in it,
// in parts of its duration: what comes later would be less than 95 % of the rate
// anyway.
const late = 0.05

// limit is when the attack stops to send.
func (s *schedule) limit() time.Duration {
	if s.pacer == nil {
		return s.duration
	}
	return s.duration + time.Duration(late*float64(s.duration)) + 20*time.Millisecond
}

// rate is the highest rate of the schedule, in requests per second.
func (s *schedule) rate() float64 {
	if s.pacer == nil {
		return 0
	}
	var most float64
	const looks = 100
	for i := range looks {
		most = max(most, s.pacer.Rate(s.duration*time.Duration(i)/looks))
	}
	return most / float64(max(1, s.shards))
}

// cursor walks through a schedule.
type cursor struct {
	*schedule
	number uint64        // of the next request
	at     time.Duration // when the pacer has it due
	due    time.Duration // when it is due: with the first of its burst
	ready  bool          // at and due are those of number
	over   bool
}

// peek is when the next request of this shard is due; false means that there is
// none.
func (c *cursor) peek() (due time.Duration, ok bool) {
	for !c.ready && !c.over {
		wait, stop := c.pacer.Pace(c.at, c.number)
		c.at += max(0, wait)
		if stop || c.at >= c.duration {
			c.over = true
			break
		}
		if c.number%uint64(c.burst) == 0 {
			c.due = c.at
		}
		if c.shards > 1 && c.number%c.shards != c.shard {
			c.number++
			continue
		}
		c.ready = true
	}
	return c.due, c.ready
}

// next is the number of the next request, and when it is due. It must have been
// peeked at.
func (c *cursor) next() (number uint64, due time.Duration) {
	number, due = c.number, c.due
	c.number++
	c.ready = false
	return number, due
}

// before counts the requests that are due before a moment and were not counted.
func (c *cursor) before(moment time.Duration) (n int64) {
	for {
		due, ok := c.peek()
		if !ok || due >= moment {
			return n
		}
		c.next()
		n++
	}
}

// constant is a pacer whose first request is due at once.
type constant struct {
	rate    float64 // requests per second
	planned uint64
}

func newConstant(rate float64, duration time.Duration) constant {
	return constant{rate, uint64(max(1, math.Round(rate*duration.Seconds())))}
}

// Pace implements [vegeta.Pacer].
func (c constant) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	due := time.Duration(float64(hits) / c.rate * float64(time.Second))
	return max(0, due-elapsed), hits >= c.planned
}

// Rate implements [vegeta.Pacer].
func (c constant) Rate(time.Duration) float64 { return c.rate }
