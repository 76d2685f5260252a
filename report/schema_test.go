package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

// generate makes the schema of a report from its Go type; the comments of the
// types become descriptions.
func generate(t *testing.T, v any, id, title string) []byte {
	t.Helper()
	words := map[reflect.Type][]any{
		reflect.TypeFor[conformance.Outcome](): {"conforms", "deviates", "violates", "known", "not_applicable", "inconclusive"},
		reflect.TypeFor[conformance.Level]():   {"MUST", "SHOULD", "MAY", "GUIDANCE"},
		reflect.TypeFor[target.Kind]():         {"embedded", "external", "container"},
		reflect.TypeFor[loadtest.Outcome]():    {"kept", "broken", "inconclusive", "not_applicable"},
		reflect.TypeFor[loadtest.Side]():       {"target", "ours", "host", "both", "neither"},
	}
	r := &jsonschema.Reflector{
		// A reader of version 1 must accept what a later release adds.
		AllowAdditionalProperties: true,
		ExpandedStruct:            true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if allowed, ok := words[t]; ok {
				return &jsonschema.Schema{Type: "string", Enum: allowed}
			}
			if t == reflect.TypeFor[time.Time]() {
				return &jsonschema.Schema{Type: "string", Format: "date-time"}
			}
			return nil
		},
	}
	for _, dir := range []string{".", "../conformance", "../loadtest", "../oauth", "../target"} {
		if err := r.AddGoComments("github.com/scopeproof/scopeproof/report", dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(text)), " ")
	}
	s := r.Reflect(v)
	s.ID, s.Title = jsonschema.ID(id), title
	if property, ok := s.Properties.Get("schema"); ok {
		for name, schema := range map[string]string{"/report.schema.json": conformance.Schema, "/load.schema.json": loadtest.Schema, "/diff.schema.json": DiffSchema} {
			if strings.HasSuffix(id, name) {
				property.Const = schema
			}
		}
	}
	// What is a pointer in Go can be null.
	if results, ok := s.Definitions["ThresholdResult"]; ok {
		if value, ok := results.Properties.Get("value"); ok {
			value.Type, value.OneOf = "", []*jsonschema.Schema{{Type: "number"}, {Type: "null"}}
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	const base = "https://github.com/scopeproof/scopeproof/raw/main/report/"
	golden(t, "report.schema.json", generate(t, &conformance.Report{}, base+"report.schema.json", "report.json of scopeproof"))
	golden(t, "diff.schema.json", generate(t, &Diff{}, base+"diff.schema.json", "what scopeproof report diff --format json writes"))
	golden(t, "load.schema.json", generate(t, &loadtest.Report{}, base+"load.schema.json", "load.json of scopeproof"))
}

// schema is the part of JSON Schema that our schemas use.
type schema struct {
	Ref        string            `json:"$ref"`
	Defs       map[string]schema `json:"$defs"`
	Type       string            `json:"type"`
	Const      any               `json:"const"`
	Enum       []any             `json:"enum"`
	Format     string            `json:"format"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	OneOf      []schema          `json:"oneOf"`
	Additional json.RawMessage   `json:"additionalProperties"`
}

// check lists what in a value is not as a schema has it.
func (s schema) check(root schema, at string, value any) []string {
	if s.Ref != "" {
		def, ok := root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
		if !ok {
			return []string{at + ": no definition " + s.Ref}
		}
		return def.check(root, at, value)
	}
	if len(s.OneOf) > 0 {
		for _, one := range s.OneOf {
			if len(one.check(root, at, value)) == 0 {
				return nil
			}
		}
		return []string{fmt.Sprintf("%s: got %v, want one of the alternatives", at, value)}
	}
	var wrong []string
	if s.Type != "" && !isOfType(s.Type, value) {
		return []string{fmt.Sprintf("%s: got %T, want %s", at, value, s.Type)}
	}
	if s.Const != nil && s.Const != value {
		wrong = append(wrong, fmt.Sprintf("%s: got %v, want %v", at, value, s.Const))
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		wrong = append(wrong, fmt.Sprintf("%s: got %v, want one of %v", at, value, s.Enum))
	}
	if text, ok := value.(string); ok && s.Format == "date-time" {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			wrong = append(wrong, at+": "+err.Error())
		}
	}
	if items, ok := value.([]any); ok && s.Items != nil {
		for i, item := range items {
			wrong = append(wrong, s.Items.check(root, fmt.Sprintf("%s[%d]", at, i), item)...)
		}
	}
	if members, ok := value.(map[string]any); ok {
		wrong = append(wrong, s.checkObject(root, at, members)...)
	}
	return wrong
}

func (s schema) checkObject(root schema, at string, members map[string]any) []string {
	var wrong []string
	for _, name := range s.Required {
		if _, ok := members[name]; !ok {
			wrong = append(wrong, at+": no "+name)
		}
	}
	for name, member := range members {
		property, ok := s.Properties[name]
		if !ok && len(s.Additional) > 0 {
			if err := json.Unmarshal(s.Additional, &property); err != nil {
				wrong = append(wrong, at+": "+err.Error())
				continue
			}
			ok = true
		}
		if !ok {
			wrong = append(wrong, at+": the schema does not describe "+name)
			continue
		}
		wrong = append(wrong, property.check(root, at+"."+name, member)...)
	}
	return wrong
}

func isOfType(want string, value any) bool {
	switch value := value.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	case float64:
		return want == "number" || want == "integer" && value == math.Trunc(value)
	}
	return false
}

// validate checks a document against a schema.
func validate(t *testing.T, schemaText, document []byte) []string {
	t.Helper()
	var s schema
	if err := json.Unmarshal(schemaText, &s); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		t.Fatal(err)
	}
	return s.check(s, "$", value)
}

func TestReportsAreAsTheirSchemas(t *testing.T) {
	for _, c := range []struct {
		name   string
		schema []byte
		write  func(io.Writer) error
	}{
		{"a full report", JSONSchema(), func(w io.Writer) error { return JSON(w, fixture()) }},
		{"an empty report", JSONSchema(), func(w io.Writer) error {
			return JSON(w, &conformance.Report{Target: conformance.TargetInfo{Kind: target.KindEmbedded}, Rules: []conformance.Verdict{
				{Level: conformance.Must, Outcome: conformance.Inconclusive, Scenarios: []conformance.ScenarioResult{{Outcome: conformance.Inconclusive}}},
			}})
		}},
		{"a diff", DiffJSONSchema(), func(w io.Writer) error {
			d, err := NewDiff(File{Name: "old", Rules: fixture()}, File{Name: "new", Rules: later()}, 0)
			if err != nil {
				return err
			}
			return DiffJSON(w, d)
		}},
		{"a diff of load runs", DiffJSONSchema(), func(w io.Writer) error {
			d, err := NewDiff(File{Name: "old", Load: loadFixture()}, File{Name: "new", Load: runOf(1, 5, 20, 200)}, 0)
			if err != nil {
				return err
			}
			return DiffJSON(w, d)
		}},
		{"a full load report", LoadJSONSchema(), func(w io.Writer) error { return LoadJSON(w, loadFixture()) }},
		{"a load report of nothing but gaps", LoadJSONSchema(), func(w io.Writer) error {
			nan := math.NaN()
			return LoadJSON(w, &loadtest.Report{Scenarios: []loadtest.ScenarioReport{{Outcome: loadtest.Inconclusive, AchievedRate: nan}},
				Thresholds: []loadtest.ThresholdResult{{Value: &nan}}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			document := output(t, c.write)
			for _, wrong := range validate(t, c.schema, document) {
				t.Error(wrong)
			}
			if strings.Contains(string(document), ": null") && !strings.Contains(c.name, "load") {
				t.Error("something is null")
			}
		})
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	document := string(output(t, func(w io.Writer) error { return JSON(w, fixture()) }))
	for _, c := range []struct{ name, old, new, want string }{
		{"another outcome", `"outcome": "violates"`, `"outcome": "failed"`, "want one of"},
		{"a missing key", `"seed": 20260314,`, ``, "no seed"},
		{"text for a number", `"duration_ms": 48213`, `"duration_ms": "48213"`, "want integer"},
		{"another version", `"scopeproof/report/v1"`, `"scopeproof/report/v2"`, "want scopeproof/report/v1"},
		{"a list that is null", `"sources": [
        "RFC 6749 section 3.3"
      ]`, `"sources": null`, "want array"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(document, c.old, c.new, 1)
			if broken == document {
				t.Fatalf("%q is not in the report", c.old)
			}
			if got := strings.Join(validate(t, JSONSchema(), []byte(broken)), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestReportHasTheAgreedShape names each key that readers rely on.
func TestReportHasTheAgreedShape(t *testing.T) {
	var report map[string]any
	if err := json.Unmarshal(output(t, func(w io.Writer) error { return JSON(w, fixture()) }), &report); err != nil {
		t.Fatal(err)
	}
	has := func(what string, value any, keys ...string) map[string]any {
		object, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("%s: got %T, want an object", what, value)
		}
		for _, key := range keys {
			if _, ok := object[key]; !ok {
				t.Errorf("%s has no %q", what, key)
			}
		}
		return object
	}
	has("the report", report, "schema", "tool", "target", "started", "duration_ms", "seed", "capabilities", "choices", "summary", "rules")
	has("tool", report["tool"], "version")
	has("target", report["target"], "name", "version", "kind", "issuer")
	has("summary", report["summary"], "conforms", "deviates", "violates", "known", "not_applicable", "inconclusive")
	for _, rule := range report["rules"].([]any) {
		rule := has("a rule", rule, "id", "level", "text", "sources", "derived", "feature", "outcome", "reason", "scenarios")
		for _, scenario := range rule["scenarios"].([]any) {
			scenario := has("a scenario", scenario, "name", "outcome", "message", "duration_ms", "exchanges")
			if _, ok := scenario["exchanges"].([]any); !ok {
				t.Errorf("exchanges: got %T, want a list", scenario["exchanges"])
			}
		}
	}
}

func TestJSONDoesNotTouchTheReport(t *testing.T) {
	r := &conformance.Report{Rules: []conformance.Verdict{{Scenarios: []conformance.ScenarioResult{{}}}}}
	output(t, func(w io.Writer) error { return JSON(w, r) })
	if r.Capabilities != nil || r.Rules[0].Sources != nil || r.Rules[0].Scenarios[0].Exchanges != nil {
		t.Errorf("JSON filled in the caller's report: %+v", r)
	}
}
