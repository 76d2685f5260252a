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
	fmt.Fprintln(t, "DEFECT\tPROVEN\tVIOLATED")
	proven := 0
	for _, r := range rep.Defects {
		answer := "no"
		if r.Proven {
			answer = "yes"
			proven++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.ID, answer, strings.Join(r.Violated, " "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rep.Defects {
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
	_, err := fmt.Fprintf(w, "\n%d of %d defects proven in %s (processor time %s)\n", proven, len(rep.Defects),
		(time.Duration(rep.WallMS) * time.Millisecond).Round(100*time.Millisecond),
		(time.Duration(rep.CPUMS) * time.Millisecond).Round(100*time.Millisecond))
	return err
}
