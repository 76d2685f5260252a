package report

import (
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// JSON writes report.json: the report itself, indented. Empty lists are [] and
// empty maps {}, never null. [JSONSchema] describes it.
func JSON(w io.Writer, r *conformance.Report) error {
	full := *r
	if full.Schema == "" {
		full.Schema = conformance.Schema
	}
	if full.Capabilities == nil {
		full.Capabilities = map[target.Capability]target.Finding{}
	}
	if full.Choices == nil {
		full.Choices = map[target.ChoiceName]target.Finding{}
	}
	if full.Privilege != nil {
		full.Privilege = lists(*full.Privilege)
	}
	full.Rules = list(full.Rules)
	for i := range full.Rules {
		v := &full.Rules[i]
		v.Sources = list(v.Sources)
		v.Scenarios = list(v.Scenarios)
		for j := range v.Scenarios {
			s := &v.Scenarios[j]
			s.Exchanges = list(s.Exchanges)
		}
	}
	return encode(w, full)
}

// lists is a copy without lists that are nil.
func lists(p conformance.Privilege) *conformance.Privilege {
	p.Operations, p.Scopes = list(p.Operations), list(p.Scopes)
	for i := range p.Operations {
		o := &p.Operations[i]
		o.Declared, o.Sufficient, o.Insufficient = list(o.Declared), list(o.Sufficient), list(o.Insufficient)
	}
	for i := range p.Scopes {
		p.Scopes[i].NeededBy = list(p.Scopes[i].NeededBy)
	}
	return &p
}

// LoadJSON writes load.json in the same way. A rate or a percentile that is not
// a number is written as 0, and such a value of a threshold as null.
func LoadJSON(w io.Writer, r *loadtest.Report) error {
	full := *r
	if full.Schema == "" {
		full.Schema = loadtest.Schema
	}
	full.Scenarios = list(full.Scenarios)
	for i := range full.Scenarios {
		s := &full.Scenarios[i]
		s.Rules = list(s.Rules)
		for _, f := range []*float64{
			&s.OfferedRate, &s.AchievedRate, &s.Latency.P50, &s.Latency.P90,
			&s.Latency.P95, &s.Latency.P99, &s.Latency.P999, &s.Latency.Max,
		} {
			if !isNumber(*f) {
				*f = 0
			}
		}
	}
	full.Thresholds = list(full.Thresholds)
	for i := range full.Thresholds {
		if v := full.Thresholds[i].Value; v != nil && !isNumber(*v) {
			full.Thresholds[i].Value = nil
		}
	}
	return encode(w, full)
}

// list returns a copy of a slice that is never nil.
func list[T any](s []T) []T {
	if len(s) == 0 {
		return []T{}
	}
	return slices.Clone(s)
}

func isNumber(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// encode writes JSON as people read it: "<" stays "<", since a file is no page.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
