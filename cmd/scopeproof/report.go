package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Convert reports", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			a.code = exitUsage
			return cmd.Help()
		},
	}
	var f *flags
	var to string
	convert := newCommand("convert FILE", "Write a report.json in another format", "", `
  scopeproof report convert report/report.json --format html --output report.html`, one("a report.json"),
		func(_ *cobra.Command, args []string) error { return a.convert(args[0], to, f.s) })
	f = newFlags(convert)
	f.word(&f.s.format, "format", []string{"text", "html", "junit", "markdown", "json"}, "the format to write")
	f.text(&to, "output,o", "FILE", "", "write it there; default: standard output")
	f.fileOnly("output")
	f.yes(&f.s.verbose, "verbose,v", "show whole messages and every failed scenario")
	cmd.AddCommand(complete(convert, map[string]completion{"format": words("text", "html", "junit", "markdown", "json")}))
	return cmd
}

// convert writes a report in another format. Its exit code is about the writing,
// not about what the report says.
func (a *app) convert(file, to string, s *settings) error {
	r, err := readReport(file)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	write := map[string]func(io.Writer, *conformance.Report) error{
		"json": report.JSON, "html": report.HTML, "junit": report.JUnit, "markdown": report.Markdown,
	}[s.format]
	if write == nil {
		o := report.TextOptions{Verbose: s.verbose}
		if to == "" {
			o = a.textOptions()
			o.Verbose = s.verbose
		}
		write = func(w io.Writer, r *conformance.Report) error { return report.Text(w, r, o) }
	}
	if err := write(&out, r); err != nil {
		return err
	}
	if to == "" || to == "-" {
		_, err := out.WriteTo(a.stdout)
		return err
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		return usage("", "--output: %v", err)
	}
	return nil
}

// readReport reads a report.json of this version of the format.
func readReport(file string) (*conformance.Report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usage("", "%v", err)
	}
	var head struct{ Schema string }
	if json.Unmarshal(data, &head) == nil && head.Schema != conformance.Schema {
		return nil, usage("", "%s: got the schema %q, want a report.json with %q", file, head.Schema, conformance.Schema)
	}
	var r conformance.Report
	err = json.Unmarshal(data, &r)
	var place *json.UnmarshalTypeError
	switch {
	case errors.As(err, &place):
		return nil, usage("", "%s: %s: got %s, want what report.json has there", file, place.Field, place.Value)
	case err != nil:
		return nil, usage("", "%s: got what is not JSON: %v", file, err)
	}
	return &r, nil
}
