package report_test

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// played is the report of a run of rules against the reference server, with a
// defect unless it is empty.
func played(t *testing.T, id string, rules ...string) report.File {
	t.Helper()
	var options []embedded.Option
	if id != "" {
		options = append(options, embedded.Defect(id))
	}
	r, err := conformance.Run(t.Context(), embedded.Reference(options...), conformance.With(conformance.Options{Rules: rules, Seed: 1, Trace: true}))
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := report.JSON(&data, r); err != nil {
		t.Fatal(err)
	}
	f, err := report.Read(cmp.Or(id, "sound")+" "+strings.Join(rules, ","), data.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// outcomesOf are the outcomes of a report's rules, by id.
func outcomesOf(r *conformance.Report) map[string]conformance.Outcome {
	all := map[string]conformance.Outcome{}
	for _, v := range r.Rules {
		all[v.ID] = v.Outcome
	}
	return all
}

func TestReportsOfDefectsAreRenderedMergedAndCompared(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays rules")
	}
	sound := played(t, "", "REF-*", "CC-*")
	for _, id := range []string{"refresh-copies-request", "refresh-compares-with-request"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			d, _ := defect.Find(id)
			whole, a, b := played(t, id, "REF-*", "CC-*"), played(t, id, "REF-0*"), played(t, id, "REF-1*", "CC-*")
			merged, err := report.Merge([]report.File{b, a})
			if err != nil {
				t.Fatal(err)
			}
			got := outcomesOf(merged)
			for id, want := range outcomesOf(whole.Rules) {
				if got[id] != want {
					t.Errorf("%s: got %s of the shards, want %s as in one run", id, got[id], want)
				}
			}
			if len(merged.Merged.Conflicts) > 0 {
				t.Errorf("got the conflicts %v, want none", merged.Merged.Conflicts)
			}
			if !slices.IsSortedFunc(merged.Rules, func(x, y conformance.Verdict) int { return strings.Compare(x.ID, y.ID) }) {
				t.Error("the rules of the merged report are not in the order of their ids")
			}
			if _, err := report.Merge([]report.File{sound, whole}); err == nil {
				t.Error("a sound server and a broken one were merged")
			}
			diff, err := report.NewDiff(sound, whole, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range diff.Rules {
				if c.Change == report.Regression && c.New == conformance.Violates && !slices.Contains(d.Breaks, c.ID) {
					t.Errorf("%s is a regression, but %s breaks %v", c.ID, id, d.Breaks)
				}
				if c.Change == report.Improvement || c.Change == report.Removed {
					t.Errorf("%s: got %s, want none of a server that is broken", c.ID, c.Change)
				}
			}
			if diff.Regressions == 0 || diff.Tested == 0 {
				t.Errorf("got %d regressions and %d samples, want some", diff.Regressions, diff.Tested)
			}
			if back, err := report.NewDiff(whole, sound, 0); err != nil || back.Regressions != 0 {
				t.Errorf("mended: got %+v, %v, want no regression", back, err)
			}
			for _, f := range report.Formats() {
				if err := f.Rules(io.Discard, merged); err != nil {
					t.Errorf("%s: %v", f.Name, err)
				}
			}
		})
	}
}
