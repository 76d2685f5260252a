package target

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

const referenceHead = `# The target file, key by key

<!-- Made by "make schema" from the type target.Description. -->

A target file is YAML. Exactly one of ` + "`embedded`, `external` and `container`" + ` is in it, except in the file of an API
alone. What is not known is refused, all mistakes at once, each with its line. The [schema](../target/target.schema.json)
gives an editor completion; [getting started](getting-started.md) writes a file.

` + "`--set KEY=VALUE`" + ` and the environment variable of a key come before the file, and the flag before the variable. A key
without a variable is part of a list, or of a mapping whose keys are yours: set that as a whole, in YAML
(` + "`--set 'container.command=[serve, all]'`" + `). An empty variable counts as unset. "…" in a
variable is that of the key above, and NAME one of the names that may stand there, in capitals.

In every text ` + "`${env.NAME}`" + ` is an environment variable, so that secrets stay out of the file. ` + "`${issuer}`" + ` is the issuer,
` + "`${port.NAME}`" + ` the host's port for a port of the container, ` + "`${admin_key}`" + ` a key that is made anew for each embedded or
container target; ` + "`${signing_key}`" + ` and ` + "`${signing_key.public}`" + ` are an RSA key in PEM, made anew for each container target.
` + "`$${`" + ` stands for ` + "`${`" + `. A duration is a text such as ` + "`10s` or `1m30s`" + `; a scope is a text of words.
`

func TestReferenceOfTheTargetFileIsCurrent(t *testing.T) {
	file := filepath.Join("..", "docs", "target-file.md")
	want := generateReference(t)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/target-file.md is not what the Go type says; \"make schema\" rewrites it (-want +got):\n%s", diff)
	}
}

// place is where a type is in a target file.
type place struct {
	of    reflect.Type
	paths []string // the keys that hold it
}

// places are the struct types of a target file, each once, in the order of keys.
func places(of reflect.Type, path string, all *[]place) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		switch of.Kind() {
		case reflect.Slice:
			path += "[]"
		case reflect.Map:
			path += ".NAME"
		}
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return
	}
	at := slices.IndexFunc(*all, func(p place) bool { return p.of == of })
	if at >= 0 && strings.HasSuffix(path, ".first[]") { // a call has calls
		return
	}
	if at < 0 {
		at = len(*all)
		*all = append(*all, place{of: of})
	}
	(*all)[at].paths = append((*all)[at].paths, path)
	for _, f := range fieldsOf(of) {
		places(of.Field(f.index).Type, join(path, f.name), all)
	}
}

func generateReference(t *testing.T) string {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(generateSchema(t), &schema); err != nil {
		t.Fatal(err)
	}
	var all []place
	places(reflect.TypeFor[Description](), "", &all)
	var b strings.Builder
	b.WriteString(referenceHead)
	for _, p := range all {
		s := schema.Definitions[p.of.Name()]
		if s == nil {
			t.Fatalf("the schema has no %s", p.of.Name())
		}
		for _, key := range writePlace(&b, p, s, schema.Definitions) {
			t.Errorf("%s: got a key without a comment, want what it is", key)
		}
	}
	writeNames(&b)
	return b.String()
}

// writePlace writes the keys of one type, and returns those that nothing is said of.
func writePlace(b *strings.Builder, p place, s *jsonschema.Schema, all jsonschema.Definitions) (unsaid []string) {
	if p.paths[0] == "" {
		b.WriteString("\n## The keys of the file\n\n")
	} else {
		fmt.Fprintf(b, "\n## %s\n\nAt `%s`. %s.\n\n", p.of.Name(), strings.Join(p.paths, "`, `"), prose(s.Description))
	}
	b.WriteString("| key | takes | is | left out | environment |\n|---|---|---|---|---|\n")
	for _, f := range fieldsOf(p.of) {
		property, _ := s.Properties.Get(f.name)
		of := p.of.Field(f.index).Type
		text, missing := withoutDefault(property.Description)
		switch {
		case slices.Contains(s.Required, f.name):
			missing = "not allowed"
		case missing == "" && of.Kind() == reflect.Bool:
			missing = "false"
		case missing == "":
			missing = "none"
		}
		name := f.name
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if text == "" && of.Kind() == reflect.Struct && of != reflect.TypeFor[Call]() && of != reflect.TypeFor[Duration]() {
			name = of.Name()
			text, _, _ = strings.Cut(all[name].Description, ". ")
		}
		if text == "" {
			unsaid = append(unsaid, p.of.Name()+"."+f.name)
		}
		for _, other := range fieldsOf(p.of) {
			if goName := p.of.Field(other.index).Name; strings.ToLower(goName[1:]) != goName[1:] && strings.ToUpper(goName) != goName {
				text = regexp.MustCompile(`\b`+goName+`\b`).ReplaceAllString(text, other.name)
			}
		}
		text = regexp.MustCompile("^"+name+" (is|are) ").ReplaceAllString(text, "")
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.name, takes(of, join(p.paths[0], f.name), property), prose(text), prose(missing), variable(p.paths, f.name))
	}
	return unsaid
}

// variable is the environment variable of a key that is at some paths, each with
// NAME for the names of users and clients.
func variable(paths []string, name string) string {
	names := regexp.MustCompile(`\.(Ada|Planner)\b`)
	for _, key := range Keys() {
		known := names.ReplaceAllString(key, ".NAME")
		for _, path := range paths {
			switch {
			case known != join(path, name):
			case len(paths) > 1:
				return "`…_" + strings.ToUpper(name) + "`"
			default:
				return "`" + EnvironmentPrefix + strings.ToUpper(strings.ReplaceAll(known, ".", "_")) + "`"
			}
		}
	}
	return ""
}

var defaults = []*regexp.Regexp{
	regexp.MustCompile(`(?:\. |^)Left out: (.+?)\.(?: |$)`),
	regexp.MustCompile(`[.;] (?:0|Empty|empty)(?: means|:| pins| leaves it to) (.+?)\.?$`),
	regexp.MustCompile(`[;:]? default:? (.+?)\.?$`),
	regexp.MustCompile(`^default (.+)$`),
	regexp.MustCompile(`[;:] default:? ("[a-z]+")\.`),
}

// withoutDefault takes what counts where a key is left out from its description.
func withoutDefault(text string) (rest, missing string) {
	for _, expr := range defaults {
		if m := expr.FindStringSubmatchIndex(text); m != nil {
			return strings.TrimSpace(strings.TrimSuffix(text[:m[0]], ".") + ". " + text[m[1]:]), text[m[2]:m[3]]
		}
	}
	if m := regexp.MustCompile(`("\w+") \(the default[:)]`).FindStringSubmatch(text); m != nil {
		return text, m[1]
	}
	return text, ""
}

// prose is a description as a sentence in a cell of a table.
func prose(text string) string {
	text = strings.Trim(text, " .")
	if text == "" {
		return ""
	}
	text = regexp.MustCompile(`\$?\$\{[^}]*\}`).ReplaceAllString(text, "`$0`")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
}

// takes says what a key may be set to.
func takes(of reflect.Type, path string, s *jsonschema.Schema) string {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	allowed := s.Enum
	if s.Items != nil && len(s.Items.Enum) > 0 {
		allowed = s.Items.Enum
	}
	if len(allowed) > 0 {
		var words []string
		for _, word := range allowed {
			words = append(words, fmt.Sprintf("`%v`", word))
		}
		return map[bool]string{true: "any of "}[of.Kind() == reflect.Slice] + strings.Join(words, ", ")
	}
	if of == reflect.TypeFor[Duration]() {
		return "duration"
	}
	switch of.Kind() {
	case reflect.String:
		return "text"
	case reflect.Int:
		return "number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "list of " + takes(of.Elem(), "", &jsonschema.Schema{})
	case reflect.Map:
		elem := takes(of.Elem(), "", &jsonschema.Schema{})
		switch known, what := knownKeys(path, of); {
		case what == "choice" || what == "capability":
			return "[mapping](#" + strings.TrimSuffix(what, "y") + map[string]string{"choice": "s", "capability": "ies"}[what] + ")"
		case what == "way":
			return "mapping of ways to a [mapping](#choices)"
		case known != nil:
			return "mapping of `" + strings.Join(known, "`, `") + "` to " + elem
		}
		return "mapping to " + elem
	case reflect.Struct:
		return "[" + of.Name() + "](#" + strings.ToLower(of.Name()) + ")"
	}
	return "anything"
}

// writeNames writes the keys of choices and capabilities.
func writeNames(b *strings.Builder) {
	of := func(path, name string) string {
		return EnvironmentPrefix + strings.ToUpper(strings.ReplaceAll(join(path, name), ".", "_"))
	}
	var ways []string
	for _, way := range Ways() {
		ways = append(ways, "`"+string(way)+"`")
	}
	fmt.Fprintf(b, "\n## Choices\n\nThe keys of `choices`, and of each way in `choices_by_way` (%s). Left out: observed.\n\n", strings.Join(ways, ", "))
	b.WriteString("| key | takes | what the answer is to | left open by | environment |\n|---|---|---|---|---|\n")
	for _, c := range Choices() {
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | `%s` |\n", c.Name, strings.Join(c.Allowed, "`, `"), prose(c.Text), c.Source, of("choices", string(c.Name)))
	}
	b.WriteString("\n## Capabilities\n\nThe keys of `capabilities`, which are also what `@needs` in a rule speaks of. Left out: from the metadata and the file, or observed; `scopeproof check` lists what was found.\n\n")
	b.WriteString("| key | takes | is | environment |\n|---|---|---|---|\n")
	for _, c := range Capabilities() {
		values := "true or false"
		switch c.Kind {
		case Number:
			values = "number"
		case Word:
			values = "`" + strings.Join(c.Allowed, "`, `") + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | `%s` |\n", c.Name, values, prose(c.Text), of("capabilities", string(c.Name)))
	}
}
