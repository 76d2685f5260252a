package conformance_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// gated is a target of which every request comes to a gateway first.
type gated struct {
	target.Source
	gateway http.Handler
}

// gate is the reference with a gateway before it.
func gate(t *testing.T, gateway func(next http.Handler) http.Handler) target.Source {
	t.Helper()
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", r.In.Host, r.In.Host
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return gated{embedded.Reference(), gateway(through)}
}

// Open implements [target.Source].
func (s gated) Open(ctx context.Context) (*target.Target, error) {
	up, err := s.Source.Open(ctx)
	if err != nil {
		return nil, err
	}
	front := httptest.NewServer(s.gateway)
	context.AfterFunc(ctx, front.Close)
	dialer := &net.Dialer{}
	up.Transport = &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, front.Listener.Addr().String())
	}}
	return up, nil
}

// limiter lets so many requests through in a second, with as many as burst at once,
// and so many that are under way; 0 of these is any number.
type limiter struct {
	rate, burst float64
	atOnce      int
	refuse      http.HandlerFunc

	mu       sync.Mutex
	tokens   float64
	at       time.Time
	underWay int
	refused  int
}

func (l *limiter) before(next http.Handler) http.Handler {
	l.tokens, l.at = l.burst, time.Now()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.enter() {
			l.refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.underWay--
	})
}

func (l *limiter) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens, l.at = min(l.tokens+l.rate*now.Sub(l.at).Seconds(), l.burst), now
	if l.rate > 0 && l.tokens < 1 || l.atOnce > 0 && l.underWay >= l.atOnce {
		l.refused++
		return false
	}
	l.tokens--
	l.underWay++
	return true
}

// refusing answers with a status, and says when to try again.
func refusing(status int, after func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if after != nil {
			w.Header().Set("Retry-After", after())
		}
		http.Error(w, "too many requests", status)
	}
}

func TestALimitOfTheRateIsObeyed(t *testing.T) {
	second := func() string { return "1" }
	date := func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		name  string
		gate  *limiter
		rules []string
	}{
		{"429 with seconds", &limiter{rate: 120, burst: 30, refuse: refusing(429, second)}, []string{"REF-03", "RST-01", "CONC-01"}},
		{"429 that says nothing", &limiter{rate: 120, burst: 30, refuse: refusing(429, nil)}, []string{"REF-03", "RST-01"}},
		{"429 with a date", &limiter{rate: 120, burst: 30, refuse: refusing(429, date)}, []string{"REF-03", "RST-01"}},
		{"503 with seconds", &limiter{rate: 120, burst: 30, refuse: refusing(503, second)}, []string{"REF-03", "RST-01", "CONC-01"}},
		{"fewer at once than a rule sends", &limiter{atOnce: 3, refuse: refusing(429, second)}, []string{"REF-03", "RST-01", "CONC-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rep := run(t, gate(t, c.gate.before), conformance.Options{Rules: c.rules, Parallel: 4, Rounds: 3})
			for _, v := range rep.Rules {
				if v.Outcome != conformance.Conforms {
					t.Errorf("%s %s: %s", v.ID, v.Outcome, v.Reason)
				}
			}
			if c.gate.atOnce > 0 && c.gate.refused == 0 {
				return // they never met
			}
			if rep.Limited == nil || rep.Limited.Answers != c.gate.refused || rep.Limited.WaitedMS == 0 {
				t.Errorf("got %+v in the report, want the %d answers of the limiter and the time that they took", rep.Limited, c.gate.refused)
			}
		})
	}
}

func TestALimitThatNeverEndsIsNoRefusal(t *testing.T) {
	t.Parallel()
	src := gate(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/token") {
				refusing(http.StatusTooManyRequests, nil)(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	rep := run(t, src, conformance.Options{Rules: []string{"REF-03", "RST-0*", "SYN-0*"}, Parallel: 4, Patience: time.Second})
	told := false
	for _, v := range rep.Rules {
		if v.Outcome == conformance.Violates || v.Outcome == conformance.Deviates {
			t.Errorf("%s %s: %s", v.ID, v.Outcome, v.Reason)
		}
		told = told || strings.Contains(v.Reason, "the server limits the rate of requests: got 429 with no Retry-After")
	}
	if rep.Summary.Inconclusive == 0 || !told {
		t.Errorf("got %+v, want rules inconclusive because of the limit", rep.Summary)
	}
}
