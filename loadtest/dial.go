package loadtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scopeproof/scopeproof/internal/lean"
)

// dialer dials connections. While a gate is set, each waits there for the
// others: requests sent at the same time then need a connection each, and none
// is used twice before all are there.
type dialer struct {
	net.Dialer
	gate    atomic.Pointer[gate]
	instead func(address string) string // nil: no other address
}

type gate struct {
	want int64
	come atomic.Int64
	once sync.Once
	open chan struct{}
}

func (g *gate) unlock() { g.once.Do(func() { close(g.open) }) }

// gateTimeout is how long connections wait for one another.
const gateTimeout = time.Second

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.instead != nil {
		address = d.instead(address)
	}
	conn, err := d.DialContext(ctx, network, address)
	if g := d.gate.Load(); g != nil {
		if g.come.Add(1) >= g.want {
			g.unlock()
		}
		select {
		case <-g.open:
		case <-ctx.Done():
		case <-time.After(gateTimeout):
			g.unlock()
		}
	}
	return conn, err
}

// fill sends n requests to an origin at once, which need n connections. An error
// means that none was answered.
func (d *dialer) fill(ctx context.Context, transport http.RoundTripper, origin string, n int) error {
	g := &gate{want: int64(n), open: make(chan struct{})}
	d.gate.Store(g)
	defer d.gate.Store(nil)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = touch(ctx, transport, origin) })
	}
	wg.Wait()
	if slices.Contains(errs, nil) {
		return nil
	}
	return fmt.Errorf("%s: no answer: %s", origin, reason(errs[0]))
}

// touch sends a request that asks for nothing.
func touch(ctx context.Context, transport http.RoundTripper, origin string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, origin+"/", nil)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	discard(resp)
	return nil
}

// network makes the lines that workers send over.
type network interface {
	// line is a line whose requests end with ctx.
	line(ctx context.Context) line
	// warm connects lines to an origin, all at once. An error means that nothing
	// answers there.
	warm(ctx context.Context, origin string, lines []line) error
	close()
}

// line is a worker's way to the target: one request after another goes over it.
type line interface {
	// open connects to an origin, so that the first request does not wait for it.
	open(origin string) error
	// send sends a request and reads the answer, which is valid until the next call.
	send(p *packet) (Answer, error)
	// giveUp ends what is under way. Another goroutine may call it, between two calls
	// of renew.
	giveUp()
	// renew makes the line fit for use after giveUp.
	renew()
	close()
}

// newNetwork is the target's own transport, or connections of our own.
func newNetwork(own http.RoundTripper, workers int) network {
	if own != nil {
		return newStandard(own, workers)
	}
	return newDirect(workers)
}

// standard is a network over net/http.
type standard struct {
	through http.RoundTripper
	conns   *dialer // nil: the transport is not ours
}

// newStandard is the target's own transport, or one for HTTP/1.1 over connections
// of its own.
func newStandard(own http.RoundTripper, connections int) *standard {
	if own != nil {
		return &standard{through: own}
	}
	d := &dialer{Dialer: net.Dialer{KeepAlive: 30 * time.Second}}
	return &standard{conns: d, through: &http.Transport{
		DialContext: d.dial, MaxIdleConnsPerHost: connections, IdleConnTimeout: 90 * time.Second,
		DisableCompression: true, MaxResponseHeaderBytes: headerLimit,
	}}
}

func (s *standard) warm(ctx context.Context, origin string, lines []line) error {
	if s.conns == nil {
		return nil
	}
	return s.conns.fill(ctx, s.through, origin, len(lines))
}

func (s *standard) line(ctx context.Context) line {
	l := &standardLine{through: s.through, parent: ctx}
	l.renew()
	return l
}

func (s *standard) close() {
	if t, ok := s.through.(interface{ CloseIdleConnections() }); ok && s.conns != nil {
		t.CloseIdleConnections()
	}
}

// standardLine sends over net/http. Its context is used over and over, until a
// request is given up: a deadline of its own for each would cost more.
type standardLine struct {
	through http.RoundTripper
	parent  context.Context
	ctx     context.Context
	cancel  context.CancelFunc
	buffer  []byte
}

func (l *standardLine) send(p *packet) (Answer, error) {
	resp, err := l.through.RoundTrip(p.standard(l.ctx))
	if err == nil {
		l.buffer, err = readBody(resp.Body, l.buffer[:0])
		_ = resp.Body.Close()
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: l.buffer}, nil
}

func (l *standardLine) open(string) error { return nil }
func (l *standardLine) giveUp()           { l.cancel() }
func (l *standardLine) renew()            { l.ctx, l.cancel = context.WithCancel(l.parent) }
func (l *standardLine) close()            { l.cancel() }

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
			return buffer, &lean.TooLongError{Part: "body", Most: bodyLimit}
		}
	}
}

// discard reads what is left of an answer so that its connection can be used
// again.
func discard(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit))
	_ = resp.Body.Close()
}
