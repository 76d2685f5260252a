package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
)

// showGitHub writes what a step of GitHub Actions shows: the text for its log, in
// which nothing that a server said is taken for a command of the runner, then
// annotations, and the summary of the job where there is one.
func (a *app) showGitHub(r *conformance.Report, o report.TextOptions) error {
	token := rand.Text()
	fmt.Fprintf(a.stdout, "::stop-commands::%s\n", token)
	err := report.Text(a.stdout, r, o)
	fmt.Fprintf(a.stdout, "::%s::\n", token)
	return errors.Join(err, report.GitHub(a.stdout, r), a.jobSummary(r))
}

// jobSummary adds to the file that GITHUB_STEP_SUMMARY names.
func (a *app) jobSummary(r *conformance.Report) error {
	name := a.env("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("the summary of the job: %w", err)
	}
	return errors.Join(report.Markdown(file, r), file.Close())
}
