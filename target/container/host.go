package container

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/moby/moby/client"

	"github.com/scopeproof/scopeproof/target"
)

// loopback is where ports of containers are if the engine is on this machine.
const loopback = "127.0.0.1"

// engineHost is the machine that the engine runs on, where that is this one, and
// containers are in a virtual machine of it: a desktop's.
const engineHost = "host.docker.internal"

// engineAt is where ports are that the engine publishes, as testcontainers finds
// it: $TESTCONTAINERS_HOST_OVERRIDE, the host in $DOCKER_HOST, or, in a container
// that was given the engine's socket, the gateway of its network.
func engineAt(ctx context.Context) (string, error) {
	p, err := provider(ctx)
	if err != nil {
		return "", err
	}
	defer p.Close()
	host, err := p.DaemonHost(ctx)
	if err != nil {
		return "", fmt.Errorf("find out where the container engine is: %w", err)
	}
	return inURL(host), nil
}

// inURL is a host as URLs name it, and every address of this machine as loopback.
func inURL(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost", err == nil && (ip.IsLoopback() || isOurs(ip)):
		return loopback
	case err == nil && ip.Is6():
		return "[" + host + "]"
	}
	return host
}

// between is an address of this machine that containers reach, and the name by
// which they do. Of an engine on this machine it is the gateway of the engine's own
// network, or an address in it: networks that tests make come and go. Of any other
// it is the address that is seen from there, also where an engine of this machine
// has a network with the same addresses, as most have.
func between(ctx context.Context, host string) (listen, reached string, err error) {
	if host != loopback {
		return towards(host)
	}
	p, err := provider(ctx)
	if err != nil {
		return "", "", err
	}
	defer p.Close()
	found, err := p.Client().NetworkInspect(ctx, "bridge", client.NetworkInspectOptions{})
	if err == nil {
		for _, config := range found.Network.IPAM.Config {
			if ip, ok := oursIn(config.Gateway, config.Subnet); ok {
				return ip, ip, nil
			}
		}
	}
	return loopback, engineHost, nil // another engine may call its network otherwise
}

// towards is the address of this machine that another one sees.
func towards(host string) (listen, reached string, err error) {
	way, err := net.Dial("udp", net.JoinHostPort(strings.Trim(host, "[]"), "9")) // which sends nothing
	if err != nil {
		return "", "", &target.Unavailable{
			What: "container engine at " + host, Got: err.Error(), Want: "a way for its containers to reach this machine",
			Hint: "the API's containers ask our server for keys or about tokens: run scopeproof where the engine is",
		}
	}
	defer way.Close()
	ip := way.LocalAddr().(*net.UDPAddr).IP.String()
	return ip, ip, nil
}

// oursIn is an address of this machine in a network: its gateway, else any.
func oursIn(gateway netip.Addr, network netip.Prefix) (string, bool) {
	if gateway.IsValid() && isOurs(gateway) {
		return gateway.String(), true
	}
	for _, ip := range addresses() {
		if network.IsValid() && network.Contains(ip) {
			return ip.String(), true
		}
	}
	return "", false
}

// isOurs reports whether an IP address is one of this machine.
func isOurs(ip netip.Addr) bool {
	for _, own := range addresses() {
		if own == ip {
			return true
		}
	}
	return false
}

// addresses are the IP addresses of this machine.
func addresses() []netip.Addr {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, address := range interfaces {
		if network, ok := address.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(network.IP); ok {
				all = append(all, ip.Unmap())
			}
		}
	}
	return all
}
