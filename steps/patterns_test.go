package steps

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/scopeproof/scopeproof/features"
)

const (
	mostPatterns = 120 // a reader must be able to know them
	mostCaptures = 4   // who, whose, what and how
)

func TestPatternsAreAnchoredAndFewAndCaptureLittle(t *testing.T) {
	all := patterns()
	if len(all) > mostPatterns {
		t.Errorf("got %d patterns, want at most %d: let one sentence say what several do", len(all), mostPatterns)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if !strings.HasPrefix(p.expr, "^") || !strings.HasSuffix(p.expr, "$") {
			t.Errorf("%s %s: want it anchored, ^…$", p.keyword, p.expr)
		}
		e, err := regexp.Compile(p.expr)
		if err != nil {
			t.Errorf("%s %s: %v", p.keyword, p.expr, err)
			continue
		}
		if n := e.NumSubexp(); n > mostCaptures {
			t.Errorf("%s %s: got %d captures, want at most %d: say less in one sentence", p.keyword, p.expr, n, mostCaptures)
		}
		if seen[p.keyword+p.expr] {
			t.Errorf("%s %s: is registered twice", p.keyword, p.expr)
		}
		seen[p.keyword+p.expr] = true
	}
}

// A capture without a parameter is dropped silently, and a wrong type is found
// only when the step is played.
func TestCapturesFitTheParameters(t *testing.T) {
	var (
		aContext = reflect.TypeFor[context.Context]()
		aTable   = reflect.TypeFor[*godog.Table]()
		anError  = reflect.TypeFor[error]()
	)
	for _, p := range patterns() {
		f := reflect.TypeOf(p.step)
		if f.Kind() != reflect.Func || f.NumOut() != 1 || f.Out(0) != anError {
			t.Errorf("%s %s: got %s, want a function that returns an error", p.keyword, p.expr, f)
			continue
		}
		var values, tables int
		for n := range f.NumIn() {
			switch in := f.In(n); {
			case n == 0 && in == aContext:
			case n == f.NumIn()-1 && in == aTable:
				tables++
			case in == reflect.TypeFor[string](), in == reflect.TypeFor[int]():
				values++
			default:
				t.Errorf("%s %s: parameter %d is a %s, want string, int, or *godog.Table at the end", p.keyword, p.expr, n+1, in)
			}
		}
		if got := regexp.MustCompile(p.expr).NumSubexp(); got != values {
			t.Errorf("%s %s: got %d captures for %d parameters of %s", p.keyword, p.expr, got, values, f)
		}
		if colon := strings.HasSuffix(p.expr, ":$"); colon != (tables == 1) {
			t.Errorf("%s %s: a sentence ends with a colon if a table follows, and only then", p.keyword, p.expr)
		}
	}
}

// step is one step of the feature files, with its values filled in.
type step struct {
	keyword, text, file string
	table               bool
}

func played(t *testing.T) []step {
	t.Helper()
	suite := godog.TestSuite{Options: &godog.Options{FS: features.Files, Paths: []string{"."}}}
	parsed, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	keywords := map[messages.PickleStepType]string{
		messages.PickleStepType_CONTEXT: "Given", messages.PickleStepType_ACTION: "When", messages.PickleStepType_OUTCOME: "Then",
	}
	var all []step
	for _, f := range parsed {
		for _, p := range f.Pickles {
			for _, s := range p.Steps {
				all = append(all, step{keywords[s.Type], s.Text, f.Uri, s.Argument != nil && s.Argument.DataTable != nil})
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("got no steps in the features")
	}
	return all
}

func TestEachStepOfTheFeaturesHasOnePatternAndEachPatternAStep(t *testing.T) {
	all := patterns()
	compiled := map[string]*regexp.Regexp{}
	for _, p := range all {
		compiled[p.expr] = regexp.MustCompile(p.expr)
	}
	used := map[string]bool{}
	told := map[string]bool{}
	for _, s := range played(t) {
		if told[s.keyword+s.text] {
			continue
		}
		told[s.keyword+s.text] = true
		var fits, elsewhere []string
		for _, p := range all {
			if !compiled[p.expr].MatchString(s.text) {
				continue
			}
			if p.keyword != s.keyword {
				elsewhere = append(elsewhere, p.keyword)
				continue
			}
			fits = append(fits, p.expr)
			used[p.keyword+p.expr] = true
		}
		switch {
		case len(fits) > 1:
			t.Errorf("%s: %s %s: got %d patterns that fit, want one: %s", s.file, s.keyword, s.text, len(fits), strings.Join(fits, "  "))
		case len(fits) == 0 && len(elsewhere) > 0:
			t.Errorf("%s: %s %s: it is a %v", s.file, s.keyword, s.text, elsewhere)
		case len(fits) == 0:
			t.Errorf("%s: %s %s: no pattern fits", s.file, s.keyword, s.text)
		case strings.HasSuffix(fits[0], ":$") != s.table:
			t.Errorf("%s: %s %s: got a table %t, want %t", s.file, s.keyword, s.text, s.table, !s.table)
		}
	}
	for _, p := range all {
		if !used[p.keyword+p.expr] {
			t.Errorf("%s %s: no feature uses it: remove it, with its function if nothing else does", p.keyword, p.expr)
		}
	}
}

// Two sentences that differ in nothing but small words are one sentence.
func TestNoTwoPatternsSayTheSame(t *testing.T) {
	var (
		capture = regexp.MustCompile(`\((?:[^()]|\([^()]*\))*\)`)
		small   = regexp.MustCompile(`\b(an?|the|its|their|of|for|to|in|is|was|has|that)\b`)
		order   = regexp.MustCompile(`[^a-z0-9_ ]`)
	)
	plain := func(expr string) string {
		text := capture.ReplaceAllString(strings.ToLower(expr), "_")
		text = order.ReplaceAllString(small.ReplaceAllString(text, ""), "")
		return strings.Join(strings.Fields(text), " ")
	}
	first := map[string]string{}
	for _, p := range patterns() {
		key := p.keyword + " " + plain(p.expr)
		if other, ok := first[key]; ok {
			t.Errorf("%s %s says the same as %s: keep one", p.keyword, p.expr, other)
		}
		first[key] = p.expr
	}
}

func TestSentencesAreForReaders(t *testing.T) {
	all := Sentences()
	want := Sentence{Keyword: "When", Text: `^(\w+) redeems (its|\w+'s)( first)? code<how>$`}
	if !slices.ContainsFunc(all, func(s Sentence) bool { return s.Keyword == want.Keyword && s.Text == want.Text }) {
		t.Errorf("got %d sentences without %v", len(all), want)
	}
}

func TestEachMannerIsUsed(t *testing.T) {
	steps := played(t)
	for _, m := range Manners() {
		e := regexp.MustCompile(`(?:,| and|, and)? ` + m.Phrase + `(?:$|,| and )`)
		if !slices.ContainsFunc(steps, func(s step) bool { return e.MatchString(s.text) }) {
			t.Errorf("%s … %s: no feature says so: remove it", m.Act, m.Phrase)
		}
	}
}

func TestWhatIsNoMannerIsRefused(t *testing.T) {
	var r request
	for _, text := range []string{" loudly", ", silently and loudly", " silentlyish", ` with the claim email`} {
		if err := asking().apply(text, &r); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
	r = request{}
	if err := asking().apply(` silently, at the other API and 5 times`, &r); err != nil || !r.silent || !r.other || r.times != 5 {
		t.Errorf("got %+v and %v, want silent, other and 5 times", r, err)
	}
}

func TestAViolationKeepsItsType(t *testing.T) {
	var broken *Violation
	if err := excess("got %q, want %q", "a b", "a"); !errors.As(err, &broken) || !broken.Excess || broken.Message != `got "a b", want "a"` {
		t.Errorf("got %+v, want an excess with the message", err)
	}
	if err := violation("got nothing"); !errors.As(err, &broken) || broken.Excess {
		t.Errorf("got %+v, want a violation that is no excess", err)
	}
}

func TestEachInvariantIsOwnedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range Invariants() {
		if seen[i.ID] || i.Text == "" || i.Rule == "" {
			t.Errorf("%+v: want one row with a text and a rule", i)
		}
		seen[i.ID] = true
		if got := owning(i.ID); got != i.Rule {
			t.Errorf("%s: got owner %s, want %s", i.ID, got, i.Rule)
		}
	}
}
