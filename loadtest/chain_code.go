package loadtest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

const (
	// freshCode is how old a code may be when it is redeemed: servers let them live
	// for half a minute and more (RFC 6749 section 4.1.2).
	freshCode = 20 * time.Second
	// stockTime is how long a load waits for its first stock of codes.
	stockTime = 5 * time.Second
	// restock is how soon it is looked again whether there is a code.
	restock = 2 * time.Millisecond
)

// CodeKind is a kind of code to be redeemed.
type CodeKind struct {
	Client *Client
	Owner  string
	Want   Consent
	// Grant is what the code stands for. Again is broken where it is good twice;
	// empty: it is redeemed once.
	Grant Grant
	Again string
}

// Redemptions returns n chains that redeem codes (RFC 6749 section 4.1.3), each for
// what was decided, and, if its kind says so, once more, which is refused: some
// afterwards, others at the same moment, by another chain. Codes are obtained ahead,
// several at once, and for as long as the load goes on; those that have become old
// are left.
func (s *Stage) Redemptions(ctx context.Context, n int, kinds ...CodeKind) ([]Chain, error) {
	size := min(max(32, int(s.Rate*min(s.Duration, stockTime).Seconds()/2)), 512)
	st := &stock{codes: make(chan stocked, size), twins: make(chan stocked, n)}
	for _, k := range kinds {
		if err := s.Owner(ctx, k.Owner); err != nil {
			return nil, err
		}
		st.judges = append(st.judges, s.grantJudge(k.Grant))
	}
	for i := range s.Parallel() {
		p := s.Player()
		s.Beside(func(ctx context.Context) { st.fill(ctx, p, kinds, i) })
	}
	if err := st.wait(ctx, s); err != nil {
		return nil, err
	}
	chains := make([]Chain, n)
	for i := range chains {
		chains[i] = &redemption{stage: s, stock: st}
	}
	return chains, nil
}

// stock is codes that wait to be redeemed.
type stock struct {
	codes  chan stocked
	twins  chan stocked // that another chain is redeeming
	judges []*grantJudge
	turn   atomic.Int64

	mu     sync.Mutex
	failed error // the last time one was to be obtained; nil: it was
}

type stocked struct {
	*Code
	again string
	judge *grantJudge
	// bought is how many tokens a code bought that is redeemed by two chains; nil: it
	// is by one.
	bought *atomic.Int64
}

// fill obtains codes of each kind in turn until the context ends. The first of
// each are left: a server may end what a browser obtained when a broader consent is
// given there.
func (st *stock) fill(ctx context.Context, p *Player, kinds []CodeKind, turn int) {
	for n := 0; ctx.Err() == nil; n++ {
		i := (turn + n) % len(kinds)
		if n < len(kinds) {
			i = n
		}
		code, err := p.Code(ctx, kinds[i].Client, kinds[i].Owner, kinds[i].Want)
		p.cast.Forget()
		st.mu.Lock()
		st.failed = err
		st.mu.Unlock()
		if err != nil {
			_ = p.Rest(ctx, 10*idle) // that it ended is seen above
			continue
		}
		if n < len(kinds) {
			continue
		}
		select {
		case st.codes <- stocked{Code: code, again: kinds[i].Again, judge: st.judges[i]}:
		case <-ctx.Done():
		}
	}
}

// wait waits until there is a stock, and no longer than stockTime for more than
// one.
func (st *stock) wait(ctx context.Context, s *Stage) error {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for began := time.Now(); ; {
		have := len(st.codes)
		if s.Progress != nil {
			s.Progress(Minted{What: "codes", Done: have, Of: cap(st.codes)})
		}
		switch late := time.Since(began); {
		case have == cap(st.codes), have > 0 && late > stockTime:
			return nil
		case late > 6*stockTime:
			st.mu.Lock()
			defer st.mu.Unlock()
			return fmt.Errorf("no code was obtained within %v: %w", 6*stockTime, st.failed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// take is a code that is fresh, if there is one. Every other one that is redeemed
// twice is so by two chains.
func (st *stock) take() *stocked {
	select {
	case c := <-st.twins:
		return &c
	default:
	}
	for {
		select {
		case c := <-st.codes:
			if time.Since(c.Obtained) > freshCode {
				continue
			}
			if c.again != "" && st.turn.Add(1)%2 == 0 {
				c.bought = &atomic.Int64{}
				select {
				case st.twins <- c:
				default: // as many wait as there are chains
					c.bought = nil
				}
			}
			return &c
		default:
			return nil
		}
	}
}

// redemption is a chain that redeems one code after another.
type redemption struct {
	stage *Stage
	stock *stock
	now   *stocked
	again bool
	late  bool // the code was old when it was presented
}

// Wait implements [Waiter].
func (r *redemption) Wait() time.Duration {
	if r.now == nil {
		r.now = r.stock.take()
	}
	if r.now == nil {
		return restock
	}
	return 0
}

// Next implements [Chain].
func (r *redemption) Next() Request {
	form := r.now.authorization.Smuggle()
	form.Set("grant_type", string(oauth.AuthorizationCode))
	r.late = time.Since(r.now.Obtained) > freshCode
	return r.stage.redeeming(r.now.Client, form, r.again)
}

func (s *Stage) redeeming(c *Client, form url.Values, again bool) Request {
	req := s.TokenRequest(c, form)
	req.Purpose = "redeems its code"
	if again {
		req.Purpose += " once more"
	}
	return req
}

// Judge implements [Chain].
func (r *redemption) Judge(a Answer) (Verdict, bool) {
	var t tokenAnswer
	v := r.now.judge.judge(a, &t)
	issued := t.access().kind == '"'
	switch {
	case r.again:
		v = r.once(a, issued)
	case issued && r.now.bought != nil && r.now.bought.Add(1) > 1:
		v = leak(r.now.again, "issued two tokens for a code that was redeemed twice at once, want one at most")
	case (r.late || r.now.bought != nil) && !issued && v.Class == FalseRefusal:
		v = Verdict{} // it may have expired, or the other was first
	}
	if r.again = issued && !r.again && r.now.again != "" && r.now.bought == nil; !r.again {
		r.now = nil
	}
	return v, true
}

// once judges the answer to a code that was redeemed before.
func (r *redemption) once(a Answer, issued bool) Verdict {
	switch {
	case issued:
		return leak(r.now.again, "issued a token for a code that was redeemed before, want a refusal")
	case unjudgeable(a.Status) || !refusing(a.Status):
		return fault("got %d for a code that was redeemed before, want a refusal", a.Status)
	}
	return Verdict{}
}

// Unanswered implements [Waiter].
func (r *redemption) Unanswered() bool {
	r.now, r.again = nil, false
	return true
}

func (r *redemption) address() string { return r.stage.Endpoint("token_endpoint") }
