package actor

import "context"

// turns bounds how many requests are under way at once, over all scenarios of a
// stage; nil: nothing does. Requests that one scenario makes at once are one turn.
type turns chan struct{}

// TakeTurns has scenarios that are played at once make no more than n requests at
// once between them: a server that bears one at a time is then kept busy, and not
// overrun. It is to be called before the first cast.
func (s *Stage) TakeTurns(n int) { s.turns = make(turns, n) }

// take waits for a turn. The caller gives it back unless there is an error, which
// is that of ctx.
func (t turns) take(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turns) giveBack() {
	if t != nil {
		<-t
	}
}
