package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
)

const entry = `- rule: REF-03
  scenario: One
  shows: want at most
  reason: It is so.
  source: RFC 6749 section 6
  evidence: 'POST /token: 200'
`

func TestReadExpect(t *testing.T) {
	got, err := ReadExpect("expect.yaml", []byte(entry))
	want := Expectation{Rule: "REF-03", Scenario: "One", Shows: "want at most", Reason: "It is so.", Source: "RFC 6749 section 6", Evidence: "POST /token: 200", File: "expect.yaml", Line: 1}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := ReadExpect("expect.yaml", []byte("[]\n")); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v, want nothing from an empty list", got, err)
	}
}

func TestReadExpectRefuses(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"no list", "rule: REF-03\n", "expect.yaml: "},
		{"no YAML", "- rule: [\n", "expect.yaml: "},
		{"an unknown member", entry + "  because: no\n", "expect.yaml:1: "},
		{"an unknown member in the second", entry + "\n" + strings.Replace(entry, "reason", "raeson", 1), "expect.yaml:8: "},
		{"a text for a list", "- REF-03\n", "expect.yaml:1: "},
		{"nothing that shows", strings.Replace(entry, "want at most", `""`, 1), "expect.yaml:1: shows is missing or empty"},
		{"blank evidence", strings.Replace(entry, "'POST /token: 200'", `" "`, 1), "expect.yaml:1: evidence is missing or empty"},
		{"a reason that nobody wrote", strings.Replace(entry, "It is so.", "'TODO: why is it so?'", 1), "expect.yaml:1: reason is still to be written"},
		{"only a rule", "\n- rule: REF-03\n", "expect.yaml:2: reason is missing or empty"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := ReadExpect("expect.yaml", []byte(c.text))
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a usage error that has %q", err, c.want)
			}
		})
	}
}

func TestExcuse(t *testing.T) {
	one := ScenarioResult{Name: "One", Outcome: Violates, Message: "Planner holds too much"}
	two := ScenarioResult{Name: "Two", Outcome: Violates, Message: "Planner was told nothing"}
	soft := ScenarioResult{Name: "Soft", Outcome: Deviates, Message: "Planner holds too much"}
	good := ScenarioResult{Name: "Good", Outcome: Conforms}
	unclear := ScenarioResult{Name: "Unclear", Outcome: Inconclusive, Message: "no answer"}
	about := func(scenario, shows string) Expectation {
		return Expectation{Rule: "REF-03", Scenario: scenario, Shows: shows, Reason: "known"}
	}
	for _, c := range []struct {
		what  string
		seen  []ScenarioResult
		known []Expectation
		want  Outcome
		used  int
		why   string
	}{
		{"nothing is known", []ScenarioResult{one}, nil, Violates, 0, one.Message},
		{"all of it is known", []ScenarioResult{one, good}, []Expectation{about("One", "too much")}, Known, 1, "known"},
		{"any scenario of the rule", []ScenarioResult{one}, []Expectation{about("", "too much")}, Known, 1, "known"},
		{"one entry for two scenarios", []ScenarioResult{one, two}, []Expectation{about("", "Planner")}, Known, 2, "known"},
		{"a deviation", []ScenarioResult{soft}, []Expectation{about("", "too much")}, Known, 1, "known"},
		{"only a part is known", []ScenarioResult{one, two}, []Expectation{about("One", "too much")}, Violates, 1, two.Message},
		{"a deviation is left", []ScenarioResult{two, soft}, []Expectation{about("Two", "nothing")}, Deviates, 1, soft.Message},
		{"another scenario", []ScenarioResult{one}, []Expectation{about("Two", "too much")}, Violates, 0, one.Message},
		{"another message: a new break does not hide", []ScenarioResult{two}, []Expectation{about("Two", "too much")}, Violates, 0, two.Message},
		{"another rule", []ScenarioResult{one}, []Expectation{{Rule: "REF-04", Shows: "too much"}}, Violates, 0, one.Message},
		{"what is unclear is no deviation", []ScenarioResult{unclear}, []Expectation{about("", "no answer")}, Inconclusive, 0, unclear.Message},
		{"the rest is unclear", []ScenarioResult{one, unclear}, []Expectation{about("", "too much")}, Inconclusive, 1, unclear.Message},
	} {
		t.Run(c.what, func(t *testing.T) {
			v := &Verdict{ID: "REF-03", Scenarios: append([]ScenarioResult{}, c.seen...)}
			v.settle()
			used := excuse(v, c.known)
			if v.Outcome != c.want || len(used) != c.used || v.Reason != c.why {
				t.Errorf("got %s (%s) and %d entries used, want %s (%s) and %d", v.Outcome, v.Reason, len(used), c.want, c.why, c.used)
			}
		})
	}
}

func TestTheLastingPartOfAMessage(t *testing.T) {
	for message, want := range map[string]string{
		`Planner holds "read:appointments write:appointments", want at most "read:appointments"`: `Planner holds "read:appointments write:appointments", want at most "read:appointments"`,
		`request 17: Planner can still refresh what it was given`:                                `Planner can still refresh what it was given`,
		`GET /appointments/4711: got 200, want 403`:                                              `got 200, want 403`,
		`POST http://127.0.0.1:4711/token: got 200, want 403`:                                    `got 200, want 403`,
		"a token ‹sha256:2c26b46b› of ada-268dd9bb is shown where nobody asked for it":           "is shown where nobody asked for it",
		"one line\nand the longer second one":                                                    "and the longer second one",
		"x17 y18":                                                                                "x17 y18",
	} {
		if got := lasting(message); got != want {
			t.Errorf("%s: got %q, want %q", message, got, want)
		}
	}
}

func TestABaselineQuotesTheExchangeThatShowsIt(t *testing.T) {
	exchange := func(n int, path string) oauth.Exchange {
		return oauth.Exchange{Number: n, Method: "POST", URL: "https://as.example" + path, Status: 200, Response: oauth.Message{Body: `{"scope":"x"}`}}
	}
	r := &Report{Rules: []Verdict{{ID: "REF-05", Scenarios: []ScenarioResult{{
		Outcome: Violates, Message: "too much", Exchanges: []oauth.Exchange{exchange(4, "/token"), exchange(5, "/introspect"), exchange(6, "/api")},
	}}}}}
	for shown, want := range map[int]string{4: `POST /token: 200 {"scope":"x"}`, 5: `POST /introspect: 200 {"scope":"x"}`, 0: `POST /api: 200 {"scope":"x"}`} {
		if got := Baseline(r, func(ScenarioResult) int { return shown })[0].Evidence; got != want {
			t.Errorf("shown by exchange %d: got %q, want %q", shown, got, want)
		}
	}
}

func TestABaselineHoldsForTheNextRun(t *testing.T) {
	r := &Report{Rules: []Verdict{{ID: "REF-03", Sources: []string{"RFC 6749 section 6", "RFC 9700"}, Outcome: Violates, Scenarios: []ScenarioResult{
		{Name: "One: 'two'", Outcome: Violates, Message: "request 3: Planner holds too much", Note: "seen in round 1 of 10"},
		{Name: "Soft", Outcome: Deviates, Message: "Planner was told nothing"},
		{Name: "Good", Outcome: Conforms}, {Name: "Unclear", Outcome: Inconclusive, Message: "no answer"}, {Name: "Listed", Outcome: Known, Message: "known"},
	}}}}
	var file strings.Builder
	if err := WriteExpect(&file, Baseline(r, func(ScenarioResult) int { return 0 })); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadExpect("new.yaml", []byte(file.String())); err == nil || strings.Count(err.Error(), "is still to be written") != 6 {
		t.Errorf("got %v, want the three fields of two entries that a person has to write", err)
	}
	known, err := ReadExpect("new.yaml", []byte(strings.ReplaceAll(file.String(), FillIn, "")))
	if err != nil || len(known) != 2 || !known[0].Sometimes || known[1].Sometimes || known[0].Source != "RFC 6749 section 6; RFC 9700" {
		t.Fatalf("got %+v, %v, want two entries", known, err)
	}
	next := Verdict{ID: "REF-03", Scenarios: []ScenarioResult{{Name: "One: 'two'", Outcome: Violates, Message: "request 8: Planner holds too much"}, {Name: "Soft", Outcome: Deviates, Message: "Planner was told nothing"}}}
	next.settle()
	if used := excuse(&next, known); next.Outcome != Known || len(used) != 2 {
		t.Errorf("got %s and %d entries used, want known and 2", next.Outcome, len(used))
	}
}

func TestEntriesAboutRulesThatDoNotExistAreAllNamed(t *testing.T) {
	c := &Catalogue{Rules: []*Rule{{ID: "REF-03"}}}
	known := Expectation{Rule: "REF-03", File: "e.yaml", Line: 1}
	if err := c.knows([]Expectation{known}); err != nil {
		t.Errorf("got %v, want nothing about a rule that there is", err)
	}
	err := c.knows([]Expectation{{Rule: "REF-3", File: "e.yaml", Line: 7}, known, {Rule: "NO-01", File: "e.yaml", Line: 14}, {Rule: "NO-02"}})
	var usage *UsageError
	if !errors.As(err, &usage) {
		t.Fatalf("got %v, want a usage error", err)
	}
	for _, want := range []string{`e.yaml:7: an expectation names rule "REF-3"`, `e.yaml:14: an expectation names rule "NO-01"`, `an expectation names rule "NO-02"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
