package prove_test

import (
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// Where the scope to write is said to include the one to read, what is granted
// beyond that is too much as ever.
func TestAFaultIsFoundWhereScopesIncludeOthers(t *testing.T) {
	for _, tt := range []struct {
		defect, rule string
		want         conformance.Outcome
	}{
		{"write-brings-read", "GRANT-01", conformance.Conforms},  // as declared
		{"write-implies-read", "GRANT-06", conformance.Conforms}, // as declared
		{"response-omits-narrowed-scope", "GRANT-02", conformance.Violates},
		{"token-built-from-request", "GRANT-04", conformance.Violates},
		{"consent-ignores-boxes", "CONS-02", conformance.Violates},
		{"any-consent-is-enough", "CONS-12", conformance.Violates},
		{"client-limit-not-enforced", "CLI-01", conformance.Violates},
		{"role-filter-missing", "ROLE-01", conformance.Violates},
		{"code-adds-request-scope", "CODE-01", conformance.Violates},
		{"refresh-compares-with-request", "REF-05", conformance.Violates},
		{"refresh-copies-request", "REF-03", conformance.Violates},
		{"refresh-ignores-edit", "EDIT-01", conformance.Violates},
		{"exchange-adds-what-client-may", "TX-01", conformance.Violates},
		{"signed-in-is-enough", "RSM-16", conformance.Violates},
	} {
		t.Run(tt.defect, func(t *testing.T) {
			t.Parallel()
			includes := target.Override{Key: "hierarchy", Value: "{write:appointments: read:appointments}"}
			source := embedded.Reference(embedded.Override(includes), embedded.Defect(tt.defect))
			rep, err := conformance.Run(t.Context(), source, conformance.With(conformance.Options{Seed: 1, Rules: []string{tt.rule}}))
			if err != nil {
				t.Fatal(err)
			}
			if v := rep.Rules[0]; v.Outcome != tt.want {
				t.Errorf("%s: got %s (%s), want %s", tt.rule, v.Outcome, v.Reason, tt.want)
			}
		})
	}
}
