package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
)

// outcomes lists every outcome, what needs a reader's attention first.
func outcomes() []conformance.Outcome {
	return []conformance.Outcome{
		conformance.Violates, conformance.Inconclusive, conformance.Deviates,
		conformance.Known, conformance.NotApplicable, conformance.Conforms,
	}
}

// label is an outcome in words.
func label(o conformance.Outcome) string { return strings.ReplaceAll(string(o), "_", " ") }

// explain says in a sentence what an outcome means.
func explain(o conformance.Outcome) string {
	switch o {
	case conformance.Conforms:
		return "Every scenario of the rule held."
	case conformance.Deviates:
		return "A SHOULD was not followed."
	case conformance.Violates:
		return "A MUST was broken, or access beyond the grant was given."
	case conformance.Known:
		return "Listed as a known deviation, and still so."
	case conformance.NotApplicable:
		return "The target lacks what the rule needs."
	case conformance.Inconclusive:
		return "It could not be judged."
	}
	return ""
}

// rulesWith returns the rules of that outcome, in the order of the report.
func rulesWith(r *conformance.Report, o conformance.Outcome) []conformance.Verdict {
	var found []conformance.Verdict
	for _, v := range r.Rules {
		if v.Outcome == o {
			found = append(found, v)
		}
	}
	return found
}

// worstFirst returns the rules by outcome in the order of [outcomes], and in the
// order of the report within one outcome.
func worstFirst(rules []conformance.Verdict) []conformance.Verdict {
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b conformance.Verdict) int {
		return cmp.Compare(slices.Index(outcomes(), a.Outcome), slices.Index(outcomes(), b.Outcome))
	})
	return sorted
}

// tally counts rules by outcome. The summary of a report that was merged or
// edited may be out of date; the rules are not.
func tally(rules []conformance.Verdict) map[conformance.Outcome]int {
	counts := make(map[conformance.Outcome]int)
	for _, v := range rules {
		counts[v.Outcome]++
	}
	return counts
}

// reasonGroup is one reason and the rules that share it.
type reasonGroup struct {
	Reason string
	Rules  []conformance.Verdict
}

// byReason groups rules by reason, in the order in which reasons first appear.
func byReason(rules []conformance.Verdict) []reasonGroup {
	var groups []reasonGroup
	for _, v := range rules {
		i := slices.IndexFunc(groups, func(g reasonGroup) bool { return g.Reason == v.Reason })
		if i < 0 {
			groups = append(groups, reasonGroup{Reason: v.Reason})
			i = len(groups) - 1
		}
		groups[i].Rules = append(groups[i].Rules, v)
	}
	return groups
}

// ids returns the ids of rules.
func ids(rules []conformance.Verdict) []string {
	list := make([]string, len(rules))
	for i, v := range rules {
		list[i] = v.ID
	}
	return list
}

// targetName is the target's name and version.
func targetName(r *conformance.Report) string {
	name := strings.TrimSpace(r.Target.Name + " " + r.Target.Version)
	if name == "" {
		return "the target"
	}
	return name
}

// isStrict reports whether the run was asked to fail on a SHOULD.
func isStrict(r *conformance.Report) bool { return r.Settings["strict"] == "true" }

// headline is the verdict on the whole run: the outcome that colours it, and a
// sentence without a full stop.
func headline(r *conformance.Report) (conformance.Outcome, string) {
	name, counts := targetName(r), tally(r.Rules)
	judged := len(r.Rules) - counts[conformance.NotApplicable]
	switch code := ExitCode(r, isStrict(r)); {
	case code == exitInterrupted:
		return conformance.Inconclusive, fmt.Sprintf("Interrupted: %s was judged on %s", name, count(judged, "rule"))
	case counts[conformance.Violates] > 0:
		return conformance.Violates, fmt.Sprintf("%s violates %d of %s", name, counts[conformance.Violates], count(judged, "applicable rule"))
	case code == exitViolates && counts[conformance.Deviates] > 0 && isStrict(r):
		return conformance.Violates, fmt.Sprintf("%s deviates from %d of %s, and the run is strict", name, counts[conformance.Deviates], count(judged, "applicable rule"))
	case code == exitViolates || code == exitUsage:
		return conformance.Violates, fmt.Sprintf("The run failed: %s", count(len(r.Problems), "problem"))
	case len(r.Rules) == 0:
		return conformance.Inconclusive, "Inconclusive: no rule ran"
	case judged == 0:
		return conformance.Inconclusive, fmt.Sprintf("Inconclusive: none of %s applies to %s", count(len(r.Rules), "rule"), name)
	case counts[conformance.Inconclusive] > 0:
		return conformance.Inconclusive, fmt.Sprintf("Inconclusive: %d of %s could not be judged on %s", counts[conformance.Inconclusive], count(judged, "applicable rule"), name)
	case code != 0:
		return conformance.Inconclusive, fmt.Sprintf("Inconclusive: %s with the run", count(len(r.Problems), "problem"))
	case counts[conformance.Known]+counts[conformance.Deviates] > 0:
		return conformance.Conforms, fmt.Sprintf("%s conforms: %s, of which %d known and %d deviating from a SHOULD", name, count(judged, "applicable rule"), counts[conformance.Known], counts[conformance.Deviates]) + warned(r)
	}
	return conformance.Conforms, fmt.Sprintf("%s conforms to %s", name, count(judged, "applicable rule")) + warned(r)
}

// warned is what a verdict that is green does not say of rules that were not judged.
func warned(r *conformance.Report) string {
	if len(r.Warnings) == 0 {
		return ""
	}
	return ", with " + count(len(r.Warnings), "warning")
}

// count is a number and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", thousands(int64(n)), noun)
}

// thousands writes a number with a comma between groups of three digits.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// where is the place of a rule or of one of its scenarios in the features.
func where(v conformance.Verdict, line int) string {
	if v.File == "" {
		return ""
	}
	if line == 0 {
		line = v.Line
	}
	return fmt.Sprintf("%s:%d", conformance.Place(v.File), line)
}

// failing returns the scenarios of a rule that did not conform.
func failing(v conformance.Verdict) []conformance.ScenarioResult {
	var found []conformance.ScenarioResult
	for _, s := range v.Scenarios {
		if s.Outcome != conformance.Conforms && s.Outcome != conformance.NotApplicable {
			found = append(found, s)
		}
	}
	return found
}

// summary is the shortest account of a rule: its reason, or the message of the
// first scenario that failed.
func summary(v conformance.Verdict) string {
	if v.Reason != "" {
		return v.Reason
	}
	for _, s := range failing(v) {
		if s.Message != "" {
			return s.Message
		}
	}
	return ""
}

// remark is what is said of a rule that conforms: which choice was observed, and
// how far that goes.
func remark(v conformance.Verdict) string {
	if v.Reason == "" || v.Note == "" {
		return v.Reason + v.Note
	}
	return v.Reason + "; " + v.Note
}

// byNote groups the rules that conform as far as a note says, by note, in the
// order in which notes first appear.
func byNote(r *conformance.Report) []reasonGroup {
	var noted []conformance.Verdict
	for _, v := range rulesWith(r, conformance.Conforms) {
		if v.Note != "" {
			v.Reason = v.Note
			noted = append(noted, v)
		}
	}
	return byReason(noted)
}

// timestamp writes a moment in UTC, to the second.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
