package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
)

// comparison is what came of several runs, side by side.
type comparison struct {
	Targets []string
	Grids   []comparedGrid
}

type comparedGrid struct {
	Title, What string // "Rules", "rule"
	Rows        []comparedRow
	Same        int // rows that were left out because all targets are alike
}

type comparedRow struct {
	Name, Text string
	Cells      []comparedCell
	Differs    bool
}

type comparedCell struct {
	Value string
	Class string // an outcome, for the page's style
}

// nothing stands in a cell where a run says nothing.
const nothing = "–"

// compared puts runs side by side. Rules and choices of which all runs say the same
// are counted and left out, unless all are wanted.
func compared(runs []*conformance.Report, all bool) comparison {
	c := comparison{Grids: []comparedGrid{
		{Title: "Counts", What: "outcome", Rows: countRows(runs)},
		trimmed(comparedGrid{Title: "Rules", What: "rule", Rows: ruleRows(runs)}, all),
		trimmed(comparedGrid{Title: "Open choices", What: "choice", Rows: choiceRows(runs)}, all),
	}}
	for _, r := range runs {
		c.Targets = append(c.Targets, targetName(r))
	}
	return c
}

func trimmed(g comparedGrid, all bool) comparedGrid {
	if all {
		return g
	}
	before := len(g.Rows)
	g.Rows = slices.DeleteFunc(g.Rows, func(r comparedRow) bool { return !r.Differs })
	g.Same = before - len(g.Rows)
	return g
}

func countRows(runs []*conformance.Report) []comparedRow {
	rows := make([]comparedRow, 0, len(outcomes()))
	for _, o := range outcomes() {
		row := comparedRow{Name: label(o), Text: explain(o)}
		for _, r := range runs {
			row.Cells = append(row.Cells, comparedCell{Value: thousands(int64(tally(r.Rules)[o])), Class: string(o)})
		}
		rows = append(rows, row.judged())
	}
	return rows
}

// ruleRows are the rules of all runs, in the order in which they first appear.
func ruleRows(runs []*conformance.Report) []comparedRow {
	var rows []comparedRow
	at := map[string]int{}
	for i, r := range runs {
		for _, v := range r.Rules {
			if _, known := at[v.ID]; !known {
				at[v.ID] = len(rows)
				rows = append(rows, comparedRow{Name: v.ID, Text: v.Text, Cells: empty(len(runs))})
			}
			rows[at[v.ID]].Cells[i] = comparedCell{Value: label(v.Outcome), Class: string(v.Outcome)}
		}
	}
	for i := range rows {
		rows[i] = rows[i].judged()
	}
	return rows
}

// choiceRows are the open choices, in the order of reports.
func choiceRows(runs []*conformance.Report) []comparedRow {
	var rows []comparedRow
	for _, info := range target.Choices() {
		row := comparedRow{Name: string(info.Name), Text: info.Text, Cells: empty(len(runs))}
		taken := false
		for i, r := range runs {
			if f, ok := r.Choices[info.Name]; ok && f.Value != target.Unknown {
				row.Cells[i], taken = comparedCell{Value: f.Value}, true
			}
		}
		if taken {
			rows = append(rows, row.judged())
		}
	}
	return rows
}

func empty(n int) []comparedCell {
	return slices.Repeat([]comparedCell{{Value: nothing}}, n)
}

func (r comparedRow) judged() comparedRow {
	r.Differs = slices.ContainsFunc(r.Cells, func(c comparedCell) bool { return c.Value != r.Cells[0].Value })
	return r
}

// note says what a grid leaves out.
func (g comparedGrid) note() string {
	if g.Same == 0 {
		return ""
	}
	return fmt.Sprintf("and %s of which all say the same", count(g.Same, g.What))
}

// CompareText writes runs side by side for a terminal: what came of each rule, and
// how each open choice is taken. Where all say the same nothing is written, unless
// all is wanted.
func CompareText(w io.Writer, runs []*conformance.Report, all bool) error {
	c := compared(runs, all)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, g := range c.Grids {
		if i > 0 {
			fmt.Fprintln(t)
		}
		fmt.Fprintf(t, "%s\t%s\n", g.Title, strings.Join(plainTexts(c.Targets), "\t"))
		for _, row := range g.Rows {
			fmt.Fprintf(t, "  %s", oneLine(row.Name))
			for _, cell := range row.Cells {
				fmt.Fprintf(t, "\t%s", oneLine(cell.Value))
			}
			fmt.Fprintln(t)
		}
		if note := g.note(); note != "" {
			fmt.Fprintf(t, "  %s\n", note)
		}
	}
	return t.Flush()
}

func plainTexts(texts []string) []string {
	plain := make([]string, len(texts))
	for i, text := range texts {
		plain[i] = oneLine(text)
	}
	return plain
}

// CompareMarkdown writes the same as tables of Markdown.
func CompareMarkdown(w io.Writer, runs []*conformance.Report, all bool) error {
	c := compared(runs, all)
	m := &mdWriter{limit: markdownLimit}
	for _, g := range c.Grids {
		m.add("## " + g.Title + "\n\n")
		head := []string{g.What, ""}
		for _, name := range c.Targets {
			head = append(head, md(name))
		}
		var rows [][]string
		for _, row := range g.Rows {
			cells := []string{md(row.Name), mdCut(row.Text, 300)}
			for _, cell := range row.Cells {
				cells = append(cells, md(cell.Value))
			}
			rows = append(rows, cells)
		}
		m.table(head, rows)
		if note := g.note(); note != "" {
			m.add(note + "\n\n")
		}
	}
	_, err := w.Write(m.bytes("the files that were compared"))
	return err
}

// CompareHTML writes the same as one page that fetches nothing and has no script,
// in the look of [HTML].
func CompareHTML(w io.Writer, runs []*conformance.Report, all bool) error {
	c := compared(runs, all)
	frame, err := newShell(strings.Join(c.Targets, ", ")+" compared", []string{"tokens.css", "page.css", "compare.css", "print.css"}, nil)
	if err != nil {
		return err
	}
	return writePage(w, struct {
		shell
		comparison
	}{frame, c}, "compare.html.tmpl")
}

// WriteCompareDir writes compare.md and compare.html into a directory, which it
// makes if it is not there.
func WriteCompareDir(dir string, runs []*conformance.Report, all bool) error {
	return writeAll(dir, []file{
		{"compare.md", func(w io.Writer) error { return CompareMarkdown(w, runs, all) }},
		{"compare.html", func(w io.Writer) error { return CompareHTML(w, runs, all) }},
	})
}
