package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// bodyLimit bounds what is read of an answer.
	bodyLimit = 1 << 20
	// sweepEvery is how often requests are looked for that wait too long.
	sweepEvery = 50 * time.Millisecond
	// mark is the header under which a verdict travels with a vegeta.Result. No
	// server can send it: it has a space in it.
	mark = "scopeproof verdict"
	// abandoned is the class of requests that were under way when the run was
	// interrupted. They count as nothing.
	abandoned Class = "abandoned"
)

// judging is the http.RoundTripper of an attack: on the goroutine that sent the
// request it reads the answer and judges it. What vegeta sees of an answer is
// its status; what was not as expected travels under mark. It never sends a
// request again, but net/http does where a connection that was used before ends
// without a byte of an answer to a GET (RFC 9110 section 9.2.2).
type judging struct {
	deck    *deck
	base    http.RoundTripper
	timeout time.Duration
	samples *samples
	// sized says that the length of every answer is wanted, for results.gob.
	sized bool

	ctx  context.Context // ends with the attack
	free chan *call
	mu   sync.Mutex
	all  []*call
}

// call is a place for one request under way. Its context is used over and over,
// until a request is given up: a deadline of its own for each would cost more.
type call struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	since  atomic.Int64 // nanoseconds since the attack's epoch; 0: no request
}

var errTimeout = errors.New("no answer in time")

func newJudging(ctx context.Context, d *deck, base http.RoundTripper, workers int, timeout time.Duration, kept *samples) *judging {
	return &judging{deck: d, base: base, timeout: timeout, samples: kept, ctx: ctx, free: make(chan *call, workers+1)}
}

func (j *judging) take() *call {
	select {
	case c := <-j.free:
		return c
	default:
	}
	ctx, cancel := context.WithCancelCause(j.ctx)
	c := &call{ctx: ctx, cancel: cancel}
	j.mu.Lock()
	j.all = append(j.all, c)
	j.mu.Unlock()
	return c
}

func (j *judging) give(c *call) {
	c.since.Store(0)
	if c.ctx.Err() != nil {
		j.forget(c)
		return
	}
	select {
	case j.free <- c:
	default:
		j.forget(c)
	}
}

func (j *judging) forget(c *call) {
	c.cancel(nil)
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.all {
		if j.all[i] == c {
			j.all[i] = j.all[len(j.all)-1]
			j.all = j.all[:len(j.all)-1]
			return
		}
	}
}

// epoch is what calls count their time from; it is monotonic.
var epoch = time.Now()

// sweep gives up the requests that have waited too long, and returns how many
// are under way.
func (j *judging) sweep() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	now, busy := int64(time.Since(epoch)), 0
	for _, c := range j.all {
		since := c.since.Load()
		if since == 0 {
			continue
		}
		busy++
		if now-since > int64(j.timeout) {
			c.cancel(errTimeout)
		}
	}
	return busy
}

// close ends the contexts of all calls.
func (j *judging) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.all {
		c.cancel(nil)
	}
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

// RoundTrip implements [http.RoundTripper]. It never returns an error: that
// there was no answer is a verdict as well.
func (j *judging) RoundTrip(req *http.Request) (*http.Response, error) {
	s := j.deck.at(req.URL.Fragment)
	if s == nil {
		return nil, fmt.Errorf("no expectation has the number %q", req.URL.Fragment)
	}
	// vegeta numbers requests on the wire; the target shall see none of it.
	delete(req.Header, "X-Vegeta-Seq")
	c := j.take()
	began := time.Now()
	c.since.Store(int64(began.Sub(epoch)))
	resp, err := j.base.RoundTrip(req.WithContext(c.ctx))
	buffer := bodies.Get().(*[]byte)
	body := (*buffer)[:0]
	if err == nil {
		body, err = readBody(resp.Body, body)
		_ = resp.Body.Close()
	}
	if err != nil && context.Cause(c.ctx) != nil {
		err = context.Cause(c.ctx)
	}
	j.give(c)
	out := j.verdict(s, resp, body, err, began)
	*buffer = body
	if cap(body) <= 64<<10 {
		bodies.Put(buffer)
	}
	return out, nil
}

// verdict judges an answer and returns what vegeta is to see of it.
func (j *judging) verdict(s *slot, resp *http.Response, body []byte, err error, began time.Time) *http.Response {
	out := resp
	var a Answer
	var v Verdict
	if err != nil {
		out = &http.Response{}
		if v = fault("no answer: %s", reason(err)); j.ctx.Err() != nil && !errors.Is(err, errTimeout) {
			v.Class = abandoned
		}
	} else {
		a = Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
		if s.chain == nil {
			v = s.expect(a)
		}
	}
	if s.chain != nil {
		more := false
		if err == nil {
			v, more = s.chain.Judge(a)
		} else if j.ctx.Err() == nil {
			more = unanswered(s.chain)
		}
		if !v.kept() {
			j.samples.keep(v, s.request, a, err, began)
		}
		s.pool.give(s, more) // from here on the slot is another's
	} else if !v.kept() {
		j.samples.keep(v, s.request, a, err, began)
	}
	out.Body, out.Status = http.NoBody, ""
	if j.sized && err == nil && out.Header["Content-Length"] == nil {
		out.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	if !v.kept() {
		header := http.Header{mark: {string(v.Class), v.Rule, v.Message}}
		if length := out.Header["Content-Length"]; length != nil {
			header["Content-Length"] = length
		}
		out.Header = header
	}
	return out
}

// readBody appends a body to buffer, up to bodyLimit.
func readBody(body io.Reader, buffer []byte) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := body.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if err == io.EOF {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
		if len(buffer) > bodyLimit {
			return buffer, fmt.Errorf("the answer is longer than %d bytes", bodyLimit)
		}
	}
}

// reason is why there was no answer, without addresses or parts of the request.
func reason(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, errTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended in the middle of the answer"
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "the answer is longer"):
		return clip(err.Error())
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "no address for the host"
	}
	return fmt.Sprintf("the exchange broke off (%T)", errors.Unwrap(err))
}
