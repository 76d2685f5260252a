package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
)

// idle is how long a script rests that failed, or that sent nothing.
const idle = 50 * time.Millisecond

var (
	errOver       = errors.New("the script is over")
	errUnanswered = errors.New("there was no answer")
)

// Scripts returns n chains, each of which plays acts over and over: what a person
// at a browser and a client do one after the other, such as an authorization from
// its first request to its token. Every request of the acts is one of the load; it
// is sent when its turn comes, and play goes on with the answer. What play makes
// of an answer it says with [Player.Expect]; one that it says nothing of is a
// fault where the server is in trouble, and else as expected. That play returns an
// error is a fault as well; it is then played anew.
//
// Several scripts may share what they do through variables of their own: chains
// are played by several goroutines at once, and each by one at a time.
func (s *Stage) Scripts(n int, play func(ctx context.Context, p *Player) error) []Chain {
	chains := make([]Chain, n)
	for i := range chains {
		chains[i] = s.script(play)
	}
	return chains
}

func (s *Stage) script(play func(ctx context.Context, p *Player) error) *script {
	c := &script{to: s.Endpoint("token_endpoint")}
	p := &Player{stage: s, script: c}
	p.cast = s.cast.Double(c)
	c.cast = p.cast
	ctx := s.life()
	c.resume, c.stop = iter.Pull(func(yield func(step) bool) {
		c.yield = yield
		for ctx.Err() == nil {
			c.sent = 0
			err := play(ctx, p)
			switch {
			case c.over || ctx.Err() != nil:
				return
			case err != nil && !errors.Is(err, errUnanswered):
				c.verdict = worse(c.verdict, fault("%s", clip(p.cast.Recorder.Redact(err.Error()))))
			}
			p.cast.Forget()
			if (err != nil || c.sent == 0) && c.rest(idle) != nil {
				return
			}
		}
	})
	context.AfterFunc(ctx, c.end)
	return c
}

// step is what a script does next: it sends a request, or rests.
type step struct {
	request Request
	rest    time.Duration
}

// script is a chain that is written as what happens one after the other. It runs
// on whichever goroutine has the chain, from one request to the next.
type script struct {
	to   string // where most requests go
	cast *actor.Cast

	mu      sync.Mutex
	resume  func() (step, bool)
	stop    func()
	yield   func(step) bool
	pending *Request  // what is to be sent
	until   time.Time // when it has rested
	over    bool

	sent    int // requests since it began anew
	answer  Answer
	header  http.Header // of the answer
	missing bool        // there was no answer
	verdict Verdict
}

// RoundTrip implements [http.RoundTripper] for the acts of the script.
func (c *script) RoundTrip(req *http.Request) (*http.Response, error) {
	r := Request{Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone()}
	r.Actor, r.To, r.Purpose = c.cast.Describe(req)
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		r.Body = body
	}
	a, err := c.send(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.Status, Status: fmt.Sprint(a.Status), Header: c.header, Request: req,
		Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// send hands a request to the load and returns the answer.
func (c *script) send(r Request) (Answer, error) {
	c.sent++
	if c.over || !c.yield(step{request: r}) {
		c.over = true
		return Answer{}, errOver
	}
	if c.missing {
		return Answer{}, errUnanswered
	}
	return c.answer, nil
}

// rest lets the chain wait.
func (c *script) rest(d time.Duration) error {
	if c.over || !c.yield(step{rest: d}) {
		c.over = true
		return errOver
	}
	return nil
}

// advance plays up to the next request, or until it rests.
func (c *script) advance() {
	next, more := c.resume()
	switch {
	case !more:
		c.over = true
	case next.rest > 0:
		c.until = time.Now().Add(next.rest)
	default:
		c.pending, c.until = &next.request, time.Time{}
	}
}

// Wait implements [Waiter].
func (c *script) Wait() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending == nil && !c.over {
		if left := time.Until(c.until); left > 0 {
			return left
		}
		c.advance()
	}
	return 0
}

// Next implements [Chain].
func (c *script) Next() Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending == nil && !c.over { // it is drawn only when it is ready
		c.advance()
	}
	if c.pending == nil {
		return Request{}
	}
	r := *c.pending
	c.pending = nil
	return r
}

// Judge implements [Chain].
func (c *script) Judge(a Answer) (Verdict, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = allOf(a.Header).Clone()
	c.answer = Answer{Status: a.Status, Header: c.header, Body: bytes.Clone(a.Body)}
	c.missing, c.verdict = false, Verdict{}
	if a.Status >= 500 || a.Status == http.StatusTooManyRequests {
		c.verdict = fault("got %d", a.Status)
	}
	c.advance()
	return c.verdict, !c.over
}

// Unanswered implements [Waiter].
func (c *script) Unanswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.header, c.missing = Answer{}, nil, true
	c.advance()
	return !c.over
}

func (c *script) address() string { return c.to }

// end frees what the script holds.
func (c *script) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.stop()
}

// worse is the graver of two verdicts on one answer.
func worse(a, b Verdict) Verdict {
	switch {
	case b.kept():
		return a
	case a.kept(), classIndex(b.Class) < classIndex(a.Class):
		return b
	}
	return a
}
