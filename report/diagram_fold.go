package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// exchanges are rows, those folded that nobody looks for.
func (d *drawing) exchanges(list []oauth.Exchange) []diagramRow {
	var rows []diagramRow
	for len(list) > 0 {
		kind := d.kind(list[0])
		n := 1
		for n < len(list) && d.kind(list[n]) == kind && list[n].Number != d.at {
			n++
		}
		if list[0].Number == d.at {
			n = 1
		}
		same := list[:n]
		switch {
		case kind == "setup":
			rows = append(rows, d.fold(purposes(same), same))
		case kind == "pages" && n > 1:
			rows = append(rows, d.fold(fmt.Sprintf("%s signs in and turns pages: %s", list[0].Actor, count(n, "exchange")), same))
		case kind != "pages" && n > 2:
			rows = append(rows, d.row(same[0], d.later), d.fold(fmt.Sprintf("%d more like it", n-1), same[1:]))
		default:
			for _, e := range same {
				rows = append(rows, d.row(e, d.later))
			}
		}
		list = list[n:]
	}
	return rows
}

// fold is several exchanges in one row.
func (d *drawing) fold(title string, list []oauth.Exchange) diagramRow {
	row := diagramRow{Fold: title, Later: d.later}
	for _, e := range list {
		row.Inside = append(row.Inside, d.row(e, false))
	}
	return row
}

// kind tells exchanges apart that are folded together: those of the set-up, pages
// that say nothing of scope, and those that are alike in all that is shown.
func (d *drawing) kind(e oauth.Exchange) string {
	if isHarness(e.Actor) {
		return "setup"
	}
	from, _ := ends(e)
	if from == laneAgent && e.Endpoint == "" && e.Posted == nil && e.Granted == nil && e.Failure == "" && backTo(e) == "" {
		return "pages"
	}
	text := func(s *string) string {
		if s == nil {
			return "–"
		}
		return *s
	}
	return strings.Join([]string{e.Actor, e.To, e.Method, e.Endpoint, e.Operation, fmt.Sprint(e.Status),
		text(e.Requested), text(e.Posted), text(e.Granted), text(e.Held), text(e.Effective), backTo(e)}, "\n")
}

// purposes says what was done beside the scenario, and by whom.
func purposes(list []oauth.Exchange) string {
	var words []string
	actor := ""
	for _, e := range list {
		p := oneLine(e.Purpose)
		if e.Actor != actor {
			actor, p = e.Actor, oneLine(e.Actor+" "+e.Purpose)
		}
		if p != "" && !slices.Contains(words, p) {
			words = append(words, p)
		}
	}
	if len(words) > 4 {
		words = append(words[:4], fmt.Sprintf("and %d more", len(words)-4))
	}
	return cut(strings.Join(words, ", "), 160)
}

// What of a sentence with many exchanges is shown at once.
const (
	mostRows  = 14
	rowsAbout = 5 // on each side of the point of divergence
)

// clipped folds what is far from the point of divergence, where there is much.
func (d *drawing) clipped(rows []diagramRow) []diagramRow {
	if len(rows) <= mostRows {
		return rows
	}
	here := slices.IndexFunc(rows, func(r diagramRow) bool { return r.Here != "" })
	if here < 0 {
		return []diagramRow{d.foldRows(rows)}
	}
	from, to := max(here-rowsAbout, 0), min(here+rowsAbout+1, len(rows))
	kept := slices.Clone(rows[from:to])
	if from > 0 {
		kept = append([]diagramRow{d.foldRows(rows[:from])}, kept...)
	}
	if to < len(rows) {
		kept = append(kept, d.foldRows(rows[to:]))
	}
	return kept
}

// foldRows is several rows in one.
func (d *drawing) foldRows(rows []diagramRow) diagramRow {
	n := 0
	for i := range rows {
		n += rows[i].atOnce()
	}
	return diagramRow{Fold: count(n, "exchange"), Inside: rows, Later: d.later}
}

// atOnce has what is in the row made together with it, and counts its exchanges.
func (r *diagramRow) atOnce() int {
	r.Later = false
	if r.Exchange != nil {
		r.Exchange.Later = false
		return 1
	}
	n := 0
	for i := range r.Inside {
		n += r.Inside[i].atOnce()
	}
	return n
}
