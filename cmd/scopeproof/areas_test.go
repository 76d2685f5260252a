package main

import (
	commandline "flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
)

var update = commandline.Bool("update", false, "write the table of areas in the README anew")

func TestTheAreasInTheReadmeAreThoseOfTheRules(t *testing.T) {
	const start, end = "<!-- areas: made by \"make schema\" from the feature files -->\n", "<!-- end of areas -->\n"
	file := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(readme), start)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("README.md: got no block between %q and %q", start, end)
	}
	catalogue, err := conformance.Load()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	areasMarkdown(&want, conformance.Areas(catalogue.Rules))
	switch {
	case got == want.String():
	case *update:
		if err := os.WriteFile(file, []byte(before+start+want.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("README.md: got the table of areas\n%s\nwant\n%s\n    hint: \"make schema\" writes it", got, want.String())
	}
}
