//go:build unix

package conformance_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

const (
	benchRounds = 7
	maxRun      = 10 * time.Second // of wall time on two processors
)

// BenchmarkDefaultRun holds the default run, every rule against the embedded
// reference, to at most ten seconds, and compares its processor time with that of
// only sending its requests to a stub that gives the recorded answers: cpu_ratio,
// which shall be at most 3. Both servers are in this process, so that both sides
// count. It prints the medians.
func BenchmarkDefaultRun(b *testing.B) {
	recorded := record(b)
	stub, replay := newStub(recorded)
	defer stub.Close()
	replay(b) // fills what is filled once, as recording did for the run
	var walls, cpus, stubWalls, stubCPUs, ratios []float64
	for b.Loop() {
		for range benchRounds { // in turn, so that what changes on the host meets both
			wall, cpu := measured(func() { whole(b, embedded.Reference()) })
			stubWall, stubCPU := measured(func() { replay(b) })
			walls, cpus = append(walls, wall), append(cpus, cpu)
			stubWalls, stubCPUs = append(stubWalls, stubWall), append(stubCPUs, stubCPU)
			ratios = append(ratios, cpu/stubCPU)
		}
	}
	requests := 0
	for _, lane := range recorded {
		requests += len(lane)
	}
	b.ReportMetric(0, "ns/op")
	for _, figure := range []struct {
		unit  string
		value float64
	}{
		{"requests", float64(requests)}, {"wall_ms", median(walls)}, {"cpu_ms", median(cpus)},
		{"stub_wall_ms", median(stubWalls)}, {"stub_cpu_ms", median(stubCPUs)}, {"cpu_ratio", median(ratios)},
	} {
		b.ReportMetric(figure.value, figure.unit)
	}
	if got := median(walls); got > float64(maxRun.Milliseconds()) {
		b.Errorf("the default run takes %.0f ms, want at most %s", got, maxRun)
	}
}

// whole plays every rule.
func whole(b *testing.B, src target.Source) {
	b.Helper()
	rep, err := conformance.Run(b.Context(), src, conformance.With(conformance.Options{Seed: 1}))
	if err != nil {
		b.Fatal(err)
	}
	if s := rep.Summary; s.Conforms == 0 || s.Violates+s.Deviates+s.Inconclusive > 0 {
		b.Fatalf("got %+v, want a reference that conforms", s)
	}
}

// measured is the wall time and the processor time of this process, in
// milliseconds, that f takes.
func measured(f func()) (wall, cpu float64) {
	runtime.GC() // what was left before is not to be paid for by f
	processor := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it has no way to fail
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	started, before := time.Now(), processor()
	f()
	return float64(time.Since(started)) / 1e6, float64(processor()-before) / 1e6
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// exchange is one request and its answer as they went over the wire.
type exchange struct {
	method, url string
	header      http.Header
	body        []byte
	status      int
	answer      http.Header
	text        []byte

	began, ended time.Time
}

// tape is a transport that keeps what passes through it, with all secrets.
type tape struct {
	through http.RoundTripper
	mu      sync.Mutex
	all     []*exchange
}

func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &exchange{method: r.Method, url: r.URL.String(), header: r.Header.Clone(), began: time.Now()}
	if r.Body != nil {
		var err error
		if x.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(x.body))
	}
	resp, err := t.through.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if x.text, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.text))
	x.status, x.answer, x.ended = resp.StatusCode, resp.Header.Clone(), time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, x)
	return resp, nil
}

// recordedSource is a source whose target is reached through a tape.
type recordedSource struct {
	target.Source
	tape *tape
}

func (s recordedSource) Open(ctx context.Context) (*target.Target, error) {
	t, err := s.Source.Open(ctx)
	if err == nil {
		t.Transport = s.tape
	}
	return t, err
}

// record plays every rule and returns its exchanges in the order in which they
// began, dealt out to lanes: as many as there were exchanges at once.
func record(b *testing.B) (lanes [][]*exchange) {
	b.Helper()
	transport := connections()
	defer transport.CloseIdleConnections()
	t := &tape{through: transport}
	whole(b, recordedSource{embedded.Reference(), t})
	slices.SortFunc(t.all, func(x, y *exchange) int { return x.began.Compare(y.began) })
	for _, x := range t.all {
		free := slices.IndexFunc(lanes, func(lane []*exchange) bool { return lane[len(lane)-1].ended.Before(x.began) })
		if free < 0 {
			lanes, free = append(lanes, nil), len(lanes)
		}
		lanes[free] = append(lanes[free], x)
	}
	return lanes
}

// connections is a transport that keeps its connections, as a run has it.
func connections() *http.Transport {
	return &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 64}
}

// newStub is a server that answers with what was recorded, and the function that
// sends it what was recorded, every lane at once.
func newStub(lanes [][]*exchange) (stub *httptest.Server, replay func(*testing.B)) {
	const number = "Exchange" // the one header that was not recorded
	all := slices.Concat(lanes...)
	stub = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.Header.Get(number))
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range all[n].answer {
			w.Header()[name] = values
		}
		w.WriteHeader(all[n].status)
		_, _ = w.Write(all[n].text)
	}))
	client := &http.Client{
		Transport:     connections(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	send := func(n int) error {
		x := all[n]
		r, err := http.NewRequest(x.method, x.url, bytes.NewReader(x.body))
		if err != nil {
			return err
		}
		r.URL.Host = stub.Listener.Addr().String()
		r.Header = x.header.Clone()
		r.Header.Set(number, strconv.Itoa(n))
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	return stub, func(b *testing.B) {
		b.Helper()
		client.CloseIdleConnections() // a run opens its own as well
		var group sync.WaitGroup
		first := 0
		for _, lane := range lanes {
			from, to := first, first+len(lane)
			first = to
			group.Go(func() {
				for n := from; n < to; n++ {
					if err := send(n); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
	}
}
