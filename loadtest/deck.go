package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// cycle is how many draws there are at least before the order repeats.
const cycle = 4096

// errEnded says that no chain can go on.
var errEnded = errors.New("no chain is left that can go on: each refresh token, code or device of the plan has come to its end")

// slot is a request with what is expected of its answer, or a chain of them.
type slot struct {
	packet packet // of a chain: the one under way
	expect Expectation
	chain  Chain
	pool   *pool // where the chain waits
}

// entry is one place in the order: a slot, or a pool of chains.
type entry struct {
	slot *slot
	pool *pool
}

// deck is the plan as it is drawn from.
type deck struct {
	order atomic.Pointer[[]entry]
	burst int
	ctx   context.Context // of the attack
	waits atomic.Int64    // draws that had to wait for a chain
	queue atomic.Int64    // draws that wait for one now
	seed  int64
}

// newDeck makes a deck of a plan that has been checked.
func newDeck(ctx context.Context, p Plan, seed int64) *deck {
	d := &deck{ctx: ctx, burst: max(1, p.Burst), seed: seed}
	d.deal(p)
	return d
}

// deal puts a plan in place of the one before. Requests of the earlier plan that
// are under way keep their slots.
func (d *deck) deal(p Plan) {
	var once []entry
	for _, h := range p.Hits {
		var e entry
		if len(h.Chains) > 0 {
			e.pool = newPool(len(h.Chains))
			for _, c := range h.Chains {
				e.pool.put(&slot{chain: c, pool: e.pool})
			}
		} else {
			e.slot = &slot{expect: h.Expect}
			// The plan was checked, so that it can be prepared.
			_ = e.slot.packet.prepare(h.Request)
		}
		for range max(1, h.Weight) {
			once = append(once, e)
		}
	}
	// Not for security: the order is to be the same for the same seed.
	random := rand.New(rand.NewPCG(uint64(d.seed), 0x5c0))
	var order []entry
	for len(order) < cycle {
		random.Shuffle(len(once), func(i, j int) { once[i], once[j] = once[j], once[i] })
		order = append(order, once...)
	}
	d.order.Store(&order)
}

// draw is what the request of that number is. A slot of a chain is the caller's
// until it is given back to its pool.
func (d *deck) draw(number uint64) (*slot, error) {
	order := *d.order.Load()
	e := ready(order, number)
	if e.pool == nil {
		return e.slot, nil
	}
	s, err := e.pool.take(d)
	if err != nil {
		return nil, err
	}
	if err := s.packet.prepare(s.chain.Next()); err != nil {
		s.pool.give(s, false)
		return nil, err
	}
	return s, nil
}

// chains is how many chains there are, and how many of them ended.
func (d *deck) chains() (all, ended int) {
	seen := map[*pool]bool{}
	for _, e := range *d.order.Load() {
		if e.pool != nil && !seen[e.pool] {
			seen[e.pool] = true
			all += cap(e.pool.free)
			ended += cap(e.pool.free) - int(e.pool.alive.Load())
		}
	}
	return all, ended
}

// origins are the hosts that the plan's requests go to.
func (d *deck) origins() []string {
	var list []string
	seen := map[*pool]bool{}
	add := func(p *packet) {
		if !slices.Contains(list, p.origin) {
			list = append(list, p.origin)
		}
	}
	for _, e := range *d.order.Load() {
		if e.slot != nil {
			add(&e.slot.packet)
			continue
		}
		if seen[e.pool] {
			continue
		}
		seen[e.pool] = true
		if c, ok := e.pool.first().(interface{ address() string }); ok {
			var p packet
			if p.prepare(Request{Method: http.MethodPost, URL: c.address()}) == nil {
				add(&p)
			}
		}
	}
	return list
}

// pool holds the chains that wait for no answer.
type pool struct {
	free    chan *slot
	patient atomic.Bool // a chain in it is a Waiter
	alive   atomic.Int64
	once    sync.Once
	ended   chan struct{} // closed when no chain is left
}

func newPool(n int) *pool {
	p := &pool{free: make(chan *slot, n), ended: make(chan struct{})}
	p.alive.Store(int64(n))
	return p
}

// first is one of the chains, or nil.
func (p *pool) first() Chain {
	select {
	case s := <-p.free:
		p.free <- s
		return s.chain
	default:
		return nil
	}
}

// take waits for a chain, which nobody else has until it is given back.
func (p *pool) take(d *deck) (*slot, error) {
	select {
	case s := <-p.free:
		return s, nil
	default:
	}
	d.waits.Add(1)
	d.queue.Add(1)
	defer d.queue.Add(-1)
	select {
	case s := <-p.free:
		return s, nil
	case <-p.ended:
		return nil, errEnded
	case <-d.ctx.Done():
		return nil, d.ctx.Err()
	}
}

// give takes a chain back, or leaves it out from now on.
func (p *pool) give(s *slot, more bool) {
	if more {
		p.put(s)
		return
	}
	if p.alive.Add(-1) == 0 {
		p.once.Do(func() { close(p.ended) })
	}
}
