package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

// LoadJSON writes load.json in the same way as [JSON] writes report.json. A rate
// or a percentile that is not a number is written as 0, and such a value of a
// threshold as null.
func LoadJSON(w io.Writer, r *loadtest.Report) error { return encode(w, loadComplete(r)) }

// LoadLine writes the same as LoadJSON in one line: an object with the type
// "report" and the report.
func LoadLine(w io.Writer, r *loadtest.Report) error {
	return line(w, struct {
		Type   string          `json:"type"`
		Report loadtest.Report `json:"report"`
	}{"report", loadComplete(r)})
}

// loadProgress is how a run goes, as a line of JSON. Rates are requests per second,
// and everything is without the warm-up.
type loadProgress struct {
	Type          string           `json:"type"` // "progress"
	Scenario      string           `json:"scenario"`
	Number        int              `json:"number"` // of the scenario, mix or sweep, from 1
	Of            int              `json:"of"`
	Phase         string           `json:"phase,omitempty"` // "step 3: bisect", "sweep"
	ElapsedMS     int64            `json:"elapsed_ms"`
	DurationMS    int64            `json:"duration_ms"`
	WarmUpMS      int64            `json:"warm_up_ms"`
	OfferedRate   float64          `json:"offered_rate"` // now
	Rate          float64          `json:"rate"`         // in the last second
	Requests      int64            `json:"requests"`
	Kept          int64            `json:"kept"`
	Leaks         int64            `json:"leaks"`
	FalseRefusals int64            `json:"false_refusals"`
	Faults        int64            `json:"faults"`
	Latency       loadtest.Latency `json:"latency_ms"`
	// Second is the last whole second.
	Second *loadtest.Window `json:"second,omitempty"`
	Last   bool             `json:"last"` // the final figures of the scenario or step
}

// LoadProgress writes how a load run goes as one line of JSON, an object with the
// type "progress".
func LoadProgress(w io.Writer, p loadtest.Progress) error {
	ms := time.Duration.Milliseconds
	shown := loadProgress{
		Type: "progress", Scenario: p.Scenario, Number: p.Number, Of: p.Of, Phase: p.Phase,
		ElapsedMS: ms(p.Elapsed), DurationMS: ms(p.Duration), WarmUpMS: ms(p.WarmUp), OfferedRate: finite(p.OfferedRate), Rate: finite(p.Rate),
		Requests: p.Requests, Kept: p.Kept, Leaks: p.Leaks, FalseRefusals: p.FalseRefusals, Faults: p.Faults, Latency: p.Latency, Last: p.Last,
	}
	if p.Second.Seconds > 0 {
		shown.Second = &p.Second
	}
	return line(w, shown)
}

func line(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// loadComplete is a report in which no list is missing and every figure is a
// number.
func loadComplete(r *loadtest.Report) loadtest.Report {
	full := *r
	if full.Schema == "" {
		full.Schema = loadtest.Schema
	}
	full.Scenarios = list(full.Scenarios)
	for i := range full.Scenarios {
		s := &full.Scenarios[i]
		s.Rules, s.Windows = list(s.Rules), list(s.Windows)
		s.Groups = completeGroups(s.Groups)
		for _, f := range []*float64{&s.OfferedRate, &s.AchievedRate, &s.CPU, &s.HostCPU} {
			*f = finite(*f)
		}
		s.Latency, s.Lag = finiteLatency(s.Latency), finiteLatency(s.Lag)
	}
	full.Capacities = slices.Clone(full.Capacities)
	for i := range full.Capacities {
		c := &full.Capacities[i]
		c.Scenarios, c.Curve = list(c.Scenarios), list(c.Curve)
	}
	full.Sweeps = slices.Clone(full.Sweeps)
	for i := range full.Sweeps {
		s := &full.Sweeps[i]
		s.Rules, s.Points, s.Groups = list(s.Rules), list(s.Points), completeGroups(s.Groups)
	}
	full.Thresholds = list(full.Thresholds)
	for i := range full.Thresholds {
		if v := full.Thresholds[i].Value; v != nil && !isNumber(*v) {
			full.Thresholds[i].Value = nil
		}
	}
	return full
}

func completeGroups(groups []loadtest.Group) []loadtest.Group {
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Exchanges = list(groups[i].Exchanges)
	}
	return groups
}

func finiteLatency(l loadtest.Latency) loadtest.Latency {
	for _, f := range []*float64{&l.Min, &l.Mean, &l.P50, &l.P90, &l.P95, &l.P99, &l.P999, &l.P9999, &l.Max} {
		*f = finite(*f)
	}
	return l
}

func finite(f float64) float64 {
	if isNumber(f) {
		return f
	}
	return 0
}
