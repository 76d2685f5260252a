//go:build unix

package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
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
	benchRounds = 5
	maxRun      = 10 * time.Second // of wall time on two processors
	// collection is how often the program has garbage collected.
	collection = 800
)

// BenchmarkDefaultRun holds the default run, every rule against the embedded
// reference, to at most ten seconds, and compares its processor time with that of
// only sending its requests to a stub that gives the recorded answers: cpu_ratio.
// It is to be at most 3; a machine that does other things beside raises it, since the
// run has more to keep at hand than the stub. Both servers are in this process,
// so that both sides count. It prints the medians. What was recorded is forgotten
// before the next run, which would have its garbage collected less often beside
// it.
func BenchmarkDefaultRun(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(collection))
	whole(b, embedded.Reference()) // fills what is filled once
	var walls, cpus, requests, stubWalls, stubCPUs, ratios []float64
	for b.Loop() {
		for range benchRounds { // in turn, so that what changes on the host meets both
			wall, cpu := measured(func() { whole(b, embedded.Reference()) })
			sent, stubWall, stubCPU := bare(b)
			walls, cpus, requests = append(walls, wall), append(cpus, cpu), append(requests, float64(sent))
			stubWalls, stubCPUs = append(stubWalls, stubWall), append(stubCPUs, stubCPU)
			ratios = append(ratios, cpu/stubCPU)
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, figure := range []struct {
		unit  string
		value float64
	}{
		{"requests", median(requests)}, {"wall_ms", median(walls)}, {"cpu_ms", median(cpus)},
		{"stub_wall_ms", median(stubWalls)}, {"stub_cpu_ms", median(stubCPUs)}, {"cpu_ratio", median(ratios)},
	} {
		b.ReportMetric(figure.value, figure.unit)
		b.Logf("%s: %.2f", figure.unit, figure.value) // a benchmark that fails prints no metrics
	}
	if got := median(walls); got > float64(maxRun.Milliseconds()) {
		b.Errorf("the default run takes %.0f ms, want at most %s", got, maxRun)
	}
}

// bare records the requests of a run and measures sending them to a stub.
func bare(b *testing.B) (requests int, wall, cpu float64) {
	b.Helper()
	recorded := record(b)
	for _, lane := range recorded {
		requests += len(lane)
	}
	stub, replay := newStub(recorded)
	defer stub.Close()
	replay(b)
	wall, cpu = measured(func() { replay(b) })
	return requests, wall, cpu
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
	request *http.Request
	body    []byte
	status  int
	answer  http.Header
	text    []byte
	alone   bool // on its connection, as those are that are made at once

	began, ended time.Time
}

// wire is a connection that keeps what passes through it, with all secrets.
type wire struct {
	net.Conn
	mu             sync.Mutex
	sent, received stream
}

func (w *wire) Write(p []byte) (int, error) {
	at := time.Now()
	n, err := w.Conn.Write(p)
	w.keep(&w.sent, p[:n], at)
	return n, err
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.keep(&w.received, p[:n], time.Now())
	return n, err
}

func (w *wire) keep(s *stream, p []byte, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.text = append(s.text, p...)
	s.ends, s.at = append(s.ends, len(s.text)), append(s.at, at)
}

// exchanges are what the connection carried, in order.
func (w *wire) exchanges(b *testing.B) (all []*exchange) {
	b.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	sent, received := reader(&w.sent), reader(&w.received)
	for {
		x := &exchange{began: sent.now(0)}
		var err error
		if x.request, err = http.ReadRequest(sent.Reader); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
		if x.body, err = io.ReadAll(x.request.Body); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(received.Reader, x.request)
		if err != nil {
			b.Fatal(err)
		}
		if x.text, err = io.ReadAll(resp.Body); err != nil {
			b.Fatal(err)
		}
		x.status, x.answer, x.ended = resp.StatusCode, resp.Header, received.now(-1)
		all = append(all, x)
	}
	if len(all) == 1 {
		all[0].alone = true
	}
	return all
}

// stream is what went one way, and when each part of it did.
type stream struct {
	text []byte
	ends []int
	at   []time.Time
}

// streamReader reads a stream and knows how far it came.
type streamReader struct {
	*bufio.Reader
	of   *stream
	left *bytes.Reader
}

func reader(s *stream) streamReader {
	left := bytes.NewReader(s.text)
	return streamReader{bufio.NewReader(left), s, left}
}

// now is when the byte passed that is so far from the next one to be read.
func (r streamReader) now(off int) time.Time {
	next := len(r.of.text) - r.left.Len() - r.Buffered() + off
	n, _ := slices.BinarySearch(r.of.ends, next+1)
	if n == len(r.of.at) {
		return time.Time{}
	}
	return r.of.at[n]
}

// recordedSource is a source whose target is reached through a transport.
type recordedSource struct {
	target.Source
	through http.RoundTripper
}

func (s recordedSource) Open(ctx context.Context) (*target.Target, error) {
	t, err := s.Source.Open(ctx)
	if err == nil {
		t.Transport = s.through
	}
	return t, err
}

// record plays every rule and returns its exchanges in the order in which they
// began, dealt out to lanes: as many as there were exchanges at once.
func record(b *testing.B) (lanes [][]*exchange) {
	b.Helper()
	var mu sync.Mutex
	var wires []*wire
	transport := connections()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: conn}
		mu.Lock()
		defer mu.Unlock()
		wires = append(wires, w)
		return w, nil
	}
	whole(b, recordedSource{embedded.Reference(), transport})
	transport.CloseIdleConnections()
	var all []*exchange
	for _, w := range wires {
		all = append(all, w.exchanges(b)...)
	}
	slices.SortFunc(all, func(x, y *exchange) int { return x.began.Compare(y.began) })
	for _, x := range all {
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
	kept, once := connections(), connections()
	once.DisableKeepAlives = true
	send := func(n int) error {
		x := all[n]
		r, err := http.NewRequest(x.request.Method, stub.URL+x.request.RequestURI, bytes.NewReader(x.body))
		if err != nil {
			return err
		}
		r.Header = x.request.Header.Clone()
		r.Header.Set(number, strconv.Itoa(n))
		transport := kept
		if x.alone {
			transport = once
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	return stub, func(b *testing.B) {
		b.Helper()
		kept.CloseIdleConnections() // a run opens its own as well
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
