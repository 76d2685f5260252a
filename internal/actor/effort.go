package actor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

// Effort is how often something was done on a stage, and how long that took
// together, several at once counted one by one.
type Effort struct {
	Count int
	Total time.Duration
}

// effort is an [Effort] that grows, from several goroutines.
type effort struct{ count, nanoseconds atomic.Int64 }

func (e *effort) since(start time.Time) {
	e.count.Add(1)
	e.nanoseconds.Add(int64(time.Since(start)))
}

func (e *effort) sum() Effort {
	return Effort{Count: int(e.count.Load()), Total: time.Duration(e.nanoseconds.Load())}
}

// Registering is what it took so far to register clients and to create users.
func (s *Stage) Registering() Effort { return s.registering.sum() }

// LoggingIn is what the authorizations took so far in which somebody logged in.
func (s *Stage) LoggingIn() Effort { return s.loggingIn.sum() }

// visit has a resource owner's browser visit the server.
func (s *Stage) visit(ctx context.Context, v target.Visit) (*target.Arrival, error) {
	start := time.Now()
	arrival, err := s.agent.Visit(ctx, v)
	if arrival != nil && arrival.LoginPages > 0 {
		s.loggingIn.since(start)
	}
	return arrival, err
}
