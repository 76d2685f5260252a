// Package loadtest plans requests whose answers are known beforehand, sends
// them at the rate that one of vegeta's pacers says, and judges every answer for
// scope.
//
// A [Scenario] prepares a [Plan] on a [Stage]: tokens are obtained, and each
// request gets an [Expectation]. [Run] sends the requests when they are due,
// whether or not earlier ones were answered, judges each answer on the goroutine
// that received it, and counts: kept, leak, false refusal, fault. Latency counts
// from when a request was due.
//
// A worker is a goroutine with connections of its own, which are dialled before
// the clock starts. It takes the next request when that is due, writes what was
// made of it beforehand, reads and judges the answer, and counts it, without
// another goroutine in between. Results are in vegeta's encoding.
package loadtest
