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

// hints are what header fields say about the framing of an answer.
type hints struct {
	length                                  []byte // of Content-Length; nil: there is none
	encoding                                []byte
	encodings                               int
	close, keep, upgrade, upgrades, trailer bool
}

// hint reads what a header field says about framing.
func (h *hints) hint(name, value []byte) error {
	switch len(name) {
	case len("Trailer"): // and Upgrade
		h.trailer = h.trailer || sameFold(name, "Trailer")
		h.upgrade = h.upgrade || sameFold(name, "Upgrade") && len(value) > 0
	case len("Connection"):
		if sameFold(name, "Connection") {
			h.close = h.close || lists(value, "close")
			h.keep = h.keep || lists(value, "keep-alive")
			h.upgrades = h.upgrades || lists(value, "upgrade")
		}
	case len("Content-Length"):
		if !sameFold(name, "Content-Length") {
			return nil
		}
		value = bytes.Trim(value, " \t")
		if h.length != nil && !bytes.Equal(h.length, value) {
			return malformed("answer: several values of Content-Length")
		}
		h.length = value
		if value == nil {
			h.length = []byte{}
		}
	case len("Transfer-Encoding"):
		if sameFold(name, "Transfer-Encoding") {
			h.encoding = value
			h.encodings++
		}
	}
	return nil
}

// frame reads the header fields that say how long the answer is (RFC 9112 section
// 6) and whether its connection persists (section 9.3).
func (r *Response) frame() error {
	f, h := &r.framing, hints{}
	for _, field := range r.fields {
		if err := h.hint(r.name(field), r.value(field)); err != nil {
			return err
		}
	}
	if h.length != nil {
		var ok bool
		if f.length, ok = decimal(h.length); !ok {
			return malformed("Content-Length")
		}
	}
	f.close = f.major < 1 || h.close || f.major == 1 && f.minor == 0 && !h.keep || r.Status <= 199
	// net/http takes HTTP/0.0 for a version that nobody set.
	if h.encodings > 0 && (f.atLeast11() || f.major == 0 && f.minor == 0) {
		if h.encodings > 1 || !sameFold(h.encoding, "chunked") {
			return malformed("answer: unsupported Transfer-Encoding")
		}
		f.chunked = true
	}
	if f.chunked && h.trailer && !r.trailers() {
		return malformed("Trailer")
	}
	f.upgraded = r.Status == 101 && h.upgrade && h.upgrades
	if h.encodings > 0 {
		r.drop("Transfer-Encoding")
	}
	if f.chunked {
		r.drop("Content-Length")
		r.drop("Trailer")
	}
	if h.close && f.atLeast11() {
		r.drop("Connection")
	}
	return nil
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
