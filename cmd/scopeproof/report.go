package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/report"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Convert, merge and compare reports", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			a.code = exitUsage
			return cmd.Help()
		},
	}
	cmd.AddCommand(a.convertCommand(), a.mergeCommand(), a.diffCommand())
	return cmd
}

const aboutConvert = `Writes a report.json or a load.json in another format, as the run itself would
have: text, html, junit, markdown, json, sarif (SARIF 2.1.0, for code scanning),
github (annotations of GitHub Actions) or badge (an SVG). Of a load.json there
are text, html, markdown and json.

The exit code is about the writing, not about what the report says.`

func (a *app) convertCommand() *cobra.Command {
	var f *flags
	var to string
	cmd := newCommand("convert FILE", "Write a report in another format", aboutConvert, `
  scopeproof report convert report/report.json --to html --output report.html
  scopeproof report convert report/report.json --to markdown >> "$GITHUB_STEP_SUMMARY"`, one("a report.json or load.json"),
		func(_ *cobra.Command, args []string) error {
			file, err := readReport(args[0])
			if err != nil {
				return err
			}
			return a.write(file, to, f.s)
		})
	f = newFlags(cmd)
	f.writing(&to, formatNames()...)
	cmd.ValidArgsFunction = completeReports
	return complete(cmd, map[string]completion{"format": words(formatNames()...)})
}

const aboutMerge = `Puts the reports of several runs against one target into one: shards of the rules,
or the same rules several times. Of a rule that several runs have, the worst
outcome is taken; what the runs do not agree on is said, and stands in the
report. Reports of different targets are refused, and so is the same load
scenario twice.

The exit code is about the writing, not about what the reports say.`

func (a *app) mergeCommand() *cobra.Command {
	var f *flags
	var to string
	cmd := newCommand("merge A B...", "Put several runs against one target into one report", aboutMerge, `
  scopeproof report merge shard-1/report.json shard-2/report.json -o report.json`, severalReports,
		func(_ *cobra.Command, args []string) error { return a.merge(args, to, f.s) })
	f = newFlags(cmd)
	others := slices.DeleteFunc(formatNames(), func(name string) bool { return name == "json" })
	f.writing(&to, append([]string{"json"}, others...)...)
	cmd.ValidArgsFunction = completeReports
	return complete(cmd, map[string]completion{"format": words(formatNames()...)})
}

const aboutDiff = `Says what changed from one report to another: rules with another outcome or with
scenarios that fail now, problems, choices, capabilities, and latency that
changed beyond noise (by a Mann-Whitney U test; the samples are what both runs
did: scenarios that conform, and requests where both kept the exchanges).

Each of them is a report.json, a load.json, or a folder that --out named: then
what both folders have is compared.

A rule is a regression if its outcome is worse, if it no longer applies, if a
scenario of it fails that did not, or if it was added and does not hold or could
not be judged. Rules that are no longer there are named, and are none. That
latency grew is none, unless --slower says from how many percent on; compared is
what both runs did, and what is left out is said.

Of two load.json the percentiles of each second are compared, p50 and p99 of each
scenario, where the same was offered; what is not compared is said. A load
scenario is a regression if its outcome is worse, or if it leaks or refuses what
was granted and did not; a capacity, if the highest rate that holds is lower by
more than both searches are exact; a sweep, if latency grows by a higher class of
power, beyond both fits; a threshold, if it held and does not.

Exit codes: 0, 1 a regression with --fail-on-regression, 2 usage.`

func (a *app) diffCommand() *cobra.Command {
	var f *flags
	var to string
	var fail bool
	var slower float64
	cmd := newCommand("diff OLD NEW", "Say what changed from one report to another", aboutDiff, `
  scopeproof report diff main report --fail-on-regression
  scopeproof report diff old.json new.json --format markdown >> "$GITHUB_STEP_SUMMARY"`, twoReports,
		func(_ *cobra.Command, args []string) error { return a.diff(args, to, f.s, fail, slower) })
	f = newFlags(cmd)
	f.yes(&fail, "fail-on-regression", "exit with 1 if something is worse")
	read := func(t string) (float64, error) {
		n, err := strconv.ParseFloat(t, 64)
		if err != nil || !(n > 0) || n > 1e6 {
			return 0, fmt.Errorf("percent, more than 0")
		}
		return n, nil
	}
	f.Var(flag[float64]{&slower, "PERCENT", read, orEmpty},
		"slower", "count latency that grew by more, beyond noise, as a regression")
	f.writing(&to, "text", "markdown", "json")
	cmd.ValidArgsFunction = completeReports
	return complete(cmd, map[string]completion{"format": words("text", "markdown", "json")})
}

// orEmpty writes a number that is 0 unless it is given.
func orEmpty(n float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

// writing adds the flags of commands that write one file. What comes first is
// written unless a flag says otherwise.
func (f *flags) writing(to *string, formats ...string) {
	f.word(&f.s.format, "format", formats, "the format to write; --to is the same flag")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "to" {
			name = "format"
		}
		return pflag.NormalizedName(name)
	})
	f.text(to, "output,o", "FILE", "", "write it there; default: standard output")
	f.fileOnly("output")
	f.yes(&f.s.verbose, "verbose,v", "in a text, show everything")
}

func formatNames() []string {
	var all []string
	for _, f := range report.Formats() {
		all = append(all, f.Name)
	}
	return all
}

func severalReports(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return usage("", "%s: got %d arguments, want two report.json or load.json files at least", cmd.CommandPath(), len(args))
	}
	return nil
}

func twoReports(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usage("", "%s: got %d arguments, want two: the old report and the new one, each a report.json, a load.json or a folder", cmd.CommandPath(), len(args))
	}
	return nil
}

func completeReports(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
}

// write writes a report in the format that the flags choose.
func (a *app) write(file report.File, to string, s *settings) error {
	var formats []string
	for _, f := range report.Formats() {
		if file.Load != nil && f.Load == nil {
			continue
		}
		formats = append(formats, f.Name)
		if f.Name != s.format {
			continue
		}
		return a.output(to, func(w io.Writer) error {
			o := a.outputOptions(to, s)
			switch {
			case file.Load != nil && f.Name == "text":
				return report.LoadText(w, file.Load, o)
			case file.Load != nil:
				return f.Load(w, file.Load)
			case f.Name == "text":
				return report.Text(w, file.Rules, o)
			}
			return f.Rules(w, file.Rules)
		})
	}
	return usage("", "--format: got %q for a load.json, want %s", s.format, spelling.Listed(formats))
}

// outputOptions are those of a text that is written to a file, or else to standard
// output.
func (a *app) outputOptions(to string, s *settings) report.TextOptions {
	var o report.TextOptions
	if to == "" || to == "-" {
		o = a.textOptions()
	}
	o.Verbose = s.verbose
	return o
}

// output writes to a file, or else to standard output, all of it or nothing.
func (a *app) output(to string, write func(io.Writer) error) error {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return err
	}
	if to == "" || to == "-" {
		_, err := out.WriteTo(a.stdout)
		return err
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		return usage("", "%v", err)
	}
	return nil
}

func (a *app) merge(names []string, to string, s *settings) error {
	files, err := readEach(names, readReport)
	if err != nil {
		return err
	}
	merged := report.File{Name: "merged"}
	if files[0].Load != nil {
		merged.Load, err = report.MergeLoad(files)
	} else {
		merged.Rules, err = report.Merge(files)
	}
	if err != nil {
		return usage("", "%v", err)
	}
	if merged.Rules != nil {
		for _, c := range merged.Rules.Merged.Conflicts {
			var said []string
			for i, text := range c.Said {
				if text != "" {
					said = append(said, names[i]+" says "+text)
				}
			}
			a.say("%s: %s; %s is taken", c.What, strings.Join(said, ", "), c.Taken)
		}
	}
	return a.write(merged, to, s)
}

func (a *app) diff(names []string, to string, s *settings, fail bool, slower float64) error {
	files, err := readEach(names, readRun)
	if err != nil {
		return err
	}
	d, err := report.NewDiff(files[0], files[1], slower)
	if err != nil {
		return usage("", "%v", err)
	}
	if fail && d.Regressions > 0 {
		a.code = exitViolates
	}
	return a.output(to, func(w io.Writer) error {
		switch s.format {
		case "json":
			return report.DiffJSON(w, d)
		case "markdown":
			return report.DiffMarkdown(w, d)
		}
		return report.DiffText(w, d, a.outputOptions(to, s))
	})
}

// readEach reads several reports, and says of each what is wrong with it.
func readEach(names []string, read func(string) (report.File, error)) ([]report.File, error) {
	var files []report.File
	var problems []string
	for _, name := range names {
		f, err := read(name)
		if err != nil {
			problems = append(problems, err.Error())
		}
		files = append(files, f)
	}
	if len(problems) > 0 {
		return nil, usage("", "%s", strings.Join(problems, "\n"))
	}
	return files, nil
}

// What a run writes into the folder of --out for other programs.
const rulesReport, loadReport = "report.json", "load.json"

// readRun reads a report, or those of a folder that --out named.
func readRun(name string) (report.File, error) {
	if !isFolder(name) {
		return readReport(name)
	}
	all := report.File{Name: name}
	for _, file := range []string{rulesReport, loadReport} {
		at := filepath.Join(name, file)
		if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f, err := readReport(at)
		if err != nil {
			return all, err
		}
		if f.Rules != nil {
			all.Rules = f.Rules
		}
		if f.Load != nil {
			all.Load = f.Load
		}
	}
	if all.Rules == nil && all.Load == nil {
		return all, usage("", "%s: got a folder without a %s and a %s, want one that --out named", name, rulesReport, loadReport)
	}
	return all, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// readReport reads a report.json or a load.json of this version of the formats.
func readReport(name string) (report.File, error) {
	if isFolder(name) {
		return report.File{}, usage("", "%s: got a folder, want a file such as %s", name, filepath.Join(name, rulesReport))
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return report.File{}, usage("", "%v", err)
	}
	f, err := report.Read(name, data)
	if err != nil {
		return f, usage("", "%v", err)
	}
	return f, nil
}

// readRules reads a report.json.
func readRules(name string) (*conformance.Report, error) {
	f, err := readReport(name)
	if err == nil && f.Rules == nil {
		err = usage("", "%s: got a load.json (%q), want a report.json", name, loadtest.Schema)
	}
	return f.Rules, err
}
