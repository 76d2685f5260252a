package conformance

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/steps"
)

// undefined names each step of a feature file that no sentence fits, with what it
// may have meant: one that a rule of the catalogue uses.
func (c *Catalogue) undefined(doc *messages.GherkinDocument, pickles []*messages.Pickle) error {
	lines := map[string]int64{}
	note := func(steps []*messages.Step) {
		for _, st := range steps {
			lines[st.Id] = st.Location.Line
		}
	}
	for _, child := range doc.Feature.Children {
		if child.Background != nil {
			note(child.Background.Steps)
		}
		if child.Rule == nil {
			continue
		}
		for _, inner := range child.Rule.Children {
			if inner.Background != nil {
				note(inner.Background.Steps)
			}
			if inner.Scenario != nil {
				note(inner.Scenario.Steps)
			}
		}
	}
	sentences := compiled()
	var problems []error
	seen := map[string]bool{}
	for _, p := range pickles {
		for _, st := range p.Steps {
			keyword := keywords()[st.Type]
			if len(st.AstNodeIds) == 0 || lines[st.AstNodeIds[0]] == 0 || seen[st.AstNodeIds[0]] {
				continue // said already
			}
			fits := func(e *regexp.Regexp) bool { return e.MatchString(st.Text) }
			if slices.ContainsFunc(sentences[keyword], fits) {
				continue
			}
			seen[st.AstNodeIds[0]] = true
			meant := `"scopeproof rules --steps" lists the steps`
			if near := spelling.Nearest(st.Text, c.spoken()); near != "" && near != st.Text {
				meant = "did you mean: " + near
			}
			for other, of := range sentences {
				if slices.ContainsFunc(of, fits) {
					meant = "it is a " + other + " step"
				}
			}
			problems = append(problems, fmt.Errorf("%s:%d: no %s step reads: %s; %s", doc.Uri, lines[st.AstNodeIds[0]], keyword, st.Text, meant))
		}
	}
	return errors.Join(problems...)
}

// keywords are what the parser calls the keywords of steps.
func keywords() map[messages.PickleStepType]string {
	return map[messages.PickleStepType]string{
		messages.PickleStepType_CONTEXT: "Given", messages.PickleStepType_ACTION: "When", messages.PickleStepType_OUTCOME: "Then",
	}
}

// compiled are the sentences that steps may be, by keyword.
func compiled() map[string][]*regexp.Regexp {
	all := map[string][]*regexp.Regexp{}
	for _, s := range steps.Sentences() {
		all[s.Keyword] = append(all[s.Keyword], regexp.MustCompile(s.Pattern))
	}
	return all
}

// spoken are the steps of the rules that there are.
func (c *Catalogue) spoken() []string {
	var all []string
	for _, r := range c.Rules {
		for _, s := range r.Scenarios {
			for _, c := range s.plays {
				for _, step := range c.Steps {
					all = append(all, step.Text)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var syntaxError = regexp.MustCompile(`^\((\d+):(\d+)\): (.*)$`)

// syntaxErrors writes what the parser of features says in a line for each mistake,
// with its place first. The file is one within that folder.
func syntaxErrors(within string, err error) error {
	file, text, ok := strings.Cut(err.Error(), " - Parser errors:\n")
	if !ok {
		return err
	}
	file = path.Join(within, file)
	var problems []error
	for line := range strings.SplitSeq(text, "\n") {
		m := syntaxError.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			problems = append(problems, errors.New(line))
			continue
		}
		said := m[3]
		if _, got, ok := strings.Cut(said, ", got '"); ok {
			said = fmt.Sprintf("got %q, want a step (Given, When, Then, And, But), a tag, a table, or one of Rule:, Scenario:, Scenario Outline: and Examples:",
				strings.TrimSpace(strings.TrimSuffix(got, "'")))
		}
		problems = append(problems, fmt.Errorf("%s:%s:%s: %s", file, m[1], m[2], said))
	}
	return errors.Join(problems...)
}
