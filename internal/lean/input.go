package lean

import (
	"bytes"
	"errors"
	"io"
)

// firstRead is how much room there is for an answer at first, and mostKept how
// much is kept of the room that a long one took.
const (
	firstRead = 1 << 10
	mostKept  = 64 << 10
)

// input is what was read of a connection since the request was sent.
type input struct {
	from io.Reader
	data []byte // of which as many as end were read
	end  int
}

// more reads more. An error means that nothing was read.
func (in *input) more() error {
	in.room()
	n, err := in.from.Read(in.data[in.end:])
	in.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// room makes room for more to be read.
func (in *input) room() {
	if in.end < len(in.data) {
		return
	}
	bigger := make([]byte, max(firstRead, 2*len(in.data)))
	copy(bigger, in.data)
	in.data = bigger
}

// reset forgets what was read.
func (in *input) reset() {
	in.end = 0
	if len(in.data) > mostKept {
		in.data = nil
	}
	in.room()
}

// need reads until there are as many bytes as end. An error is
// [io.ErrUnexpectedEOF] where the connection ended before.
func (in *input) need(end int) error {
	if end > len(in.data) {
		bigger := make([]byte, end)
		copy(bigger, in.data[:in.end])
		in.data = bigger
	}
	for in.end < end {
		if err := in.more(); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// errLine says that a line has not ended where it must have.
var errLine = errors.New("a line is too long")

// line is the line that begins at pos, without the end of it, and where the next
// one begins. The connection may end it as well. Where as many bytes as most were
// read, no more are.
func (in *input) line(pos, most int) (line []byte, next int, err error) {
	for seen := pos; ; {
		if at := bytes.IndexByte(in.data[seen:in.end], '\n'); at >= 0 {
			next, end := seen+at+1, seen+at
			if end > pos && in.data[end-1] == '\r' {
				end--
			}
			return in.data[pos:end], next, nil
		}
		if seen = in.end; seen >= most {
			return nil, pos, errLine
		}
		if err := in.more(); err != nil {
			if err == io.EOF && pos < in.end {
				return in.data[pos:in.end], in.end, nil
			}
			return nil, pos, unexpected(err)
		}
	}
}

// unexpected is an error that says that the connection ended where it must not.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
