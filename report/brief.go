package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/conformance"
)

// mostHints is how many things to do next the last screen names.
const mostHints = 4

// thatRule is what the first hint about a rule that does not hold is good for.
const thatRule = "that rule, step by step"

// minHeight is the height of the smallest terminal that a screen is made for.
const minHeight = 24

// brief writes the last screen of a run for a terminal: what fits on it, with the
// verdict first, what did not hold, and what to do next. Nothing is left out
// without a word.
func (t *textWriter) brief(height int) {
	t.briefHead()
	entries := t.entries()
	reasons := 1
	if len(entries) == 0 {
		reasons = 2
	}
	tail := t.briefTail(reasons)
	room := max(height, minHeight) - 1 - t.lines() - len(tail) // one line is the prompt's
	fits, each := layOut(len(entries), room)
	for i, e := range entries[:fits] {
		if i == 0 || each > 2 {
			t.gap()
		}
		t.entry(e, each)
	}
	if fits < len(entries) {
		var names []string
		for _, e := range entries[fits:] {
			names = append(names, e.name)
		}
		t.line(clip(fmt.Sprintf("and %d more (-v): %s", len(entries)-fits, strings.Join(names, ", ")), t.width))
	}
	for _, l := range tail {
		t.line(l)
	}
}

// layOut says how many of n entries fit into so many lines, and how many lines each
// may have: as many as four with an empty one between them, or else two.
func layOut(n, room int) (fits, each int) {
	for each := 4; each > 2; each-- {
		if n*(each+1) <= room {
			return n, each
		}
	}
	if n*2 < room {
		return n, 2
	}
	return min(max((room-2)/2, 1), n), 2
}

// lines is how many lines were written.
func (s *screen) lines() int { return strings.Count(s.buf.String(), "\n") }

func (t *textWriter) briefHead() {
	outcome, sentence := headline(t.r)
	for _, l := range wrap(oneLine(sentence), t.width, t.width) {
		t.line(t.paint(look(outcome), l))
	}
	fact := func(text string) { t.line(t.paint(faint, clip("  "+oneLine(text), t.width))) }
	if issuer := t.r.Target.Issuer; issuer != "" {
		fact(fmt.Sprintf("%s (%s)", issuer, t.r.Target.Kind))
	}
	fact(runFacts(t.r))
	if t.r.Limited != nil {
		fact(limitFacts(t.r.Limited))
	}
	if t.r.Target.Defect != "" {
		fact("defect: " + t.r.Target.Defect)
	}
	t.gap()
	counts := tally(t.r.Rules)
	row, width := " ", 1
	for _, o := range outcomes() {
		if n := counts[o]; n > 0 || o == conformance.Violates || o == conformance.Conforms {
			text := label(o) + " " + thousands(int64(n))
			if width+utf8.RuneCountInString(text)+2 > t.width {
				t.line(row)
				row, width = " ", 1
			}
			style := look(o)
			if n == 0 {
				style = faint
			}
			row, width = row+" "+t.paint(style, text)+" ", width+utf8.RuneCountInString(text)+2
		}
	}
	t.line(row)
}

// entry is something that did not hold, on the last screen.
type entry struct {
	name, title, message string
	look                 style
}

// entries are the problems of the run, the rules that fail it, and the warnings, as
// one. What is inconclusive for one reason is one of them.
func (t *textWriter) entries() []entry {
	var all []entry
	for _, p := range t.r.Problems {
		e := entry{name: "a problem", title: "problem: " + p.Text, look: red}
		if p.Hint != "" {
			e.message = "hint: " + p.Hint
		}
		all = append(all, e)
	}
	together := t.together()
	for _, v := range worstFirst(t.r.Rules) {
		switch {
		case v.Outcome == conformance.Violates, v.Outcome == conformance.Inconclusive && !together[v.ID], v.Outcome == conformance.Deviates && isStrict(t.r):
			message := summary(v)
			if failed := failing(v); len(failed) > 0 {
				message = failed[0].Name + ": " + failed[0].Message
				if len(failed) > 1 {
					message += " (and " + count(len(failed)-1, "more scenario") + ")"
				}
			}
			all = append(all, entry{v.ID, v.ID + " " + happened(v.Outcome) + ": " + v.Text, message, look(v.Outcome)})
		}
	}
	if list := t.r.Warnings; len(list) > 0 {
		var texts []string
		for _, w := range list {
			texts = append(texts, w.Text)
		}
		all = append(all, entry{count(len(list), "warning"), count(len(list), "warning") + ": what is broken may look like what is not there", strings.Join(texts, "; "), yellow})
	}
	for _, g := range byReason(rulesWith(t.r, conformance.Inconclusive)) {
		if together[g.Rules[0].ID] {
			all = append(all, entry{count(len(g.Rules), "rule"), "inconclusive: " + count(len(g.Rules), "rule") + ", for one reason", g.Reason, look(conformance.Inconclusive)})
		}
	}
	return all
}

// entry writes one of them in at most so many lines.
func (t *textWriter) entry(e entry, lines int) {
	name, rest, _ := strings.Cut(clip(oneLine(e.title), t.width), ":")
	t.line(t.paint(e.look, name+":") + rest)
	words := wrap(oneLine(e.message), t.width-4, t.width-4)
	if len(words) > lines-1 {
		words = words[:lines-1]
		last := words[lines-2]
		words[lines-2] = clip(last+" …", t.width-4)
	}
	for _, w := range words {
		t.line("    " + w)
	}
}

// briefTail is the end of the last screen: what needs no line of its own, why rules
// do not apply in so many lines, and what to do next.
func (t *textWriter) briefTail(reasons int) []string {
	rest := newScreen(t.width, t.color)
	rest.gap()
	if rules := rulesWith(t.r, conformance.Deviates); len(rules) > 0 && !isStrict(t.r) {
		rest.line(clip("not followed: "+strings.Join(ids(rules), ", "), t.width))
	}
	if rules := rulesWith(t.r, conformance.Known); len(rules) > 0 {
		rest.line(clip("known: "+strings.Join(ids(rules), ", "), t.width))
	}
	if rules := rulesWith(t.r, conformance.NotApplicable); len(rules) > 0 {
		lines := wrap("not applicable: "+strings.Join(reasonsInShort(rules), ", "), t.width, t.width-4)
		if len(lines) > reasons {
			lines = lines[:reasons]
			lines[reasons-1] += " …"
		}
		rest.line(clip(lines[0], t.width))
		for _, l := range lines[1:] {
			rest.line(clip("    "+l, t.width))
		}
	}
	if rest.lines() > 1 {
		rest.gap()
	}
	hints := t.hints()
	for _, h := range hints[:min(len(hints), mostHints)] {
		rest.hint(h, false)
	}
	return strings.Split(strings.TrimSuffix(rest.buf.String(), "\n"), "\n")
}

// reasonsInShort are the reasons why rules do not apply, the most frequent first:
// "needs as.device (8)".
func reasonsInShort(rules []conformance.Verdict) []string {
	groups := map[string]int{}
	var order []string
	for _, v := range rules {
		short, _, _ := strings.Cut(v.Reason, ";")
		short = cmp.Or(oneLine(short), "no reason given")
		if groups[short] == 0 {
			order = append(order, short)
		}
		groups[short]++
	}
	slices.SortStableFunc(order, func(a, b string) int { return groups[b] - groups[a] })
	for i, short := range order {
		order[i] = fmt.Sprintf("%s (%d)", short, groups[short])
	}
	return order
}

// hint is a thing to do next.
type hint struct{ command, why string }

// hint writes what to do, and why where there is room for it or it is asked for.
func (s *screen) hint(h hint, always bool) {
	lines := wrap(h.command, s.width-2, s.width-4)
	lead := "  "
	for i, l := range lines {
		text := lead + s.paint(bold, l)
		lead = "    "
		room := s.width - utf8.RuneCountInString(l) - len(lead) - 2
		if i == len(lines)-1 && utf8.RuneCountInString(h.why) <= room {
			text, always = text+"  "+s.paint(faint, h.why), false
		}
		s.line(text)
	}
	if always {
		s.text(6, h.why)
	}
}

// hints are what to do next, the most useful first.
func (t *textWriter) hints() []hint {
	counts := tally(t.r.Rules)
	var all []hint
	if counts[conformance.Violates] > 0 || counts[conformance.Deviates] > 0 && isStrict(t.r) {
		worst := worstFirst(t.r.Rules)
		first := playedBy(worst[0])
		all = append(all, hint{again(t.r, "test", "--rules "+first+" -v --trace"), thatRule}, hint{"scopeproof rules " + first, "what it demands, and why"})
	}
	if counts[conformance.Inconclusive] > 0 || len(t.r.Rules) > 0 && counts[conformance.NotApplicable] == len(t.r.Rules) {
		all = append(all, hint{again(t.r, "check", ""), "whether login, consent and the API work"})
	}
	if n := overrun(t.r); n > 0 && t.r.Settings["parallel"] != "1" {
		why := fmt.Sprintf("one scenario at a time: %d ended at a 5xx, or without an answer", n)
		all = append(all, hint{again(t.r, "test", "--parallel 1"), why})
	}
	if dir := t.r.Settings["out"]; dir != "" {
		all = append(all, hint{dir + "/report.html", "every request and response"})
	} else {
		all = append(all, hint{"--out DIR", "writes report.html, with every request and response"})
	}
	if len(all) > 0 && all[0].why == thatRule && t.r.Settings["hold"] == "" {
		all = append(all, hint{"--hold", "keeps the target up, to send requests again with curl"})
	}
	if counts[conformance.Deviates] > 0 && !isStrict(t.r) {
		all = append(all, hint{"--strict", "makes a SHOULD that is not followed fail the run"})
	}
	if !t.verbose {
		all = append(all, hint{"-v", "everything: each step, choices, capabilities"})
	}
	return all
}

// overrun is how many scenarios could not be judged since a server was in trouble; 0
// where they are so few that it need not be their number that it does not bear.
func overrun(r *conformance.Report) int {
	const few = 5
	n := 0
	for _, rule := range r.Rules {
		for _, s := range rule.Scenarios {
			if s.Outcome != conformance.Inconclusive || len(s.Exchanges) == 0 {
				continue
			}
			if last := s.Exchanges[len(s.Exchanges)-1]; last.Status >= 500 || last.Status == 0 && last.Failure != "" {
				n++
			}
		}
	}
	if n < few {
		return 0
	}
	return n
}

// again is a command about the target of a run.
func again(r *conformance.Report, command, flags string) string {
	words := []string{"scopeproof", command}
	if name := r.Settings["target"]; name != "" && !strings.HasPrefix(name, "the embedded") {
		words = append(words, shellWord(name))
	}
	if flags != "" {
		words = append(words, flags)
	}
	for _, name := range []string{"defect", "features"} {
		if value := r.Settings[name]; value != "" && command == "test" {
			words = append(words, "--"+name+" "+shellWord(value))
		}
	}
	return strings.Join(words, " ")
}

// shellWord is a word for a shell.
func shellWord(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,", c)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(oneLine(word), "'", `'\''`) + "'"
}
