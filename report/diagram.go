package report

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// diagram is the sequence of exchanges of a scenario, between its sentences.
type diagram struct {
	Lanes []string
	Rows  []diagramRow
}

// diagramRow is a sentence of the scenario, an exchange, or several exchanges that
// are folded together.
type diagramRow struct {
	Word, Sentence string // "Given", "Ada …"
	Broken, Missed bool   // it did not hold; it was not reached

	Exchange *pageExchange
	Arrows   []arrow
	Here     string // why the scenario parts here from what was expected

	Fold   string
	Inside []diagramRow
	Later  bool // what is folded is made when it is opened
}

// arrow goes from one lane to another, both counted from 1.
type arrow struct {
	From, To int
	Who      string // "Planner to authorization server", for who cannot see lanes
	Actor    string // where several share the lane
	Text     string
	Wire     string // method and path
	Class    string // of the status; "ask" for a request
	Chips    []chips
}

// chips are scopes with a word before them.
type chips struct {
	Word   string
	Scopes []chip
}

// chip is one scope. Its class is "more", "less", "bad" or "".
type chip struct{ Scope, Class string }

// Low and High are the lanes at its ends, for the style of the page.
func (a arrow) Low() int { return min(a.From, a.To) }

// High is the other end.
func (a arrow) High() int { return max(a.From, a.To) }

// Back reports whether it points to the left.
func (a arrow) Back() bool { return a.To < a.From }

// The lanes in their order.
const (
	laneClient = iota
	laneAgent
	laneServer
	laneAPI
	laneOther
)

var laneNames = [...]string{"client", "user-agent", "authorization server", "API", "elsewhere"}

// isHarness reports whether an actor prepares the stage, and plays no part.
func isHarness(actor string) bool {
	return slices.Contains([]string{"scopeproof", "auditor", "Auditor", "administrator", ""}, actor)
}

// drawing is a diagram in the making.
type drawing struct {
	s      conformance.ScenarioResult
	id     string
	issuer string
	later  bool
	at     int
	bad    oauth.ScopeSet
	lanes  []int    // that occur
	actors []string // that share the lane of clients
	spent  map[int][]string
	atOnce map[int]bool
}

// newDiagram draws the exchanges of a scenario that parts at one of them from
// what was expected. Later says that the transcripts are made when they are opened.
func newDiagram(s conformance.ScenarioResult, at int, id, issuer string, later bool) *diagram {
	d := &drawing{s: s, id: id, issuer: issuer, later: later, at: at, bad: excess(s.Message), spent: Spent(s.Exchanges, issuer), atOnce: atOnce(s.Exchanges)}
	for lane := range laneNames {
		if slices.ContainsFunc(s.Exchanges, func(e oauth.Exchange) bool {
			from, to := ends(e)
			return !isHarness(e.Actor) && (from == lane || to == lane) || lane == laneClient && sentBy(e) != ""
		}) {
			d.lanes = append(d.lanes, lane)
		}
	}
	for _, e := range s.Exchanges {
		if from, _ := ends(e); from == laneClient && !isHarness(e.Actor) && !slices.Contains(d.actors, e.Actor) {
			d.actors = append(d.actors, e.Actor)
		}
	}
	full := &diagram{}
	for _, lane := range d.lanes {
		name := laneNames[lane]
		if lane == laneClient && len(d.actors) == 1 {
			name = visible(d.actors[0])
		}
		full.Lanes = append(full.Lanes, name)
	}
	full.Rows = d.rows()
	return full
}

// ends are the lanes between which an exchange goes.
func ends(e oauth.Exchange) (from, to int) {
	if slices.Contains(target.Owners(), e.Actor) {
		from = laneAgent
	}
	switch e.To {
	case "authorization server":
		to = laneServer
	case "API", "other API":
		to = laneAPI
	default:
		to = laneOther
	}
	return from, to
}

// sentBy is the client that sent a browser to authorize, or "".
func sentBy(e oauth.Exchange) string {
	name, ok := strings.CutPrefix(e.Purpose, "is sent by ")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, " ")
	return name
}

// rows are the sentences with the exchanges of each.
func (d *drawing) rows() []diagramRow {
	var rows []diagramRow
	broken := stepOf(d.s)
	for step := 0; step <= len(d.s.Steps); step++ {
		if step > 0 {
			word, text, _ := strings.Cut(d.s.Steps[step-1], " ")
			rows = append(rows, diagramRow{Word: word, Sentence: visible(text), Broken: step == broken, Missed: broken > 0 && step > broken})
		}
		var of []oauth.Exchange
		for _, e := range d.s.Exchanges {
			if e.Step == step || step == len(d.s.Steps) && e.Step > step {
				of = append(of, e)
			}
		}
		rows = append(rows, d.clipped(d.exchanges(of))...)
	}
	return rows
}

// backTo is what an answer has a browser take to the client: "code", "token" or
// "error"; empty: nothing.
func backTo(e oauth.Exchange) string {
	if from, _ := ends(e); from != laneAgent {
		return ""
	}
	for _, h := range e.Response.Header {
		if !strings.EqualFold(h.Name, "Location") {
			continue
		}
		where, err := url.Parse(h.Value)
		if err != nil || where.Host == "" {
			return ""
		}
		back := where.Query()
		if fragment, err := url.ParseQuery(where.Fragment); err == nil && len(fragment) > 0 {
			for name, values := range fragment {
				back[name] = values
			}
		}
		switch {
		case back.Has("error") && back.Has("state"):
			return "error " + back.Get("error")
		case back.Has("access_token"):
			return "token"
		case back.Has("code"):
			return "code"
		}
	}
	return ""
}

// row is one exchange with its arrows.
func (d *drawing) row(e oauth.Exchange, later bool) diagramRow {
	row := diagramRow{Exchange: newPageExchange(e, d.id, d.issuer, later)}
	row.Exchange.Again, row.Exchange.AtOnce = row.Exchange.ID, d.atOnce[e.Number]
	row.Exchange.Spent, row.Exchange.Several = strings.Join(d.spent[e.Number], ", "), len(d.spent[e.Number]) > 1
	if e.Number == d.at {
		row.Here = d.here()
	}
	if isHarness(e.Actor) {
		return row
	}
	from, to := ends(e)
	if client := sentBy(e); client != "" && e.Endpoint == "authorization" {
		row.Arrows = append(row.Arrows, d.arrow(laneClient, laneAgent, client+" to the user-agent", arrow{Text: "sends " + e.Actor + " to authorize", Class: "ask"}))
	}
	row.Arrows = append(row.Arrows, d.arrow(from, to, e.Actor+" to the "+e.To, arrow{
		Actor: d.actor(e, from), Text: nameOf(e), Wire: wire(e), Class: "ask", Chips: d.asking(e),
	}))
	row.Arrows = append(row.Arrows, d.arrow(to, from, "the "+e.To+" to "+e.Actor, arrow{Text: strings.TrimSpace(row.Exchange.Status + " " + errorOf(e)), Class: row.Exchange.Class, Chips: d.answering(e)}))
	if back := backTo(e); back != "" {
		row.Arrows = append(row.Arrows, d.arrow(laneAgent, laneClient, "the user-agent to the client", arrow{Text: back, Class: "back"}))
	}
	return row
}

// arrow places an arrow between the lanes that are drawn.
func (d *drawing) arrow(from, to int, who string, a arrow) arrow {
	place := func(lane int) int { return max(slices.Index(d.lanes, lane), 0) + 1 }
	a.From, a.To, a.Who = place(from), place(to), visible(who)
	a.Text, a.Actor = visible(a.Text), visible(a.Actor)
	return a
}

// actor is who sends, where the lane does not say so.
func (d *drawing) actor(e oauth.Exchange, from int) string {
	if from == laneClient && len(d.actors) == 1 {
		return ""
	}
	return e.Actor
}

// here says why the scenario parts at an exchange from what was expected.
func (d *drawing) here() string {
	switch {
	case d.s.Outcome == conformance.Inconclusive:
		return "It could not be judged beyond this point."
	case !d.bad.IsEmpty():
		return "First seen here: " + visible(d.bad.String()) + " is more than was expected."
	}
	return "Here it parts from what was expected."
}

// nameOf is what an exchange is about, in a word or two.
func nameOf(e oauth.Exchange) string {
	switch {
	case e.Operation != "":
		return e.Operation
	case e.Endpoint != "":
		return e.Endpoint
	case e.Posted != nil:
		return "consent form"
	case sentBy(e) != "":
		return "page"
	}
	return cut(oneLine(e.Purpose), 60)
}

// errorCode is where a refusal says why: in a body of JSON (RFC 6749 section 5.2), or
// in a challenge (RFC 6750 section 3).
var errorCode = regexp.MustCompile(`"error"\s*:\s*"([\w.-]{1,60})"|\berror="([\w.-]{1,60})"`)

// errorOf is the error code of a refusal, or "".
func errorOf(e oauth.Exchange) string {
	if e.Status < 400 {
		return ""
	}
	m := errorCode.FindStringSubmatch(e.Response.Body + "\n" + header(e.Response, "WWW-Authenticate"))
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// wire is the method and the path of an exchange.
func wire(e oauth.Exchange) string {
	path := e.URL
	if u, err := url.Parse(e.URL); err == nil && u.Path != "" {
		path = u.Path
	}
	return oneLine(e.Method + " " + cut(path, 60))
}
