package scenarios_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func load(t *testing.T, names []string, o loadtest.Options, options ...embedded.Option) *loadtest.Report {
	t.Helper()
	tg, err := embedded.Reference(options...).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tg.Close() }()
	list, err := scenarios.Find(names...)
	if err != nil {
		t.Fatal(err)
	}
	report, err := loadtest.Run(t.Context(), tg, list, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// anyJWT is a JWT in full or in part.
var anyJWT = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}`)

func TestTheReferenceKeepsEveryScenario(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			var results bytes.Buffer
			report := load(t, nil, loadtest.Options{Rate: 200, Duration: 300 * time.Millisecond, Seed: 1, Results: &results}, embedded.Tokens(format))
			if len(report.Scenarios) != len(scenarios.All()) {
				t.Fatalf("got %d scenarios, want %d", len(report.Scenarios), len(scenarios.All()))
			}
			for _, s := range report.Scenarios {
				// A slow host may leave a scenario inconclusive; wrong verdicts it cannot make.
				if s.Kept != s.Requests || s.Requests == 0 || s.Outcome == loadtest.Broken {
					t.Errorf("%s: %s (%s): got %d of %d kept: %+v", s.Name, s.Outcome, s.Reason, s.Kept, s.Requests, s.Samples)
				}
			}
			shown, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			for what, data := range map[string][]byte{"report": shown, "results": results.Bytes()} {
				if found := anyJWT.Find(data); found != nil {
					t.Errorf("the %s holds a token: %s", what, found)
				}
			}
		})
	}
}

// What is granted later may end what was granted before: the scenarios have clients that
// are granted something several times.
func TestAGrantMayEndTheOneBefore(t *testing.T) {
	for _, lawful := range []string{"one-grant-a-client", "later-grant-replaces", "one-grant-and-its-tokens"} {
		t.Run(lawful, func(t *testing.T) {
			report := load(t, []string{"userinfo", "grant-edits", "token-refresh"}, loadtest.Options{Rate: 200, Duration: 400 * time.Millisecond, Seed: 1}, embedded.Lawful(lawful))
			for _, s := range report.Scenarios {
				if s.Outcome == loadtest.Broken || s.Leaks+s.FalseRefusals > 0 {
					t.Errorf("%s: %s (%s): %+v", s.Name, s.Outcome, s.Reason, s.Samples)
				}
				if s.Name != "token-refresh" && s.Requests == 0 {
					t.Errorf("%s: got no request (%s)", s.Name, s.Reason)
				}
			}
		})
	}
}

// The faults that show only when requests overlap must be found by a short run.
func TestFaultsThatOnlyLoadShowsAreFound(t *testing.T) {
	for _, tt := range []struct {
		defect string
		finds  map[string][]string // the rules that its leaks break, by the scenario that sees them
	}{
		{"scope-lookup-shared-by-client", map[string][]string{"api-scope-check": {"RSM-02"}}},
		{"limiter-fails-open", map[string][]string{"api-scope-check": {"RSM-02"}}},
		{"token-buffer-shared", map[string][]string{"token-client-credentials": {"DEF-03", "GRANT-01"}, "token-refresh": {"GRANT-07", "REF-02"}}},
	} {
		t.Run(tt.defect, func(t *testing.T) {
			names := slices.Sorted(maps.Keys(tt.finds))
			report := load(t, names, loadtest.Options{Rate: 500, Duration: time.Second, Seed: 1}, embedded.Defect(tt.defect))
			for _, s := range report.Scenarios {
				if got := slices.Sorted(maps.Keys(s.LeaksByRule)); !slices.Equal(got, tt.finds[s.Name]) {
					t.Errorf("%s: got leaks that break %v, want %v, in %d requests", s.Name, got, tt.finds[s.Name], s.Requests)
				}
				said := false
				for _, sample := range s.Samples {
					said = said || sample.Class == "leak" && strings.Contains(sample.Message, "write:appointments")
					if anyJWT.MatchString(sample.Exchange.Request.Body + sample.Exchange.Response.Body) {
						t.Errorf("%s: a sample shows a token: %+v", s.Name, sample.Exchange)
					}
				}
				if !said {
					t.Errorf("%s: no sample says which scope leaked: %+v", s.Name, s.Samples)
				}
			}
			if got := loadtest.ExitCode(report); got != 1 {
				t.Errorf("got exit code %d, want 1", got)
			}
		})
	}
}

func TestEveryScenarioIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../docs/load-scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios.All() {
		row := regexp.MustCompile("(?m)^\\| `" + s.Name + "` \\|.*\\| " + strings.Join(s.Rules, ", ") + " \\|$")
		if !row.Match(text) {
			t.Errorf("docs/load-scenarios.md has no row for %s with the rules %v", s.Name, s.Rules)
		}
	}
}

func TestScenariosAreFoundByName(t *testing.T) {
	found, err := scenarios.Find("introspection", "token-refresh", "introspection")
	if err != nil || len(found) != 2 || found[0].Name != "introspection" {
		t.Errorf("got %d scenarios, %v", len(found), err)
	}
	if _, err := scenarios.Find("nothing"); err == nil || !strings.Contains(err.Error(), "api-scope-check") {
		t.Errorf("got %v, want an error that names the scenarios there are", err)
	}
	for _, s := range scenarios.All() {
		if s.Text == "" || len(s.Rules) == 0 || len(s.Needs) == 0 || !slices.IsSorted(s.Rules) {
			t.Errorf("%s says too little of itself: %+v", s.Name, s)
		}
	}
}
