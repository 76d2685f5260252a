package lean

import (
	"bytes"
	"io"
)

const (
	// longestChunkLine bounds the line before a chunk, and the trailers.
	longestChunkLine = 4 << 10
	// mostOverhead bounds what a sender may send beside the data, in excess of 16
	// bytes a chunk and twice its length.
	mostOverhead = 16 << 10
)

// chunks reads a chunked body (RFC 9112 section 7.1) that begins at pos, and moves
// the data of its chunks together where they stand.
func (r *Response) chunks(pos, most int) (end int, err error) {
	in := &r.in
	body, out := pos, pos
	excess := 0
	for {
		line, next, err := r.chunkLine(pos)
		if err != nil {
			return 0, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return 0, err
		}
		if size > uint64(most-(out-body)) {
			return 0, &TooLongError{"body", most}
		}
		n := int(size)
		if excess = max(0, excess+len(line)+2-16-2*n); excess > mostOverhead {
			return 0, malformed("chunked encoding: too much that is not data")
		}
		pos = next
		if n == 0 {
			break
		}
		if err := in.need(pos + n + 2); err != nil {
			return 0, err
		}
		if in.data[pos+n] != '\r' || in.data[pos+n+1] != '\n' {
			return 0, malformed("chunked encoding: end of a chunk")
		}
		out += copy(in.data[out:], in.data[pos:pos+n])
		pos += n + 2
	}
	r.Body = in.data[body:out]
	end, err = r.trailer(pos)
	r.Body = in.data[body:out] // the input may have moved
	return end, err
}

// chunkLine is the line before a chunk, which only CR LF ends.
func (r *Response) chunkLine(pos int) (line []byte, next int, err error) {
	in := &r.in
	for seen := pos; ; {
		if at := bytes.IndexByte(in.data[seen:in.end], '\n'); at >= 0 {
			next = seen + at + 1
			break
		}
		if seen = in.end; seen-pos >= longestChunkLine {
			return nil, 0, malformed("chunked encoding: line is too long")
		}
		if err := in.more(); err != nil {
			return nil, 0, unexpected(err)
		}
	}
	line = in.data[pos:next]
	if cr := bytes.IndexByte(line, '\r'); cr < 0 || cr != len(line)-2 {
		return nil, 0, malformed("chunked encoding: line")
	}
	if len(line) > longestChunkLine {
		return nil, 0, malformed("chunked encoding: line is too long")
	}
	return line[:len(line)-2], next, nil
}

// chunkSize reads the length of a chunk, before any extension.
func chunkSize(line []byte) (n uint64, err error) {
	digits := bytes.TrimRight(line, " \t")
	if at := bytes.IndexByte(digits, ';'); at >= 0 {
		digits = digits[:at]
	}
	if len(digits) == 0 || len(digits) > 16 {
		return 0, malformed("chunked encoding: length")
	}
	for _, c := range digits {
		switch {
		case digit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, malformed("chunked encoding: length")
		}
		n = n<<4 | uint64(c)
	}
	return n, nil
}

// trailer reads what follows the last chunk, and where it ends. Trailers are
// looked at and forgotten.
func (r *Response) trailer(pos int) (end int, err error) {
	in := &r.in
	if err := in.need(pos + 2); err != nil {
		return 0, err
	}
	if in.data[pos] == '\r' && in.data[pos+1] == '\n' {
		return pos + 2, nil
	}
	blankLine := []byte("\r\n\r\n")
	for !bytes.Contains(in.data[pos:min(in.end, pos+longestChunkLine)], blankLine) {
		if in.end-pos >= longestChunkLine {
			return 0, malformed("trailer: it is too long")
		}
		if err := in.more(); err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		} else if err != nil {
			return 0, err
		}
	}
	known := len(r.fields)
	for first := true; ; first = false {
		line, next, err := in.line(pos, in.end)
		switch {
		case err != nil:
			return 0, err
		case len(line) == 0:
			r.fields = r.fields[:known]
			return next, nil
		case !blank(line[0]):
			err = r.field(pos, line)
		case first:
			err = malformed("trailer")
		default:
			err = r.continued(line)
		}
		if err != nil {
			return 0, err
		}
		pos = next
	}
}
