// Command oathkeeper is Ory Oathkeeper, unchanged, at the version that go.mod names. Oathkeeper's own
// go.mod has replace directives, so "go install" refuses it; a module that repeats those needed does not.
package main

import "github.com/ory/oathkeeper/cmd"

func main() { cmd.Execute() }
