package report

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// flowScenario is the scenario of the fixture in which a refresh yields more.
func flowScenario() conformance.ScenarioResult { return failedRules()[1].Scenarios[1] }

// marked is a sentence with what is code in backquotes, and in stars what should
// not be there.
func marked(list []span) string {
	var b strings.Builder
	for _, s := range list {
		switch {
		case s.Bad:
			b.WriteString("*" + s.Text + "*")
		case s.Code:
			b.WriteString("`" + s.Text + "`")
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestAFailureIsExpectedAndSeen(t *testing.T) {
	rule := conformance.Verdict{ID: "REF-03", Text: "Nothing more is yielded"}
	for _, c := range []struct{ name, message, step, charged, expected, seen string }{
		{"more than was wanted", `Planner holds "read write", want at most "read": "write" is too much`, "s", "", "at most `read`", "Planner holds `read`*write*"},
		{"not what was wanted", `Planner was told "read", want nothing`, "s", "", "nothing", "Planner was told `read`"},
		{"more than was agreed to", `Planner holds "read write", Ada had agreed to "read": "write" is too much`, "s", "X-01", "no more than what Ada had agreed to: `read`", "Planner holds `read`*write*"},
		{"more than is registered", `Robot holds "a b", it may have "a": "b" is too much`, "s", "", "no more than what it may have: `a`", "Robot holds `a`*b*"},
		{"a remark after what was wanted stays", `GET /x is served to "w": got 200, want 403, it needs "r"`, "s", "", "403, it needs `r`", "GET /x is served to `w`: got 200"},
		{"a message that says nothing of it leaves it to the step", `connection refused`, `Ada grants "read"`, "", "Ada grants `read`", "connection refused"},
		{"or to the rule, where the step is another's", `it was odd`, `Ada grants "read"`, "CC-01", "Nothing more is yielded", "it was odd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := expectation(rule, conformance.ScenarioResult{Outcome: conformance.Violates, Message: c.message, Step: c.step, ChargedFrom: c.charged})
			if diff := cmp.Diff([]string{c.expected, c.seen}, []string{marked(got.expected), marked(got.seen)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestThePointOfDivergence(t *testing.T) {
	says := func(text string) *string { return &text }
	token := func(number, step int, digest, granted string) oauth.Exchange {
		return oauth.Exchange{Number: number, Actor: "Planner", Status: 200, Response: oauth.Message{Body: fmt.Sprintf(`{"access_token":%q}`, digest)},
			ScopeFacts: oauth.ScopeFacts{Endpoint: "token", Granted: says(granted), Step: step}}
	}
	shown := func(number, step int, digest, good string) oauth.Exchange {
		return oauth.Exchange{Number: number, Actor: "Planner", Status: 200, Request: oauth.Message{Body: "token=" + digest},
			ScopeFacts: oauth.ScopeFacts{Endpoint: "introspection", Effective: says(good), Step: step}}
	}
	setup := oauth.Exchange{Number: 9, Actor: "scopeproof", ScopeFacts: oauth.ScopeFacts{Step: 2}}
	steps := []string{"Given a", "When b", "Then c", "And d"}
	for _, c := range []struct {
		name, message, step string
		outcome             conformance.Outcome
		exchanges           []oauth.Exchange
		want                int
	}{
		{"is where it was granted in the last act, not where that was right", `x, want at most "r": "w" is too much`, "c", conformance.Violates,
			[]oauth.Exchange{token(1, 1, "1", "r w"), token(2, 2, "2", "r w"), shown(3, 2, "2", "r w")}, 2},
		{"is where it was shown, if nobody granted it", `"w" is too much`, "c", conformance.Violates,
			[]oauth.Exchange{token(1, 1, "1", "r"), shown(2, 2, "1", "r"), shown(3, 3, "1", "r w")}, 3},
		{"is about the request that the message names", `request 2: "w" is too much`, "c", conformance.Violates,
			[]oauth.Exchange{token(1, 2, "1", "w"), token(2, 2, "2", "r"), shown(3, 2, "1", "w"), shown(4, 2, "2", "r w")}, 4},
		{"is not later than the step that did not hold", "it is odd", "c", conformance.Violates, []oauth.Exchange{token(1, 2, "1", "r"), shown(2, 3, "1", "r"), shown(3, 4, "1", "r")}, 2},
		{"is nothing that was prepared", "it is odd", "b", conformance.Violates, []oauth.Exchange{token(1, 1, "1", "r"), setup}, 1},
		{"is where an answer was missing", "no answer", "c", conformance.Inconclusive,
			[]oauth.Exchange{{Number: 1, Actor: "Ada", Status: 200}, {Number: 2, Actor: "Ada", Failure: "refused"}, {Number: 3, Actor: "Ada", Status: 200}}, 2},
		{"is nowhere where all held", "", "", conformance.Conforms, []oauth.Exchange{token(1, 1, "1", "r")}, 0},
		{"is nowhere without exchanges", "it is odd", "c", conformance.Violates, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := conformance.ScenarioResult{Outcome: c.outcome, Message: c.message, Step: c.step, Steps: steps, Exchanges: c.exchanges}
			if got := Divergence(s); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestTheWayOfEachScope(t *testing.T) {
	f := newFlow(flowScenario(), 7, "REF-03.2")
	var got []string
	for _, row := range f.Rows {
		line := row.Scope
		for i, cell := range row.Cells {
			line += fmt.Sprintf(" %s %d %s,", f.Columns[i].What, f.Columns[i].Number, cell.Class)
		}
		got = append(got, line)
	}
	want := []string{
		"read:appointments asked 2 in, in the form 5 in, granted 6 in, asked 7 in, granted 7 in, good for 8 in, opened 9 ,",
		"write:appointments asked 2 in, in the form 5 out, granted 6 out, asked 7 in, granted 7 bad, good for 8 bad, opened 9 bad,",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if newFlow(conformance.ScenarioResult{Exchanges: []oauth.Exchange{tokenExchange(1)}}, 0, "x") != nil {
		t.Error("there is a picture of exchanges that say nothing of scope")
	}
}

func TestADiagramShowsWhoSaysWhat(t *testing.T) {
	d := newDiagram(flowScenario(), 7, "REF-03.2", issuer, true)
	if diff := cmp.Diff([]string{"Planner", "user-agent", "authorization server", "API"}, d.Lanes); diff != "" {
		t.Errorf("lanes (-want +got)\n%s", diff)
	}
	var got []string
	refusals := 0
	for _, row := range d.Rows {
		switch {
		case row.Sentence != "":
			got = append(got, fmt.Sprintf("%s broken=%t missed=%t", row.Word, row.Broken, row.Missed))
		case row.Fold != "":
			got = append(got, "fold: "+row.Fold)
		default:
			line := fmt.Sprint(row.Exchange.Number)
			for _, a := range row.Arrows {
				line += fmt.Sprintf(" %d→%d %s", a.From, a.To, a.Text)
				refusals += strings.Count(a.Text, "403 insufficient_scope")
				for _, c := range a.Chips {
					line += " [" + c.Word
					for _, s := range c.Scopes {
						line += " " + s.Class + strings.TrimSuffix(s.Scope, ":appointments")
					}
					line += "]"
				}
			}
			if row.Here != "" {
				line += " HERE"
			}
			got = append(got, line)
		}
	}
	want := []string{
		"Given broken=false missed=false",
		"fold: scopeproof registers Planner",
		"2 1→2 sends Ada to authorize 2→3 authorization [asks for read write] 3→2 303",
		"fold: Ada signs in and turns pages: 2 exchanges",
		"5 2→3 consent form [form names read] 3→2 303 2→1 code",
		"6 1→3 token [stands for read write] 3→1 200 [grants read lesswrite]",
		"When broken=false missed=false",
		"7 1→3 token [asks for read write] 3→1 200 [grants read badwrite] HERE",
		"Then broken=true missed=false",
		"8 1→3 introspection [token for read write] 3→1 200 [good for read badwrite]",
		"9 1→4 create [token for read write] [needs write] 4→1 201 [opened by badwrite]",
		"10 1→4 summary [token for read write] [needs", // and what a hostile file declares
		"fold: 2 more like it",
		"And broken=false missed=true",
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] && !(strings.HasPrefix(want[i], "10 ") && strings.HasPrefix(got[i], want[i])) {
			t.Errorf("row %d (-want +got)\n%s", i, cmp.Diff(want, got))
			break
		}
	}
	if refusals != 1 {
		t.Errorf("got %d refusals that say why, want the one that is not folded", refusals)
	}
}

func TestALongStepIsShownAboutThePointOfDivergence(t *testing.T) {
	s := conformance.ScenarioResult{Outcome: conformance.Violates, Message: "odd", Steps: []string{"Given a", "When b"}, Step: "b"}
	for n := range 80 {
		e := apiExchange(n+1, 200+n%2, "")
		e.Actor, e.Step = []string{"Planner", "Viewer"}[n%2], 1+n/40
		s.Exchanges = append(s.Exchanges, e)
	}
	d := newDiagram(s, 60, "x", issuer, true)
	var got []string
	for _, row := range d.Rows {
		if row.Fold != "" {
			got = append(got, row.Fold)
		} else if row.Here != "" {
			got = append(got, "here")
		}
	}
	if diff := cmp.Diff([]string{"40 exchanges", "14 exchanges", "here", "15 exchanges"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestThePageHoldsAllWithoutItsScript reads the page as a browser does that runs
// no scripts.
func TestThePageHoldsAllWithoutItsScript(t *testing.T) {
	r := fixture()
	exchanges := 0
	for _, v := range r.Rules {
		for _, s := range v.Scenarios {
			exchanges += len(s.Exchanges)
		}
	}
	text := string(output(t, func(w io.Writer) error { return HTML(w, r) }))
	doc, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "class" && a.Val == "transcript" {
				shown++
			}
		}
	}
	if shown != exchanges {
		t.Errorf("got %d transcripts, want %d", shown, exchanges)
	}
	for i := strings.Index(text, "<noscript"); i >= 0; {
		inside, rest, _ := strings.Cut(text[i+1:], "</noscript>")
		if strings.Contains(inside, "<noscript") {
			t.Fatal("a noscript stands in another: a browser ends the first where the second does")
		}
		text = rest
		i = strings.Index(text, "<noscript")
	}
}
