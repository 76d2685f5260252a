package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// Option changes how a run is done.
type Option func(*Options)

// Options is what the options of a run come to.
type Options struct {
	// Rules and Skip are patterns of rule ids, such as "REF-*". No Rules means
	// all. A pattern that matches nothing is a usage error.
	Rules, Skip []string
	// Features are file systems with more feature files.
	Features []fs.FS
	// Catalogue is one that was loaded before, for several runs, and is played in
	// place of the program's own and Features. Nil: they are loaded.
	Catalogue *Catalogue
	// Expect are known deviations.
	Expect []Expectation
	// Parallel is how many scenarios are played at once; 0 means twice the
	// processors.
	Parallel int
	// Timeout bounds one scenario; 0 means a minute.
	Timeout time.Duration
	// Rounds bounds how often a scenario with rounds is played; 0 means as often
	// as its feature says.
	Rounds int
	// RoundsWithin is how long a scenario with rounds is played anew, but for the
	// first three times; 0 means two seconds, and less means as long as it takes.
	RoundsWithin time.Duration
	// RequestTimeout bounds one request, until its answer has been read to the
	// end; 0 means ten seconds.
	RequestTimeout time.Duration
	// Patience is how long one request waits in all at a server that limits the rate of
	// requests (RFC 6585 section 4); 0 means two minutes. It is not part of Timeout.
	Patience time.Duration
	// Seed orders the rules; 0 means one from the clock. The report prints it.
	Seed int64
	// Strict makes a SHOULD that is not followed fail a go test.
	Strict bool
	// Version is the version of the program, for the report.
	Version string
	// Settings are printed in the report.
	Settings map[string]string
	// Trace keeps the exchanges of every scenario, and not only of those that
	// did not conform.
	Trace bool
	// Steps keeps the steps of every scenario, and not only of those that did not
	// conform.
	Steps bool
	// Narrow chooses which of the selected rules are run, once the target is up and
	// was looked at. Found is a digest of all that is known of it by then, without
	// where it listens.
	Narrow func(found string, selected []*Rule) []*Rule
	// Begins hears of each rule when its scenarios begin to be played, from several
	// goroutines, one at a time.
	Begins func(id string)
	// Verdicts hears of each rule as it is judged, from several goroutines, one
	// at a time.
	Verdicts func(done, all int, v Verdict)
	// Hold is given the report and the target while that is still up; the time
	// that it takes down is not in the report yet. It is called once.
	Hold func(context.Context, *Report, *Held) error
	// Reports are given the report at the end, when the target is gone.
	Reports []func(*Report) error
}

// Rules selects rules by id or pattern.
func Rules(patterns ...string) Option {
	return func(o *Options) { o.Rules = append(o.Rules, patterns...) }
}

// Skip leaves rules out by id or pattern.
func Skip(patterns ...string) Option {
	return func(o *Options) { o.Skip = append(o.Skip, patterns...) }
}

// Expect adds known deviations.
func Expect(known ...Expectation) Option {
	return func(o *Options) { o.Expect = append(o.Expect, known...) }
}

// OnReport has the report given to f at the end of a run.
func OnReport(f func(*Report) error) Option {
	return func(o *Options) { o.Reports = append(o.Reports, f) }
}

// With takes every option from a struct.
func With(all Options) Option { return func(o *Options) { *o = all } }

// UsageError says that a run was asked for in a way that makes no sense. The
// program exits with 2.
type UsageError struct{ Text, Hint string }

func (e *UsageError) Error() string {
	if e.Hint == "" {
		return e.Text
	}
	return e.Text + "\n    hint: " + e.Hint
}

// Select returns the rules that the patterns choose, in the order of their ids.
func (c *Catalogue) Select(rules, skip []string) ([]*Rule, error) {
	chosen, err := c.match(rules)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		chosen = c.Rules
	}
	left, err := c.match(skip)
	if err != nil {
		return nil, err
	}
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(r *Rule) bool { return slices.Contains(left, r) })
	if len(chosen) == 0 {
		return nil, &UsageError{Text: "no rule is selected: everything was left out"}
	}
	return chosen, nil
}

// match returns the rules that one of the patterns chooses, in any letter case. All
// patterns that choose none are named.
func (c *Catalogue) match(patterns []string) ([]*Rule, error) {
	hit := map[*Rule]bool{}
	var wrong []UsageError
	for _, p := range patterns {
		any := false
		for _, r := range c.Rules {
			ok, err := path.Match(strings.ToUpper(p), strings.ToUpper(r.ID))
			if err != nil {
				return nil, &UsageError{Text: fmt.Sprintf("pattern %q: %v", p, err), Hint: "a pattern is an id with * for any letters, such as REF-*"}
			}
			if ok {
				hit[r], any = true, true
			}
		}
		if !any {
			wrong = append(wrong, UsageError{Text: fmt.Sprintf("no rule matches %q", p), Hint: c.near(p)})
		}
	}
	switch len(wrong) {
	case 0:
		return slices.DeleteFunc(slices.Clone(c.Rules), func(r *Rule) bool { return !hit[r] }), nil
	case 1:
		return nil, &wrong[0]
	}
	lines := make([]string, len(wrong))
	for i, w := range wrong {
		lines[i] = w.Text + ": " + w.Hint
	}
	return nil, &UsageError{Text: strings.Join(lines, "\n")}
}

const everyRule = `"scopeproof rules" lists every rule`

// near suggests the rules that a mistyped id or pattern may have meant: of the area
// of that name, or else of one that is written like it.
func (c *Catalogue) near(pattern string) string {
	area, number, _ := strings.Cut(strings.ToUpper(pattern), "-")
	areas := map[string][]string{}
	for _, r := range c.Rules {
		areas[r.Area()] = append(areas[r.Area()], r.ID)
	}
	meant := spelling.Near(area, slices.Sorted(maps.Keys(areas)))
	var named []string
	for _, name := range meant {
		for _, id := range areas[name] {
			if number != "" && strings.TrimLeft(number, "0") == strings.TrimLeft(id[len(name)+1:], "0") {
				named = append(named, id)
			}
		}
	}
	switch {
	case len(named) > 0:
		return "did you mean " + spelling.Listed(named) + "?"
	case len(meant) == 0:
		return everyRule
	case meant[0] == area && number != "":
		ids := areas[area]
		return fmt.Sprintf("the rules of that area are %s to %s", ids[0], ids[len(ids)-1])
	}
	for i := range meant {
		meant[i] += "-*"
	}
	return "did you mean " + spelling.Listed(meant) + "?"
}
