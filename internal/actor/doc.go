// Package actor plays the parties of a scenario: clients that ask for tokens,
// resource owners who consent, callers of the API. They act over HTTP, record
// every exchange, and judge nothing.
package actor
