package conformance

import (
	"slices"
	"testing"
)

func TestAreas(t *testing.T) {
	rule := func(id string, level Level, feature string, needs ...string) *Rule {
		r := &Rule{ID: id, Level: level, Feature: feature, File: feature + ".feature"}
		for _, n := range needs {
			r.Needs = append(r.Needs, Need{Text: n})
		}
		return r
	}
	got := Areas([]*Rule{
		rule("AA-01", Must, "A story", "as.code", "as.refresh"),
		rule("AA-02", May, "Of A", "as.code"),
		rule("AA-03", Must, "Of A", "as.cc", "as.code"),
		rule("AA-04", Must, "More of A", "as.code"),
		rule("BB-01", Should, "A story", "rs.api"),
	})
	if len(got) != 2 {
		t.Fatalf("got %d areas, want 2", len(got))
	}
	a, b := got[0], got[1]
	if a.ID != "AA" || a.Rules != 4 || a.Levels[Must] != 3 || a.Levels[May] != 1 {
		t.Errorf("got %+v, want AA with four rules, three of them MUST", a)
	}
	if !slices.Equal(a.Titles, []string{"Of A", "More of A"}) || !slices.Equal(a.Needs, []string{"as.code"}) {
		t.Errorf("got titles %q and needs %q, want its own features, and what every rule needs", a.Titles, a.Needs)
	}
	if !slices.Equal(b.Titles, []string{"A story"}) || !slices.Equal(b.Needs, []string{"rs.api"}) {
		t.Errorf("got titles %q and needs %q, want the feature that it shares, as it has no other", b.Titles, b.Needs)
	}
}
