package refserver

import (
	"sync/atomic"
	"time"
)

// clock is the server's time: the real one, moved by as much as was asked for.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *clock) reset() { c.ahead.Store(0) }
