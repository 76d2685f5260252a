package discover

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// deepest bounds how far a schema is followed: it may hold itself.
const deepest = 6

// markerLength is how long a text must be allowed to be to hold what marks one
// attempt.
const markerLength = 23

// bodyOf is a body that an operation takes, as JSON with ${marker} in one of its
// texts; empty: none is known.
func bodyOf(op *openapi3.Operation) string {
	if op.RequestBody == nil || op.RequestBody.Value == nil {
		return ""
	}
	media := op.RequestBody.Value.GetMediaType("application/json")
	if media == nil || media.Schema == nil {
		return ""
	}
	body, ok := sample(media.Schema, deepest).(map[string]any)
	if !ok {
		body = map[string]any{}
	}
	if example, ok := media.Example.(map[string]any); ok {
		body = maps.Clone(example)
	}
	if name := markedIn(media.Schema); name != "" {
		body[name] = "${marker}"
	}
	text, err := json.Marshal(escaped(body))
	if err != nil || len(text) > 4096 {
		return ""
	}
	return string(text)
}

// escaped are the values of an example as a target file writes them: what looks
// like a variable and is none is no variable.
func escaped(value any) any {
	switch value := value.(type) {
	case string:
		if value != "${marker}" {
			return strings.ReplaceAll(value, "${", "$${")
		}
	case map[string]any:
		for name, member := range value {
			value[name] = escaped(member)
		}
	case []any:
		for i, member := range value {
			value[i] = escaped(member)
		}
	}
	return value
}

// propertiesOf are the properties of a schema, those of what it is composed of
// included, and the names of those that are required.
func propertiesOf(schema *openapi3.SchemaRef, depth int) (openapi3.Schemas, []string) {
	all, required := openapi3.Schemas{}, []string{}
	if schema == nil || schema.Value == nil || depth == 0 {
		return all, required
	}
	for _, part := range schema.Value.AllOf {
		properties, more := propertiesOf(part, depth-1)
		maps.Copy(all, properties)
		required = append(required, more...)
	}
	maps.Copy(all, schema.Value.Properties)
	return all, append(required, schema.Value.Required...)
}

// markedIn is the property that takes any text: one that is named like a title, or
// else the first.
func markedIn(schema *openapi3.SchemaRef) string {
	properties, _ := propertiesOf(schema, deepest)
	free := slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(name string) bool {
		p := properties[name]
		if p == nil || p.Value == nil {
			return true
		}
		v := p.Value
		return !v.Type.Is("string") || len(v.Enum) > 0 || v.Format != "" || v.Pattern != "" || v.ReadOnly || v.MaxLength != nil && *v.MaxLength < markerLength
	})
	for _, usual := range []string{"title", "name", "subject", "summary", "description", "text", "note", "comment"} {
		if slices.Contains(free, usual) {
			return usual
		}
	}
	if len(free) > 0 {
		return free[0]
	}
	return ""
}

// sample is a value that a schema allows: its example, or what is required of it.
func sample(schema *openapi3.SchemaRef, depth int) any {
	if schema == nil || schema.Value == nil || depth == 0 {
		return nil
	}
	v := schema.Value
	switch {
	case v.Example != nil:
		return v.Example
	case len(v.Examples) > 0:
		return v.Examples[0]
	case v.Default != nil:
		return v.Default
	case len(v.Enum) > 0:
		return v.Enum[0]
	case v.Type.Is("string"):
		return sampleText(v.Format)
	case v.Type.Is("integer"), v.Type.Is("number"):
		if v.Min != nil {
			return *v.Min
		}
		return 1
	case v.Type.Is("boolean"):
		return false
	case v.Type.Is("array"):
		if v.MinItems == 0 {
			return []any{}
		}
		return []any{sample(v.Items, depth-1)}
	}
	properties, required := propertiesOf(schema, depth)
	object := map[string]any{}
	for _, name := range required {
		if p := properties[name]; p != nil && p.Value != nil && !p.Value.ReadOnly {
			object[name] = sample(p, depth-1)
		}
	}
	return object
}

func sampleText(format string) string {
	switch format {
	case "date-time":
		return "2030-01-01T10:00:00Z"
	case "date":
		return "2030-01-01"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	case "email":
		return "somebody@scopeproof.example"
	case "uri":
		return "https://scopeproof.example/"
	}
	return "scopeproof"
}

// idOf is where the id of a created object is in the answer, as a JSON pointer
// (RFC 6901); empty: the document does not say, and the Location header may.
func idOf(op *openapi3.Operation) string {
	if op.Responses == nil {
		return ""
	}
	for _, status := range []int{201, 200} {
		response := op.Responses.Status(status)
		if response == nil || response.Value == nil {
			continue
		}
		media := response.Value.Content.Get("application/json")
		if media == nil {
			continue
		}
		properties, _ := propertiesOf(media.Schema, deepest)
		if name := idAmong(properties); name != "" {
			return "/" + name
		}
		for _, outer := range slices.Sorted(maps.Keys(properties)) {
			inner, _ := propertiesOf(properties[outer], deepest)
			if name := idAmong(inner); name != "" {
				return "/" + pointed(outer) + "/" + name
			}
		}
	}
	return ""
}

// idAmong is the property that is an id, as a part of a JSON pointer.
func idAmong(properties openapi3.Schemas) string {
	names := slices.Sorted(maps.Keys(properties))
	for _, like := range []func(string) bool{
		func(name string) bool { return name == "id" },
		func(name string) bool { return strings.HasSuffix(strings.ToLower(name), "id") },
	} {
		if i := slices.IndexFunc(names, like); i >= 0 {
			return pointed(names[i])
		}
	}
	return ""
}

// pointed is a name as a part of a JSON pointer (RFC 6901 section 3).
func pointed(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
