package lean_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/internal/lean"
)

func clientOf(s *httptest.Server) *lean.Client {
	c := &lean.Client{MaxHeader: mostHeader, MaxBody: mostBody}
	if s.Certificate() != nil {
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		c.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com"}
	}
	return c
}

func request(t *testing.T, method, url string, body []byte) *lean.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := lean.NewRequest(r, body)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// An echo is answered over connections that are kept, and a connection that the
// server closed meanwhile is replaced, also for a request that must not be
// repeated: nothing of it was sent.
func TestConnectionsAreKeptAndReplaced(t *testing.T) {
	for _, secured := range []bool{false, true} {
		var mu sync.Mutex
		var conns []net.Conn
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
		}))
		s.Config.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateNew {
				mu.Lock()
				defer mu.Unlock()
				conns = append(conns, c)
			}
		}
		if secured {
			s.StartTLS()
		} else {
			s.Start()
		}
		line := clientOf(s).NewLine(t.Context())
		ask := func(body string) {
			t.Helper()
			answer, err := line.Do(request(t, "POST", s.URL, []byte(body)))
			if err != nil || answer.Status != 200 || string(answer.Body) != body {
				t.Fatalf("secured %v: got another answer, or %v, to %.10q", secured, err, body)
			}
		}
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(conns)
		}
		for _, body := range []string{"one", "two", strings.Repeat("long ", 50000), "three"} {
			ask(body)
		}
		if got := count(); got != 1 {
			t.Errorf("secured %v: got %d connections, want 1", secured, got)
		}
		mu.Lock()
		_ = conns[0].Close()
		mu.Unlock()
		time.Sleep(50 * time.Millisecond) // until it has arrived
		ask("four")
		if got := count(); got != 2 {
			t.Errorf("secured %v: got %d connections after one was closed, want 2", secured, got)
		}
		line.Close()
		s.Close()
	}
}

func TestACertificateThatIsNotTrustedIsAnError(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it is told of the handshake
	s.StartTLS()
	defer s.Close()
	line := (&lean.Client{MaxHeader: mostHeader, MaxBody: mostBody}).NewLine(t.Context())
	defer line.Close()
	_, err := line.Do(request(t, "GET", s.URL, nil))
	if untrusted := (*tls.CertificateVerificationError)(nil); !errors.As(err, &untrusted) {
		t.Errorf("got %v, want that the certificate is not trusted", err)
	}
}

func TestWhatIsGivenUpEndsAndTheLineGoesOn(t *testing.T) {
	var slow atomic.Bool
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	}))
	defer s.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	line := clientOf(s).NewLine(ctx)
	defer line.Close()
	q := request(t, "GET", s.URL, nil)
	for range 2 {
		slow.Store(true)
		time.AfterFunc(20*time.Millisecond, line.GiveUp)
		if _, err := line.Do(q); err == nil {
			t.Fatal("got an answer, want an error")
		}
		if _, err := line.Do(q); err == nil {
			t.Fatal("a line that was given up answers")
		}
		line.Renew()
		slow.Store(false)
		if _, err := line.Do(q); err != nil {
			t.Fatal(err)
		}
	}
	slow.Store(true)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := line.Do(q); err == nil {
		t.Error("got an answer after the end, want an error")
	}
}

func TestARequestIsWhatNetHTTPSends(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Header.Del("Accept-Encoding")
		got = append(got, strings.Join([]string{r.Method, r.RequestURI, r.Host, r.Header.Get("X-A"), r.Header.Get("User-Agent"), r.Header.Get("Content-Length"), string(body)}, " "))
	}))
	defer s.Close()
	line := clientOf(s).NewLine(t.Context())
	defer line.Close()
	for _, tt := range []struct{ method, path, body string }{
		{"GET", "", ""}, {"GET", "/a%2Fb?c=d&e=%20f", ""}, {"POST", "/token", "a=b"}, {"PUT", "/x", strings.Repeat("y", 70000)}, {"DELETE", "/x", ""},
	} {
		r, err := http.NewRequest(tt.method, s.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-A", "b")
		resp, err := s.Client().Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		var body []byte
		if tt.body != "" {
			body = []byte(tt.body)
		}
		q, err := lean.NewRequest(r, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := line.Do(q); err != nil {
			t.Fatal(err)
		}
		if n := len(got); got[n-1] != got[n-2] {
			t.Errorf("got %q, want %q", got[n-1], got[n-2])
		}
	}
}

func TestABodyIsReplaced(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
	}))
	defer s.Close()
	line := clientOf(s).NewLine(t.Context())
	defer line.Close()
	q := request(t, "POST", s.URL, []byte("12345678901"))
	want := []string{"one", "a longer one than that", "Content-Length: 7"}
	for _, body := range want {
		if !q.With([]byte(body)) {
			t.Fatal("the body cannot be replaced")
		}
		if _, err := line.Do(q); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if request(t, "GET", s.URL, nil).With([]byte("x")) {
		t.Error("a request without a body got one")
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"another scheme":              func(r *http.Request) { r.URL.Scheme = "ftp" },
		"no host":                     func(r *http.Request) { r.URL.Host = "" },
		"a host beyond ASCII":         func(r *http.Request) { r.URL.Host = "bücher.example" },
		"a line feed in a value":      func(r *http.Request) { r.Header.Set("X-A", "b\r\nX-B: c") },
		"a space in a name":           func(r *http.Request) { r.Header["X A"] = []string{"b"} },
		"a name that is not there":    func(r *http.Request) { r.Header[""] = []string{"b"} },
		"a control character at last": func(r *http.Request) { r.Header.Set("X-A", "abcdefghijk\x00") },
	} {
		r, err := http.NewRequest("GET", "http://as.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		if q, err := lean.NewRequest(r, nil); err == nil {
			t.Errorf("%s: got the request %v, want an error", name, q)
		}
	}
}
