// Package conformance runs the rules of the feature files against a target and
// says, rule by rule, what came of it.
//
// [Run] returns a [Report]; [Test] does the same inside go test, a subtest for
// each rule.
package conformance
