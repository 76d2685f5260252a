package report

import (
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// flow pictures what became of each scope on its way: asked for, named in the
// form of a consent page, granted, shown to be good.
type flow struct {
	Columns []flowColumn
	Rows    []flowRow
	More    int // columns that were left out
}

type flowColumn struct {
	What   string // "asked", "granted" …
	Number int    // of the exchange
	Link   string
	Here   bool // the point of divergence
	scope  oauth.ScopeSet
	only   oauth.ScopeSet // the column speaks of these alone; empty: of all
	step   int
	actor  string
}

type flowRow struct {
	Scope string
	Bad   bool
	Cells []flowCell
}

// flowCell is "in", "out", "bad" or "", where nothing is said.
type flowCell struct{ Class, Text string }

// A picture is read at a glance, or not at all.
const (
	flowColumns = 9
	flowRows    = 14
)

// newFlow draws the picture of a scenario, or nothing where its exchanges say
// nothing of scope.
func newFlow(s conformance.ScenarioResult, at int, id string) *flow {
	var columns []flowColumn
	for _, e := range s.Exchanges {
		if isHarness(e.Actor) {
			continue
		}
		for _, c := range columnsOf(e) {
			c.Number, c.Link, c.step, c.actor, c.Here = e.Number, fmt.Sprintf("#%s.%d", id, e.Number), e.Step, e.Actor, e.Number == at
			columns = joined(columns, c)
		}
	}
	if len(columns) < 2 {
		return nil
	}
	f := &flow{}
	if f.More = len(columns) - flowColumns; f.More > 0 {
		columns = around(columns, at)
	} else {
		f.More = 0
	}
	f.Columns = columns
	f.rows(excess(s.Message))
	f.prune()
	if len(f.Rows) == 0 || len(f.Columns) < 2 {
		return nil
	}
	return f
}

// prune takes out columns that speak of none of the scopes that are shown.
func (f *flow) prune() {
	for i := len(f.Columns) - 1; i >= 0; i-- {
		if slices.ContainsFunc(f.Rows, func(r flowRow) bool { return r.Cells[i].Class != "" }) {
			continue
		}
		f.Columns = slices.Delete(slices.Clone(f.Columns), i, i+1)
		for n := range f.Rows {
			f.Rows[n].Cells = slices.Delete(f.Rows[n].Cells, i, i+1)
		}
	}
}

// columnsOf are what one exchange says of scope.
func columnsOf(e oauth.Exchange) []flowColumn {
	var list []flowColumn
	add := func(what string, scope *string) {
		if scope != nil {
			list = append(list, flowColumn{What: what, scope: oauth.FieldsScope(*scope)})
		}
	}
	switch {
	case e.Operation != "" && len(e.Needs) == 1:
		needs := oauth.FieldsScope(e.Needs[0])
		c := flowColumn{What: "opened", only: needs}
		if e.Status >= 200 && e.Status < 300 {
			c.scope = needs
		} else if e.Status != 403 {
			return nil
		}
		return []flowColumn{c}
	case e.Endpoint == "registration":
		add("registers", e.Requested)
		add("may have", e.Granted)
	default:
		add("asked", e.Requested)
		add("in the form", e.Posted)
		add("granted", e.Granted)
		add("good for", e.Effective)
	}
	return list
}

// joined adds a column, or makes one of it and the last: operations of one token
// are one column, and what is said again is said once.
func joined(columns []flowColumn, c flowColumn) []flowColumn {
	if len(columns) == 0 {
		return []flowColumn{c}
	}
	last := &columns[len(columns)-1]
	if last.What != c.What || last.step != c.step || last.actor != c.actor {
		return append(columns, c)
	}
	if c.What == "opened" && last.only.Intersect(c.only).IsEmpty() {
		last.scope, last.only, last.Here = last.scope.Union(c.scope), last.only.Union(c.only), last.Here || c.Here
		return columns
	}
	if last.scope.Equal(c.scope) && last.only.Equal(c.only) && !c.Here {
		return columns
	}
	return append(columns, c)
}

// around are the columns about the point of divergence, or the last.
func around(columns []flowColumn, at int) []flowColumn {
	i := slices.IndexFunc(columns, func(c flowColumn) bool { return c.Number >= at && at > 0 })
	if i < 0 {
		i = len(columns)
	}
	start := min(max(i-flowColumns/2, 0), len(columns)-flowColumns)
	return columns[start : start+flowColumns]
}

func (f *flow) rows(bad oauth.ScopeSet) {
	var all oauth.ScopeSet
	for _, c := range f.Columns {
		if c.What != "opened" {
			all = all.Union(c.scope)
		}
	}
	for _, c := range f.Columns { // what was opened without being named
		all = all.Union(c.scope)
	}
	tokens := all.Tokens()
	if len(tokens) > flowRows { // those that matter first
		slices.SortStableFunc(tokens, func(a, b oauth.ScopeToken) int { return boolInt(bad.Has(b)) - boolInt(bad.Has(a)) })
		tokens = tokens[:flowRows]
	}
	from := slices.IndexFunc(f.Columns, func(c flowColumn) bool { return c.Here })
	for _, t := range tokens {
		row := flowRow{Scope: visible(string(t)), Bad: bad.Has(t)}
		for i, c := range f.Columns {
			cell := flowCell{"out", "no"}
			switch {
			case !c.only.IsEmpty() && !c.only.Has(t):
				cell = flowCell{}
			case c.scope.Has(t) && row.Bad && i >= from && from >= 0 && c.What != "asked" && c.What != "in the form":
				cell = flowCell{"bad", "yes, and should not be"}
			case c.scope.Has(t):
				cell = flowCell{"in", "yes"}
			}
			row.Cells = append(row.Cells, cell)
		}
		f.Rows = append(f.Rows, row)
	}
}
