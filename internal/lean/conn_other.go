//go:build !unix

package lean

// step is nothing where descriptors cannot be read without waiting.
type step struct{}

func (*step) init() {}

// send writes a request.
func (c *conn) send(wire []byte, fresh bool) error { return c.write(wire, false) }
