package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/scopeproof/scopeproof/conformance"
)

// Badge writes an SVG for a README: in a few words what came of a run.
func Badge(w io.Writer, r *conformance.Report) error {
	colour, words := badgeWords(r)
	const name, letter, margin, height = "scopes", 6.6, 6.0, 20
	width := func(text string) float64 { return float64(utf8.RuneCountInString(text))*letter + 2*margin }
	left, right := width(name), width(words)
	_, sentence := headline(r)
	var title bytes.Buffer
	if err := xml.EscapeText(&title, []byte(oneLine(cut(sentence, 300)))); err != nil {
		return err
	}
	text := func(x, width float64, words string) string {
		return fmt.Sprintf(`<text x="%.1f" y="14" textLength="%.1f">%s</text>`, x+margin, width-2*margin, words)
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" role="img" aria-label="%s">
<title>%s</title>
<clipPath id="round"><rect width="%.1f" height="%d" rx="3"/></clipPath>
<g clip-path="url(#round)"><rect width="%.1f" height="%d" fill="#444"/><rect x="%.1f" width="%.1f" height="%d" fill="%s"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">%s%s</g>
</svg>
`, left+right, height, name+": "+words, title.String(), left+right, height, left, height, left, right, height, colour,
		text(0, left, name), text(left, right, words))
	return err
}

// badgeWords are the colour and the words of a badge. White can be read on each
// of the colours.
func badgeWords(r *conformance.Report) (colour, words string) {
	const green, red, purple = "#1f7a33", "#b3261e", "#6f42c1"
	counts := tally(r.Rules)
	switch code := ExitCode(r, isStrict(r)); {
	case code == exitInterrupted:
		return purple, "interrupted"
	case counts[conformance.Violates] > 0:
		return red, thousands(int64(counts[conformance.Violates])) + " violated"
	case code == exitViolates, code == exitUsage:
		return red, "failed"
	case code != 0:
		return purple, "inconclusive"
	}
	return green, count(counts[conformance.Conforms]+counts[conformance.Deviates]+counts[conformance.Known], "rule") + " kept"
}
