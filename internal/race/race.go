// Package race makes HTTP/1.1 requests arrive at once, and says when each was
// sent and answered.
//
// Every request has a connection of its own, which is open before the start. All
// of a request but its last bytes is sent beforehand; then the last bytes of all
// are sent in one go (last-byte synchronisation). What is left of jitter is the
// time that one loop takes to write a byte to each connection.
package race

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Most is how many requests one race may have: more would measure the machine's
// file descriptors and scheduler, not the server.
const Most = 64

const (
	// defaultTimeout is how long one request may take, connection included.
	defaultTimeout = 10 * time.Second
	// defaultBody is how many bytes are read of an answer's body.
	defaultBody = 1 << 20
	// maxHead is how many bytes the head of an answer may have, with those of
	// interim answers before it (RFC 9110 section 15.2).
	maxHead = 256 << 10
	// leastSettle is how long what was sent is given to arrive and be read, and
	// mostSettle the most: about the time that it took to connect, which is one
	// round trip, is added to the one and bounded by the other.
	leastSettle = time.Millisecond
	mostSettle  = 200 * time.Millisecond
)

// Request is one runner.
type Request struct {
	HTTP *http.Request
	Body []byte // in place of HTTP.Body
	// After is 0 for a request that is released with the others. Otherwise it is
	// the number, from 1, of the request whose answer is waited for: not a byte is
	// sent before that has come.
	After int
}

// Result is what came of a request. Times are of one monotonic clock.
type Result struct {
	Start    time.Time // before the first byte was sent
	Released time.Time // before the last bytes were sent
	First    time.Time // the first byte of the answer was there
	End      time.Time // all of it was there
	Status   int
	Header   http.Header
	Body     []byte
	Err      error
}

// Saw reports whether a request had to observe an event that was acknowledged at
// ack: it began later. Requests that overlap with the event may see it or not.
func (r Result) Saw(ack time.Time) bool { return !ack.IsZero() && r.Start.After(ack) }

// Options bound a race. The zero value will do.
type Options struct {
	// Dial opens connections; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for https; nil: the usual.
	TLS *tls.Config
	// Timeout bounds one request; 0: ten seconds.
	Timeout time.Duration
	// MaxBody bounds what is read of a body, in bytes; 0: 1 MiB.
	MaxBody int64
}

// Run makes the requests and returns what came of each, in their order. It
// returns when all are answered or have failed; when ctx ends, what is under way
// fails with its error.
func Run(ctx context.Context, requests []Request, o Options) ([]Result, error) {
	if err := check(requests); err != nil {
		return nil, err
	}
	o = o.filled()
	r := &run{ctx: ctx, options: o, runners: make([]*runner, len(requests))}
	for i, q := range requests {
		r.runners[i] = &runner{request: q, done: make(chan struct{})}
	}
	var ready, all sync.WaitGroup
	for _, one := range r.runners {
		ready.Add(1)
		all.Go(func() {
			defer close(one.done)
			r.run(one, sync.OnceFunc(ready.Done))
		})
	}
	ready.Wait()
	r.release()
	all.Wait()
	results := make([]Result, len(requests))
	for i, one := range r.runners {
		results[i] = one.Result
	}
	return results, nil
}

func check(requests []Request) error {
	if len(requests) == 0 || len(requests) > Most {
		return fmt.Errorf("race: got %d requests, want 1 to %d", len(requests), Most)
	}
	for i, q := range requests {
		if q.After < 0 || q.After > i {
			return fmt.Errorf("race: request %d waits for number %d, want one before it", i+1, q.After)
		}
	}
	return nil
}

func (o Options) filled() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultBody
	}
	return o
}

// run is one race.
type run struct {
	ctx     context.Context
	options Options
	runners []*runner
}

// runner is one request on its connection.
type runner struct {
	Result
	request   Request
	done      chan struct{}
	conn      net.Conn
	connected time.Duration // how long that took
	message   []byte
	held      int // how many bytes of it are sent last
	released  chan struct{}
}

// run connects, sends what may be sent, and reads the answer. It says once that
// it is ready, or has failed.
func (r *run) run(one *runner, ready func()) {
	defer ready()
	one.released = make(chan struct{})
	ctx, cancel := context.WithTimeout(r.ctx, r.options.Timeout)
	defer cancel()
	if one.Err = r.prepare(ctx, one); one.Err != nil {
		return
	}
	defer one.conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = one.conn.SetDeadline(time.Unix(1, 0)) }) // wakes what waits on it
	defer stop()
	if one.request.After > 0 {
		one.held = len(one.message)
		ready()
		select {
		case <-r.runners[one.request.After-1].done:
			one.Start = time.Now()
			one.send()
		case <-ctx.Done():
			one.Err = ctx.Err()
		}
	} else {
		one.Start = time.Now()
		_, one.Err = one.conn.Write(one.message[:len(one.message)-one.held])
		ready()
	}
	if one.Err == nil {
		one.Err = one.read(r.options.MaxBody)
	}
	if one.Err != nil && ctx.Err() != nil {
		one.Err = ctx.Err()
	}
	if one.request.After == 0 {
		<-one.released // the loop that releases still holds the connection
	}
}

// prepare connects and makes the message.
func (r *run) prepare(ctx context.Context, one *runner) error {
	var message bytes.Buffer
	req := one.request.HTTP.Clone(ctx)
	req.Body, req.ContentLength, req.GetBody = nil, 0, nil
	one.held = len("\r\n") // without a body, the empty line that ends the head
	if one.request.Body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(one.request.Body)), int64(len(one.request.Body))
	}
	if len(one.request.Body) > 0 {
		one.held = 1
	}
	if err := req.Write(&message); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	one.message = message.Bytes()
	began := time.Now()
	defer func() { one.connected = time.Since(began) }()
	u := one.request.HTTP.URL
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if port == "" {
		return fmt.Errorf("connect: got scheme %q, want http or https", u.Scheme)
	}
	conn, err := r.options.Dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	one.conn = conn
	if u.Scheme != "https" {
		return nil
	}
	config := &tls.Config{}
	if r.options.TLS != nil {
		config = r.options.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	config.NextProtos = []string{"http/1.1"}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return err
	}
	one.conn = secure
	return nil
}

// release sends the last bytes of all. One loop does it: to wake a goroutine for
// each would take longer than the writing.
func (r *run) release() {
	settle := leastSettle
	for _, one := range r.runners {
		settle = max(settle, one.connected+leastSettle)
	}
	select {
	case <-time.After(min(settle, mostSettle)):
	case <-r.ctx.Done():
	}
	for _, one := range r.runners {
		if one.request.After > 0 {
			continue
		}
		if one.conn != nil && r.ctx.Err() == nil {
			one.send()
		}
		close(one.released)
	}
}

// send sends the last bytes. A failure shows when the answer is read.
func (one *runner) send() {
	one.Released = time.Now()
	_, _ = one.conn.Write(one.message[len(one.message)-one.held:])
}

// read reads the answer, whole.
func (one *runner) read(most int64) error {
	head := &io.LimitedReader{R: &stamped{one: one}, N: maxHead + most + 1}
	reader := bufio.NewReader(head)
	for {
		resp, err := http.ReadResponse(reader, one.request.HTTP)
		if err != nil {
			if head.N <= 0 {
				return errors.New("the head of the answer is too long")
			}
			return err
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		one.Status, one.Header = resp.StatusCode, resp.Header
		one.Body, err = io.ReadAll(io.LimitReader(resp.Body, most+1))
		one.End = time.Now()
		if err == nil && int64(len(one.Body)) > most {
			err = fmt.Errorf("the answer is longer than %d bytes", most)
		}
		return err
	}
}

// stamped notes when the first byte came.
type stamped struct{ one *runner }

func (s *stamped) Read(p []byte) (int, error) {
	n, err := s.one.conn.Read(p)
	if n > 0 && s.one.First.IsZero() {
		s.one.First = time.Now()
	}
	return n, err
}
