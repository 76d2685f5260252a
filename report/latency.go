package report

import (
	"cmp"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// alpha is how likely it may be that a diff reports a change of latency where there
// is none, all its tests together.
const alpha = 0.05

// LatencyChange is something that took longer or shorter, beyond noise: by the
// Mann-Whitney U test, which assumes nothing of how times are distributed.
type LatencyChange struct {
	What    string  `json:"what"` // "scenarios", "POST /token", "p99 of token-refresh"
	Old     float64 `json:"old_ms"`
	New     float64 `json:"new_ms"`     // medians
	Percent float64 `json:"percent"`    // above 0: slower
	P       float64 `json:"p"`          // of the test
	OldSize int     `json:"old_sample"` // sizes of the samples
	NewSize int     `json:"new_sample"`
	Change  Change  `json:"change,omitempty"`
}

// latency compares samples of how long what both runs did took, by name.
func (d *Diff) latency(was, is map[string][]float64, slower float64) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(was)), func(name string) bool { return len(is[name]) == 0 })
	d.Tested = len(names)
	limits := &benchmath.Thresholds{CompareAlpha: alpha / float64(max(len(names), 1))}
	for _, name := range names {
		a, b := benchmath.NewSample(was[name], limits), benchmath.NewSample(is[name], limits)
		c := benchmath.AssumeNothing.Compare(a, b)
		if c.P > c.Alpha {
			continue
		}
		change := LatencyChange{
			What: name, P: c.P, OldSize: c.N1, NewSize: c.N2,
			Old: benchmath.AssumeNothing.Summary(a, 0.95).Center, New: benchmath.AssumeNothing.Summary(b, 0.95).Center,
		}
		if change.Old == change.New {
			continue
		}
		if change.Old > 0 {
			change.Percent = (change.New/change.Old - 1) * 100
		}
		if slower > 0 && (change.Percent > slower || change.Old == 0) {
			change.Change = Regression
		}
		d.regress(change.Change)
		d.Latency = append(d.Latency, change)
	}
}

// leastWindow is how many answers a window needs for its p99 not to be its slowest.
const leastWindow = 100

// loadSamples are the medians and the 99th percentiles of each second of the load
// scenarios that both runs have: p50 and p99 of api-reads. A run of which another
// rate was offered, or whose windows are of another length, is not like the other,
// and no change of latency says anything about the target: notes say so.
func (d *Diff) loadSamples(before, after *loadtest.Report, was, is map[string][]float64) {
	others := map[string]loadtest.ScenarioReport{}
	for _, s := range after.Scenarios {
		others[s.Name] = s
	}
	for _, old := range before.Scenarios {
		s, both := others[old.Name]
		a, b := counted(old, before.WarmUpMS), counted(s, after.WarmUpMS)
		if !both || len(a) == 0 || len(b) == 0 {
			continue
		}
		switch {
		case before.Offered != after.Offered, !closed(before.Offered) && math.Abs(old.OfferedRate-s.OfferedRate) > 0.01*old.OfferedRate:
			d.note("latency of %s is not compared: %s requests/s were offered (%s), and now %s (%s)", old.Name,
				number(old.OfferedRate), orNothing(before.Offered), number(s.OfferedRate), orNothing(after.Offered))
			continue
		case a[0].Seconds != b[0].Seconds:
			d.note("latency of %s is not compared: a window was %d s, and now is %d s", old.Name, a[0].Seconds, b[0].Seconds)
			continue
		}
		enough := func(w loadtest.Window) bool { return w.Answered() >= leastWindow }
		if !slices.ContainsFunc(a, enough) || !slices.ContainsFunc(b, enough) {
			d.note("p99 of %s is not compared: no second has %d answers", old.Name, leastWindow)
		}
		for _, side := range []struct {
			windows []loadtest.Window
			all     map[string][]float64
		}{{a, was}, {b, is}} {
			for _, w := range side.windows {
				side.all["p50 of "+old.Name] = append(side.all["p50 of "+old.Name], w.Latency.P50)
				if enough(w) {
					side.all["p99 of "+old.Name] = append(side.all["p99 of "+old.Name], w.Latency.P99)
				}
			}
		}
	}
}

// counted are the windows after the warm-up in which something was due and
// answered; all of one length.
func counted(s loadtest.ScenarioReport, warmUpMS int64) []loadtest.Window {
	var all []loadtest.Window
	for _, w := range s.Windows {
		if w.Second*1000 >= warmUpMS && w.Due > 0 && w.Answered() > 0 && w.Seconds == s.Windows[0].Seconds {
			all = append(all, w)
		}
	}
	return all
}

// wholeScenarios is the sample of how long scenarios took.
const wholeScenarios = "scenarios"

// samples are the times in milliseconds of what both runs did: whole scenarios that
// conform in both, and the requests of scenarios that came to the same and whose
// exchanges both have, by method and path. Notes say how many scenarios are left
// out. What was played beside them counts as well: with another parallelism nothing
// is alike.
func (d *Diff) samples(before, after *conformance.Report, was, is map[string][]float64) {
	if a, b := before.Settings["parallel"], after.Settings["parallel"]; a != b && a != "" && b != "" {
		d.note("latency of the rules is not compared: %s scenarios were played at once, and now %s", a, b)
		return
	}
	old, found := played(before), played(after)
	alike, otherwise := 0, 0
	for _, key := range slices.SortedFunc(maps.Keys(old), scenarioKey.compare) {
		a, b := old[key], found[key]
		switch {
		case b.Outcome == "":
			continue
		case a.Outcome != b.Outcome:
			otherwise++
			continue
		}
		alike++
		if a.Outcome == conformance.Conforms {
			was[wholeScenarios] = append(was[wholeScenarios], float64(a.DurationMS))
			is[wholeScenarios] = append(is[wholeScenarios], float64(b.DurationMS))
		}
		if len(a.Exchanges) > 0 && len(b.Exchanges) > 0 {
			requests(a, was)
			requests(b, is)
		}
	}
	var left []string
	if n := len(old) + len(found) - 2*alike - 2*otherwise; n > 0 {
		left = append(left, count(n, "scenario")+" that one of them alone played")
	}
	if otherwise > 0 {
		left = append(left, thousands(int64(otherwise))+" with another outcome")
	}
	if len(left) > 0 {
		d.note("latency is that of the %s which both runs played, with the same outcome; left out: %s", count(alike, "scenario"), strings.Join(left, ", "))
	}
}

// scenarioKey names a scenario of a run. Names may be there several times.
type scenarioKey struct {
	rule, name string
	nth        int
}

func (k scenarioKey) compare(other scenarioKey) int {
	return cmp.Or(cmp.Compare(k.rule, other.rule), cmp.Compare(k.name, other.name), cmp.Compare(k.nth, other.nth))
}

// played are the scenarios that a run played itself, those of an invariant aside.
func played(r *conformance.Report) map[scenarioKey]conformance.ScenarioResult {
	all := map[scenarioKey]conformance.ScenarioResult{}
	for _, v := range r.Rules {
		for _, s := range v.Scenarios {
			if s.ChargedFrom != "" || s.Outcome == conformance.NotApplicable || s.Outcome == "" {
				continue
			}
			key := scenarioKey{v.ID, s.Name, 0}
			for all[key].Outcome != "" {
				key.nth++
			}
			all[key] = s
		}
	}
	return all
}

// requests adds the times of the requests of a scenario, by method and path.
func requests(s conformance.ScenarioResult, to map[string][]float64) {
	for _, e := range s.Exchanges {
		if e.Failure == "" {
			name := e.Method + " " + route(e.URL)
			to[name] = append(to[name], float64(e.Duration.Microseconds())/1000)
		}
	}
}

// identifier is a part of a path that names one of many things.
var identifier = regexp.MustCompile(`[0-9]|^[A-Za-z0-9_-]{20,}$|‹`)

// route is the path of a URL, with "…" for what names one of many things.
func route(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if identifier.MatchString(part) && part != "oauth2" && !version.MatchString(part) {
			parts[i] = "…"
		}
	}
	return cmp.Or(strings.Join(parts, "/"), "/")
}

var version = regexp.MustCompile(`^v[0-9]{1,2}$`)
