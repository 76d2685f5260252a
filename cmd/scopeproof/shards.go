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
	workers            int
	on                 string
	kubeconfig         string
	context, namespace string
	image, manifest    string
	dryRun             bool
	output             string
}

// The flags that are the coordinator's own, or that have had their effect when the
// target is up: a shard is given none of them.
var coordinatorsFlags = []string{
	"workers", "on", "kubeconfig", "context", "namespace", "image", "manifest", "dry-run", "output",
	"out", "format", "prometheus", "prometheus-linger", "verbose", "defect", "set", "seed", "threshold",
}

// fileFlags name files, which a shard on another machine has not got.
var fileFlags = []string{"tls-ca", "tls-cert", "tls-key"}

const defaultImage = "ghcr.io/scopeproof/scopeproof:"

func (s *sharding) flags(f *flags) {
	f.number(&s.workers, "workers", "send the load from N processes together, each a shard of it; with --on from N pods")
	read := func(t string) (string, error) {
		if t != "kubernetes" {
			return "", fmt.Errorf(`"kubernetes"`)
		}
		return t, nil
	}
	f.Var(flag[string]{&s.on, "kubernetes", read, func(t string) string { return t }}, "on", "run the workers as pods of an Indexed Job")
	f.text(&s.kubeconfig, "kubeconfig", "FILE", "", "the cluster's configuration; default: as kubectl has it")
	f.text(&s.context, "context", "NAME", "", "… the context in it; default: the current one")
	f.text(&s.namespace, "namespace", "NAME", "", "… the namespace; default: the context's")
	f.text(&s.image, "image", "IMAGE", "", "the image of the pods; default: "+defaultImage+"VERSION")
	f.text(&s.manifest, "manifest", "FILE", "", "a Job of your own for the pods, as --dry-run prints it")
	f.yes(&s.dryRun, "dry-run", "print what would be created on Kubernetes, and stop")
	f.word(&s.output, "output,o", []string{"yaml"}, "how --dry-run prints it")
}

// checkShards finds what is wrong with the flags.
func (l *loading) checkShards(cmd *cobra.Command, d *target.Description, w *wrongs) {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	if l.on == "" {
		for _, name := range []string{"kubeconfig", "context", "namespace", "image", "manifest", "dry-run", "output"} {
			if given(name) {
				w.add(name, "", "got no --on kubernetes, of which it is a part")
			}
		}
	}
	if l.on == "" && l.workers == 0 {
		return
	}
	if l.workers == 0 {
		l.workers = 1
	}
	for _, name := range []string{"capacity", "sweep"} {
		if given(name) {
			w.add(name, "", "got --workers or --on as well: it is not divided into shards")
		}
	}
	if n := max(l.connections, l.most); n > 0 && n < l.workers {
		w.add("workers", "", "got %d workers for %d connections, want one for each at least", l.workers, n)
	}
	if l.on != "" && (d.Embedded != nil || d.Container != nil) {
		w.add("on", "give a target file with external, whose issuer the pods can reach", "got a target that runs on this machine, where pods cannot reach it")
	}
}

// shardPlan is what every shard is told. It has the target's secrets in it.
type shardPlan struct {
	Version string            `json:"version"` // of this program
	Args    []string          `json:"args"`    // flags of load
	Seed    int64             `json:"seed"`
	Files   map[string][]byte `json:"files,omitempty"` // by flag
	Target  target.Handover   `json:"target"`
}

func (l *loading) plan(cmd *cobra.Command, t *target.Target) ([]byte, error) {
	over, err := t.HandOver()
	if err != nil {
		return nil, err
	}
	p := shardPlan{Version: version(), Seed: l.seed, Target: over, Files: map[string][]byte{}}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case !f.Changed || slices.Contains(coordinatorsFlags, f.Name) || err != nil:
		case slices.Contains(fileFlags, f.Name):
			p.Files[f.Name], err = os.ReadFile(f.Value.String())
		default:
			if many, ok := f.Value.(list); ok {
				for _, one := range *many.to {
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
func (a *app) attackFromShards(cmd *cobra.Command, t *target.Target, o loadtest.Options, l *loading, metrics *metrics) (_ *loadtest.Report, err error) {
	ctx := cmd.Context()
	plan, err := l.plan(cmd, t)
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
	return merged(found, o, l)
}

// merged adds up what the shards handed in.
func merged(found []cluster.Shard, o loadtest.Options, l *loading) (*loadtest.Report, error) {
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
	return rep, err
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
	where, err := cluster.Connect(ctx, cluster.Access{Kubeconfig: l.kubeconfig, Context: l.context, Namespace: l.namespace})
	if err != nil {
		return nil, err
	}
	a.say("the load comes from the %d pods of the Job %s in the namespace %s", l.workers, m.Name, where.Namespace())
	return where.Launch(ctx, m, plan)
}

// jobManifest is the Job for the pods. Kubernetes ends it some while after it should
// have ended by itself.
func (l *loading) jobManifest(o loadtest.Options) (cluster.Manifest, error) {
	const spare = 15 * time.Minute
	attacks := max(1, len(l.chosen))
	m := cluster.Manifest{
		Name: cluster.Name(), Image: l.image, Arguments: []string{"shard", "--plan", cluster.PlanFile}, Shards: l.workers,
		Deadline: int64((time.Duration(attacks)*(o.WarmUp+o.Duration+o.Timeout) + spare).Seconds()),
	}
	if l.manifest != "" {
		data, err := os.ReadFile(l.manifest)
		if err != nil {
			return m, usage("", "--manifest: %v", err)
		}
		m.Base = data
	} else if m.Image == "" {
		if strings.HasPrefix(version(), "devel") {
			return m, usage("build one of this program, and push it where the cluster finds it", "--image: got none, and this program is no release, of which there would be one")
		}
		m.Image = defaultImage + version()
	}
	if _, err := m.Job(); err != nil {
		return m, usage("", "--manifest: %s: %v", l.manifest, err)
	}
	return m, nil
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
	t, err := browser.Source(external.TakeOver(p.Target), browser.Screenshots("")).Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }() // it ends nothing but what this process started
	o.Shard, o.Shards, o.Begin = index, shards, worker.Ready
	o.Workers = share(o.Workers, index, shards)
	o.OnProgress = everySecond(func(p loadtest.Progress) { _ = worker.Progress(p) })
	part, err := loadtest.RunShard(ctx, t, chosen, o)
	if err != nil {
		return nil, err
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
