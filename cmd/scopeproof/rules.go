package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
)

func (a *app) rulesCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("rules [ID|PATTERN]...", "List the rule catalogue", "Lists the rules: what each demands, where it stands, what it needs of a target,\nand the feature file that shows it. One rule alone is shown whole.", `
  scopeproof rules
  scopeproof rules 'REF-*'
  scopeproof rules --format json
  scopeproof rules --steps`, cobra.ArbitraryArgs,
		func(cmd *cobra.Command, args []string) error { return a.rules(f.s, args) })
	f = newFlags(cmd)
	f.word(&f.s.format, "format", []string{"text", "json", "markdown"}, "how the rules are written")
	f.yes(&f.s.steps, "steps", "list the steps that feature files may use, and how often the rules use each")
	cmd.ValidArgsFunction = completeList(ruleIDs)
	return complete(cmd, map[string]completion{"format": words("text", "json", "markdown")})
}

// listing is a rule as "rules --format json" writes it.
type listing struct {
	ID        string   `json:"id"`
	Level     string   `json:"level"`
	Text      string   `json:"text"`
	Sources   []string `json:"sources"`
	Derived   bool     `json:"derived"`
	Needs     []string `json:"needs"`
	Loss      string   `json:"loss,omitempty"`
	Feature   string   `json:"feature"`
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Scenarios []string `json:"scenarios"`
}

func (a *app) rules(s *settings, patterns []string) error {
	if s.steps {
		if len(patterns) > 0 {
			return usage("", "rules --steps: got %q, want no pattern", patterns[0])
		}
		return a.steps(s.format)
	}
	catalogue, err := conformance.Load()
	if err != nil {
		return err
	}
	var wanted []string
	for _, p := range patterns {
		wanted = append(wanted, strings.FieldsFunc(p, func(c rune) bool { return c == ',' })...)
	}
	chosen, err := catalogue.Select(wanted, nil)
	if err != nil {
		return err
	}
	all := []listing{}
	for _, r := range chosen {
		all = append(all, listingOf(r))
	}
	switch s.format {
	case "json":
		return encode(a.stdout, all)
	case "markdown":
		rulesMarkdown(a.stdout, all)
	default:
		rulesText(a.stdout, all)
	}
	return nil
}

func listingOf(r *conformance.Rule) listing {
	l := listing{
		ID: r.ID, Level: string(r.Level), Text: r.Text, Derived: r.Derived, Loss: r.Loss,
		Feature: r.Feature, File: path.Join("features", r.File), Line: r.Line, Sources: []string{}, Needs: []string{}, Scenarios: []string{},
	}
	for _, s := range r.Sources {
		l.Sources = append(l.Sources, s.String())
	}
	for _, n := range r.Needs {
		l.Needs = append(l.Needs, n.Text)
	}
	for _, s := range r.Scenarios {
		l.Scenarios = append(l.Scenarios, s.Name)
	}
	return l
}

// rulesText writes a line for each rule, and one rule alone whole.
func rulesText(w io.Writer, all []listing) {
	if len(all) > 1 {
		for _, l := range all {
			fmt.Fprintf(w, "%-8s  %-8s  %s (%s)\n", l.ID, l.Level, l.Text, l.source())
		}
		return
	}
	l := all[0]
	fmt.Fprintf(w, "%s  %s  %s\n", l.ID, l.Level, l.Text)
	if l.Loss != "" {
		fmt.Fprintf(w, "    %s\n", l.Loss)
	}
	fmt.Fprintf(w, "\n  source   %s\n  needs    %s\n  feature  %s: %s:%d\n", l.source(), orNothing(l.Needs), l.Feature, l.File, l.Line)
	for _, name := range l.Scenarios {
		fmt.Fprintf(w, "  scenario %s\n", name)
	}
}

func (l listing) source() string {
	text := strings.Join(l.Sources, ", ")
	if l.Derived {
		text += "; derived"
	}
	return text
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func rulesMarkdown(w io.Writer, all []listing) {
	fmt.Fprintf(w, "# Rules\n\n%d rules. The feature files are the catalogue; this list is made from them.\n", len(all))
	var features []string
	for _, l := range all {
		if !slices.Contains(features, l.Feature) {
			features = append(features, l.Feature)
		}
	}
	cell := strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace
	for _, feature := range features {
		fmt.Fprintf(w, "\n## %s\n\n| rule | level | requirement | source | needs | feature |\n|---|---|---|---|---|---|\n", feature)
		for _, l := range all {
			if l.Feature == feature {
				fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s:%d |\n", l.ID, l.Level, cell(l.Text), cell(l.source()), cell(strings.Join(l.Needs, ", ")), l.File, l.Line)
			}
		}
	}
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
