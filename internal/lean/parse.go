package lean

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// limits bound an answer, in bytes.
type limits struct{ header, body int }

// MalformedError says what of an answer is not HTTP/1.1.
type MalformedError struct{ What string }

func (e *MalformedError) Error() string { return "malformed " + e.What }

// TooLongError says that an answer is longer than what is read of one.
type TooLongError struct {
	Part string // "header" or "body"
	Most int    // bytes
}

func (e *TooLongError) Error() string {
	if e.Part == "body" {
		return fmt.Sprintf("the answer is longer than %d bytes", e.Most)
	}
	return fmt.Sprintf("the header of the answer is longer than %d bytes", e.Most)
}

// malformed does not show what it is about: there may be a secret in it.
func malformed(what string) error { return &MalformedError{what} }

// read reads an answer from the beginning of the input, and where it ends in it.
// Answers of 100 to 199 before it are passed over (RFC 9110 section 15.2).
func (r *Response) read(method string, most limits) (end int, err error) {
	pos := 0
	for {
		if pos, err = r.header(pos, most.header); err != nil {
			return 0, err
		}
		if err = r.frame(); err != nil {
			return 0, err
		}
		if r.Status < 100 || r.Status > 199 || r.Status == 101 {
			break
		}
	}
	f := &r.framing
	switch {
	case f.upgraded:
	case method == "HEAD" || r.Status/100 == 1 || r.Status == 204 || r.Status == 304:
		r.Body = r.in.data[pos:pos]
		return pos, nil
	case f.chunked:
		return r.chunks(pos, most.body)
	case f.length >= 0:
		if f.length > int64(most.body) {
			return 0, &TooLongError{"body", most.body}
		}
		end = pos + int(f.length)
		err = r.in.need(end)
		r.Body = r.in.data[pos:min(end, r.in.end)]
		return end, err
	}
	f.close = true
	return r.rest(pos, most.body)
}

// rest reads until the connection ends.
func (r *Response) rest(pos, most int) (end int, err error) {
	for {
		if r.in.end-pos > most {
			return 0, &TooLongError{"body", most}
		}
		if err := r.in.more(); err == io.EOF {
			r.Body = r.in.data[pos:r.in.end]
			return r.in.end, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// header reads the status line and the header fields that begin at pos, and where
// they end.
func (r *Response) header(pos, most int) (end int, err error) {
	r.fields, r.framing = r.fields[:0], framing{length: -1}
	line, next, err := r.headLine(pos, most)
	if err != nil {
		return 0, err
	}
	if err := r.status(line); err != nil {
		return 0, err
	}
	for first := true; ; first = false {
		pos = next
		line, next, err = r.headLine(pos, most)
		switch {
		case err != nil:
			return 0, err
		case len(line) == 0:
			return next, nil
		case line[0] != ' ' && line[0] != '\t':
			err = r.field(pos, line)
		case first:
			err = malformed("header line")
		default:
			err = r.continued(line)
		}
		if err != nil {
			return 0, err
		}
	}
}

// headLine is a line of a header.
func (r *Response) headLine(pos, most int) (line []byte, next int, err error) {
	line, next, err = r.in.line(pos, most)
	if err == nil && next > most || err == errLine {
		err = &TooLongError{"header", most}
	}
	return line, next, err
}

// status reads the status line (RFC 9112 section 4).
func (r *Response) status(line []byte) error {
	proto, rest, ok := bytes.Cut(line, []byte{' '})
	if !ok {
		return malformed("HTTP response")
	}
	code, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte{' '})
	var err error
	if r.Status, err = strconv.Atoi(string(code)); len(code) != 3 || err != nil || r.Status < 0 { // with a sign, as net/http has it
		return malformed("HTTP status code")
	}
	if len(proto) != len("HTTP/1.1") || string(proto[:5]) != "HTTP/" || !digit(proto[5]) || proto[6] != '.' || !digit(proto[7]) {
		return malformed("HTTP version")
	}
	r.framing.major, r.framing.minor = proto[5]-'0', proto[7]-'0'
	return nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// field reads a header field (RFC 9112 section 5) of which the line begins at pos.
func (r *Response) field(pos int, line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !nameBytes(line[:colon]) || !valueBytes(line[colon+1:]) {
		return malformed("header line")
	}
	start, end := colon+1, len(line)
	for start < end && blank(line[start]) {
		start++
	}
	for end > start && blank(line[end-1]) {
		end--
	}
	r.fields = append(r.fields, field{pos, pos + colon, pos + start, pos + end})
	return nil
}

// continued adds a line to the field before it, with one space for what separates
// them (RFC 9112 section 5.2). There is room for it where they stand.
func (r *Response) continued(line []byte) error {
	if !valueBytes(line) {
		return malformed("header line")
	}
	f := &r.fields[len(r.fields)-1]
	data := r.in.data
	more := bytes.Trim(line, " \t")
	if f.value == f.valueEnd { // nothing but blanks so far: they do not count
		f.valueEnd = f.value + copy(data[f.value:], more)
		return nil
	}
	data[f.valueEnd] = ' '
	f.valueEnd += 1 + copy(data[f.valueEnd+1:], more)
	return nil
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// nameBytes reports whether a name has bytes of a token only (RFC 9110 section
// 5.6.2), or spaces, as net/http allows.
func nameBytes(name []byte) bool {
	for _, c := range name {
		if !token[c] && c != ' ' {
			return false
		}
	}
	return true
}

// token are the bytes of a token.
var token = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

// valueBytes reports whether a value has no control characters but tabs (RFC 9110
// section 5.5). It looks at eight bytes at once.
func valueBytes(value []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for len(value) >= 8 {
		x := binary.LittleEndian.Uint64(value)
		del := x ^ ones*0x7f
		if (x-ones*0x20)&^x&high|(del-ones)&^del&high != 0 && !plain(value[:8]) {
			return false
		}
		value = value[8:]
	}
	return plain(value)
}

func plain(value []byte) bool {
	for _, c := range value {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
