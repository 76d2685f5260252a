package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// cycle is how many draws there are at least before the order repeats.
const cycle = 4096

// errEnded says that no chain can go on.
var errEnded = errors.New("no chain is left that can go on: none of the refresh tokens works any more")

// slot is what stands behind the number that a request carries in its fragment,
// which never goes over the wire.
type slot struct {
	request Request // of a chain: the one under way
	expect  Expectation
	target  vegeta.Target // of a request that is always the same
	chain   Chain
	pool    *pool // where the chain waits
	number  string
}

// entry is one place in the order: a slot, or a pool of chains.
type entry struct {
	slot *slot
	pool *pool
}

// deck is the plan as it is drawn from. Slots are only ever added, so that the
// answers to requests of an earlier plan still find theirs.
type deck struct {
	slots atomic.Pointer[[]*slot]
	order atomic.Pointer[[]entry]
	next  atomic.Uint64
	burst int
	ctx   context.Context // of the attack
	waits atomic.Int64    // draws that had to wait for a chain
	seed  int64
}

func newDeck(ctx context.Context, p Plan, seed int64) *deck {
	d := &deck{ctx: ctx, burst: max(1, p.Burst), seed: seed}
	d.slots.Store(&[]*slot{})
	d.deal(p)
	return d
}

// deal puts a plan in place of the one before.
func (d *deck) deal(p Plan) {
	slots := append([]*slot(nil), *d.slots.Load()...)
	add := func(s *slot) *slot {
		s.number = "#" + strconv.Itoa(len(slots))
		slots = append(slots, s)
		return s
	}
	var once []entry
	for _, h := range p.Hits {
		var e entry
		if len(h.Chains) > 0 {
			e.pool = newPool(len(h.Chains))
			for _, c := range h.Chains {
				e.pool.put(add(&slot{chain: c, pool: e.pool}))
			}
		} else {
			e.slot = add(&slot{request: h.Request, expect: h.Expect})
			e.slot.target = vegetaTarget(h.Request, e.slot.number)
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
	d.slots.Store(&slots) // before the order that draws them
	d.order.Store(&order)
}

func vegetaTarget(r Request, number string) vegeta.Target {
	header := r.Header
	if header == nil {
		header = http.Header{}
	}
	return vegeta.Target{Method: r.Method, URL: r.URL + number, Header: header, Body: r.Body}
}

// draw is the [vegeta.Targeter].
func (d *deck) draw(t *vegeta.Target) error {
	order := *d.order.Load()
	e := ready(order, d.next.Add(1)-1)
	if e.pool == nil {
		*t = e.slot.target
		return nil
	}
	s, err := e.pool.take(d)
	if err != nil {
		return err
	}
	s.request = s.chain.Next()
	*t = vegetaTarget(s.request, s.number)
	return nil
}

// at is the slot of a request, by its fragment.
func (d *deck) at(fragment string) *slot {
	slots := *d.slots.Load()
	i, err := strconv.Atoi(fragment)
	if err != nil || i < 0 || i >= len(slots) {
		return nil
	}
	return slots[i]
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

// take waits for a chain, which nobody else has until it is given back.
func (p *pool) take(d *deck) (*slot, error) {
	select {
	case s := <-p.free:
		return s, nil
	default:
	}
	d.waits.Add(1)
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
