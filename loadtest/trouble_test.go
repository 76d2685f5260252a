package loadtest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// troubled is a server that can be told, while it runs, to be gone, to reset
// connections, to end them, to answer garbage, or to wait.
type troubled struct {
	address string
	wg      sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	trouble  string
	stall    chan struct{} // closed when it is over
}

func newTroubled(t *testing.T) *troubled {
	t.Helper()
	s := &troubled{conns: map[net.Conn]bool{}, address: "127.0.0.1:0", stall: make(chan struct{})}
	close(s.stall)
	s.listen(t)
	t.Cleanup(func() {
		s.die()
		s.wg.Wait()
	})
	return s
}

func (s *troubled) listen(t *testing.T) {
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.address = l, l.Addr().String()
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[conn] = true
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(conn) })
		}
	})
}

// die closes everything.
func (s *troubled) die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.listener.Close()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

func (s *troubled) set(trouble string, stall chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = trouble
	if stall != nil {
		s.stall = stall
	}
}

func (s *troubled) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	for in := bufio.NewReader(conn); ; {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		s.mu.Lock()
		trouble, stall := s.trouble, s.stall
		s.mu.Unlock()
		<-stall
		switch trouble {
		case "reset":
			_ = conn.(*net.TCPConn).SetLinger(0)
			return
		case "ends":
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha")
			return
		case "garbage":
			_, _ = io.WriteString(conn, "garbage "+hiddenToken+"\r\n\r\n")
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

// A server may do what it likes in the middle of a run: each request is counted
// once and in the right class, and the run goes on.
func TestTroubleInTheMiddleOfARunIsCountedAndSurvived(t *testing.T) {
	s := newTroubled(t)
	const step = 300 * time.Millisecond
	var troubles sync.WaitGroup
	troubles.Go(func() {
		for _, next := range []string{"", "reset", "ends", "garbage", "gone", ""} {
			switch next {
			case "gone":
				s.die()
			default:
				s.set(next, nil)
			}
			time.Sleep(step)
			if next == "gone" {
				s.listen(t)
			}
		}
	})
	tg := &target.Target{Description: &target.Description{Name: "troubled"}, Issuer: "http://" + s.address, Metadata: map[string]any{}}
	const rate = 200
	o := loadtest.Options{Rate: rate, Duration: 8 * step, Seed: 1}
	report, got := run(t, tg, apiScenario("http://"+s.address, serves), o)
	troubles.Wait()
	if want := int64(rate * o.Duration.Seconds()); got.Requests < want*9/10 || got.Requests > want || got.Kept+got.Faults != got.Requests {
		t.Errorf("got %d requests, %d kept and %d faults, want %d in all", got.Requests, got.Kept, got.Faults, want)
	}
	if got.Kept < got.Requests/5 || got.Faults < got.Requests/5 || got.Outcome != loadtest.Broken {
		t.Errorf("got %s with %d kept and %d faults of %d", got.Outcome, got.Kept, got.Faults, got.Requests)
	}
	noSecrets(t, report)
	var said []string
	for _, sample := range got.Samples {
		said = append(said, sample.Message)
	}
	if len(said) == 0 || !slices.ContainsFunc(said, func(m string) bool { return strings.Contains(m, "connection reset") }) {
		t.Errorf("got the messages %q, want the reset first", said)
	}
}

// Of 3 s at 1,000 requests a second one second is lost: a third of the requests
// waited up to a second for it to end.
func TestAStallOfASecondIsInTheTail(t *testing.T) {
	s := newTroubled(t)
	tg := &target.Target{Description: &target.Description{Name: "troubled"}, Issuer: "http://" + s.address, Metadata: map[string]any{}}
	stalled := time.AfterFunc(time.Second, func() {
		stall := make(chan struct{})
		s.set("", stall)
		time.AfterFunc(time.Second, func() { close(stall) })
	})
	defer stalled.Stop()
	_, got := run(t, tg, apiScenario("http://"+s.address, serves), loadtest.Options{Rate: 1000, Duration: 3 * time.Second, Seed: 1, Workers: 32})
	if got.Faults > 0 || got.Latency.P99 < 900 || got.Latency.P90 < 600 {
		t.Errorf("got p90 %v ms, p99 %v ms and %d faults of %d (%s), want a tail of a second and no fault",
			got.Latency.P90, got.Latency.P99, got.Faults, got.Requests, got.Reason)
	}
}

// A server that limits the rate is within its rights: it is neither broken nor kept,
// and the report says what it does. Of one that fails it is not said.
func TestAServerThatLimitsTheRateIsNotBroken(t *testing.T) {
	for _, tt := range []struct {
		name    string
		status  int
		retry   string
		limited bool
	}{
		{"too many requests", http.StatusTooManyRequests, "", true},
		{"unavailable for a while", http.StatusServiceUnavailable, "1", true},
		{"unavailable", http.StatusServiceUnavailable, "", false},
		{"an error", http.StatusInternalServerError, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1)%4 > 0 {
					return
				}
				if tt.retry != "" {
					w.Header().Set("Retry-After", tt.retry)
				}
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			tg := &target.Target{Description: &target.Description{Name: "limited"}, Issuer: server.URL, Metadata: map[string]any{}}
			report, got := run(t, tg, apiScenario(server.URL, serves), loadtest.Options{Rate: 200, Duration: 300 * time.Millisecond, Seed: 1})
			outcome, code := loadtest.Broken, 1
			if tt.limited {
				outcome, code = loadtest.Inconclusive, 3
			}
			if got.Outcome != outcome || loadtest.ExitCode(report) != code || got.Leaks+got.FalseRefusals > 0 {
				t.Errorf("got %s (%s), exit code %d, want %s and %d", got.Outcome, got.Reason, loadtest.ExitCode(report), outcome, code)
			}
			if said := strings.Contains(got.Reason, "limits the rate"); said != tt.limited || (got.Limited == got.Faults) != tt.limited {
				t.Errorf("got %q with %d of %d faults limited", got.Reason, got.Limited, got.Faults)
			}
		})
	}
}
