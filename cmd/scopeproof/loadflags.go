package main

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target"
)

var loadFormats = []string{"text", "json", "jsonl", "markdown"}

// loading are the flags of load that no other command has.
type loading struct {
	*settings
	sharding
	chosen               []loadtest.Scenario
	stages, mix          string
	warmUp, answerWithin time.Duration
	connections, most    int
	capacity             bool
	precision            float64
	sweeps, resolve      []string
	prometheus           string
	linger               time.Duration
	http2, noKeepAlive   bool
	insecure             bool
}

func (l *loading) flags(cmd *cobra.Command) {
	f := newFlags(cmd)
	l.settings = f.s
	f.Var(list{&l.scenarios, "NAME", ","}, "scenario", "choose scenarios; default: all (repeatable)")
	f.text(&l.mix, "mix", "NAME=N", "", "run scenarios at once, with these weights: api-scope-check=8,token-refresh=2")
	l.rate = 200
	readRate := func(t string) (float64, error) {
		rate, err := strconv.ParseFloat(t, 64)
		if err != nil || !(rate > 0) || rate > 1e6 {
			return 0, fmt.Errorf("requests per second, more than 0")
		}
		return rate, nil
	}
	number := func(r float64) string { return strconv.FormatFloat(r, 'g', -1, 64) }
	f.Var(flag[float64]{&l.rate, "N", readRate, number}, "rate", "requests per second that are offered to each scenario, or to the mix; where --capacity begins (100)")
	f.period(&l.duration, "duration", 10*time.Second, "how long each scenario or the mix is attacked; a step of --capacity at least (3s); a sweep about")
	f.text(&l.stages, "stages", "D:RATE", "", "a rate that changes, in place of both: 30s:100/s holds, 30s:100/s..500/s ramps, 1m:100/s~50/s@20s swings")
	f.wait(&l.warmUp, "warm-up", 0, "send for so long before anything counts; leaks do")
	f.number(&l.connections, "connections", "closed model: each of N connections sends again as soon as it is answered, in place of --rate")
	f.number(&l.most, "max-connections", "requests under way at once, at most, where a rate is offered; default 512")
	f.period(&l.answerWithin, "answer-within", loadtest.DefaultTimeout, "how long an answer is waited for")
	f.Var(list{&l.thresholds, "LIMIT", ","}, "threshold", "a limit to keep: p99<50ms (repeatable)")
	f.yes(&l.capacity, "capacity", "look for the highest rate that holds the thresholds with nothing leaked")
	readPart := func(t string) (float64, error) {
		part, err := strconv.ParseFloat(strings.TrimSuffix(t, "%"), 64)
		if strings.HasSuffix(t, "%") {
			part /= 100
		}
		if err != nil || !(part >= 0.005) || part > 0.5 {
			return 0, fmt.Errorf("a part from 0.5%% to 50%%")
		}
		return part, nil
	}
	l.precision = loadtest.DefaultPrecision
	f.Var(flag[float64]{&l.precision, "PART", readPart, number}, "precision", "how exact --capacity is, as a part of it")
	f.Var(list{&l.sweeps, "WHAT=A..B", ","}, "sweep", "how latency grows with the number of scopes, the length of one, or its repeats: "+strings.Join(sweepExamples(), ", ")+" (repeatable)")
	f.text(&l.prometheus, "prometheus", "ADDRESS", "", "serve the figures to Prometheus while the run lasts: :9090")
	f.wait(&l.linger, "prometheus-linger", 15*time.Second, "... and after it until they were scraped once more, at most for so long")
	f.yes(&l.http2, "http2", "use HTTP/2 where the target offers it over TLS")
	f.yes(&l.noKeepAlive, "no-keep-alive", "dial a connection for each request")
	f.Var(list{&l.resolve, "HOST:ADDRESS", ","}, "resolve", "an address in place of the one that a name has: as.example:192.0.2.1 (repeatable)")
	l.securing.flags(f)
	f.yes(&l.insecure, "insecure", "do not look at the certificates of the target")
	l.sharding.flags(f)
	f.outputs("load.json, load.html, load.md and results.gob (vegeta's format)", loadFormats...)
	f.seeded()
	f.Var(list{&l.defects, "ID", ""}, "defect", "switch a seeded defect of the embedded reference on")
	f.override()
	f.yes(&l.verbose, "verbose,v", "show every sample of what was not as expected")
}

// wait adds a duration that may be 0.
func (f *flags) wait(to *time.Duration, name string, value time.Duration, help string) {
	*to = value
	read := func(t string) (time.Duration, error) {
		d, err := time.ParseDuration(t)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("a duration from 0s, such as 5s")
		}
		return d, nil
	}
	f.Var(flag[time.Duration]{to, "D", read, time.Duration.String}, name, help)
}

func scenarioNames() []string {
	var all []string
	for _, s := range scenarios.All() {
		all = append(all, s.Name)
	}
	return all
}

func sweepExamples() []string {
	var all []string
	for _, s := range scenarios.Sweeps() {
		all = append(all, fmt.Sprintf("%s=%d..%d", s.Name, s.From, s.To))
	}
	return all
}

// wrongs are mistakes in how flags are used, each reported.
type wrongs struct{ list []target.Problem }

func (w *wrongs) add(flag, hint, format string, args ...any) {
	w.list = append(w.list, target.Problem{File: "--" + flag, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (w *wrongs) err() error {
	if len(w.list) == 0 {
		return nil
	}
	return &target.Problems{List: w.list}
}

// options are the scenarios that the flags choose, and how they are run. The error
// has everything that is wrong.
func (l *loading) options(cmd *cobra.Command, d *target.Description) ([]loadtest.Scenario, loadtest.Options, error) {
	var w wrongs
	l.chooseSeed()
	o := loadtest.Options{Seed: l.seed, Timeout: l.answerWithin, WarmUp: l.warmUp, Workers: l.most}
	chosen := l.choose(cmd, &o, &w)
	l.chosen = chosen
	unknown := len(w.list) > 0 // what runs
	l.offer(cmd, &o, &w)
	l.limits(chosen, unknown, &o, &w)
	l.reach(&o.Reach, &w)
	l.checkShards(cmd, d, &w)
	return chosen, o, w.err()
}

// choose finds the scenarios and the sweeps.
func (l *loading) choose(cmd *cobra.Command, o *loadtest.Options, w *wrongs) []loadtest.Scenario {
	known := scenarioNames()
	names, flag := l.scenarios, "scenario"
	if l.mix != "" {
		if len(names) > 0 {
			w.add("mix", "name in --mix what is to run", "got --scenario as well, want one of both")
		}
		shares, err := loadtest.ParseMix(l.mix)
		if err != nil {
			w.add("mix", "", "%v", err)
			shares = nil
		}
		names, flag = nil, "mix"
		for _, s := range shares {
			names, o.Weights = append(names, s.Scenario), append(o.Weights, s.Weight)
		}
	}
	for _, text := range l.sweeps {
		name, from, to, err := loadtest.ParseSweep(text)
		if err != nil {
			w.add("sweep", "", "%v", err)
			continue
		}
		s, err := scenarios.FindSweep(name, from, to)
		if err != nil {
			w.add("sweep", "", "%v", err)
			continue
		}
		o.Sweeps = append(o.Sweeps, s)
	}
	if l.sweepsAlone() {
		return nil
	}
	wrong := false
	for _, name := range names {
		if !slices.Contains(known, name) {
			w.add(flag, spelling.DidYouMean(name, known, "the scenarios are "+strings.Join(known, ", ")), "no scenario is called %q", name)
			wrong = true
		}
	}
	if wrong || l.mix != "" && len(names) == 0 {
		return nil
	}
	chosen, err := scenarios.Find(names...)
	if err != nil {
		w.add(flag, "", "%v", err)
	}
	return chosen
}

// sweepsAlone reports whether there are sweeps, and no scenarios are chosen.
func (l *loading) sweepsAlone() bool {
	return len(l.sweeps) > 0 && len(l.scenarios) == 0 && l.mix == ""
}

// offer reads how much is sent, and for how long.
func (l *loading) offer(cmd *cobra.Command, o *loadtest.Options, w *wrongs) {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	var ways []string
	for _, name := range []string{"rate", "stages", "connections", "capacity"} {
		if given(name) && (name != "capacity" || l.capacity) && (name != "rate" || !l.capacity) {
			ways = append(ways, name)
		}
	}
	for _, name := range []string{"stages", "mix", "prometheus"} {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			w.add(name, "", "got nothing, want %s", f.Value.Type())
		}
	}
	if len(ways) > 1 {
		w.add(ways[1], "", "got --%s as well, want one of both", ways[0])
		return
	}
	if given("precision") && !l.capacity {
		w.add("precision", "it is of a search for the capacity", "got no --capacity")
	}
	o.Duration = l.duration
	switch {
	case l.sweepsAlone() && len(ways) > 0:
		w.add(ways[0], "choose scenarios with --scenario or --mix as well", "got --sweep alone, which offers no rate")
	case l.sweepsAlone():
	case l.connections > 0:
		if given("max-connections") {
			w.add("max-connections", "", "got --connections as well, want one of both")
		}
		o.Saturate, o.Workers = true, l.connections
	case l.stages != "":
		pace, err := loadtest.ParseStages(l.stages)
		if err != nil {
			w.add("stages", "", "%v", err)
		}
		if given("duration") {
			w.add("stages", "the stages say how long they last", "got --duration as well, want one of both")
		}
		o.Stages, o.Duration = pace, 0
	case l.capacity:
		o.Capacity = &loadtest.Search{Precision: l.precision}
		if given("rate") {
			o.Capacity.First = l.rate
		}
		if !given("duration") {
			o.Duration = 3 * time.Second
		}
	default:
		o.Rate = l.rate
	}
}

// limits reads the thresholds. Unknown says that it is not known which scenarios
// run.
func (l *loading) limits(chosen []loadtest.Scenario, unknown bool, o *loadtest.Options, w *wrongs) {
	var running []string
	for _, s := range chosen {
		running = append(running, s.Name)
	}
	for _, s := range o.Sweeps {
		running = append(running, s.Name)
	}
	for _, text := range l.thresholds {
		limit, err := loadtest.ParseThreshold(text)
		if err != nil {
			w.add("threshold", `"scopeproof load --help" lists the figures`, "%v", err)
			continue
		}
		if limit.Scenario != "" && !slices.Contains(running, limit.Scenario) && !unknown {
			w.add("threshold", spelling.DidYouMean(limit.Scenario, running, ""), "%q is about the scenario %q, which is not run", text, limit.Scenario)
		}
		switch metric := limit.Metric(); {
		case metric == "capacity" && !l.capacity:
			w.add("threshold", "--capacity looks for it", "%q is about the capacity, which is not looked for", text)
		case metric == "growth" && len(l.sweeps) == 0:
			w.add("threshold", "--sweep scopes=1..1024 shows it", "%q is about a sweep, and none is made", text)
		case metric != "growth" && l.sweepsAlone():
			w.add("threshold", "choose scenarios with --scenario or --mix as well", "%q is about scenarios, and none is run", text)
		}
		o.Thresholds = append(o.Thresholds, limit)
	}
}

// reach reads how the target is reached.
func (l *loading) reach(r *loadtest.Reach, w *wrongs) {
	r.HTTP2, r.NoKeepAlive = l.http2, l.noKeepAlive
	for _, text := range l.resolve {
		name, to, err := loadtest.ParseResolve(text)
		if err != nil {
			w.add("resolve", "", "%v", err)
			continue
		}
		if r.Resolve == nil {
			r.Resolve = map[string]netip.Addr{}
		}
		r.Resolve[name] = to
	}
	r.TLS = l.securing.config(w)
	if l.insecure && l.securing.ca != "" {
		w.add("tls-ca", "", "got --insecure as well, want one of both")
	}
	if l.insecure {
		if r.TLS == nil {
			r.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		r.TLS.InsecureSkipVerify = true
	}
}
