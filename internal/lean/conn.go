package lean

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// conn is a connection to an origin.
type conn struct {
	origin   Origin
	net      net.Conn
	raw      syscall.RawConn // of the connection beneath TLS; nil: there is none
	secured  bool
	answered bool // at least once
	open     bool // it can be used for another request
	response Response
	step     step
}

func newConn(o Origin, n net.Conn) *conn {
	c := &conn{origin: o, net: n}
	c.response.in.from = n
	if s, ok := n.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	c.step.init()
	return c
}

func (c *conn) close() { _ = c.net.Close() }

// exchange sends a request and reads its answer. An error that is a staleError
// says that the connection ended without a byte of an answer.
func (c *conn) exchange(q *Request, most limits, fresh bool) error {
	r := &c.response
	r.in.reset()
	c.open = false
	if err := c.send(q.wire, fresh); err != nil {
		return err
	}
	if r.in.end == 0 {
		if err := r.in.more(); isTimeout(err) {
			return err
		} else if err != nil {
			return staleError{err, true}
		}
	}
	end, err := r.read(q.method, most)
	if err != nil {
		return err
	}
	c.answered = true
	// What follows an answer is an answer to nothing.
	c.open = !r.framing.close && end == r.in.end
	return nil
}

// write writes a request, or the rest of one of which something was sent. The
// server may have answered before it has read all of it, so that an error is one
// only where there is no answer.
func (c *conn) write(wire []byte, sent bool) error {
	n, err := c.net.Write(wire)
	if err == nil {
		return nil
	}
	if isTimeout(err) {
		return err
	}
	if c.response.in.more() == nil {
		return nil
	}
	return staleError{err, sent || n > 0}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// check is an error where the connection was closed, or has something to read that
// answers nothing.
func (c *conn) check(n int, err error) error {
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return nil
	case n > 0 && c.secured && !c.answered:
		return nil // what TLS says after its handshake
	case n == 0 && err == nil, err == io.EOF:
		return errClosed
	case err != nil:
		return staleError{err: err}
	}
	return errClosed
}
