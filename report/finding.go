package report

import (
	"maps"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
)

// finding is a capability or a choice, as a row of a table.
type finding struct {
	Name, Value, Source string
	Text                string // what it means
}

// Lacks reports whether the value says that the target does not have it.
func (f finding) Lacks() bool { return f.Value == "false" || f.Value == "none" || f.Value == "0" }

// Short is the name where the value is "true" or "false", else name=value.
func (f finding) Short() string {
	if f.Value == "true" || f.Value == "false" {
		return f.Name
	}
	return f.Name + "=" + f.Value
}

// capabilities lists the capabilities of a report: those that we know in their
// usual order, then any others by name.
func capabilities(r *conformance.Report) []finding {
	known := target.Capabilities()
	order := make([]target.Capability, len(known))
	texts := make(map[target.Capability]string, len(known))
	for i, info := range known {
		order[i], texts[info.Name] = info.Name, info.Text
	}
	return findings(r.Capabilities, order, texts)
}

// choices lists the open choices of a report in the same way, and after them the
// scopes that include others.
func choices(r *conformance.Report) []finding {
	known := target.Choices()
	order := make([]target.ChoiceName, len(known))
	texts := make(map[target.ChoiceName]string, len(known))
	for i, info := range known {
		order[i], texts[info.Name] = info.Name, info.Text
	}
	var rows []finding
	for _, f := range findings(r.Choices, order, texts) {
		rows = append(rows, f)
		for _, way := range target.Ways() {
			if other, ok := r.ChoicesByWay[way][target.ChoiceName(f.Name)]; ok {
				rows = append(rows, finding{f.Name + " by " + string(way), other.Value, other.Source, f.Text + ", on this way alone"})
			}
		}
	}
	for _, token := range slices.Sorted(maps.Keys(r.Hierarchy)) {
		f := r.Hierarchy[token]
		rows = append(rows, finding{string(token) + " includes", f.Value, f.Source, "what else a scope stands for"})
	}
	return rows
}

func findings[K ~string](found map[K]target.Finding, order []K, texts map[K]string) []finding {
	var rows []finding
	row := func(name K) {
		f := found[name]
		rows = append(rows, finding{Name: string(name), Value: f.Value, Source: f.Source, Text: texts[name]})
	}
	for _, name := range order {
		if _, ok := found[name]; ok {
			row(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := texts[name]; !ok {
			row(name)
		}
	}
	return rows
}

// settings lists the settings of a report by name.
func settings(r *conformance.Report) []finding {
	var rows []finding
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		rows = append(rows, finding{Name: name, Value: r.Settings[name]})
	}
	return rows
}
