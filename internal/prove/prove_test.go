package prove_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/prove"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/scenarios"
)

func catalogue(t *testing.T) *conformance.Catalogue {
	t.Helper()
	c, err := conformance.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryRuleIsBrokenByADefect(t *testing.T) {
	named := map[string]bool{}
	for _, d := range defect.All {
		if !d.Load {
			for _, id := range d.Breaks {
				named[id] = true
			}
		}
	}
	for _, r := range catalogue(t).Rules {
		if !named[r.ID] {
			t.Errorf("%s is in no defect's Breaks: nothing shows that it can fail", r.ID)
		}
	}
}

func TestDefectsNameRulesThatExist(t *testing.T) {
	c := catalogue(t)
	seen := map[string]bool{}
	for _, d := range defect.All {
		if seen[d.ID] {
			t.Errorf("two defects are called %s", d.ID)
		}
		seen[d.ID] = true
		if len(d.Breaks) == 0 {
			t.Errorf("%s breaks nothing", d.ID)
		}
		for _, id := range d.Breaks {
			if c.Find(id) == nil {
				t.Errorf("%s breaks %s, which is no rule", d.ID, id)
			}
		}
	}
}

// What a defect shows must tell it from others: who, and what was got.
func TestDefectsShowWhoAndWhat(t *testing.T) {
	who := regexp.MustCompile(`\b(Planner|Viewer|Pocket|House|Robot|Rival|Newcomer|Worker|Legacy|Strict|Steward|Stranger|Ada|Bo|Cy)\b|^(GET|HEAD|PATCH) |"(list|create)"|^the choice of \w+ is|^(reject|drop) \(|^pages 1 and 2|^the metadata |^what is there and what is not`)
	for _, d := range defect.All {
		if !d.Load && !who.MatchString(d.Shows) {
			t.Errorf("%s shows %q, want the actor and what was got", d.ID, d.Shows)
		}
	}
}

func TestLoadScenariosNameRulesThatExist(t *testing.T) {
	c := catalogue(t)
	for _, s := range scenarios.All() {
		if len(s.Rules) == 0 {
			t.Errorf("%s judges no rule", s.Name)
		}
		for _, id := range s.Rules {
			if c.Find(id) == nil {
				t.Errorf("%s judges %s, which is no rule", s.Name, id)
			}
		}
	}
}

func TestADefectIsProven(t *testing.T) {
	rep, err := prove.Run(t.Context(), prove.Options{Defects: []string{"refresh-compares-with-request"}, Rules: []string{"REF-*"}})
	if err != nil {
		t.Fatal(err)
	}
	got := rep.Defects[0]
	if !got.Proven || !slices.Equal(got.Violated, []string{"REF-03", "REF-05"}) {
		t.Errorf("got %+v, want it proven by REF-03 and REF-05", got)
	}
	if rep.ExitCode() != 0 {
		t.Errorf("exit code: got %d, want 0", rep.ExitCode())
	}
	var table bytes.Buffer
	if err := prove.Table(&table, rep); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "1 of 1 defects proven") {
		t.Errorf("table: got\n%s", table.String())
	}
}

// A rule about what the reference serves only when told to applies where the
// defect switches it on, and nowhere else.
func TestADefectOfAnExtraFeatureIsProvenWithIt(t *testing.T) {
	rep, err := prove.Run(t.Context(), prove.Options{Defects: []string{"claims-parameter-skips-consent", "userinfo-returns-everything"}, Rules: []string{"CLM-09", "CLM-10"}})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"CLM-09", "CLM-10"} {
		if got := rep.Defects[n]; !got.Proven || !slices.Equal(got.Violated, []string{want}) {
			t.Errorf("%s: got %v, %s, want it proven by %s alone", got.ID, got.Violated, got.Reason, want)
		}
	}
}

func TestWhatAnswersForNothingIsNotProven(t *testing.T) {
	// Its rules are left out, so that it violates nothing of what is run.
	rep, err := prove.Run(t.Context(), prove.Options{Rules: []string{"RSM-01"}, Defects: []string{"deselecting-aborts", "replacing-needs-reading-too"}})
	if err != nil {
		t.Fatal(err)
	}
	if rep.ExitCode() != 1 {
		t.Errorf("exit code: got %d, want 1", rep.ExitCode())
	}
	if rep.Defects[0].Proven {
		t.Errorf("%s: got proven, want not: none of its rules was run", rep.Defects[0].ID)
	}
	if !rep.Defects[1].Proven {
		t.Errorf("%s: got %q, want proven", rep.Defects[1].ID, rep.Defects[1].Reason)
	}
}

func TestWithAPartOfTheRulesTheDefectsThatBreakThemAreProven(t *testing.T) {
	rep, err := prove.Run(t.Context(), prove.Options{Rules: []string{"GRANT-06", "REF-08"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rep.Defects {
		if !r.Proven || len(r.Breaks) == 0 {
			t.Errorf("%s: got %q, want it proven", r.ID, r.Reason)
		}
	}
	if len(rep.Defects) == 0 || rep.ExitCode() != 0 {
		t.Errorf("got %d defects and exit code %d, want some and 0", len(rep.Defects), rep.ExitCode())
	}
}

func TestUnknownDefectIsAUsageError(t *testing.T) {
	_, err := prove.Run(t.Context(), prove.Options{Defects: []string{"nosuch"}})
	if _, ok := err.(*conformance.UsageError); !ok {
		t.Errorf("got %v, want a usage error", err)
	}
}
