package target

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// EnvironmentPrefix begins the environment variable of every key: the key
// "authorization_server.issuer" is SCOPEPROOF_AUTHORIZATION_SERVER_ISSUER.
const EnvironmentPrefix = "SCOPEPROOF_"

// Override sets one key of a target file.
type Override struct {
	Key string // "authorization_server.issuer", "choices.unknown_scope"
	// Value is the text, number, true or false; for a list or a mapping, YAML:
	// "[serve, all]".
	Value string
	// From is where it comes from, for messages: "--set KEY" or the name of an
	// environment variable.
	From string
	// Remove takes the key out of the file instead.
	Remove bool
}

// Overrides reads overrides from an environment ("NAME=value", see
// [EnvironmentPrefix]) and from settings ("key=value"), which come after it. An
// empty environment variable counts as unset, and one that names no key is passed
// over; see [Strays]. A setting that names none is an error, *[Problems].
func Overrides(environment, set []string) ([]Override, error) {
	var overrides []Override
	var problems Problems
	names := environmentNames()
	for _, entry := range slices.Sorted(slices.Values(environment)) {
		name, value, _ := strings.Cut(entry, "=")
		if key, ok := names[name]; ok && value != "" && !foreign(name) {
			overrides = append(overrides, Override{Key: key, Value: value, From: name})
		}
	}
	for _, entry := range set {
		key, value, ok := strings.Cut(entry, "=")
		if !ok {
			problems.List = append(problems.List, Problem{File: "--set", Text: `got a text without "=", want "key=value"`})
			continue
		}
		from := "--set " + key
		if _, _, err := keyPath(key); err != nil {
			problems.List = append(problems.List, Problem{File: from, Text: err.Error(), Hint: nearKeys(key)})
			continue
		}
		overrides = append(overrides, Override{Key: key, Value: value, From: from})
	}
	return overrides, problems.err()
}

// Strays are the variables of an environment that begin as ours do, and are neither
// a key of a target file nor one of those that are known besides. Whoever misspells
// one is to hear of it; but an environment is shared, and may have others.
func Strays(environment, known []string) []Problem {
	known = slices.AppendSeq(slices.Clone(known), maps.Keys(environmentNames()))
	slices.Sort(known)
	known = slices.Compact(known)
	var all []Problem
	for _, entry := range slices.Sorted(slices.Values(environment)) {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvironmentPrefix) || value == "" || foreign(name) || slices.Contains(known, name) {
			continue
		}
		all = append(all, Problem{
			File: name, Text: "the environment variable is passed over: it is neither a flag nor a key of a target file", Hint: nearWithout(EnvironmentPrefix, name, known),
		})
	}
	return all
}

// nearWithout is a hint with names that begin with before, as name does, which says
// nothing of how near they are; empty: none is.
func nearWithout(before, name string, known []string) string {
	var bare []string
	for _, k := range known {
		if rest, ok := strings.CutPrefix(k, before); ok {
			bare = append(bare, rest)
		}
	}
	meant := spelling.Near(strings.TrimPrefix(name, before), bare)
	for i := range meant {
		meant[i] = before + meant[i]
	}
	if len(meant) == 0 {
		return ""
	}
	return "did you mean " + spelling.Listed(meant) + "?"
}

// foreign reports whether an environment variable is no key of a target file:
// settings of the program and of its tests, and what Kubernetes sets for a
// service called scopeproof.
func foreign(name string) bool {
	switch strings.TrimPrefix(name, EnvironmentPrefix) {
	case "TARGET", "OUT", "RULES", "SKIP", "FEATURES", "FORMAT", "EXPECT", "STRICT", "PARALLEL", "TIMEOUT", "SEED", "DEFECT", "SET",
		"RATE", "DURATION", "SCREENSHOTS", "SERVICE_HOST":
		return true
	}
	return regexp.MustCompile(`^SCOPEPROOF_((SERVICE_PORT|PORT)(_|$)|(REQUIRE|TEST)_)`).MatchString(name)
}

// nearKeys lists keys that somebody could have meant.
func nearKeys(key string) string {
	all := Keys()
	for _, before := range []string{"capabilities.", "choices."} {
		if strings.HasPrefix(key, before) {
			return cmp.Or(nearWithout(before, key, all), allListed)
		}
	}
	if hint := didYouMean(key, all); hint != "" {
		return hint
	}
	last := key[strings.LastIndexByte(key, '.')+1:]
	var same []string
	for _, k := range all {
		if strings.HasSuffix(k, "."+last) {
			same = append(same, k)
		}
	}
	if len(same) == 0 || len(same) > 5 {
		top := fieldsOf(reflect.TypeFor[Description]())
		same = nil
		for _, f := range top {
			same = append(same, f.name)
		}
		return "keys begin with " + spelling.Listed(same)
	}
	return "did you mean " + spelling.Listed(same) + "?"
}

// Keys are all keys of a target file that can be named in advance, parents
// before what is in them.
func Keys() []string {
	var keys []string
	collectKeys(reflect.TypeFor[Description](), "", &keys)
	return keys
}

func collectKeys(t reflect.Type, path string, keys *[]string) {
	if path != "" {
		*keys = append(*keys, path)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		for _, f := range fieldsOf(t) {
			collectKeys(t.Field(f.index).Type, join(path, f.name), keys)
		}
	case reflect.Map:
		known, _ := knownKeys(path, t)
		for _, key := range known {
			collectKeys(t.Elem(), join(path, key), keys)
		}
	}
}

// environmentNames maps the environment variable of each key to the key.
func environmentNames() map[string]string {
	names := map[string]string{}
	for _, key := range Keys() {
		names[EnvironmentPrefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
	}
	return names
}

// keyPath takes a key apart and returns its steps and its type.
func keyPath(key string) ([]string, reflect.Type, error) {
	var steps []string
	t, rest := reflect.TypeFor[Description](), key
	for rest != "" {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		step, after, _ := strings.Cut(rest, ".")
		switch t.Kind() {
		case reflect.Struct:
			fields := fieldsOf(t)
			at := slices.IndexFunc(fields, func(f field) bool { return f.name == step })
			if at < 0 {
				return nil, nil, fmt.Errorf("got an unknown key, want one of a target file")
			}
			t = t.Field(fields[at].index).Type
		case reflect.Map:
			if t.Elem().Kind() != reflect.Struct && t.Elem().Kind() != reflect.Map {
				step, after = rest, "" // such keys may have dots of their own
			}
			if known, what := knownKeys(strings.Join(steps, "."), t); known != nil && !slices.Contains(known, step) {
				return nil, nil, fmt.Errorf("got an unknown %s, want %s", what, spelling.Wanted(known))
			}
			t = t.Elem()
		default:
			return nil, nil, fmt.Errorf("got a key inside %q, want that key as a whole", strings.Join(steps, "."))
		}
		steps, rest = append(steps, step), after
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("got no key, want one of a target file")
	}
	return steps, t, nil
}

// override puts a value into the tree, or takes a key out of it.
func (r *reader) override(root *yaml.Node, o Override) {
	from := o.From
	if from == "" {
		from = "override " + o.Key
	}
	steps, t, err := keyPath(o.Key)
	if err != nil {
		r.problems.List = append(r.problems.List, Problem{File: from, Text: err.Error(), Hint: nearKeys(o.Key)})
		return
	}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: o.Value}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.String && !o.Remove {
		var doc yaml.Node
		if yaml.Unmarshal([]byte(o.Value), &doc) != nil || len(doc.Content) != 1 || anchored(doc.Content[0]) != nil {
			r.problems.List = append(r.problems.List, Problem{File: from, Text: "got what is not YAML, want a value such as true, 3, [a, b] or {a: b}"})
			return
		}
		value = doc.Content[0]
	}
	r.mark(value, from)
	n := root
	for _, step := range steps[:len(steps)-1] {
		next := child(n, step)
		if next == nil || next.Kind != yaml.MappingNode {
			if o.Remove {
				return
			}
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			r.mark(next, from)
			r.put(n, step, next, from)
		}
		n = next
	}
	last := steps[len(steps)-1]
	if o.Remove {
		value = nil
	}
	r.put(n, last, value, from)
}

func (r *reader) mark(n *yaml.Node, from string) {
	r.origin[n] = from
	for _, c := range n.Content {
		r.mark(c, from)
	}
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// put sets a key of a mapping; a nil value takes it out.
func (r *reader) put(n *yaml.Node, key string, value *yaml.Node, from string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			continue
		}
		if value == nil {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
		n.Content[i+1] = value
		return
	}
	if value != nil {
		name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
		r.mark(name, from)
		n.Content = append(n.Content, name, value)
	}
}
