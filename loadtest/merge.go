package loadtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Shards says how many shards a run had, and what became of those that are not in
// its figures.
type Shards struct {
	Wanted int `json:"wanted"`
	// Counted are those whose results are in the report.
	Counted int `json:"counted"`
	// Problems are in words: a shard that handed in nothing, or began late.
	Problems []string `json:"problems,omitempty"`
	// Results says that what those that are counted wrote in vegeta's format was put
	// together in results.gob.
	Results bool `json:"results,omitempty"`
}

// Merging says what parts belong to.
type Merging struct {
	// Shards is how many there are.
	Shards     int
	Thresholds []Threshold
	// Late is by how much a shard began later than the others.
	Late map[int]time.Duration
	// Problems are why shards handed in nothing.
	Problems []string
}

// Merge adds the parts of a run up, as if one process had sent everything: counts
// and histograms are added, so that percentiles are those of all requests. What is
// missing is neither guessed nor made up for: the offered rate is that of all
// shards. Of two results of one shard the first counts. Parts that are of
// different runs are an error.
func Merge(parts []*Part, m Merging) (*Report, error) {
	all, problems, err := sorted(parts, m)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no shard handed in a result: %s", strings.Join(m.Problems, "; "))
	}
	first := all[0].Report
	r := &runner{Options: Options{Thresholds: m.Thresholds}, report: &Report{
		Schema: Schema, Tool: first.Tool, Target: first.Target, Issuer: first.Issuer, Started: first.Started, Seed: first.Seed,
		WarmUpMS: first.WarmUpMS, Offered: offeredBy(all), Thresholds: []ThresholdResult{},
		Shards: &Shards{Wanted: m.Shards, Counted: len(all), Problems: problems},
	}}
	for _, p := range all {
		r.report.Interrupted = r.report.Interrupted || p.Report.Interrupted
		r.report.DurationMS = max(r.report.DurationMS, p.Report.DurationMS)
		if p.Report.Started.Before(r.report.Started) {
			r.report.Started = p.Report.Started
		}
	}
	for i := range first.Scenarios {
		r.report.Scenarios = append(r.report.Scenarios, r.merged(all, i, m))
	}
	r.unbound()
	return r.report, nil
}

// offeredBy is what the shards offered together. Each knows the stages of all of
// them, and its own connections.
func offeredBy(parts []*Part) string {
	connections := 0
	for _, p := range parts {
		if len(p.Scenarios) == 0 || p.Scenarios[0].Open {
			return parts[0].Report.Offered
		}
		connections += p.Scenarios[0].Workers
	}
	return fmt.Sprintf("%d connections", connections)
}

// sorted are the parts in the order of their shards, each once, and what is wrong.
func sorted(parts []*Part, m Merging) (all []*Part, problems []string, err error) {
	problems = slices.Clone(m.Problems)
	by := map[int]*Part{}
	for _, p := range parts {
		switch known := by[p.Shard]; {
		case p.Shards != m.Shards || p.Shard < 0 || p.Shard >= m.Shards:
			return nil, nil, fmt.Errorf("got a result of shard %d of %d, want %d shards", p.Shard, p.Shards, m.Shards)
		case known != nil && known.Attempt != p.Attempt:
			problems = append(problems, fmt.Sprintf("shard %d ran twice: the second result is not counted", p.Shard))
		case known == nil:
			by[p.Shard] = p
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(by)) {
		all = append(all, by[shard])
	}
	for _, p := range all[min(1, len(all)):] {
		if !same(all[0].Report, p.Report) {
			return nil, nil, fmt.Errorf("shards %d and %d ran other scenarios, or with another seed or target", all[0].Shard, p.Shard)
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(m.Late)) {
		if late := m.Late[shard]; late > 0 && by[shard] != nil {
			problems = append(problems, fmt.Sprintf("shard %d began %v late", shard, late.Round(time.Millisecond)))
		}
	}
	return all, problems, nil
}

// same reports whether two reports are of one run.
func same(a, b *Report) bool {
	if a.Seed != b.Seed || a.Target != b.Target || a.WarmUpMS != b.WarmUpMS || len(a.Scenarios) != len(b.Scenarios) {
		return false
	}
	for i := range a.Scenarios {
		if a.Scenarios[i].Name != b.Scenarios[i].Name {
			return false
		}
	}
	return true
}

// merged is what came of the scenario at a place of the reports.
func (r *runner) merged(parts []*Part, at int, m Merging) ScenarioReport {
	first := parts[0].Report.Scenarios[at]
	out := ScenarioReport{Name: first.Name, Text: first.Text, Rules: first.Rules, Outcome: first.Outcome, Reason: first.Reason, Windows: []Window{}}
	sum := &sum{report: &out, seen: seen{tally: newTally()}}
	for _, p := range parts {
		if p.Scenarios[at].Ready {
			sum.add(&p.Report.Scenarios[at], &p.Scenarios[at], p.Shard, m.Late[p.Shard])
		}
	}
	if sum.counted == 0 {
		if out.Outcome != NotApplicable {
			r.bind(&out, nil)
		}
		return out
	}
	sum.finish()
	missed := r.bind(&out, sum.figures())
	j := judgement{seen: sum.seen, report: &out, missed: missed, note: strings.Join(sum.notes, "; ")}
	t := sum.tally
	interrupted := r.report.Interrupted && (t.stopped > 0 || t.answered == 0) // it may have been over by then
	j.decide(interrupted)
	// What lacks of the rate is then that of the shards that are missing.
	lacking := out.Outcome == Kept || out.Outcome == Inconclusive && !interrupted && t.answered > 0 && t.unsent == ""
	if lacking && float64(sum.counted) < enough*float64(m.Shards) {
		out.Outcome = Inconclusive
		out.Reason = fmt.Sprintf("%d of %d shards handed in a result: they achieved %s of %s requests/s",
			sum.counted, m.Shards, figureText(out.AchievedRate), figureText(out.OfferedRate))
	}
	return out
}

// sum adds a scenario's parts up.
type sum struct {
	seen
	report  *ScenarioReport
	counted int
	planned int64
	offered float64
	windows []windowPart
	groups  []Group
	samples []Sample
	notes   []string
	// measures and values are what the scenario measured, by name.
	measures map[string]Measured
	values   map[string]*histogram
}

// windowPart is a window of a shard, on the clock of the run.
type windowPart struct {
	Window
	counts sparse
}

func (s *sum) add(r *ScenarioReport, p *partScenario, shard int, late time.Duration) {
	s.counted++
	s.tally.addCounts(&tally{
		requests: r.Requests, kept: r.Kept, leaks: r.Leaks, falseRefusals: r.FalseRefusals, faults: r.Faults, limited: r.Limited, answered: p.Answered,
		leaksByRule: r.LeaksByRule, lastSent: p.LastSent + late, elapsed: p.Elapsed + late,
	})
	p.Latency.addTo(s.tally.latency)
	p.Lag.addTo(s.tally.lag)
	if p.Unsent != "" {
		s.tally.unsent = p.Unsent
		s.notes = append(s.notes, fmt.Sprintf("shard %d: %s", shard, p.Unsent))
	}
	s.planned = max(s.planned, p.Planned)
	s.duration, s.warm, s.open = p.Duration, p.Warm, p.Open
	s.tally.stopped = max(s.tally.stopped, p.Stopped)
	if s.open {
		s.offered = max(s.offered, r.OfferedRate) // that of all shards
	} else {
		s.offered += r.AchievedRate
	}
	s.families, s.ended = s.families+p.Families, s.ended+p.Ended
	s.load.workers += p.Workers
	s.report.CPU += r.CPU
	s.report.HostCPU = max(s.report.HostCPU, r.HostCPU)
	if s.said == "" || s.sided == SideNeither {
		s.sided, s.said = p.Side, fmt.Sprintf("shard %d: %s", shard, p.Saturated)
	}
	if p.Note != "" {
		s.notes = append(s.notes, fmt.Sprintf("shard %d: %s", shard, p.Note))
	}
	for i, w := range r.Windows {
		w.Second += int64(late.Round(time.Second) / time.Second)
		s.windows = append(s.windows, windowPart{w, p.Windows[i]})
	}
	s.group(r)
	s.measure(r, p)
	if r.Signatures != nil {
		s.sign(*r.Signatures)
	}
}

func (s *sum) sign(more Signatures) {
	if s.tally.signatures == nil {
		s.tally.signatures = &Signatures{}
	}
	all := s.tally.signatures
	all.Checked, all.Unchecked, all.Bad = all.Checked+more.Checked, all.Unchecked+more.Unchecked, all.Bad+more.Bad
	all.Reason = cmp.Or(all.Reason, more.Reason)
}

func (s *sum) measure(r *ScenarioReport, p *partScenario) {
	if s.measures == nil {
		s.measures, s.values = map[string]Measured{}, map[string]*histogram{}
	}
	for i, m := range r.Measures {
		if s.values[m.Name] == nil {
			s.measures[m.Name], s.values[m.Name] = m, newMeasured()
		}
		p.Measures[i].addTo(s.values[m.Name])
	}
}

// group adds what was not as expected.
func (s *sum) group(r *ScenarioReport) {
	exchanges := map[int]Sample{}
	for _, sample := range r.Samples {
		exchanges[sample.Exchange.Number] = sample
	}
	for _, g := range r.Groups {
		at := slices.IndexFunc(s.groups, func(known Group) bool {
			return known.Class == g.Class && known.Rule == g.Rule && known.Message == g.Message
		})
		if at < 0 {
			at = len(s.groups)
			s.groups = append(s.groups, Group{Class: g.Class, Rule: g.Rule, Message: g.Message, First: g.First, Last: g.Last})
		}
		known := &s.groups[at]
		known.Count += g.Count
		if g.First.Before(known.First) {
			known.First = g.First
		}
		if g.Last.After(known.Last) {
			known.Last = g.Last
		}
		for _, number := range g.Exchanges {
			sample, found := exchanges[number]
			if !found || len(known.Exchanges) >= samplesEach || len(known.Exchanges) > 0 && len(s.samples) >= samplesMost {
				continue
			}
			sample.Exchange.Number = len(s.samples) + 1
			known.Exchanges = append(known.Exchanges, sample.Exchange.Number)
			s.samples = append(s.samples, sample)
		}
	}
}

// finish puts the numbers into the report.
func (s *sum) finish() {
	r, t := s.report, s.tally
	r.Requests, r.Kept, r.Leaks, r.FalseRefusals, r.Faults = t.requests, t.kept, t.leaks, t.falseRefusals, t.faults
	r.LeaksByRule, r.Limited = t.leaksByRule, t.limited
	r.Latency, r.Lag, r.DurationMS = t.latencies(), latencies(t.lag), t.elapsed.Milliseconds()
	r.Spectrum = t.spectrum()
	r.Windows, r.Signatures = aligned(s.windows), t.signatures
	for _, name := range slices.Sorted(maps.Keys(s.measures)) {
		r.Measures = append(r.Measures, s.measures[name].of(s.values[name]))
	}
	byClass := func(a, b string) int { return classIndex(Class(a)) - classIndex(Class(b)) }
	slices.SortStableFunc(s.groups, func(a, b Group) int { return cmp.Or(byClass(a.Class, b.Class), cmp.Compare(b.Count, a.Count)) })
	slices.SortStableFunc(s.samples, func(a, b Sample) int { return byClass(a.Class, b.Class) })
	r.Groups, r.Samples = s.groups, s.samples
	r.AchievedRate = s.offered
	if s.open {
		r.OfferedRate = s.offered
	}
	if s.open && (t.requests < s.planned || t.lastSent > s.duration) {
		r.AchievedRate = min(s.offered, float64(t.requests)/max(s.ran(), time.Millisecond).Seconds())
	}
}

func (s *sum) figures() *figures {
	t := s.tally
	return &figures{
		requests: t.requests, answered: t.answered, kept: t.kept, leaks: t.leaks, falseRefusals: t.falseRefusals, faults: t.faults,
		offered: s.report.OfferedRate, achieved: s.report.AchievedRate, latency: t.latency,
	}
}

// aligned are the windows of all shards as one row, of the length of the longest.
func aligned(parts []windowPart) []Window {
	length := int64(1)
	for _, w := range parts {
		length = max(length, w.Seconds)
	}
	by := map[int64][]windowPart{}
	for _, p := range parts {
		by[p.Second/length] = append(by[p.Second/length], p)
	}
	scratch := newHistogram()
	row := []Window{}
	for _, at := range slices.Sorted(maps.Keys(by)) {
		w := Window{Second: at * length}
		scratch.reset()
		for _, p := range by[at] {
			w.addCounts(p.Window)
			w.Seconds = min(length, max(w.Seconds, p.Second+p.Seconds-w.Second))
			p.counts.addTo(scratch)
		}
		w.Latency = latencies(scratch)
		row = append(row, w)
	}
	return row
}
