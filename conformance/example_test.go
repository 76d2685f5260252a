package conformance_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rules run in a module of a user: testdata/example, compiled as it would be
// there, without a network.
func TestAnotherModuleAdoptsTheRulesInOneLine(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles another module")
	}
	binary := example(t, "")
	t.Run("one rule", func(t *testing.T) {
		got := binary(t, 0, "TestScopes/REF-03")
		if !slices.Contains(got.passed, "TestScopes/REF-03") || len(got.failed) > 0 {
			t.Errorf("got passed %v and failed %v, want REF-03 passed", got.passed, got.failed)
		}
		beneath := 0
		for _, name := range got.passed {
			if !strings.HasPrefix("TestScopes/REF-03", name) && !strings.HasPrefix(name, "TestScopes/REF-03/") {
				t.Errorf("got %s, want nothing but REF-03", name)
			}
			if strings.HasPrefix(name, "TestScopes/REF-03/") {
				beneath++
			}
		}
		if beneath < 2 {
			t.Errorf("got %v, want the scenarios beneath the rule", got.passed)
		}
	})
	t.Run("every rule", func(t *testing.T) {
		got := binary(t, 0, "TestScopes")
		rules := 0
		for _, name := range got.passed {
			if strings.Count(name, "/") == 1 {
				rules++
			}
		}
		if rules < 100 || len(got.failed) > 0 {
			t.Errorf("got %d rules passed and failed %v, want all of them", rules, got.failed)
		}
		for name, why := range got.skipped {
			if !strings.Contains(why, "does not apply: needs ") {
				t.Errorf("%s: got skipped with %q, want the reason", name, why)
			}
		}
	})
	t.Run("a rule that does not apply is a skip", func(t *testing.T) {
		got := example(t, "capabilities: {as.refresh: false}\n")(t, 0, "TestScopes/REF-03")
		if why := got.skipped["TestScopes/REF-03"]; !strings.Contains(why, "REF-03 does not apply: needs as.refresh; as.refresh is false (declared") {
			t.Errorf("got %+v, want REF-03 skipped with the reason", got)
		}
	})
	t.Run("a rule that is broken fails", func(t *testing.T) {
		got := example(t, "embedded: {defect: refresh-copies-request}\n")(t, 1, "TestScopes/REF-03")
		if !slices.Contains(got.failed, "TestScopes/REF-03") || !strings.Contains(got.output, "REF-03 violates: ") {
			t.Errorf("got failed %v, want REF-03 with its message", got.failed)
		}
	})
}

// played is what go test said.
type played struct {
	passed, failed []string
	skipped        map[string]string // why, by name
	output         string
}

// example is the module, with a target file of that text in place of its own if
// there is one.
func example(t *testing.T, text string) func(t *testing.T, code int, run string) played {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "example"))); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "go.mod"), "../../..", filepath.ToSlash(root))
	locked(t, root, dir)
	if text != "" {
		write(t, filepath.Join(dir, "target.yaml"), "name: orders\n"+embed(text))
	}
	return func(t *testing.T, code int, run string) played {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-run", run, ".")
		cmd.Dir = dir
		// What a shell has set for another run must not reach this one.
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SCOPEPROOF_") }),
			"GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
		var problems bytes.Buffer
		cmd.Stderr = &problems
		out, err := cmd.Output()
		var ended *exec.ExitError
		if got := cmd.ProcessState.ExitCode(); got != code || (err != nil && !errors.As(err, &ended)) {
			t.Fatalf("go test -run %s: got exit code %d, %v, want %d:\n%s%s", run, got, err, code, out, problems.Bytes())
		}
		return read(t, out)
	}
}

// locked gives the module the versions and the sums that this module has, so
// that nothing is looked up.
func locked(t *testing.T, root, dir string) {
	t.Helper()
	for _, name := range []string{"go.mod", "go.sum"} {
		ours, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.sum" {
			write(t, filepath.Join(dir, name), string(ours))
			continue
		}
		theirs, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Join(regexp.MustCompile(`(?ms)^require \(.*?^\)$`).FindAllString(string(ours), -1), "\n")
		write(t, filepath.Join(dir, name), string(theirs)+"\n"+blocks+"\n")
	}
}

func embed(text string) string {
	if strings.Contains(text, "embedded:") {
		return text
	}
	return "embedded: {}\n" + text
}

func read(t *testing.T, out []byte) played {
	t.Helper()
	got := played{skipped: map[string]string{}}
	said := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		switch e.Action {
		case "output":
			said[e.Test] += e.Output
			got.output += e.Output
		case "skip":
			got.skipped[e.Test] = said[e.Test]
		case "pass":
			if e.Test != "" {
				got.passed = append(got.passed, e.Test)
			}
		case "fail":
			if e.Test != "" {
				got.failed = append(got.failed, e.Test)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return got
}

func replace(t *testing.T, file, old, new string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, new, 1)
	if changed == string(text) {
		t.Fatalf("%s: got no %s, want it to be replaced", file, old)
	}
	write(t, file, changed)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
