package report

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Merge puts several runs against one target together: shards of the rules, or the
// same rules several times. Of a rule that several runs have, the worst outcome is
// taken, with its scenarios; what the runs do not agree on is in Merged.Conflicts.
// Runs against different targets are an error, and so are runs that are none of
// rules.
func Merge(files []File) (*conformance.Report, error) {
	if len(files) < 2 {
		return nil, fmt.Errorf("got %s, want two at least", count(len(files), "report"))
	}
	if err := sameTarget(files); err != nil {
		return nil, err
	}
	first := files[0].Rules
	all := &conformance.Report{
		Schema: conformance.Schema, Tool: first.Tool, Target: first.Target, Started: first.Started, Seed: first.Seed,
		Settings: mergedSettings(files), Rules: []conformance.Verdict{}, Merged: &conformance.Merged{Conflicts: []conformance.Conflict{}},
	}
	for _, f := range files {
		r := f.Rules
		all.Merged.Runs = append(all.Merged.Runs, conformance.MergedRun{
			Name: f.Name, Version: r.Tool.Version, Started: r.Started, DurationMS: r.DurationMS, Seed: r.Seed, Rules: len(r.Rules),
		})
		if r.Started.Before(all.Started) {
			all.Started = r.Started
		}
		if r.Seed != all.Seed {
			all.Seed = 0
		}
		all.DurationMS += r.DurationMS
		if l := r.Limited; l != nil {
			if all.Limited == nil {
				all.Limited = &conformance.Limited{}
			}
			all.Limited.Answers += l.Answers
			all.Limited.WaitedMS += l.WaitedMS
		}
		for _, p := range r.Problems {
			if !slices.Contains(all.Problems, p) {
				all.Problems = append(all.Problems, p)
			}
		}
	}
	all.Warnings = mergedWarnings(files)
	m := merger{files: files, all: all}
	m.rules()
	all.Capabilities = mergeFindings(&m, "capability", func(r *conformance.Report) map[target.Capability]target.Finding { return r.Capabilities })
	all.Choices = mergeFindings(&m, "choice", func(r *conformance.Report) map[target.ChoiceName]target.Finding { return r.Choices })
	all.Hierarchy = mergeFindings(&m, "hierarchy of", func(r *conformance.Report) map[oauth.ScopeToken]target.Finding { return r.Hierarchy })
	for _, way := range target.Ways() {
		found := mergeFindings(&m, "choice by "+string(way), func(r *conformance.Report) map[target.ChoiceName]target.Finding { return r.ChoicesByWay[way] })
		if len(found) > 0 {
			if all.ChoicesByWay == nil {
				all.ChoicesByWay = target.ChoicesByWay{}
			}
			all.ChoicesByWay[way] = found
		}
	}
	return all, nil
}

// sameTarget refuses reports that are about different things, and says which. The
// port of a server that is started for a run is another each time, so only that of
// an external one has to be the same.
func sameTarget(files []File) error {
	var problems []error
	about := func(r *conformance.Report) string {
		text := targetName(r) + " (" + string(r.Target.Kind) + ")"
		if r.Target.Kind == target.KindExternal {
			text += " at " + r.Target.Issuer
		}
		if r.Target.Defect != "" {
			text += " with the defect " + fmt.Sprintf("%q", r.Target.Defect)
		}
		return text
	}
	for _, f := range files {
		switch {
		case f.Rules == nil:
			problems = append(problems, fmt.Errorf("%s is a load.json, want a report.json, as the others are", f.Name))
		case files[0].Rules != nil && about(f.Rules) != about(files[0].Rules):
			problems = append(problems, fmt.Errorf("%s is about %s, and %s about %s: reports of different targets are compared or diffed, not merged",
				files[0].Name, about(files[0].Rules), f.Name, about(f.Rules)))
		}
	}
	return errors.Join(problems...)
}

// mergedSettings are those of all runs that say something of all of them; where
// they differ, each value once.
func mergedSettings(files []File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		for name, value := range f.Rules.Settings {
			switch old, ok := all[name]; {
			case name == "out", name == "format", name == "target" && ok: // where each was written; the first will do
			case !ok, name == "strict" && old != "true": // one strict run makes all so
				all[name] = value
			case name == "strict":
			case !slices.Contains(strings.Split(old, ", "), value):
				all[name] = old + ", " + value
			}
		}
	}
	return all
}

type merger struct {
	files []File
	all   *conformance.Report
}

// conflict notes what the runs say of something, unless all say the same or only
// one says anything.
func (m *merger) conflict(what, taken string, said []string) {
	spoken := slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s == "" })
	if len(slices.Compact(spoken)) > 1 {
		m.all.Merged.Conflicts = append(m.all.Merged.Conflicts, conformance.Conflict{What: what, Said: said, Taken: taken})
	}
}

// rules takes the worst verdict on each rule, by id.
func (m *merger) rules() {
	taken := map[string]conformance.Verdict{}
	said := map[string][]string{}
	for i, f := range m.files {
		for _, v := range f.Rules.Rules {
			if said[v.ID] == nil {
				said[v.ID] = make([]string, len(m.files))
			}
			said[v.ID][i] = label(v.Outcome)
			if old, ok := taken[v.ID]; !ok || severity(v.Outcome) > severity(old.Outcome) {
				taken[v.ID] = v
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(taken)) {
		m.all.Rules = append(m.all.Rules, taken[id])
		m.conflict("rule "+id, label(taken[id].Outcome), said[id])
	}
	m.all.Summary = summarize(m.all.Rules)
}

// severity orders outcomes. What was judged counts more than that it does not
// apply.
func severity(o conformance.Outcome) int {
	order := []conformance.Outcome{
		conformance.NotApplicable, conformance.Conforms, conformance.Known, conformance.Deviates, conformance.Inconclusive, conformance.Violates,
	}
	return slices.Index(order, o)
}

func summarize(rules []conformance.Verdict) conformance.Summary {
	n := tally(rules)
	return conformance.Summary{
		Conforms: n[conformance.Conforms], Deviates: n[conformance.Deviates], Violates: n[conformance.Violates],
		Known: n[conformance.Known], NotApplicable: n[conformance.NotApplicable], Inconclusive: n[conformance.Inconclusive],
	}
}

// mergeFindings takes what the first run says that knows something.
func mergeFindings[K ~string](m *merger, kind string, of func(*conformance.Report) map[K]target.Finding) map[K]target.Finding {
	all := map[K]target.Finding{}
	said := map[K][]string{}
	for i, f := range m.files {
		for name, found := range of(f.Rules) {
			if said[name] == nil {
				said[name] = make([]string, len(m.files))
			}
			if found.Value != target.Unknown {
				said[name][i] = found.Value
			}
			if old, ok := all[name]; !ok || old.Value == target.Unknown {
				all[name] = found
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		m.conflict(kind+" "+string(name), all[name].Value, said[name])
	}
	return all
}

// MergeLoad puts load runs of different scenarios against one target together.
// The same scenario twice is an error: percentiles cannot be added up.
func MergeLoad(files []File) (*loadtest.Report, error) {
	if len(files) < 2 {
		return nil, fmt.Errorf("got %s, want two at least", count(len(files), "report"))
	}
	var all loadtest.Report
	var problems []error
	from := map[string]string{}
	for i, f := range files {
		if f.Load == nil {
			problems = append(problems, fmt.Errorf("%s is a report.json, want a load.json, as the others are", f.Name))
			continue
		}
		if i == 0 {
			all = *f.Load
			all.Scenarios, all.Thresholds, all.DurationMS = nil, nil, 0
			all.Capacities, all.Sweeps = nil, nil
		}
		r := f.Load
		if r.Target != all.Target {
			problems = append(problems, fmt.Errorf("%s is about %s, and %s about %s: load runs of different targets cannot be merged", files[0].Name, all.Target, f.Name, r.Target))
		}
		for _, s := range r.Scenarios {
			if from[s.Name] != "" {
				problems = append(problems, fmt.Errorf("%s and %s both have the load scenario %s: percentiles of two runs cannot be merged", from[s.Name], f.Name, s.Name))
			}
			from[s.Name] = f.Name
		}
		if r.Started.Before(all.Started) {
			all.Started = r.Started
		}
		if r.Seed != all.Seed {
			all.Seed = 0
		}
		all.DurationMS += r.DurationMS
		all.Interrupted = all.Interrupted || r.Interrupted
		all.Scenarios = append(all.Scenarios, r.Scenarios...)
		all.Capacities = append(all.Capacities, r.Capacities...)
		all.Sweeps = append(all.Sweeps, r.Sweeps...)
		all.Thresholds = append(all.Thresholds, r.Thresholds...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &all, nil
}

// mergedWarnings are the warnings of all runs, each once: one run may have judged what
// another could not.
func mergedWarnings(files []File) []conformance.Warning {
	var all []conformance.Warning
	for _, f := range files {
		for _, w := range f.Rules.Warnings {
			if !slices.ContainsFunc(all, func(had conformance.Warning) bool { return had.Text == w.Text }) {
				all = append(all, w)
			}
		}
	}
	return all
}
