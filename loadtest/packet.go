package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// packet is a request made ready to be sent.
type packet struct {
	Request
	origin string // "https://as.example"
	shown  string // the URL as results have it
	http   *http.Request
}

// prepare makes a request ready. Where only its body differs from the one before
// the rest is kept.
func (p *packet) prepare(r Request) error {
	if p.http != nil && r.Method == p.Method && r.URL == p.URL {
		p.Request, p.http.Header = r, r.Header
		return nil
	}
	if r.URL == "" {
		return errors.New("it has no URL")
	}
	h, err := http.NewRequest(r.Method, r.URL, nil)
	if err != nil {
		return fmt.Errorf("%s %s cannot be sent", r.Method, cleanURL(r.URL))
	}
	h.Header = r.Header
	if host := r.Header.Get("Host"); host != "" {
		h.Host = host
	}
	*p = packet{Request: r, origin: h.URL.Scheme + "://" + h.URL.Host, shown: cleanURL(r.URL), http: h}
	return nil
}

// standard is the request as net/http sends it.
func (p *packet) standard(ctx context.Context) *http.Request {
	r := p.http.WithContext(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if p.Body == nil {
		return r
	}
	body := p.Body // p may be another request before this one is written
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return r
}
