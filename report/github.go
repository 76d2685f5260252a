package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
)

// GitHub writes workflow commands of GitHub Actions, which show as annotations: an
// error for each rule that is violated or could not be judged and for each problem
// of the run, a warning for each SHOULD that is not followed (in a strict run an
// error), at the place of the first scenario that failed, and a warning for each of the
// report's own.
func GitHub(w io.Writer, r *conformance.Report) error {
	var b bytes.Buffer
	for _, p := range r.Problems {
		text := p.Text
		if p.Hint != "" {
			text += "\nhint: " + p.Hint
		}
		fmt.Fprintf(&b, "::error title=scopeproof::%s\n", commandText(text))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "::warning title=scopeproof::%s\n", commandText(w.Text+"\nhint: "+w.Hint))
	}
	for _, v := range worstFirst(r.Rules) {
		command := "error"
		switch v.Outcome {
		case conformance.Violates, conformance.Inconclusive:
		case conformance.Deviates:
			if !isStrict(r) {
				command = "warning"
			}
		default:
			continue
		}
		failed := failing(v)
		at := 0
		text := v.Text
		if v.Reason != "" && !isSaid(v.Reason, failed) {
			text += "\n" + v.Reason
		}
		for i, s := range failed {
			if i == 0 && s.ChargedFrom == "" {
				at = s.Line
			}
			if i == shortScenarios {
				text += "\nand " + count(len(failed)-i, "more scenario")
				break
			}
			text += "\n" + s.Name + ": " + cut(s.Message, shortMessage)
		}
		text += "\n" + citation(v, at)
		var place string
		if file, line := featureFile(v, at); file != "" {
			place = fmt.Sprintf("file=%s,line=%d,", commandValue(file), line)
		}
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", command, place, commandValue(v.ID+" "+happened(v.Outcome)), commandText(text))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// commandText escapes the message of a workflow command, as the runner unescapes
// it.
func commandText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(visible(s))
}

// commandValue escapes the value of a property of a workflow command.
func commandValue(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandText(s))
}
