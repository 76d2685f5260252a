package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// File is a report.json or a load.json that was read, or both of one folder; what
// there is none of is nil.
type File struct {
	Name  string
	Rules *conformance.Report
	Load  *loadtest.Report
}

// kinds says which reports there are.
func (f File) kinds() string {
	switch {
	case f.Rules != nil && f.Load != nil:
		return "a report.json and a load.json"
	case f.Load != nil:
		return "a load.json"
	}
	return "a report.json"
}

// Read reads a report.json or a load.json of this version of the formats. Name is
// for messages.
func Read(name string, data []byte) (File, error) {
	f := File{Name: name}
	var head struct{ Schema string }
	err := json.Unmarshal(data, &head)
	var typed *json.UnmarshalTypeError
	switch {
	case err != nil && !errors.As(err, &typed):
		return f, fmt.Errorf("%s: got what is not JSON: %w", name, err)
	case head.Schema == conformance.Schema:
		f.Rules = &conformance.Report{}
		err = json.Unmarshal(data, f.Rules)
	case head.Schema == loadtest.Schema:
		f.Load = &loadtest.Report{}
		err = json.Unmarshal(data, f.Load)
	default:
		return f, fmt.Errorf("%s: got the schema %q, want a report.json with %q or a load.json with %q", name, head.Schema, conformance.Schema, loadtest.Schema)
	}
	if errors.As(err, &typed) {
		return f, fmt.Errorf("%s: %s: got %s, want what the schema has there", name, typed.Field, typed.Value)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	if f.Rules != nil {
		return f, f.check()
	}
	return f, nil
}

// check names every rule of a report whose id or outcome is none.
func (f File) check() error {
	var problems []error
	seen := map[string]bool{}
	for i, v := range f.Rules.Rules {
		if v.ID == "" || seen[v.ID] {
			problems = append(problems, fmt.Errorf("%s: rules[%d].id: got %q, want an id that no other rule has", f.Name, i, v.ID))
		}
		seen[v.ID] = true
		if !slices.Contains(outcomes(), v.Outcome) {
			problems = append(problems, fmt.Errorf("%s: rules[%d].outcome: got %q, want one of %q", f.Name, i, v.Outcome, outcomes()))
		}
	}
	return errors.Join(problems...)
}
