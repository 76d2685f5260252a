package report

import "github.com/scopeproof/scopeproof/conformance"

// The exit codes of the program.
const (
	exitViolates     = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitInterrupted  = 130 // 128 and SIGINT, as shells have it
)

// ExitCode is the exit code that a report asks for: 130 where the run was
// interrupted, else the worst of 1 (a rule was violated, or with strict a SHOULD
// was not followed) and 3 (something could not be judged, no rule ran, or none
// applied), else 0. A 2 comes only from a problem that says so.
func ExitCode(r *conformance.Report, strict bool) int {
	counts := tally(r.Rules)
	codes := make(map[int]bool)
	for _, p := range r.Problems {
		codes[problemExit(p)] = true
	}
	if counts[conformance.Violates] > 0 || strict && counts[conformance.Deviates] > 0 {
		codes[exitViolates] = true
	}
	green := counts[conformance.Conforms] + counts[conformance.Deviates] + counts[conformance.Known]
	settled := green + counts[conformance.Violates] + counts[conformance.NotApplicable]
	if settled < len(r.Rules) || green+counts[conformance.Violates] == 0 {
		codes[exitInconclusive] = true
	}
	return worst(codes)
}

// problemExit is the exit code of a problem; one that names no code of ours
// leaves the run inconclusive.
func problemExit(p conformance.Problem) int {
	switch p.Exit {
	case exitViolates, exitUsage, exitInterrupted:
		return p.Exit
	}
	return exitInconclusive
}

// worst is the code that wins.
func worst(codes map[int]bool) int {
	for _, code := range []int{exitInterrupted, exitUsage, exitViolates, exitInconclusive} {
		if codes[code] {
			return code
		}
	}
	return 0
}
