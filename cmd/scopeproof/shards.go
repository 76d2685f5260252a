package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scopeproof/scopeproof/internal/cluster"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/browser"
	"github.com/scopeproof/scopeproof/target/external"
)

// sharding are the flags that say where a load is sent from.
type sharding struct {
	workers int
	elsewhere
}

// The flags that are the coordinator's own, or that have had their effect when the
// target is up: a shard is given none of them.
var coordinatorsFlags = append([]string{
	"workers", "out", "format", "prometheus", "prometheus-linger", "verbose", "defect", "set", "seed", "threshold",
}, elsewhereFlags...)

// fileFlags name files, which a shard on another machine has not got.
var fileFlags = []string{"tls-ca", "tls-cert", "tls-key"}

func (s *sharding) flags(f *flags) {
	f.number(&s.workers, "workers", "send the load from N processes together, each a shard of it; with --on from N pods")
	s.elsewhere.flags(f, "run the workers as pods of an Indexed Job")
}

// checkShards finds what is wrong with the flags.
func (l *loading) checkShards(cmd *cobra.Command, d *target.Description, w *wrongs) {
	l.elsewhere.check(cmd, d, w)
	if l.on == "" && l.workers == 0 {
		return
	}
	l.workers = max(1, l.workers)
	for _, name := range []string{"capacity", "sweep"} {
		if cmd.Flags().Changed(name) {
			w.add(name, "", "got --workers or --on as well: it is not divided into shards")
		}
	}
	if n := max(l.connections, l.most); n > 0 && n < l.workers {
		w.add("workers", "", "got %d workers for %d connections, want one for each at least", l.workers, n)
	}
}

// there says whether the shards open the target themselves, so that this machine
// need not reach it. Calls that are made once when it is set up are made from here.
func (l *loading) there(d *target.Description) bool { return l.on != "" && len(d.Setup) == 0 }

// shardPlan is what every shard is told. It has the target's secrets in it.
type shardPlan struct {
	Version string            `json:"version"` // of this program
	Args    []string          `json:"args"`    // flags of load
	Seed    int64             `json:"seed"`
	Files   map[string][]byte `json:"files,omitempty"` // by flag
	// Results is the folder, of this machine, for each shard's results; empty: they
	// write none.
	Results string `json:"results,omitempty"`
	// Target was brought up by the coordinator, Opens is opened by each shard. One
	// of both is there.
	Target *target.Handover `json:"target,omitempty"`
	Opens  *described       `json:"opens,omitempty"`
	// Test is there where the rules are run, and no load.
	Test *podTest `json:"test,omitempty"`
}

func (p *shardPlan) source() (target.Source, error) {
	if p.Opens != nil {
		return p.Opens.source()
	}
	if p.Target == nil {
		return nil, errors.New("the plan has no target")
	}
	return browser.Source(external.TakeOver(*p.Target), browser.Screenshots("")), nil
}

// plan is what the shards are told; t is nil where they open the target themselves.
func (a *app) plan(cmd *cobra.Command, l *loading, d *target.Description, t *target.Target) ([]byte, error) {
	p := shardPlan{Version: version(), Seed: l.seed, Files: map[string][]byte{}}
	var err error
	if l.on == "" {
		p.Results = l.out
	}
	if t == nil {
		p.Opens, err = a.describedFor(d)
	} else {
		var over target.Handover
		over, err = t.HandOver()
		p.Target = &over
	}
	if err != nil {
		return nil, err
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case !f.Changed || slices.Contains(coordinatorsFlags, f.Name) || err != nil:
		case slices.Contains(fileFlags, f.Name):
			p.Files[f.Name], err = os.ReadFile(f.Value.String())
		default:
			if many, ok := listOf(f); ok {
				for _, one := range many {
					p.Args = append(p.Args, "--"+f.Name+"="+one)
				}
				return
			}
			p.Args = append(p.Args, "--"+f.Name+"="+f.Value.String())
		}
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// attackFromShards is attack, from several processes or pods.
func (a *app) attackFromShards(cmd *cobra.Command, d *target.Description, t *target.Target, o loadtest.Options, l *loading, metrics *metrics) (_ *loadtest.Report, err error) {
	ctx := cmd.Context()
	plan, err := a.plan(cmd, l, d, t)
	if err != nil {
		return nil, err
	}
	fleet, err := a.fleet(ctx, l, o, plan)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fleet.Close(context.WithoutCancel(ctx))) }()
	live := a.newLive(l.format == "jsonl")
	latest := map[string]map[int]loadtest.Progress{}
	found := cluster.Run(ctx, fleet, cluster.Options{Shards: l.workers, OnProgress: func(shard int, data json.RawMessage) {
		var p loadtest.Progress
		if json.Unmarshal(data, &p) != nil {
			return
		}
		if latest[p.Scenario] == nil {
			latest[p.Scenario] = map[int]loadtest.Progress{}
		}
		latest[p.Scenario][shard] = p
		var said []loadtest.Progress
		for _, one := range latest[p.Scenario] {
			said = append(said, one)
		}
		all := loadtest.Together(said)
		live.show(all)
		if metrics.exporter != nil {
			metrics.exporter.Show(all)
		}
	}})
	live.end()
	return a.merged(found, o, l)
}

// merged adds up what the shards handed in, and puts their results together.
func (a *app) merged(found []cluster.Shard, o loadtest.Options, l *loading) (*loadtest.Report, error) {
	m := loadtest.Merging{Shards: l.workers, Thresholds: o.Thresholds, Late: map[int]time.Duration{}, Problems: cluster.Problems(found)}
	var parts []*loadtest.Part
	for _, s := range found {
		if s.Result == nil {
			continue
		}
		part, err := loadtest.DecodePart(s.Result)
		if err != nil {
			m.Problems = append(m.Problems, fmt.Sprintf("shard %d (%s): %v", s.Index, s.Where, err))
			continue
		}
		m.Late[s.Index] = s.Late
		parts = append(parts, part)
	}
	rep, err := loadtest.Merge(parts, m)
	if rep != nil {
		rep.Tool = version()
	}
	switch {
	case l.out == "":
	case l.on != "":
		a.say("no results.gob: the results of pods stay in the pods; load.json has what was counted")
	default:
		made, failed := a.mergeResults(l, parts)
		if rep != nil {
			rep.Shards.Results = made
		}
		err = errors.Join(err, failed)
	}
	return rep, err
}

// shardResults is the file of a shard's results.
func shardResults(shard int) string { return fmt.Sprintf("results-%d.gob", shard) }

// mergeResults makes one file of the results of the shards whose parts are counted,
// and removes theirs. It reports whether there was anything to put into it.
func (a *app) mergeResults(l *loading, parts []*loadtest.Part) (made bool, err error) {
	var found []loadtest.PartResults
	handed := map[int]bool{}
	for _, p := range parts {
		handed[p.Shard] = true
	}
	for shard := range l.workers {
		path := filepath.Join(l.out, shardResults(shard))
		file, err := os.Open(path)
		if err == nil {
			defer func() { _, _ = file.Close(), os.Remove(path) }()
		}
		if !handed[shard] {
			a.say("results.gob is without shard %d, which handed in no result", shard)
			continue
		}
		part := parts[slices.IndexFunc(parts, func(p *loadtest.Part) bool { return p.Shard == shard })]
		if errors.Is(err, os.ErrNotExist) && part.Results != nil && part.Results.Bytes == 0 {
			continue // nothing was sent
		}
		if err != nil {
			return false, err
		}
		found = append(found, loadtest.PartResults{Part: part, From: file})
	}
	if len(found) == 0 {
		return false, nil
	}
	results := &resultsFile{dir: l.out, name: allResults}
	err = errors.Join(loadtest.MergeResults(results, found), results.close())
	if err != nil {
		_ = os.Remove(filepath.Join(l.out, allResults)) // it would pass for all of them
	}
	return err == nil, err
}

// fleet starts the shards, or what starts them.
func (a *app) fleet(ctx context.Context, l *loading, o loadtest.Options, plan []byte) (cluster.Fleet, error) {
	if l.on == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return &cluster.Local{Program: self, Arguments: []string{"shard"}, Plan: plan, Shards: l.workers}, nil
	}
	m, err := l.jobManifest(o)
	if err != nil {
		return nil, err
	}
	return l.launch(ctx, a, m, plan)
}

// jobManifest is the Job for the pods, which has some while more than it needs.
func (l *loading) jobManifest(o loadtest.Options) (cluster.Manifest, error) {
	const spare = 15 * time.Minute
	return l.job(l.workers, time.Duration(max(1, len(l.chosen)))*(o.WarmUp+o.Duration+o.Timeout)+spare)
}

const aboutShard = `Is one shard of a load that another process coordinates over standard input and
output; "scopeproof load --workers" starts it.`

func (a *app) shardCommand() *cobra.Command {
	var plan string
	cmd := newCommand("shard", "Be one shard of a load", aboutShard, "", none, func(cmd *cobra.Command, _ []string) error {
		return a.shard(cmd.Context(), plan)
	})
	cmd.Hidden = true
	newFlags(cmd).text(&plan, "plan", "FILE", "", "the plan; default: the first line of standard input")
	return cmd
}

// shard runs a shard of a load. What goes wrong is said to the coordinator.
func (a *app) shard(ctx context.Context, file string) error {
	data, err := planOf(file, os.Stdin)
	if err != nil {
		return err
	}
	// With a plan of its own it runs where its coordinator may come back.
	worker, ctx := cluster.NewWorker(ctx, os.Stdin, a.stdout, file != "")
	result, err := a.runShard(ctx, worker, data)
	if err != nil {
		return worker.Fail(err)
	}
	return worker.Result(result)
}

func planOf(file string, in io.Reader) ([]byte, error) {
	if file != "" {
		return os.ReadFile(file)
	}
	return cluster.ReadPlan(in)
}

func (a *app) runShard(ctx context.Context, worker *cluster.Worker, data []byte) ([]byte, error) {
	var p shardPlan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("the plan: %w", err)
	}
	if p.Version != version() {
		return nil, fmt.Errorf("it is scopeproof %s, the coordinator %s: want the same", version(), p.Version)
	}
	if p.Test != nil {
		return a.runTest(ctx, worker, p.Test)
	}
	index, err := strconv.Atoi(a.env(cluster.IndexVariable))
	if err != nil {
		return nil, fmt.Errorf("%s: got %q, want a number", cluster.IndexVariable, a.env(cluster.IndexVariable))
	}
	shards, err := strconv.Atoi(a.env(cluster.ShardsVariable))
	if err != nil {
		return nil, fmt.Errorf("%s: got %q, want a number", cluster.ShardsVariable, a.env(cluster.ShardsVariable))
	}
	chosen, o, err := a.shardOptions(&p)
	if err != nil {
		return nil, err
	}
	src, err := p.source()
	if err != nil {
		return nil, err
	}
	t, err := src.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }() // it ends nothing but what this process started
	o.Shard, o.Shards, o.Begin = index, shards, worker.Ready
	o.Workers = share(o.Workers, index, shards)
	o.OnProgress = everySecond(func(p loadtest.Progress) { _ = worker.Progress(p) })
	results := &resultsFile{dir: p.Results, name: shardResults(index)}
	summed := loadtest.NewSumming(results)
	if p.Results != "" {
		o.Results = summed
	}
	part, err := loadtest.RunShard(ctx, t, chosen, o)
	if err = errors.Join(err, results.close()); err != nil {
		return nil, err
	}
	if p.Results != "" {
		part.Results = summed.Sum()
	}
	return part.Encode()
}

// share is a shard's part of a number.
func share(n, index, shards int) int {
	if n == 0 {
		n = loadtest.DefaultWorkers
	}
	part := n / shards
	if index < n%shards {
		part++
	}
	return max(1, part)
}

// everySecond leaves out what is said of a scenario within a second, but for its
// end.
func everySecond(say func(loadtest.Progress)) func(loadtest.Progress) {
	said := map[string]time.Time{}
	return func(p loadtest.Progress) {
		if p.Last || time.Since(said[p.Scenario]) >= time.Second-50*time.Millisecond {
			said[p.Scenario] = time.Now()
			say(p)
		}
	}
}

// shardOptions reads the flags of the plan as load does.
func (a *app) shardOptions(p *shardPlan) ([]loadtest.Scenario, loadtest.Options, error) {
	l := &loading{}
	cmd := &cobra.Command{Use: "load"}
	l.flags(cmd)
	args := p.Args
	for name, data := range p.Files {
		path := filepath.Join(os.TempDir(), "scopeproof-"+strings.ReplaceAll(name, "/", "")+"-"+strconv.Itoa(os.Getpid()))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, loadtest.Options{}, err
		}
		defer os.Remove(path)
		args = append(args, "--"+name+"="+path)
	}
	if err := cmd.ParseFlags(args); err != nil {
		return nil, loadtest.Options{}, wrongFlag(cmd, err)
	}
	chosen, o, err := l.options(cmd, &target.Description{})
	o.Seed = p.Seed
	reachBy(&o.Reach)
	return chosen, o, err
}
