package report

import "github.com/scopeproof/scopeproof/conformance"

// pageMerged is what the page says of runs that were merged: which they were, and
// what they do not agree on.
type pageMerged struct {
	Runs      []mergedRun
	Conflicts []mergedConflict
}

type mergedRun struct {
	conformance.MergedRun
	Started, Took string
}

type mergedConflict struct {
	What, Taken string
	Said        []mergedSaid
}

type mergedSaid struct{ Run, Text string }

func newMerged(m *conformance.Merged) *pageMerged {
	if m == nil {
		return nil
	}
	p := &pageMerged{}
	for _, run := range m.Runs {
		p.Runs = append(p.Runs, mergedRun{run, timestamp(run.Started), duration(run.DurationMS)})
	}
	for _, c := range m.Conflicts {
		shown := mergedConflict{What: c.What, Taken: c.Taken}
		for i, text := range c.Said {
			if text != "" && i < len(m.Runs) {
				shown.Said = append(shown.Said, mergedSaid{m.Runs[i].Name, text})
			}
		}
		p.Conflicts = append(p.Conflicts, shown)
	}
	return p
}
