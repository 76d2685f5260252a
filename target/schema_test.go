package target

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

func TestSchemaIsCurrent(t *testing.T) {
	want := generateSchema(t)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("target.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("target.schema.json is not what the Go type says; \"go test ./target -update\" rewrites it (-want +got):\n%s", diff)
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	var s struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(generateSchema(t), &s); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"name", "container", "external", "users", "choices", "capabilities", "control"} {
		if _, ok := s.Defs["Description"].Properties[key]; !ok {
			t.Errorf("the schema has no key %q", key)
		}
	}
	if got := string(s.Defs["Description"].Properties["scopes"]); !strings.Contains(got, "own names") {
		t.Errorf("scopes: got %s, want the comment of the Go type in it", got)
	}
}

func generateSchema(t *testing.T) []byte {
	t.Helper()
	r := &jsonschema.Reflector{Anonymous: true, Mapper: schemaOf}
	if err := r.AddGoComments("github.com/scopeproof/scopeproof/target", ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	links, breaks := regexp.MustCompile(`\[(\w+(?:\.\w+)*)\]`), regexp.MustCompile(`\s*\n\s*`)
	for name, text := range r.CommentMap {
		r.CommentMap[name] = breaks.ReplaceAllString(links.ReplaceAllString(text, "$1"), " ")
	}
	nameByKey(reflect.TypeFor[Description](), r.CommentMap)
	s := r.Reflect(&Description{})
	s.Title = "scopeproof target file"
	root := s.Definitions["Description"]
	for _, kind := range []string{"embedded", "external", "container"} {
		root.OneOf = append(root.OneOf, &jsonschema.Schema{Required: []string{kind}})
	}
	names := func(of *jsonschema.Schema, property string, allowed []string) {
		p, ok := of.Properties.Get(property)
		if !ok {
			t.Fatalf("no property %q", property)
		}
		p.PropertyNames = &jsonschema.Schema{Enum: anys(allowed)}
	}
	names(root, "users", Owners())
	var ways []string
	for _, way := range Ways() {
		ways = append(ways, string(way))
	}
	names(root, "choices_by_way", ways)
	names(s.Definitions["Clients"], "actors", Actors())
	names(s.Definitions["AuthorizationServer"], "endpoints", Endpoints())
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.TrimSpace(data), '\n')
}

// nameByKey puts the key where a comment begins with the name of the Go field.
func nameByKey(of reflect.Type, comments map[string]string) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		nameByKey(of.Elem(), comments)
	case reflect.Struct:
		for _, f := range fieldsOf(of) {
			field := of.Field(f.index)
			at := of.PkgPath() + "." + of.Name() + "." + field.Name
			if rest, ok := strings.CutPrefix(comments[at], field.Name+" "); ok {
				comments[at] = f.name + " " + rest
			}
			if field.Type != reflect.SliceOf(of) { // a call has calls
				nameByKey(field.Type, comments)
			}
		}
	}
}

// schemaOf is the schema of the types that are not what they look like.
func schemaOf(of reflect.Type) *jsonschema.Schema {
	closed := func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	}
	switch of {
	case reflect.TypeFor[Duration]():
		return &jsonschema.Schema{Type: "string", Description: `A duration such as "10s" or "1m30s".`}
	case reflect.TypeFor[map[Capability]string]():
		s := closed()
		for _, c := range Capabilities() {
			value := &jsonschema.Schema{Description: c.Text}
			switch c.Kind {
			case Boolean:
				value.Type = "boolean"
			case Number:
				value.Type = "integer"
			default:
				value.Enum = anys(c.Allowed)
			}
			s.Properties.Set(string(c.Name), value)
		}
		return s
	case reflect.TypeFor[map[ChoiceName]string]():
		s := closed()
		for _, c := range Choices() {
			s.Properties.Set(string(c.Name), &jsonschema.Schema{Description: c.Text, Enum: anys(c.Allowed)})
		}
		return s
	}
	return nil
}

func anys(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite target.schema.json")
	os.Exit(m.Run())
}
