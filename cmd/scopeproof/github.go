package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
)

// plainLog has the runner of GitHub Actions take no line for a command, whatever
// a server says, until what it returns is called; that may be called twice.
func (a *app) plainLog() (end func()) {
	token := rand.Text()
	a.printf("::stop-commands::%s\n", token)
	return sync.OnceFunc(func() { a.printf("::%s::\n", token) })
}

// showGitHub writes what a step of GitHub Actions shows: the text for its log, then
// annotations, and the summary of the job where there is one.
func (a *app) showGitHub(r *conformance.Report, o report.TextOptions, endPlain func()) error {
	err := report.Text(a.stdout, r, o)
	endPlain()
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
