package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/scopeproof/scopeproof/features"
	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/target"
)

// Rule is one requirement, as its feature file declares it.
type Rule struct {
	ID      string // "REF-03"
	Level   Level
	Text    string   // the requirement in plain words
	Sources []Source // where it stands
	Derived bool     // no sentence of a source says exactly this
	Loss    string   // what is lost if it is broken
	Needs   []Need   // all must hold, or the rule does not apply
	Feature string   // the title of the feature
	File    string   // "token/refresh.feature"; "./own/mine.feature" is a user's own
	Line    int      // of the rule, from 1

	Scenarios []Scenario

	content []string // the lines of the file
	last    int      // line where the rule ends
}

// Area is the part of the id before the hyphen: "REF".
func (r *Rule) Area() string {
	area, _, _ := strings.Cut(r.ID, "-")
	return area
}

// Gherkin is the rule as its feature file has it, without its tags.
func (r *Rule) Gherkin() string {
	return strings.TrimRight(strings.Join(r.content[r.Line-1:r.last], "\n"), "\n ")
}

// Scenario is a scenario, or a scenario outline, of a rule.
type Scenario struct {
	Name    string
	Line    int
	Needs   []Need
	Control bool // shows that the other scenarios mean something: its failure is inconclusive
	// Level is the level of a part of the rule that its sources put more weakly
	// than the rest; empty: the rule's.
	Level Level
	Cases int // how often it is played: once, or once for each example
	// Rounds is how often all of it is played anew, until it does not hold: what
	// happens at once need not go the same way twice. 0 means once, and that
	// nothing in it happens at once.
	Rounds int

	cast  []string          // the clients and resource owners that it names
	plays []*godog.Scenario // each case
}

// mostRounds is how often a scenario may be played anew: a fault with a window
// of a few milliseconds shows in the first rounds, and what has none of that size
// would need thousands.
const mostRounds = 30

// Catalogue is every rule of the feature files, by id.
type Catalogue struct {
	Rules []*Rule
}

// Load reads the catalogue from the feature files of the program and of more
// file systems. Everything that is wrong is said at once.
func Load(more ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{}
	var problems []error
	for n, files := range append([]fs.FS{features.Files}, more...) {
		first := len(c.Rules)
		if err := c.load(files, n > 0); err != nil {
			problems = append(problems, err)
		}
		if n > 0 {
			for _, r := range c.Rules[first:] {
				if !path.IsAbs(r.File) {
					r.File = "./" + r.File
				}
			}
		}
	}
	seen := map[string]*Rule{}
	for _, r := range c.Rules {
		if other := seen[r.ID]; other != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %s is declared at %s:%d as well", r.File, r.Line, r.ID, other.File, other.Line))
		}
		seen[r.ID] = r
	}
	slices.SortFunc(c.Rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	return c, errors.Join(problems...)
}

// Find returns the rule of that id, or nil.
func (c *Catalogue) Find(id string) *Rule {
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// folder is a file system whose name stands before those of its files.
type folder struct {
	fs.FS
	name string
}

// Folder is [os.DirFS] whose files are named with their folder in errors and
// reports: from the working directory if it is below that, or else from the root.
func Folder(dir string) fs.FS {
	name := filepath.Clean(dir)
	if abs, err := filepath.Abs(dir); err == nil {
		name = abs
		if here, err := filepath.Abs("."); err == nil {
			if below, err := filepath.Rel(here, abs); err == nil && filepath.IsLocal(below) {
				name = below
			}
		}
	}
	return folder{FS: os.DirFS(dir), name: filepath.ToSlash(name)}
}

// Place is where the file of a [Rule] or [Verdict] is: in a clone of the program's
// repository for one of its own, or else from the working directory or the root.
func Place(file string) string {
	if file == "" || strings.HasPrefix(file, "./") || path.IsAbs(file) {
		return file
	}
	return path.Join("features", file)
}

// load reads the feature files of one file system. In foreign ones, which no test
// of the program has looked at, a step may not exist.
func (c *Catalogue) load(files fs.FS, foreign bool) error {
	var paths []string
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".feature") {
			paths = append(paths, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errors.New("no feature file was found")
	}
	suite := godog.TestSuite{Options: &godog.Options{FS: files, Paths: paths}}
	parsed, err := suite.RetrieveFeatures()
	within := ""
	if f, ok := files.(folder); ok {
		within = f.name
	}
	if err != nil {
		return syntaxErrors(within, err)
	}
	var problems []error
	for _, f := range parsed {
		paths = slices.DeleteFunc(paths, func(name string) bool { return name == f.Uri })
		f.Uri = path.Join(within, f.Uri)
		if foreign {
			problems = append(problems, c.undefined(f.GherkinDocument, f.Pickles))
		}
		problems = append(problems, c.feature(f.GherkinDocument, f.Pickles, string(f.Content)))
	}
	for _, name := range paths { // godog passes over files without scenarios
		problems = append(problems, fmt.Errorf("%s: nothing in it can be played, want a feature with a rule and its scenarios", path.Join(within, name)))
	}
	return errors.Join(problems...)
}

func (c *Catalogue) feature(doc *messages.GherkinDocument, pickles []*messages.Pickle, content string) error {
	lines := strings.Split(content, "\n")
	var starts []int // first lines, tags included, of the rules
	for _, child := range doc.Feature.Children {
		switch {
		case child.Rule != nil:
			starts = append(starts, firstLine(child.Rule.Location, child.Rule.Tags))
		case child.Scenario != nil:
			return fmt.Errorf("%s:%d: a scenario stands outside a rule", doc.Uri, child.Scenario.Location.Line)
		}
	}
	var problems []error
	n := 0
	for _, child := range doc.Feature.Children {
		if child.Rule == nil {
			continue
		}
		last := len(lines)
		if n+1 < len(starts) {
			last = starts[n+1] - 1
		}
		r := &Rule{
			Text: child.Rule.Name, Loss: paragraph(child.Rule.Description), Feature: doc.Feature.Name,
			File: doc.Uri, Line: int(child.Rule.Location.Line), content: lines, last: last,
		}
		n++
		if err := r.tags(child.Rule.Tags); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", doc.Uri, r.Line, err))
		}
		if err := r.scenarios(child.Rule.Children, pickles); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", doc.Uri, err))
		}
		c.Rules = append(c.Rules, r)
	}
	return errors.Join(problems...)
}

var idTag = regexp.MustCompile(`^@[A-Z]{2,6}-[0-9]{2}$`)

func (r *Rule) tags(tags []*messages.Tag) error {
	var problems []error
	for _, t := range tags {
		name := strings.TrimPrefix(t.Name, "@")
		switch {
		case idTag.MatchString(t.Name):
			if r.ID != "" {
				problems = append(problems, fmt.Errorf("got two ids, %s and %s", r.ID, name))
			}
			r.ID = name
		case slices.Contains(Levels(), Level(name)):
			if r.Level != "" {
				problems = append(problems, fmt.Errorf("got two levels, %s and %s", r.Level, name))
			}
			r.Level = Level(name)
		case name == "derived":
			r.Derived = true
		case strings.HasPrefix(name, "needs:"):
			need, err := ParseNeed(strings.TrimPrefix(name, "needs:"))
			if err != nil {
				problems = append(problems, err)
			}
			r.Needs = append(r.Needs, need)
		default:
			source, err := ParseSource(name)
			if err != nil {
				problems = append(problems, err)
			}
			r.Sources = append(r.Sources, source)
		}
	}
	if r.ID == "" {
		problems = append(problems, fmt.Errorf("rule %q has no id, want a tag such as @REF-03", r.Text))
	}
	if r.Level == "" {
		problems = append(problems, fmt.Errorf("%s has no level, want one of %v", r.ID, Levels()))
	}
	if len(r.Sources) == 0 {
		problems = append(problems, fmt.Errorf("%s has no source, want a tag such as @rfc6749-6", r.ID))
	}
	return errors.Join(problems...)
}

func (r *Rule) scenarios(children []*messages.RuleChild, pickles []*messages.Pickle) error {
	var problems []error
	for _, child := range children {
		s := child.Scenario
		if s == nil { // a background
			continue
		}
		sc := Scenario{Name: s.Name, Line: int(s.Location.Line), cast: named(s)}
		problems = append(problems, sc.tags(s.Tags))
		// Examples with tags of their own are a scenario of their own.
		tagged := func(e *messages.Examples) bool { return len(e.Tags) > 0 }
		rest := *s
		rest.Examples = slices.DeleteFunc(slices.Clone(s.Examples), tagged)
		if len(s.Examples) == 0 || len(rest.Examples) > 0 {
			whole := sc
			problems = append(problems, whole.play(&rest, pickles))
			r.Scenarios = append(r.Scenarios, whole)
		}
		for _, e := range s.Examples {
			if tagged(e) {
				part, own := *s, sc
				part.Examples = []*messages.Examples{e}
				own.Name, own.Line, own.Needs = s.Name+": "+e.Name, int(e.Location.Line), slices.Clone(sc.Needs)
				problems = append(problems, own.tags(e.Tags), own.play(&part, pickles))
				r.Scenarios = append(r.Scenarios, own)
			}
		}
	}
	if len(r.Scenarios) == 0 {
		problems = append(problems, fmt.Errorf("line %d: %s has no scenario", r.Line, r.ID))
	}
	return errors.Join(problems...)
}

// tags reads what stands above a scenario or its examples.
func (sc *Scenario) tags(tags []*messages.Tag) error {
	var problems []error
	for _, t := range tags {
		switch name := strings.TrimPrefix(t.Name, "@"); {
		case name == "control":
			sc.Control = true
		case slices.Contains(Levels(), Level(name)):
			sc.Level = Level(name)
		case strings.HasPrefix(name, "needs:"):
			need, err := ParseNeed(strings.TrimPrefix(name, "needs:"))
			if err != nil {
				problems = append(problems, fmt.Errorf("line %d: %w", sc.Line, err))
			}
			sc.Needs = append(sc.Needs, need)
		case strings.HasPrefix(name, "rounds:"):
			var err error
			if sc.Rounds, err = strconv.Atoi(strings.TrimPrefix(name, "rounds:")); err != nil || sc.Rounds < 1 || sc.Rounds > mostRounds {
				problems = append(problems, fmt.Errorf("line %d: got %s, want @rounds:1 to @rounds:%d", sc.Line, t.Name, mostRounds))
			}
		default:
			problems = append(problems, fmt.Errorf("line %d: scenario %q: got tag %s, want @control, @rounds:…, a level or @needs:…", sc.Line, sc.Name, t.Name))
		}
	}
	return errors.Join(problems...)
}

// play finds what is played of a scenario, or of those of its examples that s has.
func (sc *Scenario) play(s *messages.Scenario, pickles []*messages.Pickle) error {
	var problems []error
	for _, p := range pickles {
		if !slices.Contains(p.AstNodeIds, s.Id) || len(s.Examples) > 0 && !exemplifies(p, s.Examples) {
			continue
		}
		sc.Cases++
		sc.plays = append(sc.plays, p)
		if len(p.Steps) == 0 {
			problems = append(problems, fmt.Errorf("line %d: scenario %q has no steps", sc.Line, s.Name))
		}
	}
	if sc.Cases == 0 {
		problems = append(problems, fmt.Errorf("line %d: scenario %q has no steps or no examples", sc.Line, s.Name))
	}
	return errors.Join(problems...)
}

// exemplifies reports whether a pickle is made of a row of these examples.
func exemplifies(p *messages.Pickle, of []*messages.Examples) bool {
	return slices.ContainsFunc(of, func(e *messages.Examples) bool {
		return slices.ContainsFunc(e.TableBody, func(row *messages.TableRow) bool { return slices.Contains(p.AstNodeIds, row.Id) })
	})
}

// named are the clients and resource owners that a scenario speaks of.
func named(s *messages.Scenario) []string {
	var text strings.Builder
	cells := func(row *messages.TableRow) {
		for _, c := range row.Cells {
			text.WriteString(" " + c.Value)
		}
	}
	for _, st := range s.Steps {
		text.WriteString(" " + st.Text)
		if st.DataTable != nil {
			for _, row := range st.DataTable.Rows {
				cells(row)
			}
		}
	}
	for _, e := range s.Examples {
		for _, row := range e.TableBody {
			cells(row)
		}
	}
	var found []string
	for _, word := range strings.FieldsFunc(text.String(), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if (slices.Contains(actor.ClientNames(), word) || slices.Contains(target.Owners(), word)) && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

func firstLine(at *messages.Location, tags []*messages.Tag) int {
	line := int(at.Line)
	for _, t := range tags {
		line = min(line, int(t.Location.Line))
	}
	return line
}

// paragraph joins the lines of a description.
func paragraph(text string) string { return strings.Join(strings.Fields(text), " ") }
