package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/scenarios"
)

const aboutLoad = `Sends the requests of load scenarios, one scenario after another, at the rate that
is asked for, whether or not earlier ones were answered, and judges every answer:
one that opens more than was granted fails the run.

A threshold is METRIC OPERATOR VALUE, for every scenario or SCENARIO.METRIC for
one: "p99<50ms", "faults<1%", "token-refresh.max<1s", "achieved>=0.99".

Exit codes: 0 every answer was right and every threshold held, 1 a leak, a false
refusal or a missed threshold, 2 usage, 3 inconclusive (less than 95 % of the
rate was achieved, or nothing was answered), 130 interrupted.`

func (a *app) loadCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("load [TARGET]", "Run load scenarios and judge every response", aboutLoad, `
  scopeproof load --rate 500 --duration 30s
  scopeproof load my-target.yaml --scenario api-scope-check --threshold 'p99<50ms' --out report`, atMostOne,
		func(cmd *cobra.Command, args []string) error {
			f.s.target = a.targetOf(args)
			return a.load(cmd, f.s)
		})
	f = newFlags(cmd)
	f.Var(list{&f.s.scenarios, "NAME", ","}, "scenario", "choose scenarios; default: all (repeatable)")
	f.s.rate = 200
	readRate := func(t string) (float64, error) {
		rate, err := strconv.ParseFloat(t, 64)
		if err != nil || !(rate > 0) || rate > 1e6 {
			return 0, fmt.Errorf("requests per second, more than 0")
		}
		return rate, nil
	}
	f.Var(flag[float64]{&f.s.rate, "N", readRate, func(r float64) string { return strconv.FormatFloat(r, 'g', -1, 64) }}, "rate", "requests per second that are offered in each scenario")
	f.period(&f.s.duration, "duration", 10*time.Second, "how long each scenario is attacked")
	f.Var(list{&f.s.thresholds, "LIMIT", ","}, "threshold", "a limit to keep: p99<50ms (repeatable)")
	f.outputs("load.json, load.html, load.md and results.gob (vegeta's format)", "text", "json", "markdown")
	f.seeded()
	f.Var(list{&f.s.defects, "ID", ""}, "defect", "switch a seeded defect of the embedded reference on")
	f.override()
	f.yes(&f.s.verbose, "verbose,v", "show every sample of what was not as expected")
	cmd.ValidArgsFunction = completeTargets
	return complete(cmd, map[string]completion{
		"scenario": completeList(scenarioNames), "defect": completeList(defectIDs), "format": words("text", "json", "markdown"),
	})
}

func scenarioNames() []string {
	var all []string
	for _, s := range scenarios.All() {
		all = append(all, s.Name)
	}
	return all
}

func (a *app) load(cmd *cobra.Command, s *settings) (err error) {
	ctx := cmd.Context()
	overrides, d, err := a.describe(cmd, s)
	if err != nil {
		return err
	}
	chosen, limits, err := chooseLoad(s)
	if err != nil {
		return err
	}
	if err := makeOut(s.out); err != nil {
		return err
	}
	s.chooseSeed()
	results, finish, err := resultsFile(s.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	a.starting(d)
	t, err := played(s.target, s.out, overrides...).Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	live := a.newLive()
	rep, err := loadtest.Run(ctx, t, chosen, loadtest.Options{
		Rate: s.rate, Duration: s.duration, Seed: s.seed, Thresholds: limits, Results: results, OnProgress: live.show,
	})
	live.end()
	if err != nil {
		return err
	}
	rep.Tool = version()
	a.code = loadtest.ExitCode(rep)
	return a.showLoad(rep, s)
}

// chooseLoad finds the scenarios and the thresholds that the flags name.
func chooseLoad(s *settings) ([]loadtest.Scenario, []loadtest.Threshold, error) {
	known := scenarioNames()
	chosen, err := scenarios.Find(s.scenarios...)
	if err != nil {
		for _, name := range s.scenarios {
			if !slices.Contains(known, name) {
				return nil, nil, usage(didYouMean(name, known, ""), "--scenario: got %q, want one of %s", name, listed(known))
			}
		}
		return nil, nil, usage("", "--scenario: %v", err)
	}
	var limits []loadtest.Threshold
	for _, text := range s.thresholds {
		limit, err := loadtest.ParseThreshold(text)
		if err != nil {
			return nil, nil, usage("", "--threshold: %v", err)
		}
		if limit.Scenario != "" && !slices.ContainsFunc(chosen, func(sc loadtest.Scenario) bool { return sc.Name == limit.Scenario }) {
			return nil, nil, usage(didYouMean(limit.Scenario, known, ""), "--threshold: %q is about the scenario %q, which is not run", text, limit.Scenario)
		}
		limits = append(limits, limit)
	}
	return chosen, limits, nil
}

// resultsFile is where vegeta's results go; finish ends it.
func resultsFile(dir string) (w io.Writer, finish func() error, err error) {
	if dir == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.Create(filepath.Join(dir, "results.gob"))
	if err != nil {
		return nil, nil, usage("", "--out: %v", err)
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	return buffered, func() error { return errors.Join(buffered.Flush(), file.Close()) }, nil
}

// showLoad writes a report to the folder and to standard output.
func (a *app) showLoad(r *loadtest.Report, s *settings) error {
	var problems []error
	if s.out != "" {
		problems = append(problems, report.WriteLoadDir(s.out, r))
	}
	switch s.format {
	case "json":
		problems = append(problems, report.LoadJSON(a.stdout, r))
	case "markdown":
		problems = append(problems, report.LoadMarkdown(a.stdout, r))
	default:
		o := a.textOptions()
		o.Verbose = s.verbose
		problems = append(problems, report.LoadText(a.stdout, r, o))
	}
	return errors.Join(problems...)
}

// live shows on standard error how a load run goes: on a terminal a bar for each
// scenario, elsewhere a line each second.
type live struct {
	a    *app
	bars *mpb.Progress // nil: lines

	bar      *mpb.Bar
	scenario string
	text     atomic.Value // string; read by the goroutine that draws
	printed  time.Time
}

func (a *app) newLive() *live {
	l := &live{a: a}
	if f := a.terminal(a.stderr); f != nil {
		l.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(24))
	}
	return l
}

func (l *live) show(p loadtest.Progress) {
	text := fmt.Sprintf("%.0f of %.0f/s  %d sent  %d leaks  %d false refusals  %d faults  p99 %.1f ms",
		p.Rate, p.OfferedRate, p.Requests, p.Leaks, p.FalseRefusals, p.Faults, p.Latency.P99)
	if l.bars == nil {
		if p.Scenario != l.scenario || time.Since(l.printed) >= time.Second {
			fmt.Fprintf(l.a.stderr, "%-24s  %3.0f of %.0f s  %s\n", p.Scenario, p.Elapsed.Seconds(), p.Duration.Seconds(), text)
			l.scenario, l.printed = p.Scenario, time.Now()
		}
		return
	}
	l.text.Store(text)
	if p.Scenario != l.scenario {
		l.leave()
		l.scenario = p.Scenario
		l.bar = l.bars.New(p.Duration.Milliseconds(), mpb.BarStyle().Lbound("[").Rbound("]"), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%d/%d %s ", p.Number, p.Of, p.Scenario))),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + l.text.Load().(string) })))
	}
	l.bar.SetCurrent(min(p.Elapsed.Milliseconds(), p.Duration.Milliseconds()-1))
}

// leave takes the bar of the last scenario away.
func (l *live) leave() {
	if l.bar != nil {
		l.bar.Abort(true)
	}
}

func (l *live) end() {
	if l.bars == nil {
		return
	}
	l.leave()
	l.bars.Wait()
}
