package loadtest

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Capacity is what a search for the highest rate found that holds every
// threshold with nothing leaked.
type Capacity struct {
	// Scenarios are those that were offered together.
	Scenarios []string `json:"scenarios"`
	// Rate is the highest rate that held, in requests per second; 0: none did.
	Rate float64 `json:"rate"`
	// Beyond is the lowest rate that did not hold; 0: none was found.
	Beyond float64 `json:"beyond"`
	// Precision is how far apart both may be, as a part of Rate.
	Precision float64 `json:"precision"`
	// Confirmed says that a repeat of both came out the same.
	Confirmed bool `json:"confirmed"`
	// Limit is what was saturated at Beyond.
	Limit Side `json:"limit,omitempty"`
	// Reason says in words what limits the rate, or why nothing was found.
	Reason string `json:"reason"`
	// Curve are the steps, in the order in which they were made.
	Curve []CapacityStep `json:"curve"`
}

// CapacityStep is one rate that was offered for a while.
type CapacityStep struct {
	// Phase is why it was made: "grow", "shrink", "bisect" or "repeat".
	Phase         string  `json:"phase"`
	OfferedRate   float64 `json:"offered_rate"`
	AchievedRate  float64 `json:"achieved_rate"`
	DurationMS    int64   `json:"duration_ms"`
	Requests      int64   `json:"requests"`
	Leaks         int64   `json:"leaks"`
	FalseRefusals int64   `json:"false_refusals"`
	Faults        int64   `json:"faults"`
	Latency       Latency `json:"latency_ms"`
	Held          bool    `json:"held"`
	Reason        string  `json:"reason,omitempty"` // why it did not hold
	// CPU is how many cores this process used, Host how many were used on its
	// host; 0: not known.
	CPU  float64 `json:"cpu"`
	Host float64 `json:"host_cpu"`
	// Limit is what was saturated.
	Limit Side `json:"limit,omitempty"`
}

// Side is who was saturated.
type Side string

// The sides that can be saturated.
const (
	SideTarget  Side = "target"  // the generator had room left, and waited for it
	SideOurs    Side = "ours"    // the load generator used its host up
	SideHost    Side = "host"    // other processes used the generator's host up
	SideBoth    Side = "both"    // generator and target are one process, which used its host up
	SideNeither Side = "neither" // nobody was seen to be
)

const (
	// DefaultPrecision is how exact a capacity is, as a part of it.
	DefaultPrecision = 0.05
	// mostSteps bounds a search.
	mostSteps = 60
	// oftenEnough is how often a rate is measured that holds now and then, before it
	// counts as one that does not.
	oftenEnough = 9
	// agreeing is how many more measurements must say one thing of a rate than the
	// other, for it to be confirmed.
	agreeing = 2
	// shrinks is the part of the first rate below which nothing is looked for: each
	// step would take longer than the one before.
	shrinks = 10
)

// search finds the highest rate that holds. It decides each step anew from all
// that were made, so that one measurement that came out by chance is not built
// upon: whatever the result rests on is measured again until it is sure.
type search struct {
	from, most float64 // the first rate, and the highest that is tried
	precision  float64
	measure    func(ctx context.Context, phase string, rate float64) (CapacityStep, error)

	steps []CapacityStep
	score map[float64]int // how often a rate held, less how often it did not
	tried map[float64]int
}

// find searches. An error is that of measure, which ends the search.
func (s *search) find(ctx context.Context) (Capacity, error) {
	s.score, s.tried = map[float64]int{}, map[float64]int{}
	settled := false
	for len(s.steps) < mostSteps && ctx.Err() == nil {
		rate, phase := s.next()
		if settled = phase == ""; settled {
			break
		}
		step, err := s.measure(ctx, phase, rate)
		if ctx.Err() != nil {
			break // what was interrupted says nothing
		}
		if err != nil {
			return s.result(), err
		}
		step.Phase, step.OfferedRate = phase, rate
		s.steps = append(s.steps, step)
		if step.Held {
			s.score[rate]++
		} else {
			s.score[rate]--
		}
		if s.tried[rate]++; s.tried[rate] >= oftenEnough && s.score[rate] < agreeing {
			s.score[rate] = -agreeing - 1
		}
	}
	c := s.result()
	switch low, high := s.bounds(); {
	case settled && c.Rate == 0:
		c.Reason = fmt.Sprintf("not even %s requests/s hold: %s", plainNumber(high), s.why(high))
	case settled && high == 0:
		c.Confirmed = s.score[low] >= agreeing
		c.Reason = fmt.Sprintf("it is more than %s requests/s, the highest rate that is tried", plainNumber(low))
	case settled:
		c.Confirmed = true
		c.Reason = s.why(high)
	case ctx.Err() != nil:
		c.Reason = "interrupted"
	default:
		c.Reason = fmt.Sprintf("the same rate came out differently again and again: nothing was sure after %d steps", len(s.steps))
	}
	return c, nil
}

// next is the rate to measure, and why; no phase means that the search is over.
func (s *search) next() (rate float64, phase string) {
	if len(s.score) == 0 {
		return s.from, "grow"
	}
	for _, r := range s.rates() {
		if s.score[r] == 0 {
			return r, "repeat"
		}
	}
	low, high := s.bounds()
	switch {
	case high == 0 && low >= s.most:
		return s.confirm(low, high)
	case high == 0:
		return min(s.most, round3(2*low)), "grow"
	case s.score[high] >= -agreeing && high >= 1.9*low && low > 0:
		return high, "repeat" // everything after it is built on this one
	case low == 0 && high <= s.from/shrinks:
		return s.confirm(low, high)
	case low == 0:
		return max(s.from/shrinks, round3(high/2)), "shrink"
	}
	// Rates are rounded, so that the middle can be one of both.
	if middle := round3(math.Sqrt(low * high)); high/low > 1+s.precision && middle > low && middle < high {
		return middle, "bisect"
	}
	return s.confirm(low, high)
}

// confirm is which of both bounds is to be measured again.
func (s *search) confirm(low, high float64) (float64, string) {
	switch {
	case low > 0 && s.score[low] < agreeing:
		return low, "repeat"
	case high > 0 && s.score[high] > -agreeing:
		return high, "repeat"
	}
	return 0, ""
}

// bounds are the lowest rate that does not hold, and the highest below it that
// does; 0: there is none.
func (s *search) bounds() (low, high float64) {
	for _, r := range s.rates() {
		switch {
		case s.score[r] < 0:
			return low, r
		case s.score[r] > 0:
			low = r
		}
	}
	return low, 0
}

// rates are those that were measured, in order.
func (s *search) rates() []float64 {
	var all []float64
	for r := range s.score {
		all = append(all, r)
	}
	slices.Sort(all)
	return all
}

// why is the last reason for which a rate did not hold.
func (s *search) why(rate float64) string {
	for _, step := range slices.Backward(s.steps) {
		if step.OfferedRate == rate && !step.Held {
			return step.Reason
		}
	}
	return "it is not known"
}

func (s *search) result() Capacity {
	low, high := s.bounds()
	c := Capacity{Rate: low, Beyond: high, Precision: s.precision, Curve: s.steps}
	for _, step := range slices.Backward(s.steps) {
		if step.OfferedRate == high && !step.Held {
			c.Limit = step.Limit
			break
		}
	}
	return c
}

// round3 rounds to three digits.
func round3(rate float64) float64 {
	if rate <= 0 {
		return rate
	}
	unit := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/unit) * unit
}
