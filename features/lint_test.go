package features_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/features"
)

func TestTheCatalogueIsWhole(t *testing.T) {
	catalogue, err := conformance.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalogue.Rules {
		at := func(format string, args ...any) {
			t.Helper()
			t.Errorf("features/%s:%d: %s: "+format, append([]any{r.File, r.Line, r.ID}, args...)...)
		}
		if r.Text == "" || strings.HasSuffix(r.Text, ".") {
			at("got the requirement %q, want a sentence without a full stop", r.Text)
		}
		if r.Loss == "" {
			at("want a description that says what is lost if it is broken")
		}
		seen := map[string]bool{}
		judging := false
		for _, s := range r.Scenarios {
			if seen[s.Name] || s.Name == "" {
				at("got scenario %q twice or without a name: reports and expectations name it", s.Name)
			}
			seen[s.Name] = true
			judging = judging || !s.Control
		}
		if !judging {
			at("every scenario is a control, want one that judges")
		}
	}
}

// parsed are the feature files as Gherkin.
func parsed(t *testing.T, files fs.FS) []*messages.GherkinDocument {
	t.Helper()
	suite := godog.TestSuite{Options: &godog.Options{FS: files, Paths: []string{"."}}}
	all, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	var docs []*messages.GherkinDocument
	for _, f := range all {
		docs = append(docs, f.GherkinDocument)
	}
	if len(docs) == 0 {
		t.Fatal("got no feature files")
	}
	return docs
}

func TestEachFileHoldsOneFeature(t *testing.T) {
	titles := map[string]string{}
	err := fs.WalkDir(features.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(features.Files, path)
		if err != nil {
			return err
		}
		found := regexp.MustCompile(`(?m)^\s*Feature:(.*)$`).FindAllStringSubmatch(string(text), -1)
		if len(found) != 1 {
			t.Errorf("%s: got %d features, want one", path, len(found))
			return nil
		}
		title := strings.TrimSpace(found[0][1])
		if other := titles[title]; other != "" || title == "" {
			t.Errorf("%s: got the title %q, which %q has as well", path, title, other)
		}
		titles[title] = path
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestScenariosHaveOneActAndExamplesATitle(t *testing.T) {
	for _, doc := range parsed(t, features.Files) {
		lint(doc, func(line int64, format string, args ...any) {
			t.Errorf("features/%s:%d: "+format, append([]any{doc.Uri, line}, args...)...)
		})
	}
}

// longestBackground is the number of lines that a reader still has in mind.
const longestBackground = 3

// lint says what is wrong with the form of a feature file.
func lint(doc *messages.GherkinDocument, wrong func(line int64, format string, args ...any)) {
	background := func(b *messages.Background) {
		if b != nil && len(b.Steps) > longestBackground {
			wrong(b.Location.Line, "the background has %d steps, want at most %d", len(b.Steps), longestBackground)
		}
	}
	for _, child := range doc.Feature.Children {
		background(child.Background)
		if child.Rule == nil {
			continue
		}
		for _, c := range child.Rule.Children {
			background(c.Background)
			if c.Scenario != nil {
				lintScenario(doc, c.Scenario, wrong)
			}
		}
	}
}

// wire is what only rules about the wire may speak of.
var wire = regexp.MustCompile(`https?:|/(oauth2?|token|authorize|userinfo)\b|\b[1-5]\d\d\b|\b(GET|POST|PUT|PATCH|DELETE)\b`)

func lintScenario(doc *messages.GherkinDocument, s *messages.Scenario, wrong func(line int64, format string, args ...any)) {
	acts, judged := 0, false
	kind := messages.StepKeywordType_UNKNOWN
	for _, step := range s.Steps {
		if step.KeywordType != messages.StepKeywordType_CONJUNCTION {
			if kind == messages.StepKeywordType_OUTCOME && step.KeywordType != messages.StepKeywordType_OUTCOME {
				wrong(step.Location.Line, "%s%s: a Then comes last", step.Keyword, step.Text)
			}
			kind = step.KeywordType
		}
		if kind == messages.StepKeywordType_ACTION {
			acts++
		}
		judged = judged || kind == messages.StepKeywordType_OUTCOME
		if found := wire.FindString(step.Text); found != "" && !strings.HasPrefix(doc.Uri, "api/") {
			wrong(step.Location.Line, "%q belongs to the wire: say who does what to whose things", found)
		}
	}
	if acts > 1 {
		wrong(s.Location.Line, "scenario %q has %d acts, want one When: what comes before is a Given", s.Name, acts)
	}
	if !judged {
		wrong(s.Location.Line, "scenario %q judges nothing, want a Then", s.Name)
	}
	for _, e := range s.Examples {
		if strings.TrimSpace(e.Name) == "" {
			wrong(e.Location.Line, "these examples have no title: say why these rows")
		}
	}
}

// A linter is tested on what it refuses.
func TestLintRefuses(t *testing.T) {
	head := "Feature: A\n\n  @AA-01 @MUST @rfc6749-6\n  Rule: B\n    C\n\n"
	for _, c := range []struct{ what, text, want string }{
		{"two acts", head + "    Scenario: D\n      When E\n      And F\n      Then G\n", "has 2 acts"},
		{"an act after a fact", head + "    Scenario: D\n      Then G\n      When E\n      Then G\n", "a Then comes last"},
		{"nothing judged", head + "    Scenario: D\n      When E\n", "judges nothing"},
		{"a status", head + "    Scenario: D\n      When E\n      Then it is 403\n", `"403" belongs to the wire`},
		{"a URL", head + "    Scenario: D\n      When E\n      Then https://a.example says so\n", `"https:" belongs to the wire`},
		{"examples without a title", head + "    Scenario Outline: D\n      When <e>\n      Then G\n\n      Examples:\n        | e |\n        | x |\n", "no title"},
		{"a long background", "Feature: A\n\n  Background:\n    Given a\n    Given b\n    Given c\n    Given d\n\n  @AA-01 @MUST @rfc6749-6\n  Rule: B\n\n    Scenario: D\n      When E\n      Then G\n", "has 4 steps"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var got []string
			for _, doc := range parsed(t, fstest.MapFS{"a.feature": {Data: []byte(c.text)}}) {
				lint(doc, func(_ int64, format string, args ...any) {
					got = append(got, fmt.Sprintf(format, args...))
				})
			}
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, want one that has %q", got, c.want)
			}
		})
	}
}
