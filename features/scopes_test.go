package features_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
)

var targetFlag = flag.String("target", "", "target file, or bundled target, to run the rules against; default: $SCOPEPROOF_TARGET, or else the embedded reference")

// TestScopes runs every rule against the chosen target. A bundled target brings
// its known deviations; SCOPEPROOF_EXPECT names a file with others, and
// SCOPEPROOF_OUT a folder for reports.
func TestScopes(t *testing.T) {
	name := *targetFlag
	if name == "" {
		name = os.Getenv("SCOPEPROOF_TARGET")
	}
	root := moduleRoot(t)
	name = resolve(root, name)
	d, err := bringup.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	options := []conformance.Option{conformance.Expect(known(t, root, d)...)}
	if dir := os.Getenv("SCOPEPROOF_OUT"); dir != "" {
		options = append(options, report.Dir(from(root, dir)))
	}
	conformance.Test(t, bringup.Named(name), options...)
}

// moduleRoot is the folder of go.mod: go test runs in the package's own, where
// nobody who types a relative path is.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no folder above this one has a go.mod")
		}
		dir = parent
	}
}

// resolve leaves the names of bundled targets alone, and sees relative paths
// from the root.
func resolve(root, name string) string {
	if name == "" || slices.Contains(target.Bundled(), name) || !strings.ContainsAny(name, `/\.`) {
		return name
	}
	return from(root, name)
}

func from(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// known reads the known deviations of a target.
func known(t *testing.T, root string, d *target.Description) []conformance.Expectation {
	t.Helper()
	var file string
	var text []byte
	var err error
	switch named := os.Getenv("SCOPEPROOF_EXPECT"); {
	case named == "none", named == "" && d.Bundle == "":
		return nil
	case named != "":
		file = named
		text, err = os.ReadFile(from(root, named))
	default:
		file = d.Bundle + "/expect.yaml"
		text, err = target.BundledFile(file)
	}
	if named := os.Getenv("SCOPEPROOF_EXPECT"); named == "" && errors.Is(err, fs.ErrNotExist) {
		return nil // a bundled target without known deviations
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := conformance.ReadExpect(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRelativeTargetsAreSeenFromTheRoot(t *testing.T) {
	root := moduleRoot(t)
	for _, c := range []struct{ name, want string }{
		{"", ""},
		{"hydra", "hydra"},
		{"no-such", "no-such"},
		{"mine.yaml", filepath.Join(root, "mine.yaml")},
		{"targets/mine.yaml", filepath.Join(root, "targets", "mine.yaml")},
		{filepath.Join(root, "mine.yaml"), filepath.Join(root, "mine.yaml")},
	} {
		if got := resolve(root, c.name); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}
