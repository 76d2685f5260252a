package conformance

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/target"
)

func TestParseNeedRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", `no capability or choice is called ""`},
		{"as.magic", `"as.magic"`},
		{"as.code|", `no capability or choice is called ""`},
		{"consent.ui=tiny", "want one of [none all_or_nothing granular]"},
		{"consent.ui=granular|as.magic", `"as.magic"`},
		{"policy.unknown_scope/pigeon=reject", `got the way "pigeon"`},
		{"policy.unknown_scope=sometimes", "want one of [ignore reject]"},
		{"policy.magic", `"policy.magic"`},
		{"unknown_scope=ignore", `"unknown_scope"`},
	} {
		if _, err := ParseNeed(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error that has %q", c.text, err, c.want)
		}
	}
}

func TestNeedsAreMet(t *testing.T) {
	has := &target.Resolved{
		Capabilities: map[target.Capability]target.Finding{
			"as.code":    {Value: "true", Source: "declared"},
			"as.refresh": {Value: "false", Source: "metadata: grant_types_supported"},
			"consent.ui": {Value: "granular", Source: "declared"},
			"fx.users":   {Value: "2", Source: "declared"},
		},
		Choices: map[target.ChoiceName]target.Finding{"unknown_scope": {Value: "reject", Source: "observed"}},
		ByWay:   target.ChoicesByWay{target.ByPassword: {"unknown_scope": {Value: "ignore", Source: "observed"}}},
	}
	for _, c := range []struct{ text, why string }{
		{"as.code", ""},
		{"as.refresh|as.code", ""},
		{"consent.ui", ""},
		{"consent.ui=granular", ""},
		{"consent.ui!=none", ""},
		{"fx.users>=2", ""},
		{"policy.unknown_scope", ""},
		{"policy.unknown_scope=reject", ""},
		{"policy.unknown_scope!=ignore", ""},
		{"policy.unknown_scope/device=reject", ""},
		{"policy.unknown_scope/password=ignore", ""},
		{"policy.unknown_scope/password=reject", "needs policy.unknown_scope/password=reject; policy.unknown_scope/password is ignore (observed)"},
		{"as.refresh", "needs as.refresh; as.refresh is false (metadata: grant_types_supported)"},
		{"consent.ui=none", "needs consent.ui=none; consent.ui is granular (declared)"},
		{"consent.ui!=granular", "needs consent.ui!=granular; consent.ui is granular (declared)"},
		{"fx.users>=3", "needs fx.users>=3; fx.users is 2 (declared)"},
		{"policy.unknown_scope=ignore", "needs policy.unknown_scope=ignore; policy.unknown_scope is reject (observed)"},
		{"policy.empty_grant=error", "needs policy.empty_grant=error, which is neither declared nor could be observed"},
		{"as.refresh|fx.users>=3", "needs as.refresh; as.refresh is false (metadata: grant_types_supported); needs fx.users>=3; fx.users is 2 (declared)"},
	} {
		n, err := ParseNeed(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		want := IsMet
		if c.why != "" {
			want = NotMet
		}
		if got, why := n.Met(has); got != want || why != c.why {
			t.Errorf("%s: got %d, %q, want %q", c.text, got, why, c.why)
		}
	}
}

func TestWhatCannotBeToldIsNeitherMetNorNot(t *testing.T) {
	has := &target.Resolved{
		Capabilities: map[target.Capability]target.Finding{
			"consent.ui": {Value: target.Unknown, Source: "not observed: no answer"},
			"as.code":    {Value: "true", Source: "declared"},
			"as.refresh": {Value: "false", Source: "declared"},
		},
		Mixed:     map[target.ChoiceName]string{target.Incremental: "[union replace]"},
		Unlearned: map[target.ChoiceName]string{target.EmptyGrant: "no answer"},
	}
	for _, c := range []struct {
		text string
		want Answer
		why  string
	}{
		{"consent.ui=granular", CannotTell, "needs consent.ui=granular; consent.ui is unknown (not observed: no answer)"},
		{"consent.ui", CannotTell, "needs consent.ui; consent.ui is unknown (not observed: no answer)"},
		{"consent.ui=granular|as.code", IsMet, ""},
		{"as.refresh|policy.empty_grant", CannotTell, "needs as.refresh; as.refresh is false (declared); needs policy.empty_grant, which could not be learned: no answer"},
		{"policy.incremental", IsMet, ""},
		{"policy.incremental=union", NotMet, "needs policy.incremental=union; policy.incremental is mixed (observed: [union replace])"},
		{"policy.user_excess", NotMet, "needs policy.user_excess, which is neither declared nor could be observed"},
	} {
		n, err := ParseNeed(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, why := n.Met(has); got != c.want || why != c.why {
			t.Errorf("%s: got %d, %q, want %d, %q", c.text, got, why, c.want, c.why)
		}
	}
}

func TestScenariosThatCannotBeToldAreInconclusive(t *testing.T) {
	needs := func(text string) []Need {
		n, err := ParseNeed(text)
		if err != nil {
			t.Fatal(err)
		}
		return []Need{n}
	}
	r := &run{stage: &actor.Stage{Target: &target.Resolved{
		Capabilities: map[target.Capability]target.Finding{
			"consent.ui": {Value: target.Unknown, Source: "no answer"}, "as.code": {Value: "false"}, "as.own": {Value: "true"},
		},
	}}}
	one := Scenario{Name: "One"}
	for _, c := range []struct {
		what    string
		rule    Rule
		played  int
		outcome Outcome
	}{
		{"the whole rule", Rule{Needs: needs("consent.ui"), Scenarios: []Scenario{one}}, 0, Inconclusive},
		{"one scenario of two", Rule{Scenarios: []Scenario{one, {Name: "Two", Needs: needs("consent.ui")}}}, 1, Inconclusive},
		{"what is certain comes first", Rule{Needs: append(needs("consent.ui"), needs("as.code")...), Scenarios: []Scenario{one}}, 0, NotApplicable},
		{"only a control is left", Rule{Scenarios: []Scenario{{Name: "Two", Needs: needs("as.code")}, {Name: "C", Control: true, Needs: needs("consent.ui")}}}, 0, NotApplicable},
	} {
		v := verdict(&c.rule)
		played := r.applicable(&c.rule, v)
		if v.settle(); len(played) != c.played || v.Outcome != c.outcome {
			t.Errorf("%s: got %d played and %s, want %d and %s", c.what, len(played), v.Outcome, c.played, c.outcome)
		}
	}
}
