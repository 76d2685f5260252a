// Package container puts a server under test that it starts in a container.
//
// The issuer must be known before the server starts, so free ports of the
// loopback interface are chosen first and bound to the container's. Containers
// end with the target; where this process is killed, the reaper of
// testcontainers ends them.
package container

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// attempts is how often a start is tried while others take the chosen ports.
const attempts = 5

// File is the server that a target file with the key container describes.
func File(path string, overrides ...target.Override) target.Source {
	return source(func() (*target.Description, error) { return target.Load(path, overrides...) })
}

// Description is the server that a description with Container describes.
func Description(d *target.Description) target.Source {
	return source(func() (*target.Description, error) { return d, nil })
}

type source func() (*target.Description, error)

// Open implements [target.Source]. Without an engine, or where the server does
// not come up, the error is *[target.Unavailable]; *[target.IssuerMismatch]
// where it calls itself by another issuer.
func (s source) Open(ctx context.Context) (*target.Target, error) {
	d, err := s()
	if err != nil {
		return nil, err
	}
	if d.Container == nil {
		return nil, fmt.Errorf("%s: got no key container", d.File)
	}
	if err := Engine(ctx); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		t, err := open(ctx, d)
		if err == nil || attempt == attempts || !clash(err) || ctx.Err() != nil {
			return t, err
		}
	}
}

// clash reports whether a start failed because a port was taken meanwhile.
func clash(err error) bool {
	text := err.Error()
	return strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use")
}

// open starts the target's containers once.
func open(ctx context.Context, d *target.Description) (_ *target.Target, err error) {
	if d.OnlyAPI() {
		return openAPI(ctx, d)
	}
	host, err := engineAt(ctx)
	if err != nil {
		return nil, err
	}
	variables, ports, err := choose(d, host)
	if err != nil {
		return nil, err
	}
	expanded, err := d.WithVariables(d.Unset(variables))
	if err != nil {
		return nil, err
	}
	g := &group{description: expanded, host: host, ports: ports, variables: variables}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.stop())
		}
	}()
	if err := g.start(ctx); err != nil {
		return nil, err
	}
	if err := d.SetUp(ctx, variables); err != nil {
		return nil, err
	}
	if err := g.waitForMetadata(ctx, variables["issuer"]); err != nil {
		return nil, err
	}
	t, err := target.New(ctx, target.KindContainer, d, variables)
	if err != nil {
		return nil, err
	}
	t.Stop = g.stop
	if err := embedded.Supply(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// choose picks a free port for each of the container's and returns them with the
// variables of the description.
func choose(d *target.Description, host string) (variables map[string]string, ports map[string]int, err error) {
	ports, err = freePorts(d.Container.Ports)
	if err != nil {
		return nil, nil, err
	}
	variables = map[string]string{"host": host, "admin_key": rand.Text()}
	if err := addSigningKey(variables); err != nil {
		return nil, nil, err
	}
	issuer := d.AuthorizationServer.Issuer
	for name, port := range ports {
		variables["port."+name] = strconv.Itoa(port)
		if issuer == "" {
			issuer = "http://${host}:${port." + name + "}" // the only one: several want an issuer
		}
	}
	variables["issuer"], err = (&target.Target{Variables: maps.Clone(variables)}).Expand(issuer, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: authorization_server.issuer: %w", d.File, err)
	}
	return variables, ports, nil
}

// addSigningKey adds an RSA key (RFC 8017) for the server to sign with, as PEM.
func addSigningKey(variables map[string]string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	private := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	variables["signing_key"] = string(pem.EncodeToMemory(private))
	variables["signing_key.public"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	return nil
}

// freePorts returns a port of the loopback interface that is free now for each
// name. On another machine it may be taken, which shows at the start.
func freePorts(names map[string]int) (map[string]int, error) {
	ports := map[string]int{}
	for name := range names {
		// Each listener stays open until all ports are chosen, so that no port is chosen twice.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("choose a free port: %w", err)
		}
		defer listener.Close()
		ports[name] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
