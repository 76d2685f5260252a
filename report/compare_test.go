package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
)

// twoRuns are runs against two servers: they differ in one rule and one choice, one
// rule was played against the first alone, and a name would be markup.
func twoRuns() []*conformance.Report {
	run := func(name string, choice string, rules ...conformance.Verdict) *conformance.Report {
		return &conformance.Report{
			Target: conformance.TargetInfo{Name: name, Version: "1"}, Rules: rules,
			Choices: map[target.ChoiceName]target.Finding{"unknown_scope": {Value: choice}, "only_unknown": {Value: "error"}},
		}
	}
	rule := func(id string, o conformance.Outcome) conformance.Verdict {
		return conformance.Verdict{ID: id, Text: "What " + id + " demands", Outcome: o}
	}
	return []*conformance.Report{
		run("one|<b>", "ignore", rule("A-01", conformance.Conforms), rule("A-02", conformance.Conforms), rule("A-03", conformance.NotApplicable)),
		run("two", "reject", rule("A-01", conformance.Conforms), rule("A-02", conformance.Violates)),
	}
}

func written(t *testing.T, write func(io.Writer, []*conformance.Report, bool) error, all bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, twoRuns(), all); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), `\_`, "_")
}

func TestCompareWritesWhatDiffers(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(io.Writer, []*conformance.Report, bool) error
		want  []string
	}{
		{"text", CompareText, []string{"Rules", "A-02", "conforms        violates\n", "A-03", "not applicable  –\n", "unknown_scope  ignore     reject\n", "and 1 rule of which all say the same"}},
		{"Markdown", CompareMarkdown, []string{`| rule |  | one\|&lt;b&gt; 1 | two 1 |`, "| A-02 | What A-02 demands | conforms | violates |", "| A-03 | What A-03 demands | not applicable | – |", "and 1 choice of which all say the same"}},
		{"HTML", CompareHTML, []string{"one|&lt;b&gt; 1", `<td class="o-violates">violates</td>`, "<td>reject</td>", "and 1 rule of which all say the same"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := written(t, test.write, false)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("got no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "A-01") || strings.Contains(got, "only_unknown") || strings.Contains(got, "<b>") && test.name == "HTML" {
				t.Errorf("got what is the same, or markup, in\n%s", got)
			}
			if all := written(t, test.write, true); !strings.Contains(all, "A-01") || !strings.Contains(all, "only_unknown") || strings.Contains(all, "all say the same") {
				t.Errorf("got not everything, want what is the same as well:\n%s", all)
			}
		})
	}
}
