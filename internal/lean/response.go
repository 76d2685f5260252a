package lean

import (
	"bytes"
	"net/http"
	"net/textproto"
	"slices"
)

// Response is an answer. It is valid until the next request of its [Line].
type Response struct {
	Status int
	Body   []byte

	in      input
	fields  []field
	framing framing
	memory  []remembered
}

// field is a header field: where its name and its value stand in the input.
type field struct {
	name, nameEnd, value, valueEnd int
}

// remembered are the values that a field had, so that they are made strings once.
type remembered struct {
	name   string
	values []string
}

func (r *Response) name(f field) []byte  { return r.in.data[f.name:f.nameEnd] }
func (r *Response) value(f field) []byte { return r.in.data[f.value:f.valueEnd] }

// Get is the first value of a header field, or "".
func (r *Response) Get(name string) string {
	if values := r.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Values are the values of a header field. They must not be changed.
func (r *Response) Values(name string) []string {
	n := 0
	for _, f := range r.fields {
		if sameFold(r.name(f), name) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	m := r.remembers(name)
	if len(m.values) != n || !r.same(name, m.values) {
		m.values = make([]string, 0, n)
		for _, f := range r.fields {
			if sameFold(r.name(f), name) {
				m.values = append(m.values, string(r.value(f)))
			}
		}
	}
	return m.values
}

// remembers is what is remembered of a field.
func (r *Response) remembers(name string) *remembered {
	for i := range r.memory {
		if r.memory[i].name == name {
			return &r.memory[i]
		}
	}
	if len(r.memory) >= 16 { // names that are always others
		r.memory = r.memory[:0]
	}
	r.memory = append(r.memory, remembered{name: name})
	return &r.memory[len(r.memory)-1]
}

// same reports whether a field has these values, of which there are as many.
func (r *Response) same(name string, values []string) bool {
	i := 0
	for _, f := range r.fields {
		if sameFold(r.name(f), name) {
			if string(r.value(f)) != values[i] {
				return false
			}
			i++
		}
	}
	return true
}

// Header is the header as net/http has it.
func (r *Response) Header() http.Header {
	h := http.Header{}
	for _, f := range r.fields {
		name := r.name(f)
		key := string(name)
		if bytes.IndexByte(name, ' ') < 0 {
			key = textproto.CanonicalMIMEHeaderKey(key)
		}
		h[key] = append(h[key], string(r.value(f)))
	}
	if length := h["Content-Length"]; len(length) > 1 {
		h["Content-Length"] = length[:1] // all are the same
	}
	if len(h["Pragma"]) > 0 && h["Pragma"][0] == "no-cache" && h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"}
	}
	return h
}

// drop removes a header field that was about this connection only.
func (r *Response) drop(name string) {
	r.fields = slices.DeleteFunc(r.fields, func(f field) bool { return sameFold(r.name(f), name) })
}

// sameFold compares ASCII without regard to case.
func sameFold(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if d := b[i]; c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
