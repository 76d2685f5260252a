package conformance_test

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func TestAScenarioIsPlayedInRoundsUntilItDoesNotHold(t *testing.T) {
	all := conformance.Options{Rules: []string{"CONC-01"}, RoundsWithin: -1}
	v := verdict(t, run(t, embedded.Reference(), all), "CONC-01")
	if want := "not refuted in 30 rounds x 20 workers"; v.Outcome != conformance.Conforms || v.Note != want {
		t.Errorf("got %s with %q, want that it conforms with %q", v.Outcome, v.Note, want)
	}
	all.Rounds = 2
	if v = verdict(t, run(t, embedded.Reference(), all), "CONC-01"); v.Note != "not refuted in 2 rounds x 20 workers" {
		t.Errorf("at most 2 rounds: got %q", v.Note)
	}
	all.Rounds, all.RoundsWithin = 0, 1
	if v = verdict(t, run(t, embedded.Reference(), all), "CONC-01"); v.Note != "not refuted in 3 rounds x 20 workers" {
		t.Errorf("within a nanosecond: got %q, want three rounds all the same", v.Note)
	}
	all.RoundsWithin = -1
	v = verdict(t, run(t, embedded.Reference(embedded.Defect("code-redeemed-twice")), all), "CONC-01")
	if v.Outcome != conformance.Violates || !strings.HasPrefix(v.Note, "seen in round ") {
		t.Errorf("got %s with %q, want it violated, and the round", v.Outcome, v.Note)
	}
	for _, s := range v.Scenarios {
		if n := len(s.Exchanges); s.Outcome == conformance.Violates && (n == 0 || n > 150) {
			t.Errorf("%s: got %d exchanges, want those of one round", s.Name, n)
		}
	}
}

func TestRoundsDoNotApplyWhereOneRequestAtATimeIsAllThatATargetBears(t *testing.T) {
	src := embedded.Reference(embedded.Override(target.Override{Key: "parallel", Value: "1"}))
	v := verdict(t, run(t, src, conformance.Options{Rules: []string{"CONC-01"}}), "CONC-01")
	if v.Outcome != conformance.NotApplicable || !strings.Contains(v.Reason, "one at a time") {
		t.Errorf("got %s with %q, want that it does not apply, and why", v.Outcome, v.Reason)
	}
}

// The rules hold for tokens that are looked up as well: there a refresh that
// comes too late ends what the first one was given.
func TestRulesAboutRacesHoldForOpaqueTokens(t *testing.T) {
	rep := run(t, embedded.Reference(embedded.Tokens("opaque")), conformance.Options{Rules: []string{"CONC-*"}, Rounds: 3})
	for _, v := range rep.Rules {
		if v.Outcome != conformance.Conforms {
			t.Errorf("%s: got %s, %s", v.ID, v.Outcome, v.Reason)
		}
	}
}
