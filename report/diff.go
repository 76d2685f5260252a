package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// DiffSchema is the value of Diff.Schema.
const DiffSchema = "scopeproof/diff/v1"

// Diff is what changed from one report to another, in the form that "report diff
// --format json" writes.
type Diff struct {
	Schema string       `json:"schema"`
	Old    DiffRun      `json:"old"`
	New    DiffRun      `json:"new"`
	Rules  []RuleChange `json:"rules"`
	// Problems are those of the new run that the old one did not have.
	Problems     []string        `json:"problems"`
	Choices      []FindingChange `json:"choices"`
	Capabilities []FindingChange `json:"capabilities"`
	// Latency is what took longer or shorter, beyond noise. Tested is how many
	// things were tested, each at Alpha divided by it (Bonferroni).
	Latency []LatencyChange `json:"latency"`
	Tested  int             `json:"latency_tested"`
	Alpha   float64         `json:"latency_alpha"`
	// Load are the load scenarios that both runs have, and those of one of them.
	Load []LoadChange `json:"load"`
	// Capacities, Growths and Thresholds are what both load runs looked for.
	Capacities []CapacityChange  `json:"capacities"`
	Growths    []GrowthChange    `json:"growths"`
	Thresholds []ThresholdChange `json:"thresholds"`
	// Notes say what is not compared, and why.
	Notes []string `json:"notes"`
	// Regressions is how many of these make the new run worse than the old one.
	Regressions int `json:"regressions"`
}

// DiffRun is one of the two runs.
type DiffRun struct {
	Name    string `json:"name"` // as the report was called
	Target  string `json:"target"`
	Version string `json:"version"` // of scopeproof
	Started string `json:"started,omitempty"`
	Rules   int    `json:"rules"`
}

// Change is what became of something.
type Change string

// The changes. Only a regression makes a run worse: what one of the runs has not
// judged at all says nothing about the target.
const (
	Regression  Change = "regression"
	Improvement Change = "improvement"
	Added       Change = "added"
	Removed     Change = "removed"
	Changed     Change = "changed"
)

// RuleChange is a rule that changed.
type RuleChange struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Change Change `json:"change"`
	// Old is empty where the old run did not have the rule, and New where the new one
	// does not. One that was added and does not hold, or could not be judged, is a
	// regression.
	Old conformance.Outcome `json:"old,omitempty"`
	New conformance.Outcome `json:"new,omitempty"`
	// Scenarios are those that failed in the new run and not in the old one.
	Scenarios []string `json:"scenarios,omitempty"`
	Reason    string   `json:"reason,omitempty"` // of the new run
}

// FindingChange is a choice or a capability that changed; empty: that run does not
// say.
type FindingChange struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// NewDiff compares what two runs have in common: their rules, their load, or both.
// Slower, in percent, makes what takes so much longer beyond noise a regression; 0:
// latency never is.
func NewDiff(before, after File, slower float64) (*Diff, error) {
	d := &Diff{
		Schema: DiffSchema, Rules: []RuleChange{}, Problems: []string{}, Choices: []FindingChange{}, Capabilities: []FindingChange{},
		Latency: []LatencyChange{}, Load: []LoadChange{}, Alpha: alpha,
		Capacities: []CapacityChange{}, Growths: []GrowthChange{}, Thresholds: []ThresholdChange{}, Notes: []string{},
	}
	rules, load := before.Rules != nil && after.Rules != nil, before.Load != nil && after.Load != nil
	if !rules && !load {
		return nil, fmt.Errorf("got %s and %s, want two of a kind", before.kinds(), after.kinds())
	}
	if before.kinds() != after.kinds() {
		d.note("%s is of %s, and %s of %s: only what both have is compared", before.Name, before.kinds(), after.Name, after.kinds())
	}
	was, is := map[string][]float64{}, map[string][]float64{}
	if load {
		d.Old, d.New = diffLoadRun(before.Name, before.Load), diffLoadRun(after.Name, after.Load)
		d.load(before.Load, after.Load)
		d.searches(before.Load, after.Load)
		d.thresholds(before.Load, after.Load)
		d.loadSamples(before.Load, after.Load, was, is)
	}
	if rules {
		d.Old, d.New = diffRun(before.Name, before.Rules), diffRun(after.Name, after.Rules)
		d.rules(before.Rules, after.Rules)
		d.problems(before.Rules, after.Rules)
		d.findings(before.Rules, after.Rules)
		d.samples(before.Rules, after.Rules, was, is)
	}
	d.latency(was, is, slower)
	return d, nil
}

// note says what is not compared, and why.
func (d *Diff) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

func diffRun(name string, r *conformance.Report) DiffRun {
	return DiffRun{Name: name, Target: targetName(r), Version: r.Tool.Version, Started: timestamp(r.Started), Rules: len(r.Rules)}
}

func diffLoadRun(name string, r *loadtest.Report) DiffRun {
	return DiffRun{Name: name, Target: r.Target, Version: r.Tool, Started: timestamp(r.Started)}
}

// rules compares the rules of both runs, by id.
func (d *Diff) rules(before, after *conformance.Report) {
	sides := map[string][2]conformance.Verdict{}
	for i, r := range []*conformance.Report{before, after} {
		for _, v := range r.Rules {
			pair := sides[v.ID]
			pair[i] = v
			sides[v.ID] = pair
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sides)) {
		if c := ruleChange(id, sides[id][0], sides[id][1]); c.Change != "" {
			d.Rules = append(d.Rules, c)
		}
	}
	rank := []Change{Regression, Changed, Improvement, Added, Removed}
	slices.SortStableFunc(d.Rules, func(a, b RuleChange) int { return slices.Index(rank, a.Change) - slices.Index(rank, b.Change) })
	for _, c := range d.Rules {
		d.regress(c.Change)
	}
}

func (d *Diff) regress(c Change) {
	if c == Regression {
		d.Regressions++
	}
}

// ruleChange says what became of one rule. That it no longer applies is worse than
// that it held: what nobody judges may be broken.
func ruleChange(id string, before, after conformance.Verdict) RuleChange {
	c := RuleChange{ID: id, Text: after.Text, Old: before.Outcome, New: after.Outcome, Reason: summary(after)}
	good := []conformance.Outcome{conformance.Conforms, conformance.Known, conformance.Deviates, conformance.NotApplicable, conformance.Inconclusive, conformance.Violates}
	was, is := slices.Index(good, before.Outcome), slices.Index(good, after.Outcome)
	for _, s := range failing(after) {
		if !slices.ContainsFunc(failing(before), func(o conformance.ScenarioResult) bool { return o.Name == s.Name }) && !slices.Contains(c.Scenarios, s.Name) {
			c.Scenarios = append(c.Scenarios, s.Name)
		}
	}
	switch {
	case after.ID == "":
		c.Change, c.Text = Removed, before.Text
	case before.ID == "" && (after.Outcome == conformance.Violates || after.Outcome == conformance.Inconclusive):
		c.Change = Regression // whoever reads only what changed would not hear of it
	case before.ID == "":
		c.Change, c.Scenarios = Added, nil
	case is != was && (after.Outcome == conformance.Known || after.Outcome == conformance.NotApplicable && was > is):
		c.Change = Changed // accepted, or out of sight: neither worse nor better
	case is > was, is == was && len(c.Scenarios) > 0 && after.Outcome != conformance.Known:
		c.Change = Regression
	case is < was:
		c.Change = Improvement
	}
	return c
}

// problems are those that only the new run has.
func (d *Diff) problems(before, after *conformance.Report) {
	for _, p := range after.Problems {
		if !slices.ContainsFunc(before.Problems, func(old conformance.Problem) bool { return old.Text == p.Text }) {
			d.Problems = append(d.Problems, p.Text)
			d.Regressions++
		}
	}
}

// findings compares what was found out about the targets.
func (d *Diff) findings(before, after *conformance.Report) {
	plain := func(found []finding) map[string]string {
		all := map[string]string{}
		for _, f := range found {
			if f.Value != target.Unknown {
				all[f.Name] = f.Value
			}
		}
		return all
	}
	d.Choices = findingChanges(plain(choices(before)), plain(choices(after)))
	d.Capabilities = findingChanges(plain(capabilities(before)), plain(capabilities(after)))
}

func findingChanges(before, after map[string]string) []FindingChange {
	names := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(names)
	all := []FindingChange{}
	for _, name := range slices.Compact(names) {
		if before[name] != after[name] {
			all = append(all, FindingChange{name, before[name], after[name]})
		}
	}
	return all
}

// headline is what a diff comes to, in a sentence.
func (d *Diff) headline() string {
	counts := map[Change]int{}
	for _, c := range d.Rules {
		counts[c.Change]++
	}
	for _, c := range d.Load {
		counts[c.Change]++
	}
	for _, c := range d.Capacities {
		counts[c.Change]++
	}
	for _, c := range d.Growths {
		counts[c.Change]++
	}
	for _, c := range d.Thresholds {
		counts[c.Change]++
	}
	counts[Regression] = d.Regressions
	var parts []string
	for _, c := range []struct {
		change Change
		noun   string
	}{{Regression, "regression"}, {Improvement, "improvement"}} {
		parts = append(parts, count(counts[c.change], c.noun))
	}
	for _, c := range []Change{Changed, Added, Removed} {
		if counts[c] > 0 {
			parts = append(parts, thousands(int64(counts[c]))+" "+string(c))
		}
	}
	return fmt.Sprintf("From %s to %s: %s", d.Old.Name, d.New.Name, strings.Join(parts, ", "))
}
