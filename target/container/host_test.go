package container

import (
	"net/netip"
	"slices"
	"testing"
)

func TestAHostIsNamedAsInURLs(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"localhost", "127.0.0.1"},
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "127.0.0.1"},
		{"docker", "docker"},
		{"203.0.113.7", "203.0.113.7"},
		{"2001:db8::7", "[2001:db8::7]"},
	} {
		if got := inURL(c.host); got != c.want {
			t.Errorf("%s: got %s, want %s", c.host, got, c.want)
		}
	}
	for _, own := range addresses() {
		if got := inURL(own.String()); got != loopback {
			t.Errorf("%s, which is ours: got %s, want %s", own, got, loopback)
		}
	}
}

func TestAnAddressThatContainersReach(t *testing.T) {
	i := slices.IndexFunc(addresses(), func(ip netip.Addr) bool { return ip.Is4() && !ip.IsLoopback() })
	if i < 0 {
		t.Skip("this machine has no address but loopback")
	}
	own := addresses()[i]
	around := netip.PrefixFrom(own, 24).Masked()
	elsewhere := netip.MustParseAddr("203.0.113.1")
	for _, c := range []struct {
		name    string
		gateway netip.Addr
		network netip.Prefix
		want    string
	}{
		{"the gateway", own, netip.PrefixFrom(elsewhere, 24), own.String()},
		{"beside a gateway of others", elsewhere, around, own.String()},
		{"no address in a network of others", elsewhere, netip.PrefixFrom(elsewhere, 24), ""},
		{"nothing said of the network", netip.Addr{}, netip.Prefix{}, ""},
	} {
		// Of several own addresses in the network any will do.
		got, ok := oursIn(c.gateway, c.network)
		if ok != (c.want != "") || ok && got != c.want && !c.network.Contains(netip.MustParseAddr(got)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// The engine of another machine has a network like that of one here: its gateway is
// not the way to us.
func TestAnEngineElsewhereIsGivenTheAddressThatItSees(t *testing.T) {
	listen, reached, err := between(t.Context(), "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if ip, err := netip.ParseAddr(listen); err != nil || !ip.IsLoopback() || reached != listen {
		t.Errorf("got %s, reached as %s, want the loopback address that 127.0.0.2 sees", listen, reached)
	}
}
