package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// mdMessage is how many characters of a message a summary shows.
const mdMessage = 1500

// Markdown writes summary.md, for the summary of a job: the verdict, the counts,
// what failed, and the rest folded. It is always under 1 MiB; what does not fit is
// left out, and the last line says so.
func Markdown(w io.Writer, r *conformance.Report) error {
	m := &mdWriter{limit: markdownLimit}
	_, sentence := headline(r)
	m.add("# " + md(cut(sentence, 300)) + "\n\n")
	mdHead(m, r)
	mdProblems(m, r)
	mdWarnings(m, r)
	mdConflicts(m, r)
	counts := tally(r.Rules)
	for _, o := range []conformance.Outcome{conformance.Violates, conformance.Inconclusive, conformance.Deviates} {
		rules := rulesWith(r, o)
		if len(rules) == 0 {
			continue
		}
		m.add("## " + title(o) + ": " + count(len(rules), "rule") + "\n\n")
		for _, v := range rules {
			m.add(mdRule(v))
		}
	}
	if n := counts[conformance.Known]; n > 0 {
		m.add("## Known: " + count(n, "rule") + "\n\n")
		m.table([]string{"rule", "", "reason"}, mdRows(rulesWith(r, conformance.Known), summary))
	}
	mdFolded(m, r)
	_, err := w.Write(m.bytes("report.json"))
	return err
}

// title is an outcome as a heading.
func title(o conformance.Outcome) string {
	text := label(o)
	return strings.ToUpper(text[:1]) + text[1:]
}

func mdHead(m *mdWriter, r *conformance.Report) {
	counts := tally(r.Rules)
	var rows [][]string
	for _, o := range outcomes() {
		rows = append(rows, []string{label(o), thousands(int64(counts[o])), explain(o)})
	}
	m.table([]string{"outcome", "rules", ""}, rows)
	var facts [][]string
	fact := func(name, value string) {
		if value != "" {
			facts = append(facts, []string{name, mdCut(value, 300)})
		}
	}
	fact("target", targetName(r))
	fact("kind", string(r.Target.Kind))
	fact("issuer", r.Target.Issuer)
	fact("seeded defect", r.Target.Defect)
	fact("started", timestamp(r.Started))
	fact("run", runFacts(r))
	fact("limit", limitFacts(r.Limited))
	m.table([]string{"run", ""}, facts)
}

func mdProblems(m *mdWriter, r *conformance.Report) {
	if len(r.Problems) == 0 {
		return
	}
	m.add("## Problems with the run\n\n")
	for _, p := range r.Problems {
		line := "- " + mdCut(p.Text, mdMessage)
		if p.Hint != "" {
			line += "<br>hint: " + mdCut(p.Hint, mdMessage)
		}
		m.add(line + "\n")
	}
	m.add("\n")
}

// mdWarnings says what was observed and took rules away.
func mdWarnings(m *mdWriter, r *conformance.Report) {
	if len(r.Warnings) == 0 {
		return
	}
	m.add("## Warnings\n\n")
	for _, w := range r.Warnings {
		m.add("- " + mdCut(w.Text, mdMessage) + "<br>hint: " + mdCut(w.Hint, mdMessage) + "\n")
	}
	m.add("\n")
}

// mdConflicts says what the runs that were merged do not agree on.
func mdConflicts(m *mdWriter, r *conformance.Report) {
	if r.Merged == nil || len(r.Merged.Conflicts) == 0 {
		return
	}
	m.add("## What the merged runs do not agree on\n\n")
	for _, c := range r.Merged.Conflicts {
		m.add("- " + mdCut(c.What+": "+conflictWords(r.Merged, c), mdMessage) + "\n")
	}
	m.add("\n")
}

// mdRule is the section of one rule that failed.
func mdRule(v conformance.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s (%s) %s\n\n", md(v.ID), md(string(v.Level)), mdCut(v.Text, 300))
	failed := failing(v)
	if v.Reason != "" && !isSaid(v.Reason, failed) {
		b.WriteString(mdCut(v.Reason, mdMessage) + "\n\n")
	}
	if len(failed) > 0 {
		b.WriteString("| scenario | what was seen | step |\n| --- | --- | --- |\n")
		for i, s := range failed {
			if i == 20 {
				fmt.Fprintf(&b, "| and %s | | |\n", count(len(failed)-i, "more scenario"))
				break
			}
			message := s.Message
			if s.Note != "" {
				message += " (" + s.Note + ")"
			}
			if s.ChargedFrom != "" {
				message += " (seen in a scenario of " + s.ChargedFrom + ")"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", mdCut(s.Name, 200), mdCut(message, mdMessage), mdCut(s.Step, 200))
		}
		b.WriteString("\n")
	}
	if v.Loss != "" {
		b.WriteString(mdCut(v.Loss, mdMessage) + "\n\n")
	}
	b.WriteString("Source: " + mdSources(v) + "\n\n")
	return b.String()
}

// mdSources are the sources of a rule, as links where they have an address, and
// its place in the features.
func mdSources(v conformance.Verdict) string {
	var parts []string
	for _, source := range v.Sources {
		text := mdCut(source, 200)
		if address := sourceURL(source); address != "" {
			text = "[" + text + "](" + address + ")"
		}
		parts = append(parts, text)
	}
	if v.Derived {
		parts = append(parts, "derived: no sentence says exactly this")
	}
	if at := where(v, 0); at != "" {
		parts = append(parts, mdCut(at, 300))
	}
	return strings.Join(parts, "; ")
}

func mdRows(rules []conformance.Verdict, last func(conformance.Verdict) string) [][]string {
	rows := make([][]string, len(rules))
	for i, v := range rules {
		rows[i] = []string{md(v.ID), mdCut(v.Text, 300), mdCut(last(v), 300)}
	}
	return rows
}

// mdFolded writes what few readers of a summary need.
func mdFolded(m *mdWriter, r *conformance.Report) {
	if rules := rulesWith(r, conformance.NotApplicable); len(rules) > 0 {
		m.fold("Not applicable: "+count(len(rules), "rule"), func() {
			var rows [][]string
			for _, g := range byReason(rules) {
				rows = append(rows, []string{mdCut(g.Reason, 300), md(strings.Join(ids(g.Rules), ", "))})
			}
			m.table([]string{"reason", "rules"}, rows)
		})
	}
	table := func(title, name string, found []finding) {
		if len(found) == 0 {
			return
		}
		m.fold(title, func() {
			var rows [][]string
			for _, f := range found {
				rows = append(rows, []string{mdCut(f.Name, 100), mdCut(f.Value, 300), mdCut(f.Source, 300)})
			}
			m.table([]string{name, "value", "how it is known"}, rows)
		})
	}
	table(fmt.Sprintf("Open choices: %d", len(r.Choices)), "choice", choices(r))
	table("Capabilities", "capability", capabilities(r))
	if lines := privilegeLines(r); len(lines) > 0 {
		m.fold(privilegeTitle, func() {
			for _, l := range lines {
				m.add("- " + mdCut(l, mdMessage) + "\n")
			}
			m.add("\n")
		})
	}
	if rules := rulesWith(r, conformance.Conforms); len(rules) > 0 {
		m.fold("Conforms: "+count(len(rules), "rule"), func() {
			m.table([]string{"rule", "", "note"}, mdRows(rules, remark))
		})
	}
	if rows := settings(r); len(rows) > 0 {
		m.fold("Settings", func() {
			var cells [][]string
			for _, f := range rows {
				cells = append(cells, []string{mdCut(f.Name, 100), mdCut(f.Value, 300)})
			}
			m.table([]string{"setting", "value"}, cells)
		})
	}
}
