package conformance

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/scopeproof/scopeproof/oauth"
)

// Baseline is an entry for each scenario of a report that did not hold and is not
// known yet. What only a person can say begins with [FillIn]. ShownBy is the number
// of the exchange that shows what a scenario's message says, 0 for none: it is
// quoted.
func Baseline(r *Report, shownBy func(ScenarioResult) int) []Expectation {
	var all []Expectation
	for _, v := range r.Rules {
		for _, s := range v.Scenarios {
			if s.Outcome != Violates && s.Outcome != Deviates {
				continue
			}
			e := Expectation{
				Rule: v.ID, Scenario: s.Name, Shows: lasting(s.Message), Sometimes: s.Note != "",
				Reason: FillIn + "why it is so, and when it will be mended", Source: strings.Join(v.Sources, "; "),
				Evidence: evidence(s, shownBy(s)), Upstream: FillIn + "the issue with those who make the server; or remove this line",
			}
			same := func(o Expectation) bool { return o.Rule == e.Rule && o.Scenario == e.Scenario && o.Shows == e.Shows }
			if !slices.ContainsFunc(all, same) {
				all = append(all, e)
			}
		}
	}
	return all
}

// WriteExpect writes entries in the form of an expectation file.
func WriteExpect(w io.Writer, entries []Expectation) error {
	if _, err := fmt.Fprintf(w, "# Known deviations. Write what begins with %q: a file in which one is left is refused.\n", FillIn); err != nil {
		return err
	}
	if len(entries) == 0 {
		_, err := io.WriteString(w, "[]\n")
		return err
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(entries); err != nil {
		return err
	}
	return e.Close()
}

// passing is what is another in each run: digests, addresses, and names with a
// number in them, but for the status of a response.
var passing = regexp.MustCompile(`‹[^›]*›|https?://[^\s"]+|[^\s"=]*[0-9][^\s"=]*`)

var status = regexp.MustCompile(`^[1-5][0-9][0-9][,;:]?$`)

// lasting is the longest part of a message that will be there in another run, too.
func lasting(message string) string {
	line := strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' {
			return '\n' // YAML would write it in another way than it is
		}
		return c
	}, message)
	longest, from := "", 0
	keep := func(part string) {
		for piece := range strings.SplitSeq(part, "\n") {
			if piece = strings.Trim(piece, " "); len(piece) > len(longest) {
				longest = piece
			}
		}
	}
	for _, at := range passing.FindAllStringIndex(line, -1) {
		if !status.MatchString(line[at[0]:at[1]]) {
			keep(line[from:at[0]])
			from = at[1]
		}
	}
	if keep(line[from:]); len(longest) < 8 {
		return message
	}
	return longest
}

// mostEvidence bounds an excerpt of an exchange, in bytes.
const mostEvidence = 300

// evidence is an excerpt of one exchange of a scenario, else of the last.
func evidence(s ScenarioResult, number int) string {
	if len(s.Exchanges) == 0 {
		return FillIn + "an excerpt of the exchange"
	}
	e := s.Exchanges[len(s.Exchanges)-1]
	for _, x := range s.Exchanges {
		if x.Number == number {
			e = x
		}
	}
	sent := strings.TrimSpace(e.Method + " " + pathOf(e) + " " + e.Request.Body)
	text := strings.Join(strings.Fields(sent+": "+answered(e)), " ")
	if len(text) > mostEvidence {
		text = strings.ToValidUTF8(text[:mostEvidence], "") + "…"
	}
	return text
}

// pathOf is the part of the address that is the same wherever a server listens.
func pathOf(e oauth.Exchange) string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return e.URL
	}
	return u.RequestURI()
}

func answered(e oauth.Exchange) string {
	if e.Failure != "" {
		return e.Failure
	}
	if to := location(e); to != "" {
		return fmt.Sprintf("%d Location: %s", e.Status, to)
	}
	return fmt.Sprintf("%d %s", e.Status, e.Response.Body)
}

func location(e oauth.Exchange) string {
	for _, h := range e.Response.Header {
		if strings.EqualFold(h.Name, "Location") {
			return h.Value
		}
	}
	return ""
}
