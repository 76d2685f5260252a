// Command hydra is Ory Hydra, unchanged, at the version that go.mod names. Hydra's own go.mod has
// replace directives, so "go install" refuses it; a module that repeats the one needed does not.
package main

import "github.com/ory/hydra/v2/cmd"

func main() { cmd.Execute() }
