package report

import (
	_ "embed"
	"slices"
)

//go:embed report.schema.json
var reportSchema []byte

//go:embed load.schema.json
var loadSchema []byte

//go:embed diff.schema.json
var diffSchema []byte

// JSONSchema returns the JSON Schema (draft 2020-12) of report.json. It is
// generated from the Go types; a test holds it to them.
func JSONSchema() []byte { return slices.Clone(reportSchema) }

// DiffJSONSchema returns the JSON Schema of what [DiffJSON] writes.
func DiffJSONSchema() []byte { return slices.Clone(diffSchema) }

// LoadJSONSchema returns the JSON Schema of load.json.
func LoadJSONSchema() []byte { return slices.Clone(loadSchema) }
