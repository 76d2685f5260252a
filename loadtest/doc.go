// Package loadtest plans requests whose answers are known beforehand, sends
// them at an offered rate with vegeta, and judges every answer for scope.
//
// A [Scenario] prepares a [Plan] on a [Stage]: tokens are obtained, and each
// request gets an [Expectation]. [Run] sends the requests when they are due,
// whether or not earlier ones were answered, judges each answer on the goroutine
// that received it, and counts: kept, leak, false refusal, fault. Latency counts
// from when a request was due.
package loadtest
