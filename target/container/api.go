package container

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// openAPI starts the containers of an API that is under test alone, with the
// server beside them that issues its tokens.
func openAPI(ctx context.Context, d *target.Description) (_ *target.Target, err error) {
	host, err := engineAt(ctx)
	if err != nil {
		return nil, err
	}
	listen, reached, err := between(ctx, host)
	if err != nil {
		return nil, err
	}
	issuer, err := embedded.Beside(ctx, d, net.JoinHostPort(listen, "0"))
	if err != nil {
		return nil, err
	}
	g := &group{host: host, reachesUs: reached == engineHost}
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
	variables["host"] = host
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
