package container

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/moby/moby/client"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// engineHost is the machine that the engine runs on, where the engine lies elsewhere
// than the program: in a virtual machine of a desktop.
const engineHost = "host.docker.internal"

// openAPI starts the containers of an API that is under test alone, with the
// server beside them that issues its tokens.
func openAPI(ctx context.Context, d *target.Description) (_ *target.Target, err error) {
	listen, reached, err := bridge(ctx)
	if err != nil {
		return nil, err
	}
	issuer, err := embedded.Beside(ctx, d, net.JoinHostPort(listen, "0"))
	if err != nil {
		return nil, err
	}
	g := &group{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.stop())
			issuer.Close()
		}
	}()
	ports, err := freePorts(d.Container.Ports)
	if err != nil {
		return nil, err
	}
	authority := ""
	if reached != listen {
		_, port, _ := net.SplitHostPort(hostOf(issuer.URL()))
		authority = "http://" + net.JoinHostPort(reached, port)
	}
	variables := issuer.Variables(authority)
	for name, port := range ports {
		variables["port."+name] = strconv.Itoa(port)
	}
	expanded, err := d.WithVariables(variables)
	if err != nil {
		return nil, err
	}
	g.description, g.ports, g.variables = expanded, ports, maps.Clone(variables)
	if err := g.start(ctx); err != nil {
		return nil, err
	}
	if err := g.waitForAPI(ctx, expanded.API.BaseURL); err != nil {
		return nil, err
	}
	return issuer.Target(ctx, target.KindContainer, variables, g.stop)
}

// hostOf is the host and port of a URL that has no path.
func hostOf(url string) string { return url[len("http://"):] }

// bridge is an address of this machine that containers reach as well: the gateway
// of the engine's own network, where that is here; else a name by which they know
// this machine. Networks that tests make come and go.
func bridge(ctx context.Context) (listen, reached string, err error) {
	p, err := provider(ctx)
	if err != nil {
		return "", "", err
	}
	defer p.Close()
	found, err := p.Client().NetworkInspect(ctx, "bridge", client.NetworkInspectOptions{})
	if err == nil {
		for _, config := range found.Network.IPAM.Config {
			if gateway := config.Gateway.String(); config.Gateway.IsValid() && isOurs(gateway) {
				return gateway, gateway, nil
			}
		}
	}
	return "127.0.0.1", engineHost, nil // another engine may call its network otherwise
}

// isOurs reports whether an IP address is one of this machine.
func isOurs(ip string) bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.Equal(net.ParseIP(ip)) {
			return true
		}
	}
	return false
}

// waitForAPI waits until an API answers, with whatever status.
func (g *group) waitForAPI(ctx context.Context, url string) error {
	asking := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	return g.poll(ctx, g.running[len(g.running)-1], func(ctx context.Context) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		response, err := asking.Do(request)
		if err != nil {
			return "no answer (" + err.Error() + ")", nil
		}
		return "", response.Body.Close()
	})
}
