// Package report writes what a run found: for a terminal ([Text], [Line]), for
// programs ([JSON], [JUnit]) and for people who were not there ([HTML],
// [Markdown]). [WriteDir] writes the files, [ExitCode] says how the run ends.
// The functions whose names begin with Load do the same for a load run.
//
// Everything that a target sent is taken for hostile: each writer escapes it for
// its own format and removes control characters.
package report
