package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// DiffJSON writes a diff as JSON.
func DiffJSON(w io.Writer, d *Diff) error { return encode(w, d) }

// changeLook is the style of a change.
func changeLook(c Change) style {
	switch c {
	case Regression:
		return red
	case Improvement:
		return green
	case Changed:
		return yellow
	}
	return faint
}

// DiffText writes a diff for a terminal or a log. The rules that only one run has
// are named.
func DiffText(w io.Writer, d *Diff, o TextOptions) error {
	s := newScreen(o.Width, o.Color)
	overall := green
	if d.Regressions > 0 {
		overall = red
	}
	for _, l := range wrap(oneLine(d.headline()), s.width, s.width) {
		s.line(s.paint(overall, l))
	}
	if d.Old.Target != d.New.Target {
		s.hanging(0, 4, "note:", bold, fmt.Sprintf("the reports are about different targets, %s and %s", d.Old.Target, d.New.Target))
	}
	for _, p := range d.Problems {
		s.gap()
		s.hanging(0, 4, "new problem:", red, cut(p, shortMessage))
	}
	var before Change
	for _, c := range d.Rules {
		if c.Change == Added || c.Change == Removed {
			continue
		}
		if c.Change == Regression || c.Change != before {
			s.gap()
		}
		before = c.Change
		s.hanging(0, 4, oneLine(c.ID)+" "+wasIs(c)+":", changeLook(c.Change), c.Text)
		if c.Reason != "" && c.New != conformance.Conforms {
			s.text(4, cut(c.Reason, shortMessage))
		}
		for i, name := range c.Scenarios {
			if i == shortScenarios && !o.Verbose {
				s.text(4, "and "+count(len(c.Scenarios)-i, "more scenario"))
				break
			}
			s.hanging(4, 6, "fails now:", faint, name)
		}
	}
	s.onlyOne(d)
	s.findingChanges("Choices", d.Choices)
	s.findingChanges("Capabilities", d.Capabilities)
	s.loadChanges(d)
	s.latencyChanges(d)
	s.notes(d)
	_, err := w.Write(s.buf.Bytes())
	return err
}

// wasIs is what became of a rule: "conforms → violates", "added, violates".
func wasIs(c RuleChange) string {
	switch c.Old {
	case "":
		return "added, " + label(c.New)
	case c.New:
		return "still " + label(c.New)
	}
	return label(c.Old) + " → " + label(c.New)
}

// onlyOne names the rules that one run alone has, by outcome, what needs attention
// first.
func (s *screen) onlyOne(d *Diff) {
	for _, side := range []struct {
		change Change
		what   string
	}{{Added, "added"}, {Removed, "no longer there"}} {
		named := map[conformance.Outcome][]string{}
		for _, c := range d.Rules {
			if c.Change == side.change {
				named[c.Old+c.New] = append(named[c.Old+c.New], c.ID)
			}
		}
		for _, o := range outcomes() {
			if ids := named[o]; len(ids) > 0 {
				s.gap()
				s.hanging(0, 4, fmt.Sprintf("%s, %s (%d):", side.what, label(o), len(ids)), faint, strings.Join(inRows(ids), ", "))
			}
		}
	}
}

// inRows puts the ids of rules in a row into one: "REF-01 to REF-05". They are
// sorted.
func inRows(ids []string) []string {
	var all []string
	for i := 0; i < len(ids); i++ {
		first := i
		for i+1 < len(ids) && follows(ids[i], ids[i+1]) {
			i++
		}
		switch i - first {
		case 0:
			all = append(all, ids[i])
		case 1:
			all = append(all, ids[first], ids[i])
		default:
			all = append(all, ids[first]+" to "+ids[i])
		}
	}
	return all
}

// follows reports whether an id is the next of the same area.
func follows(before, id string) bool {
	area, number, _ := strings.Cut(before, "-")
	other, next, _ := strings.Cut(id, "-")
	a, err := strconv.Atoi(number)
	b, wrong := strconv.Atoi(next)
	return err == nil && wrong == nil && area == other && b == a+1
}

func (s *screen) findingChanges(title string, changes []FindingChange) {
	if len(changes) == 0 {
		return
	}
	s.gap()
	s.line(s.paint(bold, title))
	for _, c := range changes {
		s.hanging(2, 6, oneLine(c.Name)+":", plain, orNothing(c.Old)+" → "+orNothing(c.New))
	}
}

func orNothing(text string) string {
	if text == "" {
		return nothing
	}
	return text
}

func (s *screen) loadChanges(d *Diff) {
	for _, c := range d.Load {
		s.gap()
		s.hanging(0, 4, oneLine(c.Name)+" "+loadWasIs(c)+":", changeLook(c.Change), loadFigures(c))
	}
	for _, row := range searchRows(d) {
		s.gap()
		s.hanging(0, 4, row.name+":", changeLook(row.change), row.text)
	}
}

// notes says what is not compared, and why.
func (s *screen) notes(d *Diff) {
	for i, note := range d.Notes {
		if i == 0 {
			s.gap()
		}
		s.hanging(0, 4, "note:", bold, note)
	}
}

// searchRow is a capacity, a sweep or a threshold in a diff.
type searchRow struct {
	name, text string
	change     Change
}

func searchRows(d *Diff) []searchRow {
	var rows []searchRow
	for _, c := range d.Capacities {
		sure := ""
		if !c.Old.Confirmed || !c.New.Confirmed {
			sure = ", not confirmed in both"
		}
		rows = append(rows, searchRow{"capacity of " + oneLine(c.Name), fmt.Sprintf("%s → %s requests/s, each to %s%s%s", number(c.Old.Rate), number(c.New.Rate),
			percent(max(c.Old.Precision, c.New.Precision)), sure, changed(c.Change)), c.Change})
	}
	for _, c := range d.Growths {
		side := func(g loadtest.Growth) string {
			if g.Model == "" {
				return nothing
			}
			return fmt.Sprintf("%s, by the power of %s (%s to %s)", g.Model, number(g.Exponent), number(g.Low), number(g.High))
		}
		rows = append(rows, searchRow{"growth with " + oneLine(c.Name), fmt.Sprintf("%s → %s; leaks %s → %s%s", side(c.Old.Growth), side(c.New.Growth),
			thousands(c.Old.Leaks), thousands(c.New.Leaks), changed(c.Change)), c.Change})
	}
	for _, c := range d.Thresholds {
		side := func(v *float64) string {
			if v == nil {
				return nothing
			}
			return number(*v) + unit(c.Expression)
		}
		rows = append(rows, searchRow{strings.TrimSuffix("threshold "+oneLine(c.Expression)+" in "+oneLine(c.Scenario), " in "),
			side(c.Old) + " → " + side(c.New) + changed(c.Change), c.Change})
	}
	return rows
}

// changed says whether something became better or worse.
func changed(c Change) string {
	if c == "" {
		return ": no change that is certain"
	}
	return ": " + string(c)
}

func loadWasIs(c LoadChange) string {
	words := func(o LoadSide) string { return orNothing(strings.ReplaceAll(string(o.Outcome), "_", " ")) }
	if c.Old.Outcome == c.New.Outcome {
		return words(c.New)
	}
	return words(c.Old) + " → " + words(c.New)
}

// ofOffered is an achieved rate, and of how many that were offered.
func ofOffered(achieved, offered float64) string {
	if offered == 0 {
		return number(achieved)
	}
	return number(achieved) + " of " + number(offered)
}

func loadFigures(c LoadChange) string {
	pair := func(what, a, b string) string { return what + " " + a + " → " + b }
	whole := func(n int64) string { return thousands(n) }
	return strings.Join([]string{
		pair("requests", whole(c.Old.Requests), whole(c.New.Requests)), pair("leaks", whole(c.Old.Leaks), whole(c.New.Leaks)),
		pair("false refusals", whole(c.Old.FalseRefusals), whole(c.New.FalseRefusals)), pair("faults", whole(c.Old.Faults), whole(c.New.Faults)),
		pair("achieved", ofOffered(c.Old.AchievedRate, c.Old.OfferedRate), ofOffered(c.New.AchievedRate, c.New.OfferedRate)+" requests/s"),
		pair("p50", number(c.Old.P50), number(c.New.P50)+" ms"), pair("p99", number(c.Old.P99), number(c.New.P99)+" ms"),
	}, ", ")
}

// latencyChanges says also how many tests found nothing.
func (s *screen) latencyChanges(d *Diff) {
	if d.Tested == 0 {
		return
	}
	s.gap()
	s.line(s.paint(bold, "Latency"))
	for _, c := range d.Latency {
		look := changeLook(c.Change)
		s.hanging(2, 6, oneLine(c.What)+":", look, changeWords(c))
	}
	s.text(2, latencyNote(d))
}

func changeWords(c LatencyChange) string {
	return fmt.Sprintf("median %s → %s ms (%+.0f %%, p=%.2g, n=%d and %d)", number(c.Old), number(c.New), c.Percent, c.P, c.OldSize, c.NewSize)
}

// latencyNote says what was tested, and how.
func latencyNote(d *Diff) string {
	note := fmt.Sprintf("%d of %s beyond noise (Mann-Whitney U test, %g for all of them together)", len(d.Latency), count(d.Tested, "sample"), d.Alpha)
	if len(d.Load) > 0 {
		note += "; a sample is the seconds of one run, which tells of the runs, not yet of the target: repeat what changed"
	}
	return note
}

// DiffMarkdown writes a diff for the summary of a job or a comment.
func DiffMarkdown(w io.Writer, d *Diff) error {
	m := &mdWriter{limit: markdownLimit}
	m.add("# " + mdCut(d.headline(), 300) + "\n\n")
	m.table([]string{"", "report", "target", "scopeproof", "started"}, [][]string{
		{"old", mdCut(d.Old.Name, 200), mdCut(d.Old.Target, 200), mdCut(d.Old.Version, 100), md(d.Old.Started)},
		{"new", mdCut(d.New.Name, 200), mdCut(d.New.Target, 200), mdCut(d.New.Version, 100), md(d.New.Started)},
	})
	for _, p := range d.Problems {
		m.add("- new problem: " + mdCut(p, mdMessage) + "\n")
	}
	if len(d.Problems) > 0 {
		m.add("\n")
	}
	var rows [][]string
	for _, c := range d.Rules {
		reason := ""
		if c.New != conformance.Conforms {
			reason = c.Reason
		}
		if len(c.Scenarios) > 0 {
			reason = strings.TrimPrefix(reason+"; fails now: "+strings.Join(c.Scenarios, "; "), "; ")
		}
		rows = append(rows, []string{md(c.ID), md(string(c.Change)), md(orNothing(label(c.Old))), md(orNothing(label(c.New))), mdCut(c.Text, 300), mdCut(reason, 500)})
	}
	m.table([]string{"rule", "", "old", "new", "requirement", "what was seen"}, rows)
	for _, found := range []struct {
		name    string
		changes []FindingChange
	}{{"choice", d.Choices}, {"capability", d.Capabilities}} {
		rows = nil
		for _, c := range found.changes {
			rows = append(rows, []string{md(c.Name), mdCut(orNothing(c.Old), 300), mdCut(orNothing(c.New), 300)})
		}
		m.table([]string{found.name, "old", "new"}, rows)
	}
	m.loadChanges(d)
	rows = nil
	for _, c := range d.Latency {
		rows = append(rows, []string{md(c.What), md(changeWords(c))})
	}
	m.table([]string{"latency of", ""}, rows)
	if d.Tested > 0 {
		m.add(md(latencyNote(d)) + "\n")
	}
	for i, note := range d.Notes {
		if i == 0 {
			m.add("\n")
		}
		m.add("- " + mdCut(note, 500) + "\n")
	}
	_, err := w.Write(m.bytes("the diff as JSON"))
	return err
}

// loadChanges writes what became of a load run.
func (m *mdWriter) loadChanges(d *Diff) {
	var rows, found [][]string
	for _, c := range d.Load {
		rows = append(rows, []string{mdCut(c.Name, 100), md(loadWasIs(c)), md(loadFigures(c))})
	}
	m.table([]string{"load scenario", "outcome", "figures"}, rows)
	for _, row := range searchRows(d) {
		found = append(found, []string{mdCut(row.name, 200), mdCut(row.text, 500)})
	}
	m.table([]string{"capacity, growth, threshold", "old → new"}, found)
}
