package lean

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Request is a request as it goes over the wire, made once and sent many times.
// Several lines may send it at once.
type Request struct {
	origin     Origin
	method     string
	head, tail []byte // what is before and after the value of Content-Length; tail is nil where there is none
	wire       []byte
	other      []byte // wire of another body
	repeatable bool   // RFC 9110 section 9.2.2
	last       bool   // the connection does not persist
}

// Origin is where requests go.
type Origin struct {
	Scheme  string // "http" or "https"
	Address string // "as.example:443"
}

// ErrUnsupported says that only another client can send a request.
var ErrUnsupported = errors.New("not a request for this client")

// OriginOf is the origin of a URL. An error is [ErrUnsupported].
func OriginOf(u *url.URL) (Origin, error) {
	port := u.Port()
	switch {
	case u.Scheme == "http" && port == "":
		port = "80"
	case u.Scheme == "https" && port == "":
		port = "443"
	case u.Scheme != "http" && u.Scheme != "https":
		return Origin{}, ErrUnsupported
	}
	host := u.Hostname()
	if host == "" || strings.IndexFunc(host, func(c rune) bool { return c >= 0x80 }) >= 0 {
		return Origin{}, ErrUnsupported
	}
	return Origin{u.Scheme, net.JoinHostPort(host, port)}, nil
}

// NewRequest makes a request of what net/http would send for r, whose body is
// body; nil is none. It is [ErrUnsupported] or says why r cannot be sent.
func NewRequest(r *http.Request, body []byte) (*Request, error) {
	origin, err := OriginOf(r.URL)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(r.Header); err != nil {
		return nil, err
	}
	plain := *r
	plain.Body, plain.GetBody, plain.ContentLength, plain.TransferEncoding, plain.Trailer = nil, nil, 0, nil, nil
	if body != nil {
		plain.ContentLength, plain.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
	}
	if r.Header == nil {
		plain.Header = http.Header{}
	}
	var wire bytes.Buffer
	if err := plain.Write(&wire); err != nil {
		return nil, fmt.Errorf("the request cannot be written: %w", err)
	}
	connection := r.Header.Values("Connection")
	q := &Request{
		origin: origin, method: r.Method, wire: wire.Bytes(), repeatable: repeatable(r),
		last: slices.ContainsFunc(connection, func(v string) bool { return lists([]byte(v), "close") }),
	}
	const name = "\r\nContent-Length: "
	if at := bytes.Index(q.wire, []byte(name)); body != nil && at >= 0 {
		after := at + len(name)
		q.head = q.wire[:after:after]
		q.tail = bytes.TrimLeft(q.wire[after:len(q.wire)-len(body)], "0123456789")
	}
	return q, nil
}

// With makes q the request with another body, and reports whether it can: one
// without a body stays so. No line may be sending q.
func (q *Request) With(body []byte) bool {
	if q.tail == nil || len(body) == 0 {
		return false
	}
	q.other = append(q.other[:0], q.head...)
	q.other = strconv.AppendInt(q.other, int64(len(body)), 10)
	q.other = append(q.other, q.tail...)
	q.other = append(q.other, body...)
	q.wire = q.other
	return true
}

// repeatable reports whether a request may be sent again where nothing was heard
// of it.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case "", "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return r.Header["Idempotency-Key"] != nil || r.Header["X-Idempotency-Key"] != nil
}

// checkHeader refuses what would not be one header field (RFC 9110 section 5.5).
func checkHeader(h http.Header) error {
	for name, values := range h {
		if name == "" || strings.ContainsRune(name, ' ') || !nameBytes([]byte(name)) {
			return fmt.Errorf("the name of the header field %q is not one", name)
		}
		for _, value := range values {
			if !valueBytes([]byte(value)) {
				return fmt.Errorf("the value of the header field %s has a control character", name)
			}
		}
	}
	return nil
}
