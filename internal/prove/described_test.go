package prove_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// sparsely describes the reference as somebody does who has just begun: without
// everything that rules need to know of it but what is written here.
func sparsely(write map[string]string) embedded.Option {
	var overrides []target.Override
	for _, key := range []string{"choices", "control", "other_api", "judged", "login", "users", "clients", "api", "authorization_server"} {
		overrides = append(overrides, target.Override{Key: key, Remove: true})
	}
	write["capabilities"] = "{}"
	write["users"] = "{Ada: {username: ada, password: ada-password}}"
	for _, key := range slices.Sorted(maps.Keys(write)) {
		overrides = append(overrides, target.Override{Key: key, Value: write[key]})
	}
	return embedded.Override(overrides...)
}

const (
	registering = "{register: {dynamic: {}}}"
	existing    = "{register: {static: true}, actors: {Planner: {id: planner, secret: planner-secret}, Viewer: {id: viewer, secret: viewer-secret}, Robot: {id: robot, secret: robot-secret}}}"
	twoOf       = `{base_url: "${issuer}/calendar", operations: [
		{name: list, method: GET, path: /appointments, all_of: "read:appointments"},
		{name: create, method: POST, path: /appointments, all_of: "write:appointments", json: {title: "${marker}", start: "2030-01-01T10:00:00Z"}, id: /id}]}`
)

func TestAServerOfWhichLittleIsSaidIsJudged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		write  map[string]string
		answer string // it answers otherwise than the reference, and lawfully
		least  int    // rules that hold
	}{
		{"clients register", map[string]string{"clients": registering}, "nothing-declared", 160},
		{"an API of two operations", map[string]string{"clients": registering, "api": twoOf}, "nothing-declared", 185},
		{"clients that exist", map[string]string{"clients": existing}, "nothing-declared", 95},
		{"clients that exist, and an API", map[string]string{"clients": existing, "api": twoOf}, "nothing-declared", 110},
		{"no refresh tokens", map[string]string{"clients": registering}, "no-refresh-tokens", 120},
		{"no public clients", map[string]string{"clients": registering}, "public-clients-do-not-register", 150},
		{"errors that are not sent on", map[string]string{"clients": registering}, "errors-of-newcomers-shown", 150},
		{"people called otherwise for each client", map[string]string{"clients": registering}, "subject-pairwise", 150},
		{"an API has to be named", map[string]string{"clients": existing}, "resource-required", 1},
		{"what was granted before comes along", map[string]string{"clients": registering}, "union-always", 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source := embedded.Reference(sparsely(tt.write), embedded.Lawful(tt.answer))
			rep, err := conformance.Run(t.Context(), source, conformance.With(conformance.Options{Seed: 1, Rounds: 1}))
			if err != nil {
				t.Fatal(err)
			}
			hold := 0
			for _, v := range rep.Rules {
				switch v.Outcome {
				case conformance.Conforms:
					hold++
				case conformance.NotApplicable:
				default:
					t.Errorf("%s: got %s (%s), want it to hold or not to apply", v.ID, v.Outcome, v.Reason)
				}
			}
			if hold < tt.least {
				t.Errorf("got %d rules that hold, want %d at least", hold, tt.least)
			}
		})
	}
}

func TestWhatLooksAsIfItWereNotThereIsAWarning(t *testing.T) {
	for _, tt := range []struct {
		name, capabilities string
		warned             bool
		outcome            conformance.Outcome // of CONS-12
	}{
		{"nothing is said of a page", "{}", true, conformance.NotApplicable},
		{"there is to be none", "{consent.ui: none}", false, conformance.NotApplicable},
		{"there is to be one", "{consent.ui: granular}", false, conformance.Violates},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source := embedded.Reference(sparsely(map[string]string{"clients": registering}), embedded.Defect("registered-clients-first-party"),
				embedded.Lawful("nothing-declared"), embedded.Override(target.Override{Key: "capabilities", Value: tt.capabilities}))
			rep, err := conformance.Run(t.Context(), source, conformance.With(conformance.Options{Seed: 1, Rules: []string{"CONS-12"}}))
			if err != nil {
				t.Fatal(err)
			}
			if v := rep.Rules[0]; v.Outcome != tt.outcome {
				t.Errorf("got %s (%s), want %s", v.Outcome, v.Reason, tt.outcome)
			}
			warned := slices.ContainsFunc(rep.Warnings, func(w conformance.Warning) bool {
				return slices.Contains(w.Capabilities, "consent.ui") && slices.Contains(w.Rules, "CONS-12")
			})
			if warned != tt.warned {
				t.Errorf("got the warnings %+v, want one of consent.ui: %t", rep.Warnings, tt.warned)
			}
		})
	}
}

func TestAFaultOfAServerOfWhichLittleIsSaidIsFound(t *testing.T) {
	for _, tt := range []struct{ clients, defect, rule string }{
		{registering, "response-omits-narrowed-scope", "GRANT-02"},
		{registering, "refresh-compares-with-request", "REF-05"},
		{existing, "code-adds-request-scope", "CODE-01"},
		{registering, "any-consent-is-enough", "CONS-12"},
		// It looks like what was granted before, where the clients are the same as then.
		{existing, "write-brings-read", "GRANT-01"},
	} {
		t.Run(tt.defect, func(t *testing.T) {
			t.Parallel()
			source := embedded.Reference(sparsely(map[string]string{"clients": tt.clients}), embedded.Defect(tt.defect), embedded.Lawful("nothing-declared"))
			rep, err := conformance.Run(t.Context(), source, conformance.With(conformance.Options{Seed: 1, Rules: []string{tt.rule}}))
			if err != nil {
				t.Fatal(err)
			}
			if v := rep.Rules[0]; v.Outcome != conformance.Violates {
				t.Errorf("%s: got %s (%s), want a violation", tt.rule, v.Outcome, v.Reason)
			}
		})
	}
}
