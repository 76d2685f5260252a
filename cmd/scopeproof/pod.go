package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/cluster"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
	"github.com/scopeproof/scopeproof/target/browser"
)

// described is a target that pods open themselves: this machine need not reach it.
type described struct {
	Description *target.Description `json:"description"`
	File        string              `json:"file"` // for messages
	// Environment are the variables that the description names.
	Environment map[string]string `json:"environment,omitempty"`
}

var environmentName = regexp.MustCompile(`\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}`)

func (a *app) describedFor(d *target.Description) (*described, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	out := &described{Description: d, File: d.File, Environment: map[string]string{}}
	for _, found := range environmentName.FindAllStringSubmatch(string(text), -1) {
		out.Environment[found[1]] = a.env(found[1])
	}
	return out, nil
}

// source is the target as a pod opens it.
func (d *described) source() (target.Source, error) {
	for name, value := range d.Environment {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	d.Description.File = d.File
	return browser.Source(bringup.Description(d.Description), browser.Screenshots("")), nil
}

// elsewhere are the flags of a command whose work a pod does.
type elsewhere struct {
	on                 string
	kubeconfig         string
	context, namespace string
	image, manifest    string
	dryRun             bool
	output             string
}

// elsewhereFlags are their names.
var elsewhereFlags = []string{"on", "kubeconfig", "context", "namespace", "image", "manifest", "dry-run", "output"}

const defaultImage = "ghcr.io/scopeproof/scopeproof:"

func (e *elsewhere) flags(f *flags, on string) {
	read := func(t string) (string, error) {
		if t != "kubernetes" {
			return "", fmt.Errorf(`"kubernetes"`)
		}
		return t, nil
	}
	f.Var(flag[string]{&e.on, "kubernetes", read, func(t string) string { return t }}, "on", on)
	f.text(&e.kubeconfig, "kubeconfig", "FILE", "", "the cluster's configuration; default: as kubectl has it")
	f.text(&e.context, "context", "NAME", "", "... the context in it; default: the current one")
	f.text(&e.namespace, "namespace", "NAME", "", "... the namespace; default: the context's")
	f.text(&e.image, "image", "IMAGE", "", "the image of the pods; default: "+defaultImage+"VERSION")
	f.text(&e.manifest, "manifest", "FILE", "", "a Job of your own for the pods, as --dry-run prints it")
	f.yes(&e.dryRun, "dry-run", "print what would be created on Kubernetes, and stop")
	f.word(&e.output, "output,o", []string{"yaml"}, "how --dry-run prints it")
}

// check finds what is wrong with the flags.
func (e *elsewhere) check(cmd *cobra.Command, d *target.Description, w *wrongs) {
	if e.on == "" {
		for _, name := range elsewhereFlags {
			if cmd.Flags().Changed(name) {
				w.add(name, "", "got no --on kubernetes, of which it is a part")
			}
		}
		return
	}
	if d != nil && (d.Embedded != nil || d.Container != nil) {
		w.add("on", "give a target file with external, whose issuer the pods can reach", "got a target that runs on this machine, where pods cannot reach it")
	}
}

// checkElsewhere finds what is wrong with where the rules are run.
func (s *settings) checkElsewhere(cmd *cobra.Command, d *target.Description) error {
	var w wrongs
	s.pod.check(cmd, d, &w)
	if s.pod.on != "" && len(s.features) > 0 {
		w.add("features", "", "got --on as well: a pod has only the rules of its image")
	}
	if s.pod.on != "" && s.hold {
		w.add("hold", "", "got --on as well: a pod is not held")
	}
	return w.err()
}

// job is the Job for the pods. Kubernetes ends it after that time if nobody does.
func (e *elsewhere) job(pods int, within time.Duration) (cluster.Manifest, error) {
	m := cluster.Manifest{
		Name: cluster.Name(), Image: e.image, Arguments: []string{"shard", "--plan", cluster.PlanFile}, Shards: pods, Deadline: int64(within.Seconds()),
	}
	if e.manifest != "" {
		data, err := os.ReadFile(e.manifest)
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
		return m, usage("", "--manifest: %s: %v", e.manifest, err)
	}
	return m, nil
}

// launch creates the Job.
func (e *elsewhere) launch(ctx context.Context, a *app, m cluster.Manifest, plan []byte) (cluster.Fleet, error) {
	where, err := cluster.Connect(ctx, cluster.Access{Kubeconfig: e.kubeconfig, Context: e.context, Namespace: e.namespace})
	if err != nil {
		return nil, err
	}
	a.say("the work is done in the Job %s in the namespace %s, pods: %d", m.Name, where.Namespace(), m.Shards)
	return where.Launch(ctx, m, plan)
}

// podTest is what a pod is told that runs the rules.
type podTest struct {
	Target       described                 `json:"target"`
	Rules        []string                  `json:"rules"`
	Skip         []string                  `json:"skip"`
	Parallel     int                       `json:"parallel"`
	Timeout      time.Duration             `json:"timeout"`
	RoundsWithin time.Duration             `json:"rounds_within"`
	Seed         int64                     `json:"seed"`
	Strict       bool                      `json:"strict"`
	Trace        bool                      `json:"trace"`
	Steps        bool                      `json:"steps"`
	Expect       []conformance.Expectation `json:"expect"`
	Settings     map[string]string         `json:"settings"`
}

// judged is what a pod says of a rule as it goes on.
type judged struct {
	Begins  string               `json:"begins,omitempty"`
	Verdict *conformance.Verdict `json:"verdict,omitempty"`
	Done    int                  `json:"done,omitempty"`
	All     int                  `json:"all,omitempty"`
}

// testInPod runs the rules in a pod, and shows what it says as if they had run here.
func (a *app) testInPod(ctx context.Context, s *settings, d *target.Description, o conformance.Options, show func(*conformance.Report) error) (err error) {
	m, err := s.pod.job(1, time.Hour)
	if err != nil {
		return err
	}
	if s.pod.dryRun {
		return m.Print(a.stdout)
	}
	there, err := a.describedFor(d)
	if err != nil {
		return err
	}
	plan, err := json.Marshal(shardPlan{Version: version(), Test: &podTest{
		Target: *there, Rules: o.Rules, Skip: o.Skip, Parallel: o.Parallel, Timeout: o.Timeout, RoundsWithin: o.RoundsWithin, Seed: o.Seed,
		Strict: o.Strict, Trace: o.Trace, Steps: o.Steps, Expect: o.Expect, Settings: o.Settings,
	}})
	if err != nil {
		return err
	}
	fleet, err := s.pod.launch(ctx, a, m, plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.Close(context.WithoutCancel(ctx))) }()
	found := cluster.Run(ctx, fleet, cluster.Options{Shards: 1, OnProgress: func(_ int, data json.RawMessage) {
		var said judged
		switch {
		case json.Unmarshal(data, &said) != nil:
		case said.Verdict != nil:
			o.Verdicts(said.Done, said.All, *said.Verdict)
		default:
			o.Begins(said.Begins)
		}
	}})[0]
	if found.Result == nil {
		return fmt.Errorf("%s: %s", found.Where, found.Problem)
	}
	var rep conformance.Report
	if err := json.Unmarshal(found.Result, &rep); err != nil {
		return fmt.Errorf("%s: its report: %w", found.Where, err)
	}
	a.code = report.ExitCode(&rep, s.strict)
	return show(&rep)
}

// runTest runs the rules as a pod.
func (a *app) runTest(ctx context.Context, worker *cluster.Worker, t *podTest) ([]byte, error) {
	src, err := t.Target.source()
	if err != nil {
		return nil, err
	}
	a.collectLess()
	rep, err := conformance.Run(ctx, src, conformance.With(conformance.Options{
		Rules: t.Rules, Skip: t.Skip, Parallel: t.Parallel, Timeout: t.Timeout, RoundsWithin: t.RoundsWithin, Seed: t.Seed,
		Strict: t.Strict, Trace: t.Trace, Steps: t.Steps, Expect: t.Expect, Settings: t.Settings, Version: version(),
		Begins: func(id string) { _ = worker.Progress(judged{Begins: id}) },
		Verdicts: func(done, all int, v conformance.Verdict) {
			v.Scenarios = slices.Clone(v.Scenarios)
			for i := range v.Scenarios {
				v.Scenarios[i].Exchanges = nil // they come with the report
			}
			_ = worker.Progress(judged{Verdict: &v, Done: done, All: all})
		},
	}))
	if rep == nil {
		return nil, err
	}
	return json.Marshal(rep)
}
