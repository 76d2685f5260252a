package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// WriteDir writes report.json, report.html, junit.xml and summary.md into a
// directory, which it makes if it is not there. Each file is complete or not
// written at all. It goes on after an error and returns all of them. All of them
// are made from what is in report.json, so that converting it later gives the same.
func WriteDir(dir string, r *conformance.Report) error {
	r, err := reread(r)
	if err != nil {
		return err
	}
	return writeAll(dir, []file{
		{"report.json", func(w io.Writer) error { return JSON(w, r) }},
		{"report.html", func(w io.Writer) error { return HTML(w, r) }},
		{"junit.xml", func(w io.Writer) error { return JUnit(w, r) }},
		{"summary.md", func(w io.Writer) error { return Markdown(w, r) }},
	})
}

// reread is a report as it is read again.
func reread(r *conformance.Report) (*conformance.Report, error) {
	var data bytes.Buffer
	if err := JSON(&data, r); err != nil {
		return nil, err
	}
	var again conformance.Report
	if err := json.Unmarshal(data.Bytes(), &again); err != nil {
		return nil, fmt.Errorf("reading the report again: %w", err)
	}
	return &again, nil
}

// WriteLoadDir writes load.json, load.html and load.md in the same way.
func WriteLoadDir(dir string, r *loadtest.Report) error {
	return writeAll(dir, []file{
		{"load.json", func(w io.Writer) error { return LoadJSON(w, r) }},
		{"load.html", func(w io.Writer) error { return LoadHTML(w, r) }},
		{"load.md", func(w io.Writer) error { return LoadMarkdown(w, r) }},
	})
}

type file struct {
	name  string
	write func(io.Writer) error
}

func writeAll(dir string, files []file) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for reports: %w", err)
	}
	var problems []error
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.name), f.write); err != nil {
			problems = append(problems, fmt.Errorf("writing %s: %w", f.name, err))
		}
	}
	return errors.Join(problems...)
}

// writeFile writes beside the file and puts the result in its place at the end.
func writeFile(path string, write func(io.Writer) error) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	buffered := bufio.NewWriterSize(temp, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
