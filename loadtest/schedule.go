package loadtest

import (
	"math"
	"time"
)

// schedule says when each request is due. It is the [vegeta.Pacer] of an attack:
// an open model, in which a request is due whether or not others were answered.
type schedule struct {
	rate     float64 // requests per second
	burst    int     // requests that are due at the same moment
	planned  uint64
	duration time.Duration
	saturate bool      // as fast as answers come, instead of a rate
	began    time.Time // set at the first call
}

func newSchedule(rate float64, burst int, duration time.Duration) *schedule {
	return &schedule{
		rate: rate, burst: max(1, burst), duration: duration,
		planned: uint64(max(1, math.Round(rate*duration.Seconds()))),
	}
}

// late is how long after its end an attack may still send what was due in it,
// in parts of its duration: what comes later would be less than 95 % of the rate
// anyway.
const late = 0.05

// Pace implements [vegeta.Pacer].
func (s *schedule) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if s.began.IsZero() {
		s.began = time.Now().Add(-elapsed)
	}
	if s.saturate {
		return 0, elapsed > s.duration
	}
	limit := s.duration + time.Duration(late*float64(s.duration)) + 20*time.Millisecond
	if hits >= s.planned || elapsed > limit {
		return 0, true
	}
	return max(0, s.due(hits)-elapsed), false
}

// Rate implements [vegeta.Pacer].
func (s *schedule) Rate(time.Duration) float64 { return s.rate }

// due is when the request of that number, from 0, is to be sent.
func (s *schedule) due(hit uint64) time.Duration {
	first := hit / uint64(s.burst) * uint64(s.burst)
	return time.Duration(float64(first) / s.rate * float64(time.Second))
}

// lag is how much later than due a request was sent; it is never negative.
func (s *schedule) lag(hit uint64, sent time.Time) time.Duration {
	if s.saturate {
		return 0
	}
	return max(0, sent.Sub(s.began)-s.due(hit))
}
