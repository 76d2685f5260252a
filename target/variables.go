package target

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
)

// UnknownVariable says that a ${…} stands for nothing.
type UnknownVariable struct {
	Name  string
	Known []string // sorted; without those of the environment
}

func (e *UnknownVariable) Error() string {
	if name, ok := strings.CutPrefix(e.Name, "env."); ok {
		return fmt.Sprintf("got ${%s}, want the environment variable %s to be set", e.Name, name)
	}
	text := fmt.Sprintf("got the unknown variable ${%s}, want one of %s", e.Name, variableList(e.Known))
	if near := spelling.Nearest(e.Name, e.Known); near != "" {
		text += fmt.Sprintf("\n    hint: did you mean ${%s}?", near)
	}
	return text
}

func variableList(names []string) string {
	written := make([]string, 0, len(names)+1)
	for _, name := range names {
		written = append(written, "${"+name+"}")
	}
	return strings.Join(append(written, "${env.NAME}"), ", ")
}

// Expand replaces each ${NAME} in a text by the variable's value: one of extra,
// one of the target's, or, as ${env.NAME}, an environment variable, of which an
// empty one counts as unset. "$${" stands for "${". An unknown name is
// *[UnknownVariable].
func (t *Target) Expand(text string, extra map[string]string) (string, error) {
	return expand(text, lookup(extra, t.Variables))
}

// lookup returns a function that finds variables, earlier sets first.
func lookup(sets ...map[string]string) func(name string) (string, error) {
	return func(name string) (string, error) {
		for _, set := range sets {
			if value, ok := set[name]; ok {
				return value, nil
			}
		}
		if key, ok := strings.CutPrefix(name, "env."); ok {
			if value := os.Getenv(key); value != "" {
				return value, nil
			}
		}
		all := map[string]bool{}
		for _, set := range sets {
			for known := range set {
				all[known] = true
			}
		}
		return "", &UnknownVariable{Name: name, Known: slices.Sorted(maps.Keys(all))}
	}
}

// environment finds environment variables; all others are somebody else's to find.
func environment(name string) (string, error) {
	if !strings.HasPrefix(name, "env.") {
		return "", nil
	}
	return lookup()(name)
}

// segment is a stretch of text, or a variable.
type segment struct {
	text     string // literal text, or the variable's name
	variable bool
}

// segments takes a text apart.
func segments(text string) ([]segment, error) {
	var all []segment
	literal := ""
	for text != "" {
		at := strings.Index(text, "${")
		switch {
		case at < 0:
			literal, text = literal+text, ""
			continue
		case at > 0 && text[at-1] == '$':
			literal, text = literal+text[:at-1]+"${", text[at+2:]
			continue
		}
		end := strings.IndexByte(text[at:], '}')
		if end < 0 {
			return nil, fmt.Errorf(`got "${" without "}", want ${NAME}, or "$${" for the characters themselves`)
		}
		all = append(all, segment{text: literal + text[:at]}, segment{text: text[at+2 : at+end], variable: true})
		literal, text = "", text[at+end+1:]
	}
	return append(all, segment{text: literal}), nil
}

func expand(text string, value func(name string) (string, error)) (string, error) {
	parts, err := segments(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range parts {
		if !part.variable {
			b.WriteString(part.text)
			continue
		}
		v, err := value(part.text)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// WithVariables returns a copy in which every ${…} is replaced, except in calls,
// operations and pages of driver api, which are replaced when they are performed. What stands for
// nothing, also environment variables in those, is reported as *[Problems], all at once.
func (d *Description) WithVariables(variables map[string]string) (*Description, error) {
	w := &walker{positions: d.Positions, value: lookup(variables), sets: d.Clients.Sets > 0}
	if w.positions == nil {
		w.positions = &Positions{file: "description"}
		if d.File != "" {
			w.positions.file = d.File
		}
	}
	made := w.copy(reflect.ValueOf(d).Elem(), "")
	if err := w.problems.err(); err != nil {
		return nil, err
	}
	copied := made.Interface().(Description)
	return &copied, nil
}

// walker copies a description and expands its strings.
type walker struct {
	positions *Positions
	value     func(name string) (string, error)
	sets      bool // of clients: which one, nobody knows yet
	later     bool // this is what is replaced when it is performed
	problems  Problems
}

// setVariable is the number of a set of static clients.
const setVariable = "${set}"

// InSet is a client of the target file as it is in one of the sets of clients, the
// first of which is 1.
func (c Clients) InSet(name string, set int) ClientDescription {
	actor := c.Actors[name]
	number := strings.NewReplacer(setVariable, strconv.Itoa(set))
	actor.ID, actor.Secret = number.Replace(actor.ID), number.Replace(actor.Secret)
	return actor
}

// at finds a variable of the text at path.
func (w *walker) at(path string) func(name string) (string, error) {
	if !w.sets || !strings.HasPrefix(path, "clients.actors.") {
		return w.value
	}
	return func(name string) (string, error) {
		if name == "set" {
			return setVariable, nil
		}
		return w.value(name)
	}
}

func (w *walker) copy(v reflect.Value, path string) reflect.Value {
	made := reflect.New(v.Type()).Elem()
	made.Set(v)
	switch v.Kind() {
	case reflect.String:
		text, err := expand(v.String(), w.at(path))
		if err != nil {
			w.problems.List = append(w.problems.List, w.positions.problemAt(w.positions.node(path), path, "", err.Error()))
		}
		made.SetString(text)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			break
		}
		inner := w.copy(v.Elem(), path)
		if v.Kind() == reflect.Pointer {
			made.Set(reflect.New(v.Type().Elem()))
			made.Elem().Set(inner)
		} else {
			made.Set(inner)
		}
	case reflect.Struct:
		switch v.Type() {
		case reflect.TypeFor[Call](), reflect.TypeFor[Operation](), reflect.TypeFor[FurtherOperation](), reflect.TypeFor[APIPage]():
			if w.later {
				break
			}
			later := &walker{positions: w.positions, value: environment, later: true}
			later.copy(v, path)
			w.problems.List = append(w.problems.List, later.problems.List...)
			return made
		}
		for _, f := range fieldsOf(v.Type()) {
			made.Field(f.index).Set(w.copy(v.Field(f.index), join(path, f.name)))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		made.Set(reflect.MakeMap(v.Type()))
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			made.SetMapIndex(key, w.copy(v.MapIndex(key), join(path, key.String())))
		}
	case reflect.Slice:
		if v.IsNil() {
			break
		}
		made.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			made.Index(i).Set(w.copy(v.Index(i), fmt.Sprintf("%s[%d]", path, i)))
		}
	}
	return made
}
