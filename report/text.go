package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/conformance"
)

// TextOptions say how [Text] and [LoadText] write. The zero value is plain text
// of 80 columns.
type TextOptions struct {
	Color bool // ANSI colours; what they say stands there in words as well
	Width int  // columns; 0 means 80, and less than 40 counts as 40
	// Height is the rows of a terminal that the report of a run of rules has to fit
	// on; 0: it is as long as it gets, and less than 24 counts as 24. Verbose and
	// Trace go before it.
	Height int
	// Verbose shows whole messages, every failed scenario and its steps, the
	// sentences of rules that are not applicable, all choices and capabilities.
	Verbose bool
	// Trace shows the exchanges of what did not hold.
	Trace bool
	// Dir is the folder that has the files of a load run; empty: there is none.
	Dir string
}

// What is left out unless the output is verbose.
const (
	shortMessage   = 600 // characters of a message
	shortScenarios = 3   // failed scenarios of one rule
	alike          = 4   // rules that are inconclusive for one reason
)

// Text writes what came of a run: the verdict and the counts first, then every rule
// that did not conform, why others do not apply, how the target takes the choices
// that nobody declared, and what to do next.
func Text(w io.Writer, r *conformance.Report, o TextOptions) error {
	t := &textWriter{screen: newScreen(o.Width, o.Color), verbose: o.Verbose, trace: o.Trace, r: r}
	if o.Height > 0 && !o.Verbose && !o.Trace {
		t.brief(o.Height)
		_, err := w.Write(t.buf.Bytes())
		return err
	}
	t.head()
	t.problems()
	t.warnings()
	together := t.together()
	for _, v := range worstFirst(r.Rules) {
		if v.Outcome != conformance.Conforms && v.Outcome != conformance.NotApplicable && !together[v.ID] {
			t.rule(v)
		}
	}
	t.alike(together)
	t.conflicts()
	t.notes()
	t.notApplicable()
	t.choices()
	t.capabilities()
	t.privilege()
	t.next()
	_, err := w.Write(t.buf.Bytes())
	return err
}

type textWriter struct {
	*screen
	verbose bool
	trace   bool
	r       *conformance.Report
}

// look is the style of an outcome.
func look(o conformance.Outcome) style {
	switch o {
	case conformance.Violates:
		return red
	case conformance.Inconclusive:
		return purple
	case conformance.Deviates:
		return yellow
	case conformance.Known:
		return blue
	case conformance.Conforms:
		return green
	}
	return faint
}

func (t *textWriter) head() {
	outcome, sentence := headline(t.r)
	for _, l := range wrap(oneLine(sentence), t.width, t.width) {
		t.line(t.paint(look(outcome), l))
	}
	t.gap()
	fact := func(name, value string) {
		if value != "" {
			t.hanging(2, 12, column(name, 9), faint, value)
		}
	}
	issuer := t.r.Target.Issuer
	if t.r.Target.Kind != "" {
		issuer += " (" + string(t.r.Target.Kind) + ")"
	}
	fact("issuer", issuer)
	fact("defect", t.r.Target.Defect)
	fact("run", runFacts(t.r))
	fact("time", timeFacts(t.r.Phases))
	fact("limit", limitFacts(t.r.Limited))
	t.gap()
	counts := tally(t.r.Rules)
	for _, o := range outcomes() {
		n := counts[o]
		if n == 0 && o != conformance.Violates && o != conformance.Conforms {
			continue
		}
		style := look(o)
		if n == 0 {
			style = faint
		}
		t.line("  " + t.paint(style, column(label(o), 14)) + columnRight(thousands(int64(n)), 6))
	}
}

// runFacts are the version, the seed and the time a run took.
func runFacts(r *conformance.Report) string {
	version := cmp.Or(r.Tool.Version, "(unknown version)")
	if r.Merged != nil {
		return fmt.Sprintf("scopeproof %s, merged from %s, %s in all", version, count(len(r.Merged.Runs), "run"), duration(r.DurationMS))
	}
	return fmt.Sprintf("scopeproof %s, seed %d, %s", version, r.Seed, duration(r.DurationMS))
}

// limitFacts are what a limit of the rate of requests came to; empty: there was none.
func limitFacts(l *conformance.Limited) string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("the server limited the rate: %s of 429, or 503 with Retry-After; the run waited %s", count(l.Answers, "answer"), duration(l.WaitedMS))
}

// timeFacts are where the time went; empty: nobody looked.
func timeFacts(t conformance.Phases) string {
	if t == (conformance.Phases{}) {
		return ""
	}
	text := fmt.Sprintf("up %s, learning %s, rules %s, down %s", duration(t.UpMS), duration(t.LearnMS), duration(t.RulesMS), duration(t.DownMS))
	if t.Register.Count+t.LogIn.Count == 0 {
		return text
	}
	return text + fmt.Sprintf("; in learning and the rules %s in %s and %s in %s, several at once",
		count(t.Register.Count, "registration"), duration(t.Register.TotalMS), count(t.LogIn.Count, "login"), duration(t.LogIn.TotalMS))
}

// duration writes milliseconds for people.
func duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func (t *textWriter) problems() {
	for _, p := range t.r.Problems {
		t.gap()
		t.hanging(0, 4, "problem:", red, t.short(p.Text))
		if p.Hint != "" {
			t.hanging(4, 4, "hint:", bold, p.Hint)
		}
	}
}

// warnings says what was observed and took rules away.
func (t *textWriter) warnings() {
	for _, w := range t.r.Warnings {
		t.gap()
		t.hanging(0, 4, "warning:", yellow, t.short(w.Text))
		if t.verbose {
			t.text(4, strings.Join(w.Rules, ", "))
		}
		t.hanging(4, 4, "hint:", bold, w.Hint)
	}
}

// together are the inconclusive rules that share their reason with so many
// others that one line says it for all: a server that died, an interruption.
func (t *textWriter) together() map[string]bool {
	found := map[string]bool{}
	for _, g := range byReason(rulesWith(t.r, conformance.Inconclusive)) {
		if len(g.Rules) < alike || t.verbose {
			continue
		}
		for _, v := range g.Rules {
			found[v.ID] = true
		}
	}
	return found
}

// alike writes the rules that are inconclusive together.
func (t *textWriter) alike(together map[string]bool) {
	for _, g := range byReason(rulesWith(t.r, conformance.Inconclusive)) {
		if !together[g.Rules[0].ID] {
			continue
		}
		t.gap()
		t.hanging(0, 4, fmt.Sprintf("inconclusive: %s:", count(len(g.Rules), "rule")), look(conformance.Inconclusive), t.short(g.Reason))
		t.text(4, strings.Join(ids(g.Rules), ", "))
	}
}

// rule writes one rule that did not conform: id, outcome and requirement, what
// was seen, and where it stands.
func (t *textWriter) rule(v conformance.Verdict) {
	t.gap()
	t.hanging(0, 4, oneLine(v.ID)+" "+happened(v.Outcome)+":", look(v.Outcome), v.Text)
	failed := failing(v)
	if v.Reason != "" && !isSaid(v.Reason, failed) {
		t.text(4, t.short(v.Reason))
	}
	for i, s := range failed {
		if i == shortScenarios && !t.verbose {
			t.text(4, fmt.Sprintf("and %s", count(len(failed)-i, "more scenario")))
			break
		}
		if v.Outcome == conformance.Known && !t.verbose {
			break // the reason given for it says enough
		}
		t.scenario(v, s)
	}
	if len(failed) == 0 || v.Outcome == conformance.Known && !t.verbose {
		t.text(4, citation(v, 0))
	}
}

func (t *textWriter) scenario(v conformance.Verdict, s conformance.ScenarioResult) {
	message := s.Message
	if message == "" {
		message = label(s.Outcome)
	}
	t.text(4, oneLine(s.Name)+": "+t.short(message)+" "+citation(v, s.Line))
	switch {
	case t.verbose && len(s.Steps) > 0:
		t.steps(6, s)
	case s.Step != "" && (t.verbose || s.Outcome == conformance.Inconclusive):
		t.hanging(6, 6, "at:", faint, s.Step)
	}
	if s.Note != "" {
		t.text(6, oneLine(s.Note))
	}
	if s.ChargedFrom != "" {
		t.text(6, "seen in a scenario of "+oneLine(s.ChargedFrom))
	}
	if t.trace {
		t.exchanges(6, s.Exchanges)
	}
}

// happened is an outcome as what was done with the rule.
func happened(o conformance.Outcome) string {
	switch o {
	case conformance.Violates:
		return "violated"
	case conformance.Deviates:
		return "not followed"
	}
	return label(o)
}

// isSaid reports whether a scenario's message already says the reason.
func isSaid(reason string, scenarios []conformance.ScenarioResult) bool {
	for _, s := range scenarios {
		if strings.Contains(s.Message, reason) || strings.HasSuffix(reason, s.Message) && s.Message != "" {
			return true
		}
	}
	return false
}

// citation is "(RFC 6749 section 6; features/token/refresh.feature:17)".
func citation(v conformance.Verdict, line int) string {
	parts := append([]string{}, v.Sources...)
	if v.Derived {
		parts = append(parts, "derived")
	}
	if at := where(v, line); at != "" {
		parts = append(parts, at)
	}
	if len(parts) == 0 {
		return ""
	}
	return oneLine("(" + strings.Join(parts, "; ") + ")")
}

func (t *textWriter) short(text string) string {
	if t.verbose {
		return oneLine(text)
	}
	return cut(oneLine(text), shortMessage)
}

func (t *textWriter) heading(text string) {
	t.gap()
	t.line(t.paint(bold, text))
}

// conflicts says what the runs that were merged do not agree on.
func (t *textWriter) conflicts() {
	if t.r.Merged == nil || len(t.r.Merged.Conflicts) == 0 {
		return
	}
	t.heading("What the merged runs do not agree on")
	for _, c := range t.r.Merged.Conflicts {
		t.hanging(2, 4, oneLine(c.What)+":", plain, conflictWords(t.r.Merged, c))
	}
}

// conflictWords are what each run says, and what is taken.
func conflictWords(m *conformance.Merged, c conformance.Conflict) string {
	var said []string
	for i, text := range c.Said {
		if text != "" {
			said = append(said, fmt.Sprintf("%s in %s", text, m.Runs[i].Name))
		}
	}
	return fmt.Sprintf("%s; %s is taken", strings.Join(said, ", "), c.Taken)
}

// notes says how far it goes that rules conform.
func (t *textWriter) notes() {
	groups := byNote(t.r)
	if len(groups) == 0 {
		return
	}
	if !t.verbose {
		var names []string
		for _, g := range groups {
			names = append(names, ids(g.Rules)...)
		}
		t.gap()
		t.text(0, fmt.Sprintf("Tried many times at once and not refuted, which is no proof (-v says how often): %s", strings.Join(names, ", ")))
		return
	}
	t.heading("What was tried many times at once")
	for _, g := range groups {
		t.hanging(2, 4, strings.Join(ids(g.Rules), ", ")+":", plain, t.short(g.Reason))
	}
}

func (t *textWriter) notApplicable() {
	rules := rulesWith(t.r, conformance.NotApplicable)
	if len(rules) == 0 {
		return
	}
	t.heading(fmt.Sprintf("Not applicable: %s", count(len(rules), "rule")))
	for _, g := range byReason(rules) {
		reason := g.Reason
		if reason == "" {
			reason = "no reason given"
		}
		t.hanging(2, 4, "", plain, t.short(reason))
		if !t.verbose {
			t.text(6, strings.Join(ids(g.Rules), ", "))
			continue
		}
		for _, v := range g.Rules {
			t.hanging(6, 8, "", plain, v.ID+"  "+v.Text)
		}
	}
}

func (t *textWriter) choices() {
	rows := choices(t.r)
	if !t.verbose { // what the target file says, its author knows
		rows = slices.DeleteFunc(rows, func(f finding) bool { return f.Source == "declared" })
	}
	if len(rows) == 0 {
		return
	}
	title := "Open choices, as this target takes them"
	if !t.verbose {
		title += "; declared ones with -v"
	}
	t.heading(title)
	name, value := 0, 0
	for _, f := range rows {
		name = max(name, min(utf8.RuneCountInString(f.Name), 24))
		value = max(value, min(utf8.RuneCountInString(oneLine(f.Value)), 20))
	}
	for _, f := range rows {
		row := column(oneLine(f.Name), name) + "  " + column(oneLine(f.Value), value) + "  " + oneLine(f.Source)
		t.line("  " + clip(row, t.width-2))
	}
}

// clip shortens a row to width columns.
func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func (t *textWriter) capabilities() {
	if !t.verbose {
		return
	}
	var has, lacks []string
	for _, f := range capabilities(t.r) {
		if f.Lacks() {
			lacks = append(lacks, f.Short())
		} else {
			has = append(has, f.Short())
		}
	}
	if len(has)+len(lacks) == 0 {
		return
	}
	t.heading("Capabilities")
	if len(has) > 0 {
		t.hanging(2, 9, column("has", 6), faint, strings.Join(has, ", "))
	}
	if len(lacks) > 0 {
		t.hanging(2, 9, column("lacks", 6), faint, strings.Join(lacks, ", "))
	}
}

// privilege says where less scope would have done.
func (t *textWriter) privilege() {
	lines := privilegeLines(t.r)
	if !t.verbose {
		lines = nil
		if brief := privilegeBrief(t.r); brief != "" {
			lines = []string{brief}
		}
	}
	if len(lines) == 0 {
		return
	}
	t.heading(privilegeTitle)
	for _, l := range lines {
		t.hanging(2, 4, "", plain, t.short(l))
	}
}

// playedBy is the rule whose scenarios show that a rule is violated: itself, or
// the one that it was charged from.
func playedBy(v conformance.Verdict) string {
	other := ""
	for _, s := range v.Scenarios {
		if s.Outcome != conformance.Violates {
			continue
		}
		if s.ChargedFrom == "" || s.ChargedFrom == v.ID {
			return v.ID
		}
		if other == "" {
			other = s.ChargedFrom
		}
	}
	if other == "" {
		return v.ID
	}
	return other
}

// next says what to do now, where there is something to do.
func (t *textWriter) next() {
	for i, h := range t.hints() {
		if i == 0 {
			t.heading("Next")
		}
		t.hint(h, true)
	}
}
