package lean

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// Client says how lines connect.
type Client struct {
	// Dial connects; nil is a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for https; nil means the system's authorities. ServerName and ALPN are
	// filled in.
	TLS *tls.Config
	// MaxHeader and MaxBody bound answers, in bytes.
	MaxHeader, MaxBody int
}

// Line sends one request after another, over a connection to each origin. It is
// not for several goroutines at once, but for GiveUp.
type Line struct {
	client *Client
	parent context.Context
	conns  []*conn // one for an origin

	mu     sync.Mutex
	ctx    context.Context // of the requests until the next GiveUp
	cancel context.CancelFunc
	inUse  *conn
}

// NewLine is a line whose requests end with ctx.
func (c *Client) NewLine(ctx context.Context) *Line {
	l := &Line{client: c, parent: ctx}
	l.Renew()
	return l
}

// Open connects to an origin if need be, so that the first request does not wait
// for it.
func (l *Line) Open(o Origin) error {
	_, _, err := l.get(o)
	return err
}

// GiveUp ends the request that is under way, and all that follow until Renew.
// Another goroutine may call it.
func (l *Line) GiveUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
	if l.inUse != nil {
		_ = l.inUse.net.SetDeadline(time.Unix(1, 0))
	}
}

// Renew makes the line fit for use after GiveUp.
func (l *Line) Renew() {
	l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx, l.cancel = context.WithCancel(l.parent)
	context.AfterFunc(l.ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ctx.Err() != nil && l.inUse != nil {
			_ = l.inUse.net.SetDeadline(time.Unix(1, 0))
		}
	})
}

// Close closes all connections.
func (l *Line) Close() {
	for _, c := range l.conns {
		c.close()
	}
	l.conns = l.conns[:0]
	l.use(nil)
	if l.cancel != nil {
		l.cancel()
	}
}

// use notes which connection GiveUp is about. It is an error if the line was given
// up already.
func (l *Line) use(c *conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inUse = c
	if c == nil {
		return nil
	}
	return l.ctx.Err()
}

// Do sends a request and reads the answer, which is valid until the next call. A
// connection that turns out to be closed before anything was sent is replaced, and
// so is one that ends without a byte of an answer if the request may be repeated
// (RFC 9112 section 9.3.1).
func (l *Line) Do(q *Request) (*Response, error) {
	c, fresh, err := l.get(q.origin)
	if err != nil {
		return nil, err
	}
	err = c.exchange(q, l.client.limits(), fresh)
	if stale, ok := err.(staleError); ok && !fresh && (q.repeatable || !stale.sent) && l.ctx.Err() == nil {
		l.drop(c)
		if c, err = l.connect(q.origin); err == nil {
			err = c.exchange(q, l.client.limits(), true)
		}
	}
	if err != nil {
		l.drop(c)
		return nil, plainError(err)
	}
	if !c.open || q.last {
		l.drop(c) // its buffers stay until the next request
	}
	return &c.response, nil
}

func (c *Client) limits() limits { return limits{c.MaxHeader, c.MaxBody} }

// plainError is an error as it is for others.
func plainError(err error) error {
	if stale, ok := err.(staleError); ok {
		return stale.err
	}
	return err
}

// get is the connection to an origin; fresh says that it was made for this request.
func (l *Line) get(o Origin) (c *conn, fresh bool, err error) {
	for _, c := range l.conns {
		if c.origin == o {
			if c == l.inUse {
				return c, false, nil
			}
			return c, false, l.use(c)
		}
	}
	c, err = l.connect(o)
	return c, true, err
}

// connect makes a connection.
func (l *Line) connect(o Origin) (*conn, error) {
	dial := l.client.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	ctx := l.ctx
	raw, err := dial(ctx, "tcp", o.Address)
	if err != nil {
		return nil, err
	}
	c := newConn(o, raw)
	if o.Scheme == "https" {
		if err := c.secure(ctx, l.client.TLS); err != nil {
			c.close()
			return nil, err
		}
	}
	l.conns = append(l.conns, c)
	return c, l.use(c)
}

// drop closes a connection.
func (l *Line) drop(c *conn) {
	if c == nil {
		return
	}
	c.close()
	for i := range l.conns {
		if l.conns[i] == c {
			l.conns = append(l.conns[:i], l.conns[i+1:]...)
			break
		}
	}
	l.use(nil)
}

// secure makes a connection one of TLS.
func (c *conn) secure(ctx context.Context, config *tls.Config) error {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(c.origin.Address)
	}
	config.NextProtos = []string{"http/1.1"}
	over := tls.Client(c.net, config)
	if err := over.HandshakeContext(ctx); err != nil {
		return err
	}
	c.net, c.response.in.from, c.secured = over, over, true
	return nil
}

// staleError says that a connection ended without a byte of an answer.
type staleError struct {
	err  error
	sent bool // something of the request was
}

func (e staleError) Error() string { return e.err.Error() }

// errClosed says that a connection was closed before the request, or had an answer
// to none.
var errClosed = staleError{err: io.EOF}
