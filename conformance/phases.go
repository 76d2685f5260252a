package conformance

import (
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
)

// Phases are where the time of a run went.
type Phases struct {
	UpMS    int64 `json:"up_ms"`    // until the target was there
	LearnMS int64 `json:"learn_ms"` // to find out what it can do
	RulesMS int64 `json:"rules_ms"`
	DownMS  int64 `json:"down_ms"`
	// Register and LogIn are parts of learning and of the rules. What goes on at
	// once counts one by one, so that they may be longer than what they are part of.
	Register Work `json:"register"` // clients, and users where they are created
	LogIn    Work `json:"log_in"`   // authorizations in which somebody logged in
}

// Work is how often something was done, and how long that took together.
type Work struct {
	Count   int   `json:"count"`
	TotalMS int64 `json:"total_ms"`
}

func work(e actor.Effort) Work { return Work{Count: e.Count, TotalMS: e.Total.Milliseconds()} }

// stopwatch measures one phase after another.
type stopwatch struct{ at time.Time }

// lap ends a phase, and begins the next.
func (s *stopwatch) lap(phase *int64) {
	now := time.Now()
	*phase = now.Sub(s.at).Milliseconds()
	s.at = now
}
