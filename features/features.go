// Package features holds the rules, in Gherkin, a folder for each area. The
// feature files are the catalogue: there is no second list.
package features

import "embed"

// Files holds every feature file.
//
//go:embed *.feature */*.feature
var Files embed.FS
