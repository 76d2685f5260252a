package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
)

const aboutLoad = `Sends the requests of load scenarios at the rate that is asked for, whether or not
earlier ones were answered, and judges every answer: one that opens more than was
granted fails the run. Scenarios run one after another, or with --mix at once.
Latency counts from when a request was due.

Requests come in bursts: 16 are due at the same moment (32 in isolation), so that
they overlap; the rate is kept by the time between bursts. Twice as many connections
are open when it begins, or one for 50 requests a second, and more while answers are
late, up to --max-connections. What is needed is prepared before, 8 acts at once:
clients are registered, people sign in, tokens are issued. "parallel: N" in the
target file, or --set parallel=N, makes all of that N at once at most, for a server
that limits rates or bears no more.

A threshold is FIGURE OPERATOR VALUE, for every scenario or SCENARIO.FIGURE for
one: "p99<50ms", "faults<1%", "token-refresh.max<1s", "achieved>=0.99". Figures
are p50, p90, p99.9 or another percentile, min, mean and max, with a duration;
leaks, false_refusals, faults and kept, with a number or a percentage; achieved,
the achieved part of the rate; rate, in requests per second, and requests;
capacity, with --capacity; growth, with --sweep. Operators are <, <=, >, >= and ==.

--capacity looks for the highest rate that holds every threshold with nothing
leaked: it grows the rate, halves what is left, and measures again what it found.
--sweep looks how latency grows with the size of what is asked for, and warns where
that is worse than linear. What is written to a terminal meanwhile goes to standard
error; with --format jsonl standard output gets a line of JSON for each second and
scenario, and the report as the last one.

Exit codes: 0 every answer was right and every threshold held, 1 a leak, a false
refusal or a missed threshold, 2 usage, 3 inconclusive (less than 95 % of the
rate was achieved, nothing was answered, or a threshold has too few samples), 130
interrupted.`

func (a *app) loadCommand() *cobra.Command {
	l := &loading{}
	cmd := newCommand("load [TARGET]", "Run load scenarios and judge every response", aboutLoad, `
  scopeproof load --rate 500 --duration 30s
  scopeproof load my-target.yaml --scenario api-scope-check --threshold 'p99<50ms' --out report
  scopeproof load --mix 'api-scope-check=8,token-refresh=2' --stages '30s:100/s,2m:..500/s'
  scopeproof load --scenario api-scope-check --capacity --threshold 'p99<50ms'
  scopeproof load --sweep scopes=1..1024`, atMostOne,
		func(cmd *cobra.Command, args []string) error {
			l.target = a.targetOf(args)
			return a.load(cmd, l)
		})
	l.flags(cmd)
	cmd.Annotations = map[string]string{looksAtAll: ""}
	cmd.ValidArgsFunction = completeTargets
	return complete(cmd, map[string]completion{
		"scenario": completeList(scenarioNames), "defect": completeList(defectIDs), "format": words(loadFormats...), "sweep": words(sweepExamples()...),
	})
}

// load runs the scenarios. Everything that can be wrong with the call is found
// before the target is brought up.
func (a *app) load(cmd *cobra.Command, l *loading) (err error) {
	ctx := cmd.Context()
	overrides, d, err := a.describe(cmd, l.settings)
	chosen, o, wrong := l.options(cmd, d)
	if err := errors.Join(a.wrong.err(), err, wrong); err != nil {
		return err
	}
	if l.dryRun {
		m, err := l.jobManifest(o)
		if err != nil {
			return err
		}
		return m.Print(a.stdout)
	}
	if err := makeOut(l.out); err != nil {
		return err
	}
	metrics, err := a.serveMetrics(ctx, l)
	if err != nil {
		return err
	}
	defer metrics.close()
	if l.insecure {
		a.say("--insecure: nobody looks at the certificates of the target; whoever is in between can read and change everything, tokens included")
	}
	reachBy(&o.Reach)
	a.starting(d)
	var rep *loadtest.Report
	if l.there(d) {
		rep, err = a.attackFromShards(cmd, d, nil, o, l, metrics)
	} else {
		rep, err = a.attackHere(cmd, d, chosen, o, l, metrics, overrides)
	}
	if err != nil {
		return err
	}
	a.code = loadtest.ExitCode(rep)
	err = a.showLoad(rep, l)
	metrics.linger(ctx, a)
	return err
}

// attackHere brings the target up, and attacks it from this process or from others
// of this machine.
func (a *app) attackHere(cmd *cobra.Command, d *target.Description, chosen []loadtest.Scenario, o loadtest.Options, l *loading, metrics *metrics, overrides []target.Override) (_ *loadtest.Report, err error) {
	t, err := played(l.target, l.out, overrides...).Open(cmd.Context())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if l.workers > 0 {
		return a.attackFromShards(cmd, d, t, o, l, metrics)
	}
	return a.attack(cmd.Context(), t, chosen, o, l, metrics)
}

// attack runs the scenarios, with what shows how they go.
func (a *app) attack(ctx context.Context, t *target.Target, chosen []loadtest.Scenario, o loadtest.Options, l *loading, metrics *metrics) (_ *loadtest.Report, err error) {
	o.Exporter = metrics.exporter
	results := &resultsFile{dir: l.out, name: allResults}
	if l.out != "" {
		o.Results = results
	}
	defer func() { err = errors.Join(err, results.close()) }()
	live := a.newLive(l.format == "jsonl")
	o.OnProgress = func(p loadtest.Progress) {
		live.show(p)
	}
	o.OnMinted = a.minted()
	rep, err := loadtest.Run(ctx, t, chosen, o)
	live.end()
	if rep != nil {
		rep.Tool = version()
	}
	return rep, err
}

// reachBy has everything that is sent in this process go the way that the flags
// say: what is prepared before the load goes through net/http's own transport,
// or a copy of it.
func reachBy(r *loadtest.Reach) {
	if t, ok := http.DefaultTransport.(*http.Transport); ok && (r.TLS != nil || len(r.Resolve) > 0) {
		setUp := loadtest.Reach{TLS: r.TLS, Resolve: r.Resolve, HTTP2: true}
		setUp.Apply(t)
	}
}

// allResults is the file of the results of a load.
const allResults = "results.gob"

// resultsFile is where vegeta's results go. It is made when there is one, so that
// a target that cannot be brought up leaves no empty file.
type resultsFile struct {
	dir      string
	name     string
	file     *os.File
	buffered *bufio.Writer
}

// Write implements [io.Writer].
func (f *resultsFile) Write(p []byte) (int, error) {
	if f.file == nil {
		file, err := os.Create(filepath.Join(f.dir, f.name))
		if err != nil {
			return 0, err
		}
		f.file, f.buffered = file, bufio.NewWriterSize(file, 1<<16)
	}
	return f.buffered.Write(p)
}

func (f *resultsFile) close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.buffered.Flush(), f.file.Close())
}

// metrics is the endpoint for Prometheus; without one it does nothing.
type metrics struct {
	exporter *loadtest.Exporter
	server   *http.Server
	wait     time.Duration
}

func (a *app) serveMetrics(ctx context.Context, l *loading) (*metrics, error) {
	m := &metrics{wait: l.linger}
	if l.prometheus == "" {
		return m, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.prometheus)
	if err != nil {
		return nil, usage("", "--prometheus: %v", err)
	}
	m.exporter = loadtest.NewExporter()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.exporter)
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = m.server.Serve(listener) }() // until it is closed
	a.say("figures for Prometheus are at http://%s/metrics", listener.Addr())
	return m, nil
}

// linger waits until the final figures were scraped.
func (m *metrics) linger(ctx context.Context, a *app) {
	if m.exporter != nil && m.wait > 0 && ctx.Err() == nil {
		a.say("waiting up to %v for the last scrape", m.wait)
		if !m.exporter.Linger(ctx, m.wait) {
			a.say("nobody scraped the final figures")
		}
	}
}

func (m *metrics) close() {
	if m.server != nil {
		_ = m.server.Close()
	}
}

// showLoad writes a report to the folder and to standard output.
func (a *app) showLoad(r *loadtest.Report, l *loading) error {
	var problems []error
	if l.out != "" {
		problems = append(problems, report.WriteLoadDir(l.out, r))
	}
	var write func(io.Writer) error
	switch l.format {
	case "json":
		write = func(w io.Writer) error { return report.LoadJSON(w, r) }
	case "jsonl":
		write = func(w io.Writer) error { return report.LoadLine(w, r) }
	case "markdown":
		write = func(w io.Writer) error { return report.LoadMarkdown(w, r) }
	default:
		o := a.textOptions()
		o.Verbose, o.Dir = l.verbose, l.out
		write = func(w io.Writer) error { return report.LoadText(w, r, o) }
	}
	return errors.Join(append(problems, write(a.stdout))...)
}
