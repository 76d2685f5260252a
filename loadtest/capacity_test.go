package loadtest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// holding measures a target that holds up to a rate; now and then, by chance, it
// does not hold what it could, or a little more.
func holding(capacity float64, chance float64, seed uint64) func(context.Context, string, float64) (CapacityStep, error) {
	random := rand.New(rand.NewPCG(seed, 9))
	return func(_ context.Context, _ string, rate float64) (CapacityStep, error) {
		held := rate <= capacity
		if random.Float64() < chance && rate < 1.1*capacity {
			held = !held
		}
		step := CapacityStep{Held: held, AchievedRate: min(rate, capacity)}
		if !held {
			step.Reason, step.Limit = "p99<50ms: got 70", SideTarget
		}
		return step, nil
	}
}

func TestTheSearchFindsTheCapacity(t *testing.T) {
	for _, capacity := range []float64{1, 1.7, 30, 99.9, 100, 101, 640, 1234, 45_678, 200_000} {
		for _, from := range []float64{1, 10, 100, 5000} {
			if capacity < from/10 {
				continue
			}
			s := &search{from: from, most: 1e6, precision: 0.05, measure: holding(capacity, 0, 1)}
			c, err := s.find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.Rate > capacity || c.Beyond <= capacity || c.Beyond > 1.06*c.Rate && c.Rate > 2 || !c.Confirmed || c.Limit != SideTarget {
				t.Errorf("%v from %v: got %v to %v, confirmed %v, limit %s", capacity, from, c.Rate, c.Beyond, c.Confirmed, c.Limit)
			}
			if len(c.Curve) > 32 || !strings.Contains(c.Reason, "p99<50ms") {
				t.Errorf("%v from %v: %d steps, because %s", capacity, from, len(c.Curve), c.Reason)
			}
		}
	}
}

// One measurement in ten that says the contrary leads nobody astray.
func TestTheSearchIsNotLedAstrayByChance(t *testing.T) {
	const runs, capacity = 500, 3210.0
	off, unsure, steps := 0, 0, 0
	for seed := range uint64(runs) {
		s := &search{from: 100, most: 1e6, precision: 0.05, measure: holding(capacity, 0.1, seed)}
		c, err := s.find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(c.Rate/capacity-1) > 0.1 {
			off++
		}
		if !c.Confirmed {
			unsure++
		}
		steps += len(c.Curve)
	}
	t.Logf("%d of %d off, %d not confirmed, %d steps each", off, runs, unsure, steps/runs)
	if off > runs/50 || unsure > runs/50 || steps/runs > 30 {
		t.Errorf("got %d of %d off by more than a tenth, %d not confirmed, %d steps each", off, runs, unsure, steps/runs)
	}
}

func TestTheSearchSaysWhatItDoesNotKnow(t *testing.T) {
	run := func(ctx context.Context, s *search) Capacity {
		c, err := s.find(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := run(t.Context(), &search{from: 100, most: 1000, precision: 0.05, measure: holding(1e9, 0, 1)}); c.Rate != 1000 || c.Beyond != 0 || !c.Confirmed || !strings.Contains(c.Reason, "more than 1000") {
		t.Errorf("without a limit: got %+v", c)
	}
	if c := run(t.Context(), &search{from: 100, most: 1000, precision: 0.05, measure: holding(0.5, 0, 1)}); c.Rate != 0 || c.Beyond != 10 || c.Confirmed || !strings.Contains(c.Reason, "not even 10 requests/s") {
		t.Errorf("with a target that holds nothing: got %+v", c)
	}
	if c := run(t.Context(), &search{from: 100, most: 1e6, precision: 0.05, measure: holding(3000, 0.5, 1)}); c.Confirmed && c.Rate > 3300 {
		t.Errorf("of nothing but chance: got %v, confirmed", c.Rate)
	}
	ctx, cancel := context.WithCancel(t.Context())
	measure, n := holding(3000, 0, 1), 0
	c := run(ctx, &search{from: 100, most: 1e6, precision: 0.05, measure: func(ctx context.Context, phase string, rate float64) (CapacityStep, error) {
		if n++; n == 4 {
			cancel()
		}
		return measure(ctx, phase, rate)
	}})
	if c.Rate != 400 || c.Confirmed || c.Reason != "interrupted" || len(c.Curve) != 3 {
		t.Errorf("interrupted: got %+v", c)
	}
	broken := errors.New("broken")
	s := &search{from: 100, most: 1e6, precision: 0.05, measure: func(context.Context, string, float64) (CapacityStep, error) { return CapacityStep{}, broken }}
	if _, err := s.find(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the measurement", err)
	}
}
