package target

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// field is a key of a mapping as the Go type declares it: the yaml tag has its
// name and, by the absence of omitempty, that it is required; the jsonschema tag
// has what is allowed, so that the schema and the decoder agree; the check tag
// has what neither can say: "secret", "url", "scope".
type field struct {
	name     string
	index    int
	required bool
	check    string
	allowed  []string
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields = append(fields, field{
			name: name, index: i, required: !strings.Contains(options, "omitempty"),
			check: f.Tag.Get("check"), allowed: enumOf(f.Tag.Get("jsonschema")),
		})
	}
	return fields
}

// enumOf returns the values that a jsonschema tag allows.
func enumOf(tag string) []string {
	var allowed []string
	for _, part := range strings.Split(tag, ",") {
		if value, ok := strings.CutPrefix(part, "enum="); ok {
			allowed = append(allowed, value)
		}
	}
	return allowed
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// shown is a scalar for a message; what may be a secret is not shown.
func shown(n *yaml.Node, check string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || check == "secret" {
		return kindOf(n)
	}
	return fmt.Sprintf("%q", n.Value)
}

// decode reads a node into a value and reports whatever does not fit.
func (r *reader) decode(n *yaml.Node, into reflect.Value, path, check string, allowed ...string) {
	r.nodes[path] = n
	if text, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		r.decodeText(n, text, path)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.decode(n, into.Elem(), path, check, allowed...)
	case reflect.Struct:
		r.decodeStruct(n, into, path)
	case reflect.Map:
		r.decodeMap(n, into, path, check)
	case reflect.Slice:
		r.decodeList(n, into, path, check, allowed...)
	case reflect.Interface:
		r.decodeAny(n, into, path)
	case reflect.String:
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || !plainTag(n.Tag) {
			r.problem(n, path, "", "got %s, want a text", kindOf(n))
			return
		}
		into.SetString(n.Value)
		if len(allowed) > 0 && !slices.Contains(allowed, n.Value) {
			r.problem(n, path, didYouMean(n.Value, allowed), "got %s, want %s", shown(n, check), spelling.Listed(allowed))
		}
		r.checkText(n, path, check)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(into.Addr().Interface()) != nil {
			r.problem(n, path, "", "got %s, want true or false", shown(n, check))
		}
	case reflect.Int:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(into.Addr().Interface()) != nil {
			r.problem(n, path, "", "got %s, want a whole number", shown(n, check))
		} else if into.Int() < 0 {
			r.problem(n, path, "", "got %d, want no negative number", into.Int())
		}
	default:
		r.problem(n, path, "", "%s cannot be written in a file", into.Type())
	}
}

func plainTag(tag string) bool {
	switch tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp":
		return true
	}
	return false
}

func (r *reader) decodeText(n *yaml.Node, into encoding.TextUnmarshaler, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" && into.UnmarshalText([]byte(n.Value)) == nil {
		return
	}
	r.problem(n, path, "", `got %s, want a duration such as "10s"`, shown(n, ""))
}

// mapping returns the keys and values of a mapping, after reporting duplicates.
func (r *reader) mapping(n *yaml.Node, path string) (keys, values []*yaml.Node, ok bool) {
	if n.Kind != yaml.MappingNode {
		hint := ""
		if n.Tag == "!!null" {
			hint = `write "{}" for a mapping without keys`
		}
		r.problem(n, path, hint, "got %s, want a mapping of keys to values", kindOf(n))
		return nil, nil, false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			r.problem(key, path, "write the keys out", "got a YAML merge key, want keys of its own")
			continue
		}
		if key.Kind != yaml.ScalarNode || !plainTag(key.Tag) {
			r.problem(key, path, "", "got %s as a key, want a text", kindOf(key))
			continue
		}
		if line, twice := lines[key.Value]; twice {
			r.problem(key, join(path, key.Value), "", "got the key a second time, want it once (also on line %d)", line)
			continue
		}
		lines[key.Value] = key.Line
		keys, values = append(keys, key), append(values, n.Content[i+1])
	}
	return keys, values, true
}

func (r *reader) decodeStruct(n *yaml.Node, into reflect.Value, path string) {
	keys, values, ok := r.mapping(n, path)
	if !ok {
		return
	}
	fields := fieldsOf(into.Type())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	given := map[string]bool{}
	for i, key := range keys {
		at := slices.Index(names, key.Value)
		if at < 0 {
			r.problem(key, join(path, key.Value), aboutKey(key.Value, names), "got an unknown key, want %s", spelling.Listed(names))
			continue
		}
		f := fields[at]
		given[f.name] = true
		r.decode(values[i], into.Field(f.index), join(path, f.name), f.check, f.allowed...)
	}
	for _, f := range fields {
		if f.required && !given[f.name] {
			r.problem(n, join(path, f.name), "", "got nothing, want this key")
		}
	}
}

func didYouMean(got string, known []string) string { return spelling.DidYouMean(got, known, "") }

// allListed is where choices and capabilities are listed.
const allListed = `"scopeproof check" lists all that there are`

// aboutEntry is a hint about a key that a mapping of known keys does not have.
func aboutEntry(got string, known []string) string {
	hint := didYouMean(got, known)
	if spelling.TooMany(known) {
		hint = strings.TrimPrefix(hint+" "+allListed, " ")
	}
	return hint
}

func (r *reader) decodeMap(n *yaml.Node, into reflect.Value, path, check string) {
	keys, values, ok := r.mapping(n, path)
	if !ok {
		return
	}
	t := into.Type()
	into.Set(reflect.MakeMap(t))
	known, what := knownKeys(path, t)
	for i, key := range keys {
		at := join(path, key.Value)
		r.nodes[at] = values[i]
		if known != nil && !slices.Contains(known, key.Value) {
			r.problem(key, at, aboutEntry(key.Value, known), "got an unknown %s, want %s", what, spelling.Wanted(known))
			continue
		}
		value := reflect.New(t.Elem()).Elem()
		r.decode(values[i], value, at, check, knownValues(t, key.Value)...)
		into.SetMapIndex(reflect.ValueOf(key.Value).Convert(t.Key()), value)
	}
}

func (r *reader) decodeList(n *yaml.Node, into reflect.Value, path, check string, allowed ...string) {
	if n.Kind != yaml.SequenceNode {
		r.problem(n, path, "", "got %s, want a list", shown(n, check))
		return
	}
	list := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		r.decode(item, list.Index(i), fmt.Sprintf("%s[%d]", path, i), check, allowed...)
	}
	into.Set(list)
}

// decodeAny reads a value of any JSON type.
func (r *reader) decodeAny(n *yaml.Node, into reflect.Value, path string) {
	switch {
	case n.Kind == yaml.MappingNode:
		value := map[string]any{}
		r.decodeMap(n, reflect.ValueOf(&value).Elem(), path, "secret")
		into.Set(reflect.ValueOf(value))
	case n.Kind == yaml.SequenceNode:
		value := []any{}
		r.decodeList(n, reflect.ValueOf(&value).Elem(), path, "secret")
		into.Set(reflect.ValueOf(value))
	case !plainTag(n.Tag):
		r.problem(n, path, "", "got %s, want a value that JSON has", kindOf(n))
	case n.Tag == "!!null":
		into.SetZero()
	case n.Tag == "!!timestamp":
		into.Set(reflect.ValueOf(n.Value)) // JSON has no time: what was written is a text
	default:
		var value any
		err := n.Decode(&value)
		if number, ok := value.(float64); err != nil || ok && (math.IsNaN(number) || math.IsInf(number, 0)) {
			r.problem(n, path, "", "got %s that cannot be read, want a value that JSON has", kindOf(n))
			return
		}
		into.Set(reflect.ValueOf(value))
	}
}

// aboutKey is what to do about an unknown key.
func aboutKey(name string, known []string) string {
	if name == "compose" {
		return "Compose files are not read: list their services under container.with; or run \"docker compose up\", and name the server under external"
	}
	return didYouMean(name, known)
}
