package prove_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/target/embedded"
)

var loadOnly = flag.Bool("load-only", false, "run all rules against the defects that only load shows: none may show one")

// A defect that is said to show only under load is one that the rules do not show.
func TestRulesDoNotShowLoadDefects(t *testing.T) {
	if !*loadOnly {
		t.Skip("takes a run of all rules for each of them: -load-only")
	}
	for _, d := range defect.All {
		if !d.Load {
			continue
		}
		t.Run(d.ID, func(t *testing.T) {
			rep, err := conformance.Run(t.Context(), embedded.Reference(embedded.Defect(d.ID)), conformance.With(conformance.Options{
				Seed: 1, Parallel: 1, Version: "prove", Catalogue: catalogue(t), Rounds: 1,
			}))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range rep.Rules {
				if v.Outcome == conformance.Violates && !strings.HasPrefix(v.ID, "CONC-") {
					t.Errorf("%s is violated: %s", v.ID, v.Reason)
				} else if v.Outcome == conformance.Violates {
					t.Logf("%s, which makes many requests at once, shows it as well: %s", v.ID, v.Reason)
				}
			}
		})
	}
}
