package report

import (
	"io"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// Format is a way to write a report.
type Format struct {
	Name string
	Text string // what it is for
	// Rules writes the report of a run of rules, Load that of a load run; nil: there
	// is none.
	Rules func(io.Writer, *conformance.Report) error
	Load  func(io.Writer, *loadtest.Report) error
}

// Formats are all ways to write a report. Those named "text" write the zero
// [TextOptions].
func Formats() []Format {
	return []Format{
		{"text", "for a terminal or a log",
			func(w io.Writer, r *conformance.Report) error { return Text(w, r, TextOptions{}) },
			func(w io.Writer, r *loadtest.Report) error { return LoadText(w, r, TextOptions{}) }},
		{"json", "the report itself", JSON, LoadJSON},
		{"html", "one page with every exchange", HTML, LoadHTML},
		{"junit", "JUnit XML, for Jenkins, GitLab and others", JUnit, nil},
		{"markdown", "for the summary of a job", Markdown, LoadMarkdown},
		{"sarif", "SARIF 2.1.0, for code scanning", SARIF, nil},
		{"github", "annotations of GitHub Actions", GitHub, nil},
		{"badge", "an SVG for a README", Badge, nil},
	}
}
