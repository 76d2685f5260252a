package race_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/internal/race"
)

// arrivals notes when a handler had read a whole request.
type arrivals struct {
	mu   sync.Mutex
	at   []time.Time
	body []string
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.body = append(a.at, now), append(a.body, string(body))
	fmt.Fprintf(w, "got %s %s", r.Method, body)
}

// crowd is so many requests to a server.
func crowd(t *testing.T, n int, url, method string, body []byte) []race.Request {
	t.Helper()
	var all []race.Request
	for range n {
		req, err := http.NewRequest(method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, race.Request{HTTP: req, Body: body})
	}
	return all
}

func TestNoRequestIsCompleteBeforeTheRelease(t *testing.T) {
	for _, c := range []struct {
		name, method string
		body         []byte
		secure       bool
	}{
		{"a form", http.MethodPost, []byte("grant_type=refresh_token"), false},
		{"a form of one byte", http.MethodPost, []byte("a"), false},
		{"no body", http.MethodGet, nil, false},
		{"an empty body", http.MethodPost, []byte{}, false},
		{"a form over TLS", http.MethodPost, []byte("grant_type=refresh_token"), true},
		{"no body over TLS", http.MethodGet, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := &arrivals{}
			server, options := httptest.NewServer(seen), race.Options{}
			if c.secure {
				server.Close()
				server = httptest.NewTLSServer(seen)
				pool := x509.NewCertPool()
				pool.AddCert(server.Certificate())
				options.TLS = &tls.Config{RootCAs: pool}
			}
			defer server.Close()
			results, err := race.Run(t.Context(), crowd(t, 20, server.URL, c.method, c.body), options)
			if err != nil {
				t.Fatal(err)
			}
			first := results[0].Released
			for i, r := range results {
				if r.Err != nil || r.Status != http.StatusOK || string(r.Body) != "got "+c.method+" "+string(c.body) {
					t.Fatalf("request %d: got %d %q %v, want its own answer", i+1, r.Status, r.Body, r.Err)
				}
				if r.Released.Before(first) {
					first = r.Released
				}
				for n, pair := range [][2]time.Time{{r.Start, r.Released}, {r.Released, r.First}, {r.First, r.End}} {
					if pair[0].IsZero() || pair[1].Before(pair[0]) {
						t.Errorf("request %d: time %d of it is out of order", i+1, n+1)
					}
				}
				if r.Start.After(first) {
					t.Errorf("request %d began after the release", i+1)
				}
			}
			if len(seen.at) != 20 {
				t.Errorf("got %d requests, want 20", len(seen.at))
			}
			for _, at := range seen.at {
				if at.Before(first) {
					t.Errorf("a handler had a whole request %v before the release", first.Sub(at))
				}
			}
			spread := slices.MaxFunc(seen.at, time.Time.Compare).Sub(slices.MinFunc(seen.at, time.Time.Compare))
			t.Logf("20 requests were complete within %v", spread)
		})
	}
}

func TestWhatWaitsForAnAnswerBeginsAfterIt(t *testing.T) {
	server := httptest.NewServer(&arrivals{})
	defer server.Close()
	all := crowd(t, 6, server.URL, http.MethodPost, []byte("x"))
	for i := 3; i < 6; i++ {
		all[i].After = 1
	}
	results, err := race.Run(t.Context(), all, race.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("request %d: %v", i+1, r.Err)
		}
		if saw := r.Saw(results[0].End); saw != (i >= 3) {
			t.Errorf("request %d had to see the first answer: got %t, want %t", i+1, saw, i >= 3)
		}
	}
}

func TestWhatCannotBeRunIsRefused(t *testing.T) {
	one := crowd(t, 1, "http://127.0.0.1:1", http.MethodGet, nil)[0]
	waiting := one
	waiting.After = 1
	for name, all := range map[string][]race.Request{
		"nobody": nil, "too many": slices.Repeat([]race.Request{one}, race.Most+1), "one that waits for itself": {waiting},
	} {
		if _, err := race.Run(t.Context(), all, race.Options{}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestFailuresAreOfTheRequestThatFails(t *testing.T) {
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 2000))
		case "/head":
			w.Header().Set("X-Long", strings.Repeat("x", 300<<10))
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "late")
		case "/drops":
			panic(http.ErrAbortHandler)
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		}
	}))
	defer long.Close()
	var all []race.Request
	for _, path := range []string{"/long", "/head", "/hints", "/drops", "/slow", "/fine"} {
		all = append(all, crowd(t, 1, long.URL+path, http.MethodGet, nil)...)
	}
	all = append(all, crowd(t, 1, "http://127.0.0.1:1", http.MethodGet, nil)...)
	results, err := race.Run(t.Context(), all, race.Options{Timeout: 300 * time.Millisecond, MaxBody: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"longer than 1000 bytes", "head of the answer is too long", "", "EOF", "deadline", "", "refused"} {
		got := results[i].Err
		if want == "" && got != nil || want != "" && (got == nil || !strings.Contains(got.Error(), want)) {
			t.Errorf("%s: got %v, want %q", all[i].HTTP.URL.Path, got, want)
		}
	}
	if string(results[2].Body) != "late" {
		t.Errorf("after an interim answer: got %q, want the final one", results[2].Body)
	}
}

func TestTheContextEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the client has gone
		<-r.Context().Done()
	}))
	all := crowd(t, 8, server.URL, http.MethodPost, []byte("x"))
	all[7].After = 1
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	results, err := race.Run(ctx, all, race.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if !errors.Is(r.Err, context.DeadlineExceeded) {
			t.Errorf("request %d: got %v, want that of the context", i+1, r.Err)
		}
	}
	server.Close()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("got %d goroutines, want the %d from before", runtime.NumGoroutine(), before)
}
