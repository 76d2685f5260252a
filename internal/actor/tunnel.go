package actor

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// tunnelled dials as transport does: through the proxy that it names for an address, or
// straight to it. Requests that are to arrive at once have connections of their own.
func tunnelled(t *http.Transport) func(ctx context.Context, network, address string) (net.Conn, error) {
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		proxy, err := proxyFor(t, address)
		if err != nil || proxy == nil {
			return dial(ctx, network, address)
		}
		at := proxy.Host
		if proxy.Port() == "" {
			at = net.JoinHostPort(proxy.Hostname(), "80")
		}
		conn, err := dial(ctx, network, at)
		if err != nil {
			return nil, fmt.Errorf("proxy %s: %w", at, err)
		}
		if err := connect(ctx, conn, proxy, address); err != nil {
			conn.Close()
			return nil, fmt.Errorf("proxy %s: %w", at, err)
		}
		return conn, nil
	}
}

// proxyFor is the HTTP proxy through which an address is reached; nil: none. One that
// speaks TLS itself is left to net/http.
func proxyFor(t *http.Transport, address string) (*url.URL, error) {
	if t.Proxy == nil {
		return nil, nil
	}
	proxy, err := t.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil || proxy == nil || proxy.Scheme != "http" {
		return nil, err
	}
	return proxy, nil
}

// connect has a proxy open a tunnel to an address (RFC 9110 section 9.3.6).
func connect(ctx context.Context, conn net.Conn, proxy *url.URL, address string) error {
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		basic := &http.Request{Header: http.Header{}}
		basic.SetBasicAuth(proxy.User.Username(), password)
		req.Header.Set("Proxy-Authorization", basic.Header.Get("Authorization"))
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), req) // nothing follows before we send
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("got %d to CONNECT %s, want 200", answer.StatusCode, address)
	}
	return nil
}
