package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
)

const aboutRules = `Lists the rules: what each demands, where it stands, what it needs of a target, and
the seeded defect of the reference server that proves it. One rule alone is
explained: what is lost if it is broken, where it stands, its scenarios (with -v
their steps), and what a run says of a server with that defect. Rules of your own
have no defect.`

func (a *app) rulesCommand() *cobra.Command {
	var f *flags
	cmd := newCommand("rules [ID|PATTERN]...", "List the rule catalogue", aboutRules, `
  scopeproof rules
  scopeproof rules REF-03
  scopeproof rules 'REF-*'
  scopeproof rules --format json
  scopeproof rules --areas
  scopeproof rules --steps`, cobra.ArbitraryArgs,
		func(cmd *cobra.Command, args []string) error { return a.rules(f.s, args) })
	f = newFlags(cmd)
	f.Var(list{&f.s.features, "DIR", ""}, "features", "also list the rules of the feature files in a folder (repeatable)")
	f.word(&f.s.format, "format", []string{"text", "json", "markdown"}, "how the rules are written")
	f.yes(&f.s.areas, "areas", "list the areas of rules: how many rules of each level, and what all of them need")
	f.yes(&f.s.steps, "steps", "list the steps that feature files may use, and how often the rules use each")
	f.yes(&f.s.verbose, "verbose,v", "show the steps of the scenarios of one rule")
	cmd.ValidArgsFunction = completeRules
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
	Defects   []string `json:"defects"` // see provenBy
	Loss      string   `json:"loss,omitempty"`
	Feature   string   `json:"feature"`
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Scenarios []string `json:"scenarios"`
	// Example is a part of what a run says of a server with the first of the defects,
	// where that is about this rule.
	Example string `json:"example,omitempty"`

	rule *conformance.Rule
}

func (a *app) rules(s *settings, patterns []string) error {
	more, err := folders(s.features)
	if err != nil {
		return err
	}
	if s.steps {
		switch {
		case s.areas:
			return usage("", "rules: got --areas and --steps, want one of them")
		case len(patterns) > 0:
			return usage("", "rules --steps: got %q, want no pattern", patterns[0])
		}
		return a.steps(s.format, more)
	}
	chosen, err := chosenRules(patterns, more)
	if err != nil {
		return cmp.Or(targetForRule(patterns), err)
	}
	if s.areas {
		return a.areas(s.format, conformance.Areas(chosen))
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
		if len(all) == 1 {
			explain(a.stdout, all[0], s.verbose)
			return nil
		}
		rulesText(a.stdout, all)
	}
	return nil
}

// targetForRule refuses a target where rules are to be named; nil: there is none.
func targetForRule(patterns []string) error {
	for _, p := range patterns {
		_, err := os.Stat(p)
		if slices.Contains(target.Bundled(), p) || err == nil {
			return usage(fmt.Sprintf(`the rules are the same for every target; "scopeproof check %s" says what it can do, and --features DIR lists rules of your own`, p),
				"rules: got %q, which is a target or a file, want ids of rules", p)
		}
	}
	return nil
}

// chosenRules are the rules of the program, and of more file systems, that the
// patterns choose.
func chosenRules(patterns []string, more []fs.FS) ([]*conformance.Rule, error) {
	catalogue, err := conformance.Load(more...)
	if err != nil {
		return nil, &conformance.UsageError{Text: err.Error()}
	}
	var wanted []string
	for _, p := range patterns {
		wanted = append(wanted, strings.FieldsFunc(p, func(c rune) bool { return c == ',' })...)
	}
	return catalogue.Select(wanted, nil)
}

func listingOf(r *conformance.Rule) listing {
	l := listing{
		ID: r.ID, Level: string(r.Level), Text: r.Text, Derived: r.Derived, Loss: r.Loss, Defects: provenBy(r.ID),
		Feature: r.Feature, File: conformance.Place(r.File), Line: r.Line, Sources: []string{}, Needs: []string{}, Scenarios: []string{}, rule: r,
	}
	for _, id := range l.Defects {
		if d, _ := defect.Find(id); l.Example == "" && d.Breaks[0] == r.ID {
			l.Example = d.Shows
		}
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

// provenBy are the defects that are about a rule, or else those that break it
// along with another; empty for a user's own rule.
func provenBy(id string) []string {
	about, along := []string{}, []string{}
	for _, d := range defect.All {
		switch {
		case d.Load: // it is proven by load, and not by this rule's scenarios
		case d.Breaks[0] == id:
			about = append(about, d.ID)
		case slices.Contains(d.Breaks, id):
			along = append(along, d.ID)
		}
	}
	if len(about) == 0 {
		return along
	}
	return about
}

// rulesText writes two lines for each rule.
func rulesText(w io.Writer, all []listing) {
	for _, l := range all {
		fmt.Fprintf(w, "%-8s  %-8s  %s (%s)\n", l.ID, l.Level, l.Text, l.source())
		fmt.Fprintf(w, "%-20sneeds %s; defect %s\n", "", orNothing(l.Needs), orNone(l.Defects))
	}
}

// explain writes all that there is to say of one rule.
func explain(w io.Writer, l listing, verbose bool) {
	fmt.Fprintf(w, "%s  %s  %s\n", l.ID, l.Level, l.Text)
	if l.Loss != "" {
		fmt.Fprintf(w, "    %s\n", l.Loss)
	}
	fmt.Fprintln(w)
	for _, s := range l.Sources {
		fmt.Fprintf(w, "  source   %s\n", strings.TrimSpace(s+"  "+report.SourceURL(s)))
		l.quote(w, s)
	}
	if l.Derived {
		fmt.Fprintf(w, "           derived: no sentence there says exactly this\n")
	}
	fmt.Fprintf(w, "  needs    %s\n", orNothing(l.Needs))
	for _, info := range target.Capabilities() {
		if slices.Contains(l.Needs, string(info.Name)) {
			fmt.Fprintf(w, "           %s: %s\n", info.Name, info.Text)
		}
	}
	fmt.Fprintf(w, "  feature  %s: %s:%d\n", l.Feature, l.File, l.Line)
	for _, s := range l.rule.Scenarios {
		control := ""
		if s.Control {
			control = " (control: shows that the others mean something)"
		}
		fmt.Fprintf(w, "  scenario %s%s\n", s.Name, control)
	}
	for _, id := range l.Defects {
		d, _ := defect.Find(id)
		fmt.Fprintf(w, "  defect   %s: %s\n", id, d.Text)
		if d.Breaks[0] == l.ID {
			fmt.Fprintf(w, "           a run then says: … %s …\n", d.Shows)
		}
	}
	if len(l.Defects) > 0 {
		fmt.Fprintf(w, "  see it   scopeproof test --rules %s --defect %s -v --trace\n", l.ID, l.Defects[0])
	}
	if verbose {
		fmt.Fprintf(w, "\n%s\n", l.rule.Gherkin())
	} else {
		fmt.Fprintf(w, "  steps    scopeproof rules %s -v\n", l.ID)
	}
}

// quote writes what a source says that the rule rests on.
func (l listing) quote(w io.Writer, source string) {
	for _, q := range conformance.QuotesOf(l.ID) {
		if q.Citation() != source {
			continue
		}
		if q.Of != "" {
			q.Of += ": "
		}
		fmt.Fprintf(w, "           %s\"%s\"\n", q.Of, q.Text)
	}
}

func (l listing) source() string {
	text := strings.Join(l.Sources, ", ")
	if l.Derived {
		text += "; derived"
	}
	return text
}

func orNothing(names []string) string { return cmp.Or(strings.Join(names, ", "), "nothing") }

func orNone(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }

func rulesMarkdown(w io.Writer, all []listing) {
	fmt.Fprintf(w, "# Rules\n\n%d rules. The feature files are the catalogue; this list is made from them.\n", len(all))
	var features []string
	for _, l := range all {
		if !slices.Contains(features, l.Feature) {
			features = append(features, l.Feature)
		}
	}
	for _, feature := range features {
		fmt.Fprintf(w, "\n## %s\n\n| rule | level | requirement | source | needs | defect | feature |\n|---|---|---|---|---|---|---|\n", feature)
		for _, l := range all {
			if l.Feature == feature {
				fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s:%d |\n", l.ID, l.Level, cell(l.Text), cell(l.source()),
					cell(strings.Join(l.Needs, ", ")), strings.Join(l.Defects, ", "), l.File, l.Line)
			}
		}
	}
}

// cell is a text as a cell of a table in Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
