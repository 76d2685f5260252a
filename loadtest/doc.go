// Package loadtest plans requests whose answers are known beforehand, sends
// them at an offered rate with vegeta, and judges every answer for scope.
package loadtest
