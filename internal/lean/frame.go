package lean

import (
	"bytes"
	"math"
)

// framing says how long an answer is, and what becomes of its connection.
type framing struct {
	major, minor byte
	chunked      bool
	length       int64 // of the body; -1: not said
	close        bool
	upgraded     bool // the connection speaks another protocol from here on
}

func (f *framing) atLeast11() bool { return f.major > 1 || f.major == 1 && f.minor >= 1 }

// frame reads the header fields that say how long the answer is (RFC 9112 section
// 6) and whether its connection persists (section 9.3).
func (r *Response) frame() error {
	f := &r.framing
	var encodings int
	var encoding []byte
	var length []byte
	var toClose, toKeep, upgrade, trailer bool
	for _, field := range r.fields {
		name := r.name(field)
		switch len(name) {
		case len("Trailer"):
			trailer = trailer || sameFold(name, "Trailer")
			upgrade = upgrade || sameFold(name, "Upgrade") && field.value < field.valueEnd
		case len("Connection"):
			if sameFold(name, "Connection") {
				toClose = toClose || lists(r.value(field), "close")
				toKeep = toKeep || lists(r.value(field), "keep-alive")
			}
		case len("Content-Length"):
			if !sameFold(name, "Content-Length") {
				continue
			}
			value := bytes.Trim(r.value(field), " \t")
			if length != nil && !bytes.Equal(length, value) {
				return malformed("answer: several values of Content-Length")
			}
			length = value[:len(value):len(value)]
			n, ok := decimal(value)
			if !ok {
				return malformed("Content-Length")
			}
			f.length = n
		case len("Transfer-Encoding"):
			if sameFold(name, "Transfer-Encoding") {
				encoding = r.value(field)
				encodings++
			}
		}
	}
	f.close = f.major < 1 || toClose || f.major == 1 && f.minor == 0 && !toKeep || r.Status <= 199
	// net/http takes HTTP/0.0 for a version that nobody set.
	if encodings > 0 && (f.atLeast11() || f.major == 0 && f.minor == 0) {
		if encodings > 1 || !sameFold(encoding, "chunked") {
			return malformed("answer: unsupported Transfer-Encoding")
		}
		f.chunked = true
	}
	if f.chunked && trailer && !r.trailers() {
		return malformed("Trailer")
	}
	f.upgraded = r.Status == 101 && upgrade && r.upgrades()
	if encodings > 0 {
		r.drop("Transfer-Encoding")
	}
	if f.chunked {
		r.drop("Content-Length")
		r.drop("Trailer")
	}
	if toClose && f.atLeast11() {
		r.drop("Connection")
	}
	return nil
}

// upgrades reports whether Connection lists Upgrade.
func (r *Response) upgrades() bool {
	for _, field := range r.fields {
		if sameFold(r.name(field), "Connection") && lists(r.value(field), "upgrade") {
			return true
		}
	}
	return false
}

// trailers reports whether the fields that are announced may be trailers (RFC
// 9110 section 6.5.1).
func (r *Response) trailers() bool {
	for _, field := range r.fields {
		if !sameFold(r.name(field), "Trailer") {
			continue
		}
		for name := range bytes.SplitSeq(r.value(field), []byte{','}) {
			name = bytes.TrimSpace(name)
			if sameFold(name, "Transfer-Encoding") || sameFold(name, "Trailer") || sameFold(name, "Content-Length") {
				return false
			}
		}
	}
	return true
}

// lists reports whether a comma-separated list has the word.
func lists(list []byte, word string) bool {
	for len(list) > 0 {
		one := list
		if at := bytes.IndexByte(list, ','); at >= 0 {
			one, list = list[:at], list[at+1:]
		} else {
			list = nil
		}
		if sameFold(bytes.Trim(one, " \t"), word) {
			return true
		}
	}
	return false
}

// decimal is a number of bytes.
func decimal(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		d := int64(c) - '0'
		if !digit(c) || n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(digits) > 0
}
