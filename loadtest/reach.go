package loadtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Reach says how the target is reached, where that is not over HTTP/1.1 with
// connections that are kept, to the addresses that its names have.
type Reach struct {
	// TLS is how connections are secured; nil: as Go does by default.
	TLS *tls.Config
	// Resolve are addresses in place of those that names have: by "host:port", or
	// by "host" for every port.
	Resolve map[string]netip.Addr
	// HTTP2 uses HTTP/2 where the target offers it over TLS.
	HTTP2 bool
	// NoKeepAlive dials a connection for each request.
	NoKeepAlive bool
}

// Dial dials an address, or the one in its place. It fits http.Transport.
func (r *Reach) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: 30 * time.Second}
	return d.DialContext(ctx, network, r.address(address))
}

func (r *Reach) address(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	for _, name := range []string{address, host} {
		if to, ok := r.Resolve[strings.ToLower(name)]; ok {
			return net.JoinHostPort(to.String(), port)
		}
	}
	return address
}

// Apply makes a transport reach the target in this way.
func (r *Reach) Apply(t *http.Transport) {
	if len(r.Resolve) > 0 {
		t.DialContext = r.Dial
	}
	if r.TLS != nil {
		t.TLSClientConfig = r.TLS.Clone()
	}
	t.DisableKeepAlives = r.NoKeepAlive
	t.ForceAttemptHTTP2 = r.HTTP2
}

// ParseResolve reads an address in place of that of a name: "as.example:192.0.2.1",
// or for one port "as.example:443:192.0.2.1"; an IPv6 address may be in brackets.
func ParseResolve(text string) (name string, to netip.Addr, err error) {
	host, rest, found := strings.Cut(text, ":")
	name = strings.ToLower(host)
	to, err = netip.ParseAddr(strings.Trim(rest, "[]"))
	if port, address, both := strings.Cut(rest, ":"); err != nil && both {
		if n, wrong := strconv.Atoi(port); wrong == nil && n > 0 && n < 1<<16 {
			name = net.JoinHostPort(name, port)
			to, err = netip.ParseAddr(strings.Trim(address, "[]"))
		}
	}
	if !found || host == "" || err != nil {
		return "", to, fmt.Errorf(`got %q, want HOST:ADDRESS or HOST:PORT:ADDRESS, such as "as.example:443:192.0.2.1"`, text)
	}
	return name, to, nil
}

// network is how an attack with so many workers reaches the target: over its own
// transport, or over connections of our own; what those cannot do goes through
// net/http.
func (r *runner) network(workers int) network {
	n := newNetwork(r.target.Transport, workers)
	d, ours := n.(*direct)
	if !ours {
		return n
	}
	through := d.others.through.(*http.Transport)
	r.Reach.Apply(through)
	if len(r.Reach.Resolve) > 0 {
		d.client.Dial, d.others.conns.instead = r.Reach.Dial, r.Reach.address
		through.DialContext = d.others.conns.dial // which warms up
	}
	if r.Reach.HTTP2 || r.Reach.NoKeepAlive {
		return d.others
	}
	d.client.TLS = r.Reach.TLS
	return d
}
