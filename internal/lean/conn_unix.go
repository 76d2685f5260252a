//go:build unix

package lean

import (
	"io"
	"syscall"
)

// step is an exchange as far as the first bytes of the answer, as one wait of the
// runtime's poller: what the connection has to read before the request was written
// is not mistaken for the answer, and no read is tried before there is something.
type step struct {
	run     func(fd uintptr) bool
	conn    *conn
	wire    []byte
	look    bool // before writing
	written int
	waiting bool
	err     error
}

func (s *step) init() { s.run = s.do }

// do is called when the step begins and when the connection can be read; true ends
// it.
func (s *step) do(fd uintptr) bool {
	in := &s.conn.response.in
	if !s.waiting {
		if s.look {
			n, err := ignoringInterrupts(syscall.Read, int(fd), in.data)
			if s.err = s.conn.check(n, err); s.err != nil {
				return true
			}
		}
		n, err := ignoringInterrupts(syscall.Write, int(fd), s.wire)
		if err != nil && err != syscall.EAGAIN {
			s.err = err
			return true
		}
		s.written = max(0, n)
		s.waiting = s.written == len(s.wire)
		return !s.waiting
	}
	n, err := ignoringInterrupts(syscall.Read, int(fd), in.data)
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != nil:
		s.err = staleError{err, true}
	case n == 0:
		s.err = staleError{io.EOF, true}
	default:
		in.end = n
	}
	return true
}

func ignoringInterrupts(f func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := f(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// send writes a request, and reads the beginning of the answer if that can be done
// on the way.
func (c *conn) send(wire []byte, fresh bool) error {
	if c.raw == nil {
		return c.write(wire, false)
	}
	if c.secured {
		if !fresh {
			if err := c.peek(); err != nil {
				return err
			}
		}
		return c.write(wire, false)
	}
	s := &c.step
	s.conn, s.wire, s.look, s.written, s.waiting, s.err = c, wire, !fresh, 0, false, nil
	err := c.raw.Read(s.run)
	switch {
	case err != nil:
		return err
	case s.err != nil && !s.waiting:
		if _, stale := s.err.(staleError); stale {
			return s.err
		}
		// The server may have answered before it closed.
		if c.response.in.more() == nil {
			return nil
		}
		return staleError{s.err, false}
	case s.err != nil:
		return s.err
	case !s.waiting:
		return c.write(wire[s.written:], s.written > 0)
	}
	return nil
}

// peek looks whether a connection was closed while nobody read from it.
func (c *conn) peek() error {
	var n int
	var failed error
	var one [1]byte
	err := c.raw.Read(func(fd uintptr) bool {
		n, _, failed = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	if err != nil {
		return err
	}
	return c.check(n, failed)
}
