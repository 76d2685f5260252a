package loadtest_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

func TestTheTargetIsReachedAsAsked(t *testing.T) {
	var protocols sync.Map
	var connections atomic.Int64
	answer := func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			protocols.Store(r.Proto, true)
		}
	}
	secure := httptest.NewUnstartedServer(http.HandlerFunc(answer))
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	secure.StartTLS()
	t.Cleanup(secure.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	u, err := url.Parse(secure.URL)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := "example.com:" + u.Port() // a name of the certificate
	counted := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead && r.Close {
			connections.Add(1)
		}
	}))
	t.Cleanup(counted.Close)
	local := netip.MustParseAddr("127.0.0.1")
	for _, tt := range []struct {
		name, url string
		reach     loadtest.Reach
		kept      bool
		protocol  string
	}{
		{"an authority that is trusted", secure.URL, loadtest.Reach{TLS: &tls.Config{RootCAs: trusted}}, true, "HTTP/1.1"},
		{"one that is not", secure.URL, loadtest.Reach{}, false, ""},
		{"nobody looks", secure.URL, loadtest.Reach{TLS: &tls.Config{InsecureSkipVerify: true}}, true, "HTTP/1.1"},
		{"HTTP/2", secure.URL, loadtest.Reach{TLS: &tls.Config{RootCAs: trusted}, HTTP2: true}, true, "HTTP/2.0"},
		{"another address", "https://" + elsewhere, loadtest.Reach{TLS: &tls.Config{RootCAs: trusted}, Resolve: map[string]netip.Addr{"example.com": local}}, true, "HTTP/1.1"},
		{"another address for one port", "https://" + elsewhere, loadtest.Reach{
			TLS: &tls.Config{RootCAs: trusted}, Resolve: map[string]netip.Addr{elsewhere: local}, HTTP2: true}, true, "HTTP/2.0"},
		{"a connection for each", counted.URL, loadtest.Reach{NoKeepAlive: true}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			protocols.Clear()
			tg := &target.Target{Description: &target.Description{Name: "reached"}, Issuer: tt.url, Metadata: map[string]any{}}
			o := loadtest.Options{Rate: 50, Duration: 200 * time.Millisecond, Seed: 1, Timeout: 5 * time.Second, Reach: tt.reach}
			_, s := run(t, tg, apiScenario(tt.url, serves), o)
			if kept := s.Kept == 10; kept != tt.kept {
				t.Errorf("got %d kept of %d (%s)", s.Kept, s.Requests, s.Reason)
			}
			if !tt.kept && !strings.Contains(s.Reason, "no answer") {
				t.Errorf("got the reason %q", s.Reason)
			}
			if _, ok := protocols.Load(tt.protocol); tt.protocol != "" && !ok {
				t.Errorf("%s was not spoken", tt.protocol)
			}
		})
	}
	if connections.Load() != 10 {
		t.Errorf("got %d connections of their own, want 10", connections.Load())
	}
}

func TestAddressesInPlaceOfNames(t *testing.T) {
	for text, want := range map[string]string{
		"as.example:192.0.2.1": "as.example 192.0.2.1", "AS.example:443:192.0.2.1": "as.example:443 192.0.2.1",
		"as.example:[2001:db8::1]": "as.example 2001:db8::1", "as.example:8443:[2001:db8::1]": "as.example:8443 2001:db8::1", "as.example:2001:db8::1": "as.example 2001:db8::1",
	} {
		name, to, err := loadtest.ParseResolve(text)
		if err != nil || name+" "+to.String() != want {
			t.Errorf("%s: got %s %s, %v, want %s", text, name, to, err, want)
		}
	}
	for _, text := range []string{"", "as.example", "as.example:", ":192.0.2.1", "as.example:other.example", "as.example:0:192.0.2.1", "as.example:70000:192.0.2.1", "as.example:443"} {
		if _, _, err := loadtest.ParseResolve(text); err == nil || !strings.Contains(err.Error(), "HOST:PORT:ADDRESS") {
			t.Errorf("%q: got %v, want an error that shows how", text, err)
		}
	}
}
