// Package steps turns the sentences of the feature files into acts and
// judgements: one [World] for each scenario, a file for each actor or noun.
//
// A Given or a When that cannot be done is an ordinary error, and so is a Then
// that cannot tell: the scenario is inconclusive. A Then whose sentence is
// false returns a [*Violation].
package steps
