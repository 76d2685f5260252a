package loadtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

const (
	benchRounds  = 5
	benchFor     = 3 * time.Second
	benchWorkers = 32
	// benchRole makes the test binary play another part: "server", or "client" of
	// the server at benchBase.
	benchRole = "SCOPEPROOF_BENCH_ROLE"
	benchBase = "SCOPEPROOF_BENCH_BASE"
	// benchVegeta is a vegeta program to compare with; empty: it is built.
	benchVegeta = "SCOPEPROOF_VEGETA"
)

func TestMain(m *testing.M) {
	switch os.Getenv(benchRole) {
	case "server":
		benchServer()
	case "client":
		benchClient(os.Getenv(benchBase))
	default:
		os.Exit(m.Run())
	}
}

// BenchmarkJudgedRateRatio compares the rate at saturation of a judged attack
// with that of the plain vegeta program, which looks at nothing: against the
// same server in a process of its own, each client in a process of its own, with
// as many connections, in turn. Both encode their results as gob. The rates are
// what the server counted in the middle of each attack. It needs vegeta's source
// and its dependencies in the module cache or from a proxy.
func BenchmarkJudgedRateRatio(b *testing.B) {
	program := vegetaProgram(b)
	server, base := startBenchServer(b)
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	targets := vegetaTargets(b, base)
	plain := func() *exec.Cmd {
		return exec.Command(program, "attack", "-rate=0", "-duration="+benchFor.String(), "-output="+os.DevNull,
			"-targets="+targets, fmt.Sprintf("-workers=%d", benchWorkers), fmt.Sprintf("-max-workers=%d", benchWorkers))
	}
	judged := func() *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), benchRole+"=client", benchBase+"="+base)
		return c
	}
	for b.Loop() {
		var vegetas, ours, ratios []float64
		var vegetaCPU, ourCPU time.Duration
		for round := range benchRounds {
			var v, o [2]benchRun // back and forth, so that what changes on the host meets both
			v[0], o[0] = benchRate(b, base, plain()), benchRate(b, base, judged())
			o[1], v[1] = benchRate(b, base, judged()), benchRate(b, base, plain())
			vegeta, our := (v[0].rate+v[1].rate)/2, (o[0].rate+o[1].rate)/2
			vegetaCPU, ourCPU = vegetaCPU+v[0].cpu+v[1].cpu, ourCPU+o[0].cpu+o[1].cpu
			vegetas, ours, ratios = append(vegetas, vegeta), append(ours, our), append(ratios, our/vegeta)
			b.Logf("round %d: vegeta %8.0f/s   judged %8.0f/s   ratio %.2f", round+1, vegeta, our, our/vegeta)
		}
		line := func(what, unit string, list []float64, format string) {
			b.Logf("%-12s median "+format+"%s  ("+format+" .. "+format+")", what, median(list), unit, slices.Min(list), slices.Max(list))
		}
		line("vegeta", "/s", vegetas, "%8.0f")
		line("judged", "/s", ours, "%8.0f")
		line("ratio", "", ratios, "%8.2f")
		b.Logf("processor time of the client, a request: vegeta %v, judged %v", vegetaCPU/(2*benchRounds), ourCPU/(2*benchRounds))
		b.ReportMetric(median(ratios), "ratio")
		b.ReportMetric(median(ours), "judged/s")
		b.ReportMetric(median(vegetas), "vegeta/s")
		if got := median(ratios); got < 0.9 {
			b.Errorf("judged rate: got %.2f of vegeta's, want 0.9 at least", got)
		}
	}
}

// benchRun is what a client achieved: requests per second, and its processor
// time for one of them.
type benchRun struct {
	rate float64
	cpu  time.Duration
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// benchRate runs a client. The rate is what the server counted in the middle of
// it.
func benchRate(b *testing.B, base string, client *exec.Cmd) benchRun {
	var said bytes.Buffer
	client.Stdout, client.Stderr = &said, &said
	all := benchCount(b, base)
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(benchFor / 5)
	from, began := benchCount(b, base), time.Now()
	time.Sleep(benchFor * 3 / 5)
	to, took := benchCount(b, base), time.Since(began)
	if err := client.Wait(); err != nil {
		b.Fatalf("%v: %v: %s", client.Args, err, said.String())
	}
	all = max(1, benchCount(b, base)-all)
	used := client.ProcessState.UserTime() + client.ProcessState.SystemTime()
	return benchRun{rate: float64(to-from) / took.Seconds(), cpu: used / time.Duration(all)}
}

func benchCount(b *testing.B, base string) int64 {
	resp, err := http.Get(base + "/count")
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// vegetaProgram builds the vegeta program of the version in go.mod. Its main
// package needs modules that this project does not; so it is built where its own
// go.mod is.
func vegetaProgram(b *testing.B) string {
	if program := os.Getenv(benchVegeta); program != "" {
		return program
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tsenart/vegeta/v12").Output()
	if err != nil {
		b.Fatal(err)
	}
	source := b.TempDir()
	if err := os.CopyFS(source, os.DirFS(strings.TrimSpace(string(out)))); err != nil {
		b.Fatal(err)
	}
	program := filepath.Join(b.TempDir(), "vegeta")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = source
	if said, err := build.CombinedOutput(); err != nil {
		b.Fatalf("vegeta is built: %v: %s\n    hint: name a vegeta program with %s", err, said, benchVegeta)
	}
	return program
}

func startBenchServer(b *testing.B) (*exec.Cmd, string) {
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), benchRole+"=server")
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		b.Fatal(err)
	}
	return server, "http://" + strings.TrimSpace(string(line[:n]))
}

// benchToken is a JWT in form only: nothing verifies it.
var benchToken = "eyJhbGciOiJFUzI1NiJ9." +
	base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://as.example","sub":"robot","client_id":"robot","exp":4102444800,"scope":"read:appointments"}`)) +
	"." + strings.Repeat("s", 86)

const benchForm = "grant_type=client_credentials&client_id=robot&client_secret=secret-secret-secret&scope=read%3Aappointments"

// benchServer is a net/http server with answers that cost it nothing.
func benchServer() {
	var count atomic.Int64
	token := []byte(`{"access_token":"` + benchToken + `","token_type":"Bearer","expires_in":300,"scope":"read:appointments"}`)
	list := []byte(`[{"id":"appointment-1","title":"scopeproof-load","start":"2030-01-01T10:00:00Z"},{"id":"appointment-2","title":"lunch","start":"2030-01-02T12:00:00Z"}]`)
	refused := []byte(`{"error":"insufficient_scope"}`)
	answer := func(status int, body []byte, challenge string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			count.Add(1)
			if challenge != "" {
				w.Header().Set("WWW-Authenticate", challenge)
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", answer(200, token, ""))
	mux.HandleFunc("GET /read", answer(200, list, ""))
	mux.HandleFunc("GET /write", answer(403, refused, `Bearer realm="calendar", error="insufficient_scope", scope="write:appointments"`))
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, count.Load()) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, mux))
}

// vegetaTargets writes the requests of benchPlan as vegeta reads them.
func vegetaTargets(b *testing.B, base string) string {
	dir := b.TempDir()
	form := filepath.Join(dir, "form")
	bearer := "Authorization: Bearer " + benchToken
	text := fmt.Sprintf("POST %s/token\nContent-Type: application/x-www-form-urlencoded\n@%s\n\nGET %s/read\n%s\n\nGET %s/write\n%s\n\nGET %s/read\n%s\n",
		base, form, base, bearer, base, bearer, base, bearer)
	file := filepath.Join(dir, "targets")
	for name, content := range map[string]string{form: benchForm, file: text} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return file
}

func benchPlan(base string) Plan {
	s := &Stage{Target: &target.Resolved{Target: &target.Target{Description: &target.Description{}}}}
	read := oauth.NewScopeSet("read:appointments")
	bearer := http.Header{"Authorization": {"Bearer " + benchToken}}
	return Plan{Hits: []Hit{
		{
			Request: Request{Method: "POST", URL: base + "/token", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(benchForm)},
			Expect:  s.Issues(Grant{Rule: "CC-01", Asked: read, Must: read, May: read}),
		},
		{Weight: 2, Request: Request{Method: "GET", URL: base + "/read", Header: bearer}, Expect: s.Serves("RSM-01", target.Operation{Name: "list"}, nil)},
		{Request: Request{Method: "GET", URL: base + "/write", Header: bearer}, Expect: s.Refuses("RSM-02", target.Operation{Name: "list"}, nil, "scopeproof-load")},
	}}
}

// benchClient attacks as Run does.
func benchClient(base string) {
	ctx := context.Background()
	d := newDeck(ctx, benchPlan(base), 1)
	a := &attack{
		together: newMuster(1, nil),
		name:     "bench", deck: d, schedule: newSchedule(nil, 1, benchFor), workers: benchWorkers, timeout: DefaultTimeout,
		network: newDirect(benchWorkers), results: vegeta.NewEncoder(io.Discard), progress: func(*tally, time.Duration) {},
	}
	t, _, err := a.run(ctx, &samples{})
	if err != nil || t.kept != t.requests || t.requests == 0 {
		fmt.Printf("got %d of %d as expected, %v\n", t.kept, t.requests, err)
		os.Exit(1)
	}
}
