package loadtest

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// defaultParallel is how many players prepare at once where the target file
	// bounds nothing.
	defaultParallel = 8
)

// Minted is how far a scenario's preparation has come.
type Minted struct {
	What     string // "refresh tokens"
	Done, Of int
}

// Parallel is how many requests a scenario may have under way at once while it
// prepares: what the target file allows (parallel), or else a few.
func (s *Stage) Parallel() int {
	if p := s.Target.Description.Parallel; p > 0 {
		return p
	}
	return defaultParallel
}

// Burst is how many requests are to be due at the same moment: n, or fewer where
// the target file says that the server takes no more at once (parallel).
func (s *Stage) Burst(n int) int {
	if p := s.Target.Description.Parallel; p > 0 {
		return min(n, p)
	}
	return n
}

// Each does something n times, as a few players at once, and tells Progress. What
// says in the plural what is made. Clients and resource owners that the players
// need are to be there before. It ends with the first error.
func (s *Stage) Each(ctx context.Context, what string, n int, do func(ctx context.Context, p *Player, i int) error) error {
	var mu sync.Mutex
	done := 0
	told := func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		if s.Progress != nil {
			s.Progress(Minted{What: what, Done: done, Of: n})
		}
	}
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	group, ctx := errgroup.WithContext(ctx)
	for range min(n, s.Parallel()) {
		p := s.Player()
		group.Go(func() error {
			for i := range next {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := do(ctx, p, i); err != nil {
					return err
				}
				told()
			}
			return nil
		})
	}
	return group.Wait()
}

// expires is when the first of its tokens expires; zero: none does.
func (s *Stage) expires() time.Time {
	first := s.until
	for _, o := range s.within {
		if at := o.expires(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// Keep has the scenario prepared anew before a token expires that a [Player]
// obtained. It is safe for use by several goroutines.
func (s *Stage) Keep(t *Token) {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	s.note(t.issue)
}

// life is a context that ends with the load.
func (s *Stage) life() context.Context {
	if s.alive == nil {
		s.alive, s.close = context.WithCancel(context.Background())
	}
	return s.alive
}

// end ends what the stage does beside the load, and waits for it.
func (s *Stage) end() {
	if s.close == nil {
		return
	}
	s.close()
	s.beside.Wait()
	for _, o := range s.within {
		o.beside.Wait()
	}
}

// Beside runs something for as long as the load goes on, such as what refills a
// stock. It has to return when its context ends.
func (s *Stage) Beside(run func(ctx context.Context)) {
	ctx := s.life()
	s.beside.Go(func() { run(ctx) })
}
