package report

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/scopeproof/scopeproof/conformance"
)

// alpha is how likely it may be that a diff reports a change of latency where there
// is none, all its tests together.
const alpha = 0.05

// LatencyChange is something that took longer or shorter, beyond noise: by the
// Mann-Whitney U test, which assumes nothing of how times are distributed.
type LatencyChange struct {
	What    string  `json:"what"` // "scenarios", "POST /token"
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

// wholeScenarios is the sample of how long scenarios took.
const wholeScenarios = "scenarios"

// samples are the times in milliseconds of what a run did and the other did as
// well: whole scenarios that conform in both, and the requests of scenarios whose
// exchanges both have, by method and path.
func samples(r, other *conformance.Report) map[string][]float64 {
	type scenario struct{ rule, name string }
	known := map[scenario]conformance.ScenarioResult{}
	for _, v := range other.Rules {
		for _, s := range v.Scenarios {
			known[scenario{v.ID, s.Name}] = s
		}
	}
	all := map[string][]float64{}
	for _, v := range r.Rules {
		for _, s := range v.Scenarios {
			o, both := known[scenario{v.ID, s.Name}]
			if !both || s.ChargedFrom != "" {
				continue
			}
			if s.Outcome == conformance.Conforms && o.Outcome == conformance.Conforms {
				all[wholeScenarios] = append(all[wholeScenarios], float64(s.DurationMS))
			}
			if len(o.Exchanges) == 0 {
				continue
			}
			for _, e := range s.Exchanges {
				if e.Failure == "" {
					name := e.Method + " " + route(e.URL)
					all[name] = append(all[name], float64(e.Duration.Microseconds())/1000)
				}
			}
		}
	}
	return all
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
