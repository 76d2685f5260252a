package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target"
)

// The exit codes of the program. The worst wins: usage, then violates, then
// inconclusive.
const (
	exitViolates     = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitInterrupted  = 130 // 128 and SIGINT, as shells have it
)

// usage is an error in how the program was called.
func usage(hint, format string, args ...any) error {
	return &conformance.UsageError{Text: fmt.Sprintf(format, args...), Hint: hint}
}

// end says what went wrong, if anything, and returns the exit code.
func (a *app) end(ctx context.Context, err error) int {
	if err == nil {
		return a.code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		a.say("interrupted before anything could be judged")
		return exitInterrupted
	}
	var wrong *conformance.UsageError
	switch listed := problemsOf(err); {
	case len(listed) > 0:
		for _, p := range listed {
			a.say("%s", p)
		}
		if errors.As(err, &wrong) { // beside them
			a.say("%v", wrong)
		}
	default:
		a.say("%v", err)
	}
	return worse(a.code, codeOf(err))
}

// problemsOf are the problems of all errors that were joined.
func problemsOf(err error) []target.Problem {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []target.Problem
		for _, err := range joined.Unwrap() {
			all = append(all, problemsOf(err)...)
		}
		return all
	}
	var problems *target.Problems
	if errors.As(err, &problems) {
		return problems.List
	}
	return nil
}

// codeOf is the exit code that an error asks for. What is neither a mistake of
// the caller nor in a file of theirs leaves everything unjudged.
func codeOf(err error) int {
	var problems *target.Problems
	var wrong *conformance.UsageError
	if errors.As(err, &problems) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitInconclusive
}

// worse is the code that wins over the other.
func worse(a, b int) int {
	for _, code := range []int{exitInterrupted, exitUsage, exitViolates, exitInconclusive} {
		if a == code || b == code {
			return code
		}
	}
	return 0
}

// harmless replaces characters that would act on a terminal: a message may quote
// what a server sent.
func harmless(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)) {
			return '\uFFFD'
		}
		return c
	}, text)
}
