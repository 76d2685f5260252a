package target

import _ "embed"

//go:embed target.schema.json
var schema string

// JSONSchema returns the JSON Schema of a target file, for the completion and
// the checks of editors. It is made from [Description] by the tests of this
// package. [Parse] judges more than a schema can say.
func JSONSchema() ([]byte, error) { return []byte(schema), nil }
