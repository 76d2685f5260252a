// Package target says what is under test: the [Description] that a user
// writes, the [Source] that brings it up, the [Target] that runs, and what was
// found out about it ([Resolved]).
package target
