package loadtest

import (
	"strings"
	"testing"
)

// Where the load generator was the limit, nobody knows that the target holds less.
func TestACapacityIsHeldAgainstTheTargetAlone(t *testing.T) {
	limit, err := ParseThreshold("capacity>=500")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		found Capacity
		held  bool
		lack  string
	}{
		{Capacity{Rate: 600, Confirmed: true, Limit: SideTarget}, true, ""},
		{Capacity{Rate: 600, Confirmed: true, Limit: SideOurs}, true, ""},
		{Capacity{Rate: 400, Confirmed: true, Limit: SideTarget}, false, ""},
		{Capacity{Rate: 400, Confirmed: true, Limit: SideNeither}, false, ""},
		{Capacity{Rate: 400, Confirmed: true, Limit: SideOurs}, false, "400/s hold at least"},
		{Capacity{Rate: 400, Confirmed: true, Limit: SideHost}, false, "400/s hold at least"},
		{Capacity{Rate: 600, Reason: "nothing was sure"}, false, "nothing was sure"},
		{Capacity{Reason: "not even 10 requests/s hold", Beyond: 10, Limit: SideTarget}, false, ""},
	} {
		r := &runner{Options: Options{Thresholds: []Threshold{limit}}, report: &Report{}}
		r.bindCapacity(t.Context(), &tt.found)
		got := r.report.Thresholds[0]
		if got.Held != tt.held || (got.Value == nil) != (tt.lack != "") || !strings.Contains(got.Reason, tt.lack) {
			t.Errorf("%+v: got %+v, want held %v and the reason %q", tt.found, got, tt.held, tt.lack)
		}
	}
}

func TestAStepIsLongEnoughForItsPercentiles(t *testing.T) {
	for text, want := range map[string]float64{"max<1s": 100, "p50<1s": 100, "p99<1s": 500, "p99.9<1s": 5000, "leaks==0": 100} {
		limit, err := ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		r := &runner{Options: Options{Thresholds: []Threshold{limit}}}
		if got := r.wanted(); got < want || got > want+1 {
			t.Errorf("%s: got %v requests a step, want %v", text, got, want)
		}
	}
}
