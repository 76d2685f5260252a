package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const stepsHead = `# Steps

<!-- Made by "make schema" from the steps and the feature files. -->

What ` + "`scopeproof rules --steps --format markdown`" + ` prints: the steps that a feature file may use, how often the rules of
the program do, and the manners that may follow an act. ` + "`<scope>`" + ` is "…" in quotes, or one of the names for scopes that a
target declares, joined by "and". ` + "`<how>`" + ` is any of the manners, joined by commas or "and". How rules are written with
them: [writing rules](rules.md).

`

func TestReferenceOfStepsIsCurrent(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "steps.md")
	var table bytes.Buffer
	if err := (&app{stdout: &table}).steps("markdown", nil); err != nil {
		t.Fatal(err)
	}
	want := stepsHead + table.String()
	if *update {
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
		t.Errorf("docs/steps.md is not what the steps are; \"make schema\" writes it (-want +got):\n%s", diff)
	}
}
