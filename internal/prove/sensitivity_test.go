package prove_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target/embedded"
)

var (
	calibrate = flag.Bool("calibrate", false, "measure how often the rules about races notice a fault, which takes minutes")
	windows   = flag.String("windows", "0s,1ms,5ms,50ms", "how far apart the look and the change of these faults are")
)

// runs is how often each window is looked for.
const runs = 20

// A rule about a race is worth as much as the windows that it notices. One of 5
// ms must be noticed every time; how often narrower ones are says how sharp
// the rule is, and depends on the machine.
func TestSensitivity(t *testing.T) {
	if !*calibrate || testing.Short() {
		t.Skip("-calibrate is not set: make calibrate")
	}
	for _, c := range []struct{ rule, defect string }{
		{"CONC-01", "code-redeemed-twice"},
		{"CONC-03", "refresh-writes-stale-scope"},
		{"CONC-04", "refresh-outlives-revocation"},
		{"CONC-05", "refresh-token-forks"},
	} {
		for window := range strings.SplitSeq(*windows, ",") {
			caught := 0
			for n := range runs {
				if notices(t, c.rule, c.defect+"@"+window, int64(n+1)) {
					caught++
				}
			}
			t.Logf("%s notices %s with a window of %4s in %2d of %d runs", c.rule, c.defect, window, caught, runs)
			if window != "0s" && window != "1ms" && caught < runs {
				t.Errorf("%s notices %s with a window of %s in %d of %d runs, want all", c.rule, c.defect, window, caught, runs)
			}
		}
	}
}

func notices(t *testing.T, rule, defect string, seed int64) bool {
	t.Helper()
	all := conformance.Options{Rules: []string{rule}, Seed: seed, Parallel: 1, RoundsWithin: -1}
	rep, err := conformance.Run(t.Context(), embedded.Reference(embedded.Defect(defect)), conformance.With(all))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rep.Rules, func(v conformance.Verdict) bool { return v.ID == rule })
	if i < 0 || rep.Rules[i].Outcome == conformance.Inconclusive {
		t.Fatal(fmt.Errorf("%s under %s: got no verdict: %+v", rule, defect, rep.Rules))
	}
	return rep.Rules[i].Outcome == conformance.Violates
}
