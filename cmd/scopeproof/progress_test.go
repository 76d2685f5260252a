package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
)

func TestALogGetsWhatDoesNotHoldAndAllOfItWhenAsked(t *testing.T) {
	played := []conformance.Verdict{
		{ID: "REF-01", Text: "It holds", Outcome: conformance.Conforms, Scenarios: []conformance.ScenarioResult{
			{Name: "A scenario", Outcome: conformance.Conforms, Steps: []string{"When Planner asks"}, StepsHeld: 1},
		}},
		{ID: "REF-02", Text: "It is broken", Outcome: conformance.Violates, Reason: "got more"},
		{ID: "REF-03", Text: "It does not apply", Outcome: conformance.NotApplicable, Reason: "needs as.device"},
		{ID: "REF-04", Text: "It is not followed", Outcome: conformance.Deviates, Reason: "got less"},
		{ID: "REF-05", Text: "It is known", Outcome: conformance.Known, Reason: "so it is"},
		{ID: "REF-06", Text: "Nobody can tell", Outcome: conformance.Inconclusive, Reason: "no answer"},
	}
	for _, c := range []struct {
		verbose bool
		want    []string
	}{
		{false, []string{"violates REF-02", "deviates REF-04", "inconclusive REF-06"}},
		{true, []string{"conforms REF-01", "conforms: A scenario", "✓ When Planner", "violates REF-02", "not applicable", "deviates REF-04", "known REF-05", "inconclusive REF-06"}},
	} {
		var log bytes.Buffer
		p := (&app{stderr: &log}).newProgress(c.verbose)
		for i, v := range played {
			p.begins(v.ID)
			p.rule(i+1, len(played), v)
		}
		p.end()
		p.end()
		var got []string
		for line := range strings.Lines(log.String()) {
			words := strings.Fields(line)
			got = append(got, strings.Join(words[:min(len(words), 3)], " "))
		}
		if len(got) != len(c.want) {
			t.Fatalf("verbose %t: got %q, want %q", c.verbose, got, c.want)
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("verbose %t: got %q, want %q", c.verbose, got[i], want)
			}
		}
		if len(p.underWay) > 0 {
			t.Errorf("got %q under way, want nothing", p.underWay)
		}
	}
}

func TestWhatIsUnderWayIsNamedUpToAPoint(t *testing.T) {
	p := &progress{}
	for _, id := range []string{"REF-01", "REF-02", "REF-03"} {
		p.begins(id)
	}
	if got, want := p.now(2), "in REF-01, REF-02 and 1 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := p.now(3), "in REF-01, REF-02, REF-03"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
