package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// areas lists the areas of rules.
func (a *app) areas(format string, all []conformance.Area) error {
	switch format {
	case "json":
		return encode(a.stdout, all)
	case "markdown":
		areasMarkdown(a.stdout, all)
	default:
		for _, area := range all {
			var levels []string
			for _, l := range conformance.Levels() {
				if n := area.Levels[l]; n > 0 {
					levels = append(levels, fmt.Sprintf("%d %s", n, l))
				}
			}
			a.printf("%-6s %3d  %s\n%12s%s; needs %s\n", area.ID, area.Rules, strings.Join(area.Titles, "; "), "", strings.Join(levels, ", "), orNothing(area.Needs))
		}
	}
	return nil
}

// areasMarkdown writes the table of areas, which stands in the README as well.
func areasMarkdown(w io.Writer, all []conformance.Area) {
	var head, line strings.Builder
	for _, l := range conformance.Levels() {
		fmt.Fprintf(&head, " %s |", l)
		line.WriteString("---:|")
	}
	fmt.Fprintf(w, "| area | is about | rules |%s all of them need |\n|---|---|---:|%s---|\n", &head, &line)
	sum := conformance.Area{Levels: map[conformance.Level]int{}}
	for _, area := range all {
		fmt.Fprintf(w, "| %s | %s | %d |%s %s |\n", area.ID, cell(strings.Join(area.Titles, "; ")), area.Rules, levelCells(area), cell(strings.Join(area.Needs, ", ")))
		sum.Rules += area.Rules
		for l, n := range area.Levels {
			sum.Levels[l] += n
		}
	}
	fmt.Fprintf(w, "| | all | %d |%s |\n", sum.Rules, levelCells(sum))
}

func levelCells(area conformance.Area) string {
	var cells strings.Builder
	for _, l := range conformance.Levels() {
		text := ""
		if n := area.Levels[l]; n > 0 {
			text = fmt.Sprintf(" %d", n)
		}
		cells.WriteString(text + " |")
	}
	return cells.String()
}
