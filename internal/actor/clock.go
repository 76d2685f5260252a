package actor

import (
	"context"
	"sync"
	"time"
)

// mostLonger is how much longer the time of anything may become.
const mostLonger = 10 * time.Minute

// clock ends a context when its time is over, which becomes longer by what has to be
// waited for because the server limits the rate of requests.
type clock struct {
	above *clock
	began time.Time
	limit time.Duration
	end   context.CancelCauseFunc
	why   error

	mu     sync.Mutex
	timer  *time.Timer
	longer time.Duration
	over   bool
}

type clockKey struct{}

// patiently is ctx with an amount of time, in which waiting for a server that limits
// the rate does not count; why is its cause once it is over.
func patiently(ctx context.Context, limit time.Duration, why error) (context.Context, *clock) {
	c := &clock{began: time.Now(), limit: limit, why: why}
	c.above, _ = ctx.Value(clockKey{}).(*clock)
	ctx, c.end = context.WithCancelCause(context.WithValue(ctx, clockKey{}, c))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(limit, c.ring)
	return ctx, c
}

// ring ends the context, unless its time has become longer since.
func (c *clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := time.Until(c.began.Add(c.limit + c.longer)); left > 0 {
		c.timer.Reset(left)
		return
	}
	c.over = true
	c.end(c.why)
}

// stop releases the context, and reports whether its time was over before.
func (c *clock) stop() (over bool) {
	c.timer.Stop()
	c.end(context.Canceled)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// lengthen makes the time of ctx, and of what it is part of, longer.
func lengthen(ctx context.Context, by time.Duration) {
	c, _ := ctx.Value(clockKey{}).(*clock)
	for ; c != nil; c = c.above {
		c.mu.Lock()
		c.longer = min(c.longer+by, mostLonger)
		c.mu.Unlock()
	}
}

// Patiently is ctx with an amount of time, in which waiting for a server that limits
// the rate of requests does not count; why is its cause once it is over.
func Patiently(ctx context.Context, limit time.Duration, why error) (context.Context, context.CancelFunc) {
	ctx, c := patiently(ctx, limit, why)
	return ctx, func() { c.stop() }
}
