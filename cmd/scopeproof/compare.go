package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target/bringup"
)

const aboutCompare = `Puts what came of each rule, and how each open choice is taken, side by side for
several targets, or for two versions of one. An argument that ends in .json is a
report.json of an earlier run; any other is a target, which is run now.

Only what differs is written, unless --all is given. The exit code is about the
runs and the writing, not about what they found: 0, 2 usage, 3 a run that came to
nothing, 130 interrupted.`

func (a *app) compareCommand() *cobra.Command {
	var f *flags
	var all bool
	cmd := newCommand("compare A B...", "Put several targets side by side", aboutCompare, `
  scopeproof compare hydra node-oidc-provider
  scopeproof compare before/report.json after/report.json --all
  scopeproof compare my-target.yaml hydra --rules 'REF-*' --out compared`, severalTargets,
		func(cmd *cobra.Command, args []string) error { return a.compare(cmd, f.s, args, all) })
	f = newFlags(cmd)
	f.chooseRules()
	f.outputs("compare.md and compare.html", "text", "markdown", "html")
	f.yes(&all, "all", "also write that of which all say the same")
	f.parallelism()
	f.period(&f.s.timeout, "timeout", time.Minute, "how long one scenario may take")
	f.rounds()
	f.seeded()
	cmd.ValidArgsFunction = completeTargets
	return complete(cmd, map[string]completion{
		"rules": completeRules, "skip": completeRules, "format": words("text", "markdown", "html"),
	})
}

func severalTargets(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return usage(`"scopeproof compare hydra before/report.json"`, "%s: got %d arguments, want two targets or report.json files at least", cmd.CommandPath(), len(args))
	}
	return nil
}

// compare reads or makes a report for each argument, and writes them side by side.
func (a *app) compare(cmd *cobra.Command, s *settings, args []string, all bool) error {
	if err := makeOut(s.out); err != nil {
		return err
	}
	a.collectLess()
	s.chooseSeed()
	var runs []*conformance.Report
	for _, arg := range args {
		r, err := a.reportOf(cmd, s, arg)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	var problems []error
	if s.out != "" {
		problems = append(problems, report.WriteCompareDir(s.out, runs, all))
	}
	write := report.CompareText
	switch s.format {
	case "markdown":
		write = report.CompareMarkdown
	case "html":
		write = report.CompareHTML
	}
	return errors.Join(append(problems, write(a.stdout, runs, all))...)
}

// reportOf is the report of an earlier run, or of one that is made now.
func (a *app) reportOf(cmd *cobra.Command, s *settings, arg string) (*conformance.Report, error) {
	if strings.HasSuffix(arg, ".json") {
		return readRules(arg)
	}
	own := *s
	own.target = arg
	overrides, d, err := a.describe(cmd, &own)
	if err != nil {
		return nil, err
	}
	o := conformance.Options{
		Rules: s.rules, Skip: s.skip, Parallel: s.parallel, Timeout: s.timeout, RoundsWithin: s.roundsWithin, Seed: s.seed, Version: version(),
	}
	if o.Expect, err = expectations("", d); err != nil {
		return nil, err
	}
	o.Settings = resolved(cmd, &own, overrides)
	a.starting(d)
	bar := a.newProgress(s.verbose)
	o.Begins, o.Verdicts = bar.begins, bar.rule
	r, err := conformance.Run(cmd.Context(), bringup.Named(arg, overrides...), conformance.With(o))
	bar.end()
	return r, err
}
