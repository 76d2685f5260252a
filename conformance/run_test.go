package conformance_test

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// run plays rules against a source and fails the test on an error.
func run(t *testing.T, src target.Source, o conformance.Options) *conformance.Report {
	t.Helper()
	o.Seed = 1
	rep, err := conformance.Run(t.Context(), src, conformance.With(o))
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func verdict(t *testing.T, rep *conformance.Report, id string) conformance.Verdict {
	t.Helper()
	for _, v := range rep.Rules {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("got no verdict on %s", id)
	return conformance.Verdict{}
}

// own is a feature file of a user with one rule, OWN-01.
func own(tags, scenarios string) fs.FS {
	return fstest.MapFS{"own.feature": {Data: []byte("Feature: Our own\n\n  @OWN-01 " + tags + "\n  Rule: It holds\n    Or it does not.\n\n" + scenarios)}}
}

// What the steps say, by the reference server, which grants what it is asked
// for: Robot may read, and nothing else.
const (
	holds   = "    Scenario: Holds\n      When Robot asks for \"read:appointments\" on its own behalf\n      Then Robot holds exactly \"read:appointments\"\n\n"
	breaks  = "    Scenario: Breaks\n      When Robot asks for \"read:appointments\" on its own behalf\n      Then Robot holds at least \"write:appointments\"\n\n"
	exceeds = "    Scenario: Exceeds\n      Given Ada has granted Planner \"read:appointments\"\n      Then Planner cannot read an appointment of Ada\n\n"
	unknown = "    Scenario: Unknown\n      When Robot asks nicely\n      Then Robot holds exactly \"read:appointments\"\n\n"
	keyword = "    Scenario: Keyword\n      Given Robot asks for \"read:appointments\" on its own behalf\n      Then Robot holds exactly \"read:appointments\"\n\n"
	setUp   = "    Scenario: Set-up\n      When Nobody asks for \"read:appointments\" on its own behalf\n      Then Nobody holds exactly \"read:appointments\"\n\n"
)

func TestWhatAScenarioMeansForItsRule(t *testing.T) {
	for _, c := range []struct {
		what, level, scenarios string
		want                   conformance.Outcome
		says                   string
	}{
		{"all held", "@MUST", holds, conformance.Conforms, ""},
		{"a MUST is broken", "@MUST", breaks, conformance.Violates, `want "write:appointments" as well`},
		{"a MAY is broken", "@MAY", breaks, conformance.Violates, "write:appointments"},
		{"guidance is broken", "@GUIDANCE", breaks, conformance.Violates, "write:appointments"},
		{"a SHOULD is not followed", "@SHOULD", breaks, conformance.Deviates, "write:appointments"},
		{"a SHOULD with access beyond the grant", "@SHOULD", exceeds, conformance.Violates, "Planner"},
		{"one of two is broken", "@MUST", holds + breaks, conformance.Violates, "write:appointments"},
		{"a control fails", "@MUST", holds + "    @control\n" + breaks, conformance.Inconclusive, "the control failed: "},
		{"a control fails and a rule is broken", "@MUST", "    @control\n" + breaks + strings.Replace(breaks, "Breaks", "Breaks too", 1), conformance.Violates, "write:appointments"},
		{"a set-up that fails", "@MUST", setUp, conformance.Inconclusive, "Nobody"},
		{"a need that is not met", "@MUST @needs:as.device", holds, conformance.NotApplicable, "needs as.device; as.device is false"},
		{"only the control applies", "@MUST", "    @control\n" + holds + "    @needs:as.device\n" + breaks, conformance.NotApplicable, "needs as.device"},
		{"a scenario that does not apply", "@MUST", holds + "    @needs:as.device\n" + breaks, conformance.Conforms, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			rep := run(t, embedded.Reference(embedded.Without("device")), conformance.Options{
				Rules: []string{"OWN-01"}, Features: []fs.FS{own("@rfc6749-3.3 "+c.level, c.scenarios)},
			})
			v := verdict(t, rep, "OWN-01")
			if v.Outcome != c.want || !strings.Contains(v.Reason, c.says) {
				t.Errorf("got %s, %q, want %s with %q", v.Outcome, v.Reason, c.want, c.says)
			}
			if (v.Outcome == conformance.Conforms || v.Outcome == conformance.NotApplicable) != (len(rep.Problems) == 0 && rep.Summary.Violates+rep.Summary.Deviates+rep.Summary.Inconclusive == 0) {
				t.Errorf("got summary %+v and problems %v beside %s", rep.Summary, rep.Problems, v.Outcome)
			}
			for _, s := range v.Scenarios {
				if (s.Outcome != conformance.Conforms) != (len(s.Exchanges) > 0) && s.Name != "Set-up" {
					t.Errorf("%s: got %d exchanges with %s, want evidence for what did not hold alone", s.Name, len(s.Exchanges), s.Outcome)
				}
			}
		})
	}
}

func TestWhatIsWrongWithAFeatureIsSaidBeforeTheRun(t *testing.T) {
	for scenarios, all := range map[string][]string{
		unknown + keyword + strings.Replace(holds, "holds exactly", "holds exatcly", 1): {
			`no When step reads: Robot asks nicely; "scopeproof rules --steps"`, `; it is a When step`, "; did you mean: ",
		},
		strings.Replace(holds, "Then ", "Ten ", 1): {`want a step (Given, When, Then, And, But)`},
	} {
		_, err := conformance.Load(own("@rfc6749-3.3 @MUST", scenarios))
		if err == nil {
			t.Fatalf("%s: got no error", scenarios)
		}
		lines := strings.Split(err.Error(), "\n")
		for i, want := range all {
			if len(lines) != len(all) || !strings.Contains(lines[i], want) || !featurePlace.MatchString(lines[i]) {
				t.Errorf("got %q, want the place and %q", lines, want)
			}
		}
	}
}

var featurePlace = regexp.MustCompile(`^\S+\.feature:[0-9]+:`)

func TestAMessageNamesTheStepAndThePlace(t *testing.T) {
	rep := run(t, embedded.Reference(), conformance.Options{
		Rules: []string{"OWN-01"}, Features: []fs.FS{own("@rfc6749-3.3 @MUST", holds+breaks)},
	})
	v := verdict(t, rep, "OWN-01")
	if len(v.Scenarios) != 2 {
		t.Fatalf("got %d scenarios, want 2", len(v.Scenarios))
	}
	s := v.Scenarios[1]
	if s.Name != "Breaks" || s.Line != 11 || s.Step != `Robot holds at least "write:appointments"` {
		t.Errorf("got %q at line %d, step %q, want Breaks at 11 with its Then", s.Name, s.Line, s.Step)
	}
	got := v.Describe(s)
	for _, want := range []string{"OWN-01 violates: ", `"It holds" (RFC 6749 section 3.3; ./own.feature:11)`, "at: Robot holds"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

func TestACallThatMakesNoSenseIsAUsageError(t *testing.T) {
	for _, c := range []struct {
		what string
		o    conformance.Options
		want string
	}{
		{"no rule is left", conformance.Options{Rules: []string{"REF-03"}, Skip: []string{"REF-*"}}, "no rule is selected"},
		{"a pattern that matches nothing", conformance.Options{Rules: []string{"NONE-01"}}, `no rule matches "NONE-01"`},
		{"an expectation of no rule", conformance.Options{Expect: []conformance.Expectation{{Rule: "REF-3"}}}, `did you mean "REF-03"?`},
		{"a feature that is wrong", conformance.Options{Features: []fs.FS{own("@MUST", holds)}}, "OWN-01 has no source"},
	} {
		t.Run(c.what, func(t *testing.T) {
			rep, err := conformance.Run(t.Context(), untouched{t}, conformance.With(c.o))
			var usage *conformance.UsageError
			if rep != nil || !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want a usage error that has %q", rep, err, c.want)
			}
		})
	}
}

// untouched is a source that must not be opened.
type untouched struct{ t *testing.T }

func (u untouched) Open(context.Context) (*target.Target, error) {
	u.t.Error("the target was brought up for a call that makes no sense")
	return nil, errors.New("not to be opened")
}

func TestATargetThatDoesNotComeUpIsAnError(t *testing.T) {
	rep, err := conformance.Run(t.Context(), embedded.Reference(embedded.Defect("no-such")))
	var problems *target.Problems
	if rep != nil || !errors.As(err, &problems) {
		t.Errorf("got %v, %v, want the error of the target", rep, err)
	}
}

func TestAnInterruptedRunReportsWhatItJudged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := conformance.Options{
		Rules: []string{"CC-*"}, Parallel: 1, Seed: 1,
		Verdicts: func(int, int, conformance.Verdict) { cancel() },
	}
	rep, err := conformance.Run(ctx, embedded.Reference(), conformance.With(o))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Summary.Inconclusive == 0 || rep.Summary.Inconclusive == len(rep.Rules) {
		t.Errorf("got %+v, want some judged and some inconclusive", rep.Summary)
	}
	if len(rep.Problems) != 1 || rep.Problems[0].Exit != 130 {
		t.Errorf("got problems %+v, want the interruption with 130", rep.Problems)
	}
}

// OFF-04 is played alone; what its scenario shows breaks CONS-02 as well.
func TestABreachIsChargedToItsOwnerThoughNotSelected(t *testing.T) {
	rep := run(t, embedded.Reference(embedded.Defect("consent-ignores-boxes")), conformance.Options{Rules: []string{"OFF-04"}})
	v := verdict(t, rep, "CONS-02")
	if v.Outcome != conformance.Violates || len(v.Scenarios) == 0 || v.Scenarios[0].ChargedFrom != "OFF-04" {
		t.Fatalf("got %+v, want CONS-02 violated in a scenario of OFF-04", v)
	}
	if s := v.Scenarios[0]; !strings.HasPrefix(s.Message, "Planner holds") || len(s.Exchanges) == 0 {
		t.Errorf("got %q with %d exchanges, want the invariant with its evidence", s.Message, len(s.Exchanges))
	}
	if rep.Target.Defect == "" {
		t.Error("got no defect in the report, want its text: it is no report on the reference")
	}
}

func TestExpectationsAreHeldToWhatTheyShow(t *testing.T) {
	src := func() target.Source { return embedded.Reference(embedded.Defect("refresh-copies-request")) }
	first := run(t, src(), conformance.Options{Rules: []string{"REF-03"}})
	v := verdict(t, first, "REF-03")
	if v.Outcome != conformance.Violates {
		t.Fatalf("got REF-03 %s, want it violated under the defect", v.Outcome)
	}
	about := func(rule, shows string) conformance.Expectation {
		return conformance.Expectation{Rule: rule, Shows: shows, Reason: "it is known", Source: "RFC 6749 section 6", Evidence: "seen"}
	}
	t.Run("known", func(t *testing.T) {
		rep := run(t, src(), conformance.Options{Rules: []string{"REF-03"}, Expect: []conformance.Expectation{about("REF-03", "Planner")}})
		if v := verdict(t, rep, "REF-03"); v.Outcome != conformance.Known || v.Reason != "it is known" || len(rep.Problems) != 0 {
			t.Errorf("got %s, %q, %v, want it known for the reason", v.Outcome, v.Reason, rep.Problems)
		}
	})
	t.Run("a new break does not hide behind an old one", func(t *testing.T) {
		rep := run(t, src(), conformance.Options{Rules: []string{"REF-03"}, Expect: []conformance.Expectation{about("REF-03", "another thing")}})
		if v := verdict(t, rep, "REF-03"); v.Outcome != conformance.Violates || len(rep.Problems) != 1 || rep.Problems[0].Exit != 1 {
			t.Errorf("got %s, %+v, want it violated, and the entry stale", v.Outcome, rep.Problems)
		}
	})
	t.Run("stale", func(t *testing.T) {
		rep := run(t, embedded.Reference(), conformance.Options{Rules: []string{"REF-03"}, Expect: []conformance.Expectation{about("REF-03", "Planner")}})
		if len(rep.Problems) != 1 || rep.Problems[0].Exit != 1 || !strings.Contains(rep.Problems[0].Text, "stale: REF-03") {
			t.Errorf("got %+v, want the entry stale with 1", rep.Problems)
		}
	})
	t.Run("stale, and not seen each time", func(t *testing.T) {
		known := about("REF-03", "Planner")
		known.Sometimes = true
		rep := run(t, embedded.Reference(), conformance.Options{Rules: []string{"REF-03"}, Expect: []conformance.Expectation{known}})
		if v := verdict(t, rep, "REF-03"); v.Outcome != conformance.Conforms || len(rep.Problems) != 0 {
			t.Errorf("got %s, %+v, want it to conform", v.Outcome, rep.Problems)
		}
	})
	t.Run("of a rule that was not looked at", func(t *testing.T) {
		rep := run(t, embedded.Reference(), conformance.Options{Rules: []string{"REF-04"}, Expect: []conformance.Expectation{about("REF-03", "Planner")}})
		if len(rep.Problems) != 0 {
			t.Errorf("got %+v, want nothing: nobody looked", rep.Problems)
		}
	})
}

func TestAReportIsInTheOrderOfTheIDsAndOfTheSeed(t *testing.T) {
	var heard []string
	o := conformance.Options{
		Rules: []string{"CC-*", "GRANT-0*"}, Parallel: 1, Seed: 7, Version: "v1", Settings: map[string]string{"rules": "CC-*"},
		Verdicts: func(_, _ int, v conformance.Verdict) { heard = append(heard, v.ID) },
	}
	played := func() []string {
		heard = nil
		rep, err := conformance.Run(t.Context(), embedded.Reference(), conformance.With(o))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(rep.Rules, func(a, b conformance.Verdict) int { return strings.Compare(a.ID, b.ID) }) {
			t.Error("got the rules in another order than that of their ids")
		}
		if rep.Seed != 7 || rep.Schema != conformance.Schema || rep.Tool.Version != "v1" || rep.Settings["rules"] != "CC-*" {
			t.Errorf("got %d, %s, %s, %v, want what the options say", rep.Seed, rep.Schema, rep.Tool.Version, rep.Settings)
		}
		if len(rep.Rules) != len(heard) {
			t.Errorf("got %d rules and heard of %d", len(rep.Rules), len(heard))
		}
		return heard
	}
	first := slices.Clone(played())
	if second := played(); !slices.Equal(first, second) {
		t.Errorf("got %v and %v, want the same order for the same seed", first, second)
	}
	if slices.IsSorted(first) {
		t.Errorf("got %v, want them shuffled", first)
	}
}

func TestATraceKeepsTheExchangesOfWhatHeld(t *testing.T) {
	rep := run(t, embedded.Reference(), conformance.Options{Rules: []string{"GRANT-01"}, Trace: true})
	for _, s := range verdict(t, rep, "GRANT-01").Scenarios {
		if s.Outcome != conformance.Conforms || len(s.Exchanges) == 0 {
			t.Errorf("%s: got %s with %d exchanges, want it to hold, with evidence", s.Name, s.Outcome, len(s.Exchanges))
		}
	}
}

func TestAPinnedCountIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("plays every rule")
	}
	rep := run(t, embedded.Reference(embedded.Override(target.Override{Key: "judged", Value: "1"})), conformance.Options{})
	if len(rep.Problems) != 1 || rep.Problems[0].Exit != 1 || !strings.Contains(rep.Problems[0].Text, "want 1 as the target file pins") {
		t.Errorf("got %+v, want that another number was judged", rep.Problems)
	}
	if s := rep.Summary; s.Violates+s.Deviates+s.Inconclusive > 0 {
		t.Errorf("got %+v, want a reference that conforms", s)
	}
}

func TestTheStepsOfAScenarioAreKept(t *testing.T) {
	var begun []string
	rep := run(t, embedded.Reference(), conformance.Options{
		Rules: []string{"OWN-01"}, Steps: true, Begins: func(id string) { begun = append(begun, id) },
		Features: []fs.FS{own("@MUST @rfc6749-3.3", holds+strings.Replace(breaks, "\n\n", "\n      And Robot holds exactly \"read:appointments\"\n\n", 1))},
	})
	scenarios := verdict(t, rep, "OWN-01").Scenarios
	if len(scenarios) != 2 || !slices.Equal(begun, []string{"OWN-01"}) {
		t.Fatalf("got %d scenarios and %v begun, want 2 and OWN-01", len(scenarios), begun)
	}
	asks := `When Robot asks for "read:appointments" on its own behalf`
	for i, want := range []struct {
		steps []string
		held  int
	}{
		{[]string{asks, `Then Robot holds exactly "read:appointments"`}, 2},
		{[]string{asks, `Then Robot holds at least "write:appointments"`, `And Robot holds exactly "read:appointments"`}, 1},
	} {
		if got := scenarios[i]; !slices.Equal(got.Steps, want.steps) || got.StepsHeld != want.held {
			t.Errorf("%s: got %q, of which %d held, want %q and %d", got.Name, got.Steps, got.StepsHeld, want.steps, want.held)
		}
	}
}

// closing is the reference, and tells when it is closed.
type closing struct {
	target.Source
	closed *bool
}

func (c closing) Open(ctx context.Context) (*target.Target, error) {
	t, err := c.Source.Open(ctx)
	if err == nil {
		stop := t.Stop
		t.Stop = func() error {
			*c.closed = true
			return stop()
		}
	}
	return t, err
}

func TestTheReportIsHandedOutWhenTheTargetIsGone(t *testing.T) {
	closed, up, gone := false, false, false
	o := conformance.Options{Rules: []string{"GRANT-01"}}
	o.Hold = func(context.Context, *conformance.Report, *conformance.Held) error { up = !closed; return nil }
	o.Reports = append(o.Reports, func(r *conformance.Report) error {
		gone = closed
		if r.Phases.Register.Count == 0 || r.Phases.LogIn.Count == 0 {
			t.Errorf("got %+v, want clients registered and somebody logged in", r.Phases)
		}
		return nil
	})
	if _, err := conformance.Run(t.Context(), closing{embedded.Reference(), &closed}, conformance.With(o)); err != nil {
		t.Fatal(err)
	}
	if !up || !gone {
		t.Errorf("got up %v, gone %v, want the report once while the target is up and once when it is gone", up, gone)
	}
}

func TestATargetIsTakenDownWhereSomethingPanics(t *testing.T) {
	closed := false
	o := conformance.Options{Rules: []string{"GRANT-01"}}
	o.Hold = func(context.Context, *conformance.Report, *conformance.Held) error { panic("a mistake") }
	defer func() {
		if recover() == nil || !closed {
			t.Errorf("got closed %v, want the panic to go on and the target to be closed", closed)
		}
	}()
	_, _ = conformance.Run(t.Context(), closing{embedded.Reference(), &closed}, conformance.With(o))
}
