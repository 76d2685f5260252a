// Package prove runs the rules, and the load scenarios, against every seeded
// defect of the reference server, and says which defects they tell apart. It also
// runs the rules against servers that lawfully answer otherwise than the
// reference, of which none may be accused.
package prove

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// Options says what to prove. The zero value proves every defect that single
// requests show.
type Options struct {
	// Defects are ids; none means all that break one of the rules.
	Defects []string
	// Lawful are ids of lawful answers, or [EveryLawful]; none means all if neither
	// Defects nor Rules names some, and none otherwise.
	Lawful []string
	// Rules are patterns of rule ids that are run; none means all. With a part of
	// the rules, a defect is only held to that part of what it breaks; what only
	// the scenarios of other rules show of it is missed.
	Rules []string
	// Uncut runs every rule against every defect, also those that a defect cannot
	// reach.
	Uncut bool
	// Parallel is how many servers are run at once; 0 means one more than there are
	// processors.
	Parallel int
	// Load proves the defects that only load shows, in place of everything else.
	Load bool
	// Times is how often each of those is looked for; 0 means once. It is proven if it
	// is found each time.
	Times int
	// OnResult hears of each defect and lawful answer as it is done, one at a time.
	OnResult func(done, all int, r Result)
}

// EveryLawful stands for all lawful answers.
const EveryLawful = "all"

// Report is what prove found, in the form of prove.json.
type Report struct {
	Defects []Result `json:"defects"`
	// Lawful are servers of which none may be accused.
	Lawful []Result `json:"lawful"`
	// RulesWithoutDefect are rules that no defect names: nothing shows that they
	// can fail.
	RulesWithoutDefect []string `json:"rules_without_defect"`
	WallMS             int64    `json:"wall_ms"`
	CPUMS              int64    `json:"cpu_ms"`
}

// Result is what came of one defect, or of one lawful answer.
type Result struct {
	ID           string   `json:"id"`
	Text         string   `json:"text"`
	Lawful       bool     `json:"-"`
	Breaks       []string `json:"breaks"`       // the rules it says that it breaks; of a lawful answer, those that it deviates from
	Run          int      `json:"rules_run"`    // how many rules were run; the others cannot be reached
	Violated     []string `json:"violated"`     // the rules that were violated, or deviated from
	Inconclusive []string `json:"inconclusive"` // the rules that could not be judged
	Proven       bool     `json:"proven"`
	// Reason says why it is not proven.
	Reason string `json:"reason,omitempty"`
	// Shown is the message that was seen of each violated rule.
	Shown map[string]string `json:"shown,omitempty"`
	// Times is how often a defect was looked for by load, Found how often it was
	// found, and Evidence an exchange for each rule.
	Times    int        `json:"times,omitempty"`
	Found    int        `json:"found,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`

	byChance []string // of Breaks, those that need not be violated each time
}

// Listed is a defect or a lawful answer as prove --list shows it.
type Listed struct {
	ID, Text     string
	Load, Lawful bool // only load shows it; it is no defect
}

// List is every defect and then every lawful answer, in the order of the reference.
func List() []Listed {
	var all []Listed
	for _, d := range defect.All {
		all = append(all, Listed{ID: d.ID, Text: d.Text, Load: d.Load})
	}
	for _, c := range lawful.All {
		all = append(all, Listed{ID: c.ID, Text: c.Text, Lawful: true})
	}
	return all
}

// Run proves the chosen defects. An unknown defect or pattern is a
// [*conformance.UsageError].
func Run(ctx context.Context, o Options) (*Report, error) {
	catalogue, err := conformance.Load()
	if err != nil {
		return nil, err
	}
	rules, err := catalogue.Select(o.Rules, nil)
	if err != nil {
		return nil, err
	}
	defects, err := choose(o, rules)
	if err != nil {
		return nil, err
	}
	answers, err := chooseLawful(o)
	if err != nil {
		return nil, err
	}
	started, cpu := time.Now(), processorTime()
	p := &proof{options: o, catalogue: catalogue, rules: rules}
	if !o.Load && !o.Uncut {
		if p.plain, err = p.observe(ctx, faults(defects)); err != nil {
			return nil, err
		}
		if p.undeclared, err = p.observe(ctx, otherwise(answers), embedded.Lawful(lawful.Undeclared)); err != nil {
			return nil, err
		}
	}
	all := make([]func() (Result, error), 0, len(defects)+len(answers))
	for _, d := range defects {
		all = append(all, func() (Result, error) { return p.defect(ctx, d) })
	}
	for _, c := range answers {
		all = append(all, func() (Result, error) { return p.lawful(ctx, c) })
	}
	results, err := each(ctx, o, all)
	if err != nil {
		return nil, err
	}
	rep := &Report{RulesWithoutDefect: []string{}, Defects: results[:len(defects)], Lawful: results[len(defects):]}
	if len(o.Defects)+len(o.Lawful) == 0 {
		rep.RulesWithoutDefect = without(rules)
	}
	rep.WallMS, rep.CPUMS = time.Since(started).Milliseconds(), (processorTime() - cpu).Milliseconds()
	return rep, nil
}

// each runs several at once, and keeps their order.
func each(ctx context.Context, o Options, all []func() (Result, error)) ([]Result, error) {
	results := make([]Result, len(all))
	var group errgroup.Group
	group.SetLimit(parallel(o))
	var mu sync.Mutex
	done := 0
	for n, run := range all {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r, err := run()
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			results[n] = r
			done++
			if o.OnResult != nil {
				o.OnResult(done, len(all), r)
			}
			return nil
		})
	}
	return results, group.Wait()
}

func parallel(o Options) int {
	switch {
	case o.Parallel > 0:
		return o.Parallel
	case o.Load:
		return 1 // load needs the machine to itself
	default:
		return runtime.GOMAXPROCS(0) + 1 // a run waits for a third of its time
	}
}

// choose returns the defects that the options select: those that are named, or
// else those that break one of the rules.
func choose(o Options, rules []*conformance.Rule) ([]defect.Defect, error) {
	var chosen []defect.Defect
	for _, id := range o.Defects {
		d, ok := defect.Find(id)
		if !ok {
			return nil, unknown("defect", id, defect.IDs())
		}
		chosen = append(chosen, d)
	}
	if len(o.Defects)+len(o.Lawful) > 0 {
		return chosen, nil
	}
	for _, d := range defect.All {
		if d.Load == o.Load && len(selected(d.Breaks, rules)) > 0 {
			chosen = append(chosen, d)
		}
	}
	return chosen, nil
}

func unknown(what, id string, known []string) error {
	return &conformance.UsageError{
		Text: fmt.Sprintf("no %s is called %q", what, id), Hint: spelling.DidYouMean(id, known, `"scopeproof prove --list" lists them`),
	}
}

// chooseLawful returns the lawful answers that the options select.
func chooseLawful(o Options) ([]lawful.Choice, error) {
	everything := len(o.Defects)+len(o.Lawful)+len(o.Rules) == 0 && !o.Load
	if everything || slices.Equal(o.Lawful, []string{EveryLawful}) {
		return lawful.All, nil
	}
	var chosen []lawful.Choice
	for _, id := range o.Lawful {
		c, ok := lawful.Find(id)
		if !ok {
			return nil, unknown("lawful answer", id, lawful.IDs())
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// faults are the defects that nothing else in the server goes with.
func faults(defects []defect.Defect) map[string]func(*refserver.Policy) {
	all := map[string]func(*refserver.Policy){}
	for _, d := range defects {
		if brief, ok := defect.Find(d.ID + "@1ns"); ok { // it is only asked how it decides
			d = brief
		}
		if len(d.With) == 0 {
			all[d.ID] = d.Apply
		}
	}
	return all
}

// proof is one run of prove.
type proof struct {
	options   Options
	catalogue *conformance.Catalogue
	rules     []*conformance.Rule
	// plain is what the rules have the reference decide, undeclared the same where
	// nothing is declared of its choices; nil: everything is run.
	plain, undeclared *reach
}

// run judges the rules that narrow leaves, or all, one scenario at a time and in
// one order: a fault that remembers something between requests then shows the
// same each time.
func (p *proof) run(ctx context.Context, rounds int, narrow narrowing, options ...embedded.Option) (*conformance.Report, error) {
	rep, err := conformance.Run(ctx, embedded.Reference(options...), conformance.With(conformance.Options{
		Seed: 1, Parallel: 1, Version: "prove", Catalogue: p.catalogue, Rules: p.options.Rules, Rounds: rounds, RoundsWithin: -1, Narrow: narrow,
	}))
	if err == nil {
		err = ctx.Err()
	}
	return rep, err
}

// fewRounds is how often scenarios with rounds are played against defects that
// have nothing to do with races.
const fewRounds = 1

func (p *proof) defect(ctx context.Context, d defect.Defect) (Result, error) {
	if d.Load {
		return p.byLoad(ctx, d)
	}
	rounds := fewRounds
	for _, r := range p.rules {
		if slices.Contains(d.Breaks, r.ID) && playedAtOnce(r) {
			rounds = 0 // a fault of this kind is looked for as a user would
		}
	}
	r := newResult(d, selected(d.Breaks, p.rules))
	rep, err := p.run(ctx, rounds, p.plain.within(d.ID, d.Breaks), embedded.Defect(d.ID))
	if err != nil {
		return Result{}, err
	}
	r.read(rep, p.rules)
	r.Run = len(rep.Rules)
	// What is done at once may go well: a fault is held to a race only if it is one.
	for _, rule := range p.rules {
		if rule.ID != d.Breaks[0] && playedAtOnce(rule) {
			r.byChance = append(r.byChance, rule.ID)
		}
	}
	// Where a part of its rules is left out, what it shows may be shown there.
	r.judge(d.Shows, len(r.Breaks) < len(d.Breaks) || shown(d.Shows, rep))
	return r, nil
}

// playedAtOnce reports whether a rule is about what is done at once.
func playedAtOnce(rule *conformance.Rule) bool {
	return slices.ContainsFunc(rule.Scenarios, func(s conformance.Scenario) bool { return s.Rounds > 0 })
}

// read takes from a report which of the rules do not hold, and which could not be
// judged.
func (r *Result) read(rep *conformance.Report, rules []*conformance.Rule) {
	for _, v := range rep.Rules {
		if !slices.ContainsFunc(rules, func(r *conformance.Rule) bool { return r.ID == v.ID }) {
			continue // charged with a breach, and not one of those to be proven
		}
		switch v.Outcome {
		case conformance.Violates, conformance.Deviates:
			r.Violated = append(r.Violated, v.ID)
			r.Shown[v.ID] = v.Reason
		case conformance.Inconclusive:
			r.Inconclusive = append(r.Inconclusive, v.ID)
			r.Shown[v.ID] = v.Reason
		}
	}
}

func newResult(d defect.Defect, breaks []string) Result {
	return Result{ID: d.ID, Text: d.Text, Breaks: breaks, Violated: []string{}, Inconclusive: []string{}, Shown: map[string]string{}}
}

// selected are the ids that rules have, sorted.
func selected(ids []string, rules []*conformance.Rule) []string {
	left := []string{}
	for _, r := range rules {
		if slices.Contains(ids, r.ID) {
			left = append(left, r.ID)
		}
	}
	slices.Sort(left)
	return left
}

// judge compares what was violated with what the defect names. Seen says that a
// message had the text that the defect shows.
func (r *Result) judge(shows string, seen bool) {
	var reasons []string
	if len(r.Breaks) == 0 && !r.Lawful {
		reasons = append(reasons, "none of the rules that it breaks was run")
	}
	if missed := minus(minus(r.Breaks, r.byChance), r.Violated); len(missed) > 0 {
		reasons = append(reasons, "not violated: "+strings.Join(missed, " "))
	}
	if extra := minus(r.Violated, r.Breaks); len(extra) > 0 {
		reasons = append(reasons, "violated as well: "+strings.Join(extra, " "))
	}
	if len(r.Inconclusive) > 0 {
		reasons = append(reasons, "inconclusive: "+strings.Join(r.Inconclusive, " "))
	}
	if len(reasons) == 0 && !seen {
		reasons = append(reasons, fmt.Sprintf("no message shows %q", shows))
	}
	r.Reason = strings.Join(reasons, "; ")
	r.Proven = r.Reason == ""
}

// shown reports whether a message of a violated rule holds the text.
func shown(text string, rep *conformance.Report) bool {
	for _, v := range rep.Rules {
		if v.Outcome != conformance.Violates && v.Outcome != conformance.Deviates {
			continue
		}
		for _, s := range v.Scenarios {
			if s.Outcome != conformance.Conforms && strings.Contains(s.Message, text) {
				return true
			}
		}
	}
	return false
}

func minus(a, b []string) []string {
	var left []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			left = append(left, s)
		}
	}
	return left
}

// without are the rules that no defect names.
func without(rules []*conformance.Rule) []string {
	named := map[string]bool{}
	for _, d := range defect.All {
		for _, id := range d.Breaks {
			named[id] = true
		}
	}
	left := []string{}
	for _, r := range rules {
		if !named[r.ID] {
			left = append(left, r.ID)
		}
	}
	return left
}

// ExitCode is 0 when every defect is proven, no lawful answer is accused and every
// rule is named by a defect, and 1 otherwise.
func (rep *Report) ExitCode() int {
	all := slices.Concat(rep.Defects, rep.Lawful)
	if len(rep.RulesWithoutDefect) > 0 || len(all) == 0 {
		return 1
	}
	for _, r := range all {
		if !r.Proven {
			return 1
		}
	}
	return 0
}

// Write writes prove.json into a folder, which is made if need be.
func (rep *Report) Write(dir string) error {
	data, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "prove.json"), append(data, '\n'), 0o644)
}
