package loadtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// dialer dials connections. While a gate is set, each waits there for the
// others: requests sent at the same time then need a connection each, and none
// is used twice before all are there.
type dialer struct {
	net.Dialer
	gate atomic.Pointer[gate]
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

// origins are the hosts that the plan's requests go to.
func (d *deck) origins() []string {
	var list []string
	for _, s := range *d.slots.Load() {
		raw := s.request.URL
		if c, ok := s.chain.(interface{ address() string }); ok {
			raw = c.address()
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	return list
}

// transport is what requests go through: the target's own, or one for HTTP/1.1
// over connections of its own.
func transport(own http.RoundTripper, connections int) (http.RoundTripper, *dialer) {
	if own != nil {
		return own, nil
	}
	d := &dialer{Dialer: net.Dialer{KeepAlive: 30 * time.Second}}
	return &http.Transport{
		DialContext: d.dial, MaxIdleConnsPerHost: connections, IdleConnTimeout: 90 * time.Second,
		DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
	}, d
}
