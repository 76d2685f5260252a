package report

import (
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
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
