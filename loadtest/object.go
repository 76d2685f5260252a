package loadtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/bits"
)

// maxDepth bounds how deep objects and arrays may nest.
const maxDepth = 64

var (
	errObject = errors.New("not one JSON object")
	errTwice  = errors.New("a JSON object with a member that is there twice")
	errDeep   = errors.New("a JSON object that nests too deeply")
)

// member is a member of a JSON object that is to be read.
type member struct {
	name string
	kind byte // '"', '0' (a number), 't' (true or false), 'n' (null), '{', '['; 0: absent
	// raw is the value as it stands, a string without its quotes.
	raw     []byte
	at      int  // where raw begins in the object
	escaped bool // a string with a backslash in it
}

// text is the value of a string, or "".
func (m *member) text() string { return string(m.bytes()) }

// bytes is the value of a string, or nil.
func (m *member) bytes() []byte {
	if m.kind != '"' || !m.escaped {
		if m.kind != '"' {
			return nil
		}
		return m.raw
	}
	return []byte(unquote(m.raw))
}

// unquote resolves the escapes of a string that has been read without error.
func unquote(raw []byte) string {
	quoted := make([]byte, 0, len(raw)+2)
	quoted = append(append(append(quoted, '"'), raw...), '"')
	var s string
	_ = json.Unmarshal(quoted, &s) // the scanner has accepted it
	return s
}

// readObject reads the wanted members of a JSON object in one pass and without
// allocating. It accepts exactly what encoding/json does, save that a wanted
// member may not be there twice, and that nesting is bounded.
func readObject(data []byte, want []member) error {
	s := scanner{data: data}
	s.space()
	if !s.take('{') {
		return errObject
	}
	s.space()
	if !s.take('}') {
		for {
			if err := s.member(want); err != nil {
				return err
			}
			s.space()
			if s.take('}') {
				break
			}
			if !s.take(',') {
				return errObject
			}
			s.space()
		}
	}
	s.space()
	switch {
	case s.pos != len(data):
		return errObject
	case s.twice:
		return errTwice
	}
	return nil
}

// scanner reads JSON (RFC 8259).
type scanner struct {
	data  []byte
	pos   int
	twice bool // a wanted member was
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// member reads one member of the outermost object.
func (s *scanner) member(want []member) error {
	name, escaped, ok := s.str()
	if !ok {
		return errObject
	}
	s.space()
	if !s.take(':') {
		return errObject
	}
	s.space()
	start := s.pos
	kind, quoted, err := s.value(1)
	if err != nil {
		return err
	}
	if escaped {
		name = []byte(unquote(name))
	}
	for i := range want {
		if string(name) != want[i].name {
			continue
		}
		if want[i].kind != 0 {
			s.twice = true // an error, unless there is a worse one to come
			continue
		}
		from, to := start, s.pos
		if kind == '"' {
			from, to = start+1, s.pos-1
		}
		want[i].kind, want[i].raw, want[i].at, want[i].escaped = kind, s.data[from:to], from, quoted
	}
	return nil
}

// str reads a string and returns what is between the quotes.
func (s *scanner) str() (raw []byte, escaped, ok bool) {
	if !s.take('"') {
		return nil, false, false
	}
	start := s.pos
	s.pos += plain(s.data[start:])
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, true
		case c < 0x20:
			return nil, false, false
		case c == '\\':
			escaped = true
			if !s.escape() {
				return nil, false, false
			}
		default:
			s.pos++
		}
	}
	return nil, false, false
}

// plain is how many bytes there are before one that a string cannot have as it
// stands: a quote, a backslash or a control character. It looks at eight at once.
func plain(text []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		quote, slash := x^ones*'"', x^ones*'\\'
		// A high bit is set for such a byte, and maybe for those after it.
		if stop := ((x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & high; stop != 0 {
			return n + bits.TrailingZeros64(stop)/8
		}
	}
	for n < len(text) && text[n] >= 0x20 && text[n] != '"' && text[n] != '\\' {
		n++
	}
	return n
}

// escape reads a backslash and what belongs to it.
func (s *scanner) escape() bool {
	if s.pos+1 >= len(s.data) {
		return false
	}
	c := s.data[s.pos+1]
	s.pos += 2
	if c != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), c) >= 0
	}
	if s.pos+4 > len(s.data) {
		return false
	}
	for _, h := range s.data[s.pos : s.pos+4] {
		if !('0' <= h && h <= '9' || 'a' <= h && h <= 'f' || 'A' <= h && h <= 'F') {
			return false
		}
	}
	s.pos += 4
	return true
}

// value reads any value, and of which kind it is, and whether it is a string with
// a backslash in it; depth is that of what is around it.
func (s *scanner) value(depth int) (kind byte, escaped bool, err error) {
	if s.pos >= len(s.data) {
		return 0, false, errObject
	}
	switch c := s.data[s.pos]; {
	case c == '"':
		_, escaped, ok := s.str()
		if !ok {
			return 0, false, errObject
		}
		return '"', escaped, nil
	case c == '{' || c == '[':
		if depth >= maxDepth {
			return 0, false, errDeep
		}
		return c, false, s.nested(c, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		if !s.number() {
			return 0, false, errObject
		}
		return '0', false, nil
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			if word == "null" {
				return 'n', false, nil
			}
			return 't', false, nil
		}
	}
	return 0, false, errObject
}

// nested reads an object or an array of which the first byte is open.
func (s *scanner) nested(open byte, depth int) error {
	s.pos++
	end := byte('}')
	if open == '[' {
		end = ']'
	}
	s.space()
	if s.take(end) {
		return nil
	}
	for {
		if open == '{' {
			if _, _, ok := s.str(); !ok {
				return errObject
			}
			s.space()
			if !s.take(':') {
				return errObject
			}
			s.space()
		}
		if _, _, err := s.value(depth); err != nil {
			return err
		}
		s.space()
		if s.take(end) {
			return nil
		}
		if !s.take(',') {
			return errObject
		}
		s.space()
	}
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

// digits reads one digit or more.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
