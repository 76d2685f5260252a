package conformance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
)

// few is the API with those operations alone.
func few(t *testing.T, format string, policy refserver.Policy, operations string) target.Source {
	t.Helper()
	d := describedAPI(t, format, nil, policy)
	d.API.Operations = slices.DeleteFunc(slices.Clone(d.API.Operations), func(op target.Operation) bool {
		return !slices.Contains(strings.Fields(operations), op.Name)
	})
	return bringup.Description(d)
}

func TestAnAPIOfFewOperationsIsJudgedByThem(t *testing.T) {
	for _, tt := range []struct {
		operations string
		least      int // rules that are judged
	}{
		{"list create", 30},
		{"list read create", 35},
		{"list create delete", 30},
		{"read create", 10},
		{"list", 10},
		{"create", 5},
	} {
		for _, format := range []string{"jwt", "opaque"} {
			t.Run(tt.operations+" "+format, func(t *testing.T) {
				rep, err := conformance.Run(t.Context(), few(t, format, refserver.Policy{}, tt.operations), conformance.With(conformance.Options{}))
				if err != nil {
					t.Fatal(err)
				}
				judged := 0
				for _, v := range rep.Rules {
					switch v.Outcome {
					case conformance.Conforms:
						judged++
					case conformance.NotApplicable:
					default:
						t.Errorf("%s: got %s (%s), want it to conform or not to apply", v.ID, v.Outcome, v.Reason)
					}
				}
				if judged < tt.least {
					t.Errorf("got %d rules judged, want %d at least", judged, tt.least)
				}
			})
		}
	}
}

func TestAFaultOfAnAPIOfFewOperationsIsFound(t *testing.T) {
	for _, tt := range []struct{ defect, operations, rule string }{
		{"write-implies-read", "list create", "RSM-02"},
		{"write-implies-read", "list", "RSM-02"},
	} {
		fault, ok := defect.Find(tt.defect)
		if !ok {
			t.Fatalf("no defect is called %s", tt.defect)
		}
		rep, err := conformance.Run(t.Context(), few(t, "jwt", fault.Policy(), tt.operations), conformance.With(conformance.Options{Rules: []string{tt.rule}}))
		if err != nil {
			t.Fatal(err)
		}
		if v := rep.Rules[0]; v.Outcome != conformance.Violates {
			t.Errorf("%s under %s with %s: got %s (%s), want a violation", tt.rule, tt.defect, tt.operations, v.Outcome, v.Reason)
		}
	}
}
