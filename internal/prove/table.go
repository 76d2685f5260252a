package prove

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Table prints the defects with the rules that each violated, and what is not
// proven.
func Table(w io.Writer, rep *Report) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	proven := rows(t, "DEFECT\tPROVEN\tVIOLATED", rep.Defects)
	fair := rows(t, "\nLAWFUL\tHELD SO\tDEVIATES FROM", rep.Lawful)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range slices.Concat(rep.Defects, rep.Lawful) {
		if !r.Proven {
			fmt.Fprintf(w, "\n%s: %s\n", r.ID, r.Reason)
			for _, id := range slices.Sorted(maps.Keys(r.Shown)) {
				fmt.Fprintf(w, "    %s: %s\n", id, r.Shown[id])
			}
		}
	}
	if len(rep.RulesWithoutDefect) > 0 {
		fmt.Fprintf(w, "\nno defect breaks: %s\n", strings.Join(rep.RulesWithoutDefect, " "))
	}
	_, err := fmt.Fprintf(w, "\n%d of %d defects proven, %d of %d lawful answers held so, in %s (processor time %s)\n",
		proven, len(rep.Defects), fair, len(rep.Lawful),
		(time.Duration(rep.WallMS) * time.Millisecond).Round(100*time.Millisecond),
		(time.Duration(rep.CPUMS) * time.Millisecond).Round(100*time.Millisecond))
	return err
}

// rows prints results under a head, and returns how many are as they should be.
func rows(w io.Writer, head string, results []Result) int {
	if len(results) == 0 {
		return 0
	}
	fmt.Fprintln(w, head)
	good := 0
	for _, r := range results {
		answer := "no"
		if r.Proven {
			answer = "yes"
			good++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, answer, strings.Join(r.Violated, " "))
	}
	return good
}
