package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/scopeproof/scopeproof/internal/lean"
)

// packet is a request made ready to be sent.
type packet struct {
	Request
	origin string // "https://as.example"
	shown  string // the URL as results have it
	http   *http.Request
	lean   *lean.Request // nil: only net/http can send it
	header http.Header   // a copy of what lean was made of
}

// prepare makes a request ready. Where only its body differs from the one before
// the rest is kept.
func (p *packet) prepare(r Request) error {
	if p.lean != nil && r.Method == p.Method && r.URL == p.URL && maps.EqualFunc(r.Header, p.header, slices.Equal) && p.lean.With(r.Body) {
		p.Request = r
		return nil
	}
	if r.URL == "" {
		return errors.New("it has no URL")
	}
	h, err := http.NewRequest(r.Method, r.URL, nil)
	if err != nil || h.URL.Host == "" {
		return fmt.Errorf("%s %s cannot be sent", r.Method, cleanURL(r.URL))
	}
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	h.Header = header
	if host := header.Get("Host"); host != "" {
		h.Host = host
	}
	if u := h.URL.User; u != nil && header.Get("Authorization") == "" {
		password, _ := u.Password()
		h.SetBasicAuth(u.Username(), password)
	}
	*p = packet{Request: r, origin: h.URL.Scheme + "://" + h.URL.Host, shown: cleanURL(r.URL), http: h, header: r.Header.Clone()}
	p.lean, err = lean.NewRequest(h, r.Body)
	if err != nil && err != lean.ErrUnsupported {
		return fmt.Errorf("%s %s cannot be sent: %w", r.Method, cleanURL(r.URL), err)
	}
	return nil
}

// standard is the request as net/http sends it.
func (p *packet) standard(ctx context.Context) *http.Request {
	r := p.http.WithContext(ctx)
	if p.Body == nil {
		return r
	}
	body := p.Body // p may be another request before this one is written
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return r
}
