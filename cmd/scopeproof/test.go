package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
)

const aboutTest = `Brings the target up, runs the rules against it, and says which hold. Standard
output gets the result, standard error how far the run is and at once each rule
that does not hold; with -v every rule, with its scenarios and steps. On a
terminal the result is what fits there: -v shows all of it, and NO_COLOR has it
without colours.

Of the formats, github is the text with annotations after it, and adds to the
summary of the job; the others are what "scopeproof report convert" writes.

Exit codes: 0 conforms, 1 violates, 2 usage, 3 inconclusive, 130 interrupted.`

func (a *app) testCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("test [TARGET]", "Run the rules against a target", aboutTest, `
  scopeproof test
  scopeproof test hydra --out report
  scopeproof test my-target.yaml --rules 'REF-*,CONS-02' --strict`, atMostOne,
		func(cmd *cobra.Command, args []string) error {
			f.s.target = a.targetOf(args)
			return a.test(cmd, f.s)
		})
	f = newFlags(cmd)
	f.chooseRules()
	f.Var(list{&f.s.features, "DIR", ""}, "features", "also run the feature files in a folder (repeatable)")
	f.outputs("report.json, report.html, junit.xml and summary.md", formatNames()...)
	f.text(&f.s.expect, "expect", "FILE|none", "", "known deviations; default: those of a bundled target")
	f.text(&f.s.writeExpect, "write-expect", "FILE|-", "", "write entries for --expect, of what does not hold and is not known, to a new file, or with - to standard output and the result to standard error")
	f.yes(&f.s.strict, "strict", "a SHOULD that is not followed fails the run")
	f.parallelism()
	f.period(&f.s.timeout, "timeout", time.Minute, "how long one scenario may take")
	f.rounds()
	f.seeded()
	f.Var(list{&f.s.defects, "ID", ""}, "defect", "switch a seeded defect of the embedded reference on")
	f.override()
	f.s.securing.flags(f)
	f.s.pod.flags(f, "run the rules in a pod, for a server that cannot be reached from here")
	f.yes(&f.s.hold, "hold", "keep the target up after the run, until Ctrl-C, with a file that sends the requests of report.html again: . FILE; again REF-05.1.13")
	f.yes(&f.s.verbose, "verbose,v", "show every rule with its steps as it is judged, whole messages, all choices and capabilities")
	f.yes(&f.s.trace, "trace", "show the exchanges of what does not hold, and keep those of scenarios that hold as well")
	cmd.ValidArgsFunction = completeTargets
	return complete(cmd, map[string]completion{
		"rules": completeRules, "skip": completeRules, "defect": completeList(defectIDs),
		"format": words(formatNames()...),
	})
}

// test runs the rules. Everything that can be wrong with the call is found
// before the target is brought up.
func (a *app) test(cmd *cobra.Command, s *settings) error {
	ctx := cmd.Context()
	if err := s.securing.secure(); err != nil {
		return err
	}
	overrides, d, err := a.describe(cmd, s)
	if err != nil {
		return err
	}
	a.collectLess()
	s.chooseSeed()
	o, err := s.runOptions(d)
	if err != nil {
		return err
	}
	if err := makeOut(s.out); err != nil {
		return err
	}
	if err := checkBaseline(s); err != nil {
		return err
	}
	if err := s.checkElsewhere(cmd, d); err != nil {
		return err
	}
	o.Settings = resolved(cmd, s, overrides)
	endPlain := func() {}
	if s.format == "github" {
		endPlain = a.plainLog()
		defer endPlain()
	}
	a.starting(d)
	bar := a.newProgress(s.verbose)
	o.Begins, o.Verdicts = bar.begins, bar.rule
	show := func(r *conformance.Report) error {
		bar.end()
		return a.show(r, s, endPlain)
	}
	if s.pod.on != "" {
		err := a.testInPod(ctx, s, d, o, show)
		bar.end()
		return err
	}
	o.Reports = append(o.Reports, show)
	if s.hold {
		o.Reports, o.Hold = nil, func(ctx context.Context, r *conformance.Report, held *conformance.Held) error {
			err := show(r)
			if ctx.Err() != nil {
				return err
			}
			return errors.Join(err, a.hold(ctx, r, held))
		}
	}
	rep, err := conformance.Run(ctx, played(s.target, s.out, overrides...), conformance.With(o))
	bar.end()
	if rep != nil {
		a.code = report.ExitCode(rep, s.strict)
	}
	return err
}

// runOptions are the options of a run that the flags ask for.
func (s *settings) runOptions(d *target.Description) (o conformance.Options, err error) {
	o = conformance.Options{
		Rules: s.rules, Skip: s.skip, Parallel: s.parallel, Timeout: s.timeout, RoundsWithin: s.roundsWithin, Seed: s.seed,
		Strict: s.strict, Trace: s.trace, Steps: s.verbose, Version: version(),
	}
	if o.Expect, err = expectations(s.expect, d); err != nil {
		return o, err
	}
	o.Features, err = folders(s.features)
	return o, err
}

// describe reads the target file that a command is about, with what the flags
// and the environment put in its place.
func (a *app) describe(cmd *cobra.Command, s *settings) ([]target.Override, *target.Description, error) {
	overrides, err := a.overrides(cmd, s)
	if err != nil {
		return nil, nil, err
	}
	d, err := bringup.Load(s.target, overrides...)
	if err != nil {
		return nil, nil, err
	}
	if len(s.defects) == 0 {
		return overrides, d, nil
	}
	if len(s.defects) > 1 {
		return nil, nil, usage("one run has one defect; \"scopeproof prove\" runs them all", "--defect: got %d defects, want one", len(s.defects))
	}
	id := s.defects[0]
	if d.Embedded == nil {
		return nil, nil, usage("leave the target out, or take --defect out", "--defect: got the target %q, want the embedded reference: no other server has seeded defects", s.target)
	}
	if err := knownDefects(s.defects); err != nil {
		return nil, nil, err
	}
	overrides = append(overrides, target.Override{Key: "embedded.defect", Value: id, From: "--defect"})
	d, err = bringup.Load(s.target, overrides...)
	return overrides, d, err
}

// knownDefects refuses ids of defects that there are not, all of them at once.
func knownDefects(ids []string) error {
	var w wrongs
	for _, id := range ids {
		if _, ok := defect.Find(id); !ok {
			w.add("defect", spelling.DidYouMean(id, defect.IDs(), `"scopeproof prove --list" lists the defects`), "no defect has the id %q", id)
		}
	}
	return w.err()
}

// expectations reads what --expect names: a file, nothing for "none", or by
// default what a bundled target brings.
func expectations(file string, d *target.Description) ([]conformance.Expectation, error) {
	switch {
	case file == "none":
		return nil, nil
	case file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, usage("", "--expect: %v", err)
		}
		return conformance.ReadExpect(file, data)
	case d.Bundle == "":
		return nil, nil
	}
	name := d.Bundle + "/expect.yaml"
	data, err := target.BundledFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return conformance.ReadExpect("bundled:"+name, data)
}

// folders are what --features names.
func folders(dirs []string) ([]fs.FS, error) {
	var all []fs.FS
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usage("", "--features: got %q, want a folder", dir)
		}
		all = append(all, conformance.Folder(dir))
	}
	return all, nil
}

// makeOut makes the folder for reports, so that one that cannot be made is known
// before the run.
func makeOut(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usage("", "--out: %v", err)
	}
	return nil
}

// resolved are the settings of a run for its report: every flag, and every key of
// the target file that was overridden, secrets removed.
func resolved(cmd *cobra.Command, s *settings, overrides []target.Override) map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"rules", "skip", "features", "out", "format", "expect", "write-expect", "strict", "parallel", "timeout", "rounds-within", "seed", "defect",
		"hold", "verbose", "trace",
	} {
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Value.String() == "" || f.Value.String() == "false" {
			continue
		}
		all[name] = f.Value.String()
	}
	all["target"] = s.target
	if s.target == "" {
		all["target"] = "the embedded reference"
	}
	for _, o := range overrides {
		if o.From != "--defect" {
			all[o.Key] = "set by " + strings.TrimSuffix(o.From, " "+o.Key)
			if isPublic(o.Key) {
				all[o.Key] = o.Value
			}
		}
	}
	return all
}

// isPublic reports whether the value of a key can be no secret.
func isPublic(key string) bool {
	head, _, _ := strings.Cut(key, ".")
	return slices.Contains([]string{"name", "version", "choices", "capabilities", "scopes", "hierarchy", "embedded", "judged"}, head) || key == "login.driver"
}

// checkBaseline refuses what would write over the words of a person, or mix two
// things on standard output.
func checkBaseline(s *settings) error {
	switch _, err := os.Lstat(s.writeExpect); {
	case s.writeExpect == "-" && s.format != "text":
		return usage("name a file for the entries", "--write-expect: got - and --format %s, want one of them on standard output", s.format)
	case s.writeExpect != "" && err == nil:
		return usage("name another file, or - to have the entries on standard output", "--write-expect: %s is there already, and is not written over", s.writeExpect)
	}
	return nil
}

// baseline writes entries for what does not hold and is not known.
func (a *app) baseline(r *conformance.Report, file string) error {
	if file == "" {
		return nil
	}
	entries := conformance.Baseline(r, report.Divergence)
	err := a.output(file, func(w io.Writer) error { return conformance.WriteExpect(w, entries) })
	if err == nil && file != "-" {
		a.say("%d entries for --expect are in %s; what begins with %q is yours to write", len(entries), file, conformance.FillIn)
	}
	return err
}

// show writes a report to the folder and to standard output. EndPlain ends what
// [app.plainLog] began.
func (a *app) show(r *conformance.Report, s *settings, endPlain func()) error {
	problems := []error{a.baseline(r, s.writeExpect)}
	if s.writeExpect == "-" {
		real := a.stdout
		a.stdout = a.stderr
		defer func() { a.stdout = real }()
	}
	if s.out != "" {
		problems = append(problems, report.WriteDir(s.out, r))
	}
	o := a.textOptions()
	o.Verbose, o.Trace = s.verbose, s.trace
	switch s.format {
	case "text":
		return errors.Join(append(problems, report.Text(a.stdout, r, o))...)
	case "github":
		return errors.Join(append(problems, a.showGitHub(r, o, endPlain))...)
	}
	for _, f := range report.Formats() {
		if f.Name == s.format {
			problems = append(problems, f.Rules(a.stdout, r))
		}
	}
	return errors.Join(problems...)
}
