package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// steps writes what became of each step of a scenario.
func (s *screen) steps(indent int, r conformance.ScenarioResult) {
	for i, text := range r.Steps {
		mark, style := "✓", green
		switch {
		case i == r.StepsHeld:
			mark, style = "✗", look(r.Outcome)
		case i > r.StepsHeld:
			mark, style = "·", faint
		}
		s.hanging(indent, indent+4, mark, style, text)
	}
}

// What a text shows of an exchange, in characters.
const (
	shortURL  = 400
	shortBody = 800
	shortPage = 100 // of HTML, which is for eyes
)

// exchanges writes the requests and responses of a scenario in short. What was set
// up for it is one line each.
func (s *screen) exchanges(indent int, all []oauth.Exchange) {
	for _, e := range all {
		if e.Actor == "scopeproof" && e.Status < 400 && e.Failure == "" {
			s.hanging(indent, indent+4, fmt.Sprintf("%d. set-up:", e.Number), faint, e.Purpose+": "+statusOf(e.Status, ""))
			continue
		}
		s.hanging(indent, indent+4, fmt.Sprintf("%d. %s → %s:", e.Number, oneLine(e.Actor), oneLine(e.To)), bold, e.Purpose)
		s.text(indent+4, e.Method+" "+cut(e.URL, shortURL))
		s.body(indent+4, ">", e.Request)
		s.text(indent+4, statusOf(e.Status, e.Failure)+", "+duration(e.Duration.Milliseconds()))
		s.body(indent+4, "<", e.Response)
	}
}

// body writes the headers that matter to scopes, and the body.
func (s *screen) body(indent int, mark string, m oauth.Message) {
	limit := shortBody
	for _, h := range m.Header {
		if strings.EqualFold(h.Name, "Content-Type") && strings.Contains(h.Value, "html") {
			limit = shortPage
		}
		switch strings.ToLower(h.Name) {
		case "authorization", "location", "www-authenticate", "dpop":
			s.hanging(indent, indent+4, mark, faint, h.Name+": "+cut(h.Value, shortURL))
		}
	}
	if m.Body != "" {
		s.hanging(indent, indent+4, mark, faint, cut(m.Body, limit))
	}
}

// Short is the line of a rule for a terminal: cut to its width, and in colour.
func Short(v conformance.Verdict, o TextOptions) string {
	s := newScreen(o.Width, o.Color)
	return s.coloured(v, clip(Line(v), s.width))
}

// coloured paints the outcome that a line of a rule begins with.
func (s *screen) coloured(v conformance.Verdict, line string) string {
	word := label(v.Outcome)
	return s.paint(look(v.Outcome), word) + strings.TrimPrefix(line, word)
}

// Played writes a rule as it was judged, for a log: its line, and beneath it the
// scenarios and their steps.
func Played(v conformance.Verdict, o TextOptions) string {
	s := newScreen(cmp.Or(o.Width, 120), o.Color)
	s.line(s.coloured(v, Line(v)))
	for _, sc := range v.Scenarios {
		s.hanging(4, 8, label(sc.Outcome)+":", look(sc.Outcome), sc.Name)
		s.steps(8, sc)
		if sc.Outcome != conformance.Conforms && sc.Message != "" {
			s.text(12, cut(sc.Message, shortMessage))
		}
	}
	return strings.TrimSuffix(s.buf.String(), "\n")
}
