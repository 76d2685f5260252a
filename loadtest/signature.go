package loadtest

import (
	"context"
	"runtime"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
)

// Signatures is what came of checking the signatures of the tokens that were
// issued, of those that are JWTs. They are checked apart from the load, so that no
// latency has it: where more are issued than can be checked in a quarter of a
// processor, or in one where there are four, those that are checked are a sample.
type Signatures struct {
	Checked   int64 `json:"checked"`   // tokens
	Unchecked int64 `json:"unchecked"` // tokens that there was no time for
	Bad       int64 `json:"bad"`       // checked, and signed with no key of the server
	// Reason says why none could be checked.
	Reason string `json:"reason,omitempty"`
}

// signed is a token that waits for its signature to be checked, with the request
// and the answer that it came with.
type signed struct {
	token   []byte
	request Request
	status  int
	body    []byte
	sent    time.Time
}

const (
	// mostSigned bounds how many tokens wait.
	mostSigned = 1024
	// checkFor is how long signatures are checked before it pauses for three times
	// as long.
	checkFor = 2 * time.Millisecond
	// keysAfter is how long keys are trusted to be all that there are.
	keysAfter = 5 * time.Second
)

// checker checks signatures on a goroutine of its own.
type checker struct {
	keys    *actor.Signatures
	samples *samples
	empty   chan *signed
	full    chan *signed
	hurry   chan struct{} // closed when the attack is over
	done    chan struct{}

	good, bad int64
	first     []*signed // bad ones as long as none is good
	renewed   time.Time // when the keys were read
}

// newChecker is nil where there are no keys to check with.
func newChecker(ctx context.Context, keys *actor.Signatures, kept *samples) *checker {
	if keys == nil {
		return nil
	}
	c := &checker{
		keys: keys, samples: kept, empty: make(chan *signed, mostSigned), full: make(chan *signed, mostSigned),
		hurry: make(chan struct{}), done: make(chan struct{}), renewed: time.Now(),
	}
	for range mostSigned {
		c.empty <- &signed{}
	}
	go c.run(ctx)
	return c
}

// offer hands a token over, and reports whether there was room for it.
func (c *checker) offer(token []byte, r *Request, a *Answer, sent time.Time) bool {
	select {
	case s := <-c.empty:
		s.token, s.body = append(s.token[:0], token...), append(s.body[:0], a.Body...)
		requestBody := append(s.request.Body[:0], r.Body...)
		s.request, s.status, s.sent = *r, a.Status, sent
		s.request.Body = requestBody
		c.full <- s // never blocks: there is a place for each
		return true
	default:
		return false
	}
}

func (c *checker) run(ctx context.Context) {
	defer close(c.done)
	var spent time.Duration
	for s := range c.full {
		began := time.Now()
		if c.check(ctx, s) {
			select {
			case c.empty <- s:
			default:
			}
		}
		if spent += time.Since(began); spent > checkFor && runtime.GOMAXPROCS(0) < 4 {
			select {
			case <-time.After(3 * spent):
			case <-c.hurry:
			}
			spent = 0
		}
	}
}

// check checks one signature, and reports whether s can be used again.
func (c *checker) check(ctx context.Context, s *signed) (again bool) {
	token := oauth.Secret(s.token)
	err := c.keys.Check(ctx, token)
	if err != nil && time.Since(c.renewed) > keysAfter {
		c.renewed = time.Now()
		c.keys.Renew()
		err = c.keys.Check(ctx, token)
	}
	if again = true; ctx.Err() != nil {
		return again
	}
	switch {
	case err == nil:
		c.good++
		for _, early := range c.first {
			c.keep(early)
		}
		c.first = nil
		return true
	case c.good > 0:
		c.keep(s)
	case len(c.first) < samplesEach:
		// As long as none is good, tokens may be signed with keys that are not published.
		c.first = append(c.first, s)
		again = false
	}
	c.bad++
	return again
}

func (c *checker) keep(s *signed) {
	c.samples.keep(fault("the token is signed with no key of the server"), s.request, Answer{Status: s.status, Body: s.body}, nil, s.sent)
}

// finish checks what waits, and says what came of it. Unchecked is how many were
// not taken.
func (c *checker) finish(unchecked int64) *Signatures {
	if c == nil {
		return nil
	}
	close(c.hurry)
	close(c.full)
	<-c.done
	switch all := c.good + c.bad; {
	case all == 0:
		return nil
	case c.good == 0:
		return &Signatures{Unchecked: all + unchecked, Reason: "no token is signed with a key that the server publishes"}
	default:
		return &Signatures{Checked: all, Unchecked: unchecked, Bad: c.bad}
	}
}
