package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/scopeproof/scopeproof/loadtest"
)

// securing is how the TLS of a target is met: with the certificates of whom, and with
// which of one's own. Every command that reaches a target has its flags.
type securing struct{ ca, cert, key string }

func (s *securing) flags(f *flags) {
	f.text(&s.ca, "tls-ca", "FILE", "", "trust the certificate authorities in a PEM file, and no others")
	f.text(&s.cert, "tls-cert", "FILE", "", "present a client certificate, in PEM")
	f.text(&s.key, "tls-key", "FILE", "", "... and its key")
}

// config is what the flags say; nil: nothing. What is wrong with them is kept.
func (s *securing) config(w *wrongs) *tls.Config {
	if *s == (securing{}) {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.ca != "" {
		data, err := os.ReadFile(s.ca)
		c.RootCAs = x509.NewCertPool()
		switch {
		case err != nil:
			w.add("tls-ca", "", "%v", err)
		case !c.RootCAs.AppendCertsFromPEM(data):
			w.add("tls-ca", "", "got no certificate in %s, want PEM", s.ca)
		}
	}
	switch {
	case (s.cert == "") != (s.key == ""):
		w.add("tls-cert", "", "got one of --tls-cert and --tls-key, want both")
	case s.cert != "":
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			w.add("tls-cert", "", "%v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// secure has everything that is sent in this process meet the target as the flags say.
func (s *securing) secure() error {
	var w wrongs
	if c := s.config(&w); c != nil {
		reachBy(&loadtest.Reach{TLS: c})
	}
	return w.err()
}
