package loadtest

import (
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

// Schema is the value of Report.Schema.
const Schema = "scopeproof/load/v1"

// Outcome is what came of a load scenario.
type Outcome string

// The outcomes of a load scenario.
const (
	Kept          Outcome = "kept"           // every answer was as expected, every threshold held
	Broken        Outcome = "broken"         // a leak, a false refusal, a threshold missed, or 1 % of the requests failed
	Inconclusive  Outcome = "inconclusive"   // under 95 % of the offered rate, the target limits it, or nothing was answered
	NotApplicable Outcome = "not_applicable" // the target lacks what the scenario needs
)

// Report is what a load run found, in the form of load.json.
type Report struct {
	Schema     string    `json:"schema"`
	Tool       string    `json:"tool"`   // version of the program
	Target     string    `json:"target"` // its name
	Issuer     string    `json:"issuer"`
	Started    time.Time `json:"started"`
	DurationMS int64     `json:"duration_ms"`
	Seed       int64     `json:"seed"`
	// Offered is what was offered to each scenario, or to the mix: stages
	// ("30s:100/s"), "64 connections", or "search"; empty: there were sweeps alone.
	Offered string `json:"offered,omitempty"`
	// WarmUpMS is how long requests were sent before any of them counted.
	WarmUpMS  int64            `json:"warm_up_ms,omitempty"`
	Scenarios []ScenarioReport `json:"scenarios"`
	// Capacities are what searches for the capacity found.
	Capacities []Capacity `json:"capacities,omitempty"`
	// Sweeps are how latency grows with the size of what is sent.
	Sweeps     []SweepReport     `json:"sweeps,omitempty"`
	Thresholds []ThresholdResult `json:"thresholds"`
	// Shards is there where several processes sent the load.
	Shards *Shards `json:"shards,omitempty"`
	// Interrupted says that the run was stopped before its time.
	Interrupted bool `json:"interrupted,omitempty"`
}

// ScenarioReport is what came of one load scenario. Rates are requests per
// second.
type ScenarioReport struct {
	Name         string   `json:"name"`
	Text         string   `json:"text"`
	Rules        []string `json:"rules"`            // the rules that it judges
	Weight       int      `json:"weight,omitempty"` // in the mix
	OfferedRate  float64  `json:"offered_rate"`     // 0: none was, in a closed model
	AchievedRate float64  `json:"achieved_rate"`
	DurationMS   int64    `json:"duration_ms"`
	Requests     int64    `json:"requests"`
	Kept         int64    `json:"kept"`  // answered as expected
	Leaks        int64    `json:"leaks"` // served or issued beyond the grant
	// LeaksByRule counts the leaks by the rule that each breaks.
	LeaksByRule   map[string]int64 `json:"leaks_by_rule,omitempty"`
	FalseRefusals int64            `json:"false_refusals"` // refused although granted
	Faults        int64            `json:"faults"`         // no answer, or one that cannot be judged
	// Limited are those of Faults whose answer asks for fewer requests: 429, or 503 with
	// Retry-After.
	Limited int64   `json:"limited,omitempty"`
	Latency Latency `json:"latency_ms"`
	// Spectrum is how Latency is distributed, the lowest percentile first: each next
	// point halves what is slower.
	Spectrum []Percentile `json:"spectrum,omitempty"`
	// Lag is how much later than due requests were sent: what the load generator
	// adds to Latency, or workers that all wait.
	Lag Latency `json:"lag_ms"`
	// CPU is how many cores this process used, HostCPU how many were used on its
	// host; 0: not known.
	CPU     float64 `json:"cpu"`
	HostCPU float64 `json:"host_cpu"`
	// Windows are what was seen second by second, the warm-up first.
	Windows []Window `json:"windows"`
	// Measures are the figures that the scenario measured beside latency.
	Measures []Measured `json:"measures,omitempty"`
	// Signatures are those of the tokens that were issued, where the target says with
	// which keys it signs.
	Signatures *Signatures `json:"signatures,omitempty"`
	Outcome    Outcome     `json:"outcome"`
	Reason     string      `json:"reason,omitempty"`
	// Groups are the answers that were not as expected, by what they amount to:
	// leaks first, then the largest.
	Groups []Group `json:"groups,omitempty"`
	// Samples are the first few answers of each group, leaks first.
	Samples []Sample `json:"samples,omitempty"`
}

// Latency are percentiles in milliseconds, from when a request was due.
type Latency struct {
	Min   float64 `json:"min"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	P9999 float64 `json:"p99_99"`
	Max   float64 `json:"max"`
}

// Percentile is one point of the distribution of a latency.
type Percentile struct {
	Percentile float64 `json:"percentile"` // 99.9: all but one of 1,000 were no slower
	MS         float64 `json:"ms"`
}

// Group are the answers of a scenario that were not as expected in the same way.
type Group struct {
	Class string `json:"class"` // "leak", "false_refusal" or "fault"
	Rule  string `json:"rule,omitempty"`
	// Message is what was seen, with N in place of lengths and ids.
	Message string    `json:"message"`
	Count   int64     `json:"count"`
	First   time.Time `json:"first"` // when the first of these requests was sent
	Last    time.Time `json:"last"`
	// Exchanges are the numbers of the samples of the group.
	Exchanges []int `json:"exchanges"`
}

// Sample is one answer that was not as expected.
type Sample struct {
	Class    string         `json:"class"` // "leak", "false_refusal" or "fault"
	Rule     string         `json:"rule,omitempty"`
	Message  string         `json:"message"`
	Exchange oauth.Exchange `json:"exchange"`
}

// ThresholdResult is what came of one threshold.
type ThresholdResult struct {
	Expression string   `json:"expression"` // "p99<50ms"
	Scenario   string   `json:"scenario,omitempty"`
	Value      *float64 `json:"value"` // nil: no samples, or too few
	Held       bool     `json:"held"`
	Reason     string   `json:"reason,omitempty"` // why there is no value
}
