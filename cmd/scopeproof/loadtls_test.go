package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate, of an authority of its own where by is nil, and writes
// it and its key to files.
func issue(t *testing.T, dir, name string, by *authority) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: by == nil,
	}
	self := authority{template, key}
	if by == nil {
		by = &self
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	if self.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for kind, bytes := range map[string][]byte{"CERTIFICATE": der, "PRIVATE KEY": secret} {
		path := filepath.Join(dir, name+map[string]string{"CERTIFICATE": ".pem", "PRIVATE KEY": ".key"}[kind])
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return self
}

// A server that demands client certificates is loaded with one that it trusts, over
// connections of our own as over net/http's.
func TestLoadPresentsAClientCertificate(t *testing.T) {
	dir := t.TempDir()
	ca := issue(t, dir, "ca", nil)
	other := issue(t, dir, "other-ca", nil)
	issue(t, dir, "server", &ca)
	issue(t, dir, "client", &ca)
	issue(t, dir, "stranger", &other)
	file := func(name string) string { return filepath.Join(dir, name) }
	own, err := tls.LoadX509KeyPair(file("server.pem"), file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.cert)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.TLS.PeerCertificates[0].Subject.CommonName != "client" {
				t.Errorf("a request came from %v", r.TLS.PeerCertificates[0].Subject)
			}
		}))
		server.EnableHTTP2 = true
		server.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MaxVersion: version}
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
		server.StartTLS()
		t.Cleanup(server.Close)
		for _, way := range []string{"", "--http2", "--no-keep-alive"} {
			for flags, kept := range map[string]bool{
				"--tls-ca ca.pem --tls-cert client.pem --tls-key client.key": true,
				"--insecure --tls-cert client.pem --tls-key client.key":      true,
				"--tls-ca ca.pem": false,
				"--insecure":      false,
				"--tls-ca ca.pem --tls-cert stranger.pem --tls-key stranger.key":   false,
				"--tls-ca other-ca.pem --tls-cert client.pem --tls-key client.key": false,
			} {
				args := []string{"--rate", "50", "--duration", "100ms"}
				for _, arg := range strings.Fields(flags + " " + way) {
					if strings.Contains(arg, ".") {
						arg = file(arg)
					}
					args = append(args, arg)
				}
				s := loadOf(t, server.URL, args)
				if got := s.Requests > 0 && s.Kept == s.Requests; got != kept {
					t.Errorf("%s %s, TLS %s: got %d kept of %d: %s", flags, way, tls.VersionName(version), s.Kept, s.Requests, s.Reason)
				}
				if !kept && !strings.Contains(s.Reason, "no answer") {
					t.Errorf("%s %s, TLS %s: got the reason %q, want that there is no answer", flags, way, tls.VersionName(version), s.Reason)
				}
			}
		}
	}
}

// loadOf is what comes of the load that flags say, of one request.
func loadOf(t *testing.T, base string, args []string) loadtest.ScenarioReport {
	t.Helper()
	l, cmd := &loading{}, &cobra.Command{Use: "load"}
	l.flags(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	_, o, err := l.options(cmd, &target.Description{})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := loadtest.Run(t.Context(), &target.Target{Description: &target.Description{Name: "secured"}, Issuer: base, Metadata: map[string]any{}},
		[]loadtest.Scenario{{Name: "get", Prepare: func(_ context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
			return loadtest.Plan{Hits: []loadtest.Hit{{
				Request: loadtest.Request{Method: http.MethodGet, URL: base + "/"}, Expect: s.Serves("RSM-01", target.Operation{Name: "get"}, nil),
			}}}, nil
		}}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep.Scenarios[0]
}
