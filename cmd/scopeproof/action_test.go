package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// action is the part of action.yml that a runner reads.
type action struct {
	Inputs map[string]struct {
		Description, Default string
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Name, Uses, Shell, Run string
			Env                        map[string]string
		}
	}
}

var input = regexp.MustCompile(`\$\{\{ inputs\.([a-z]+) \}\}`)

// TestTheActionDoesWhatARunnerWouldHaveItDo runs the last step of action.yml.
func TestTheActionDoesWhatARunnerWouldHaveItDo(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays rules")
	}
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	for name, in := range a.Inputs {
		if in.Description == "" || !strings.Contains(string(text), "${{ inputs."+name+" }}") {
			t.Errorf("the input %s is not described, or not used", name)
		}
	}
	step := a.Runs.Steps[len(a.Runs.Steps)-1]
	if a.Runs.Using != "composite" || step.Shell != "bash" || !strings.Contains(a.Outputs["code"].Value, "steps."+step.ID+".outputs.code") {
		t.Fatalf("got %+v, want a composite action whose last step runs the rules in bash", a.Runs)
	}
	for _, c := range []struct {
		name   string
		inputs map[string]string
		code   string
		log    string
		files  bool
	}{
		{"conforms", map[string]string{"rules": "REF-03"}, "0", "conforms to 1 applicable rule", true},
		{"a strict run of a weak rule", map[string]string{"rules": "RSC-02", "strict": "true", "verbose": "true"}, "0", "::stop-commands::", true},
		{"a call that is wrong", map[string]string{"rules": "NOSUCH-*"}, "2", `no rule matches "NOSUCH-*"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(dir, "scopeproof")); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
			cmd.Dir = dir
			cmd.Env = []string{
				"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "RUNNER_TEMP=" + dir, "GITHUB_ACTIONS=true",
				"GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"),
			}
			for name, value := range step.Env {
				cmd.Env = append(cmd.Env, name+"="+input.ReplaceAllStringFunc(value, func(m string) string {
					name := input.FindStringSubmatch(m)[1]
					if given, ok := c.inputs[name]; ok {
						return given
					}
					return a.Inputs[name].Default
				}))
			}
			log, err := cmd.CombinedOutput()
			if got := code(err); got != int(c.code[0]-'0') || !strings.Contains(string(log), c.log) {
				t.Errorf("got exit code %d, want %s, and %q in\n%s", got, c.code, c.log, log)
			}
			if out, _ := os.ReadFile(filepath.Join(dir, "output")); string(out) != "code="+c.code+"\n" {
				t.Errorf("got the output %q, want code=%s", out, c.code)
			}
			for _, name := range []string{"summary", "scope-report/report.json", "scope-report/report.html", "scope-report/junit.xml", "scope-report/report.sarif", "scope-report/badge.svg"} {
				if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != c.files {
					t.Errorf("%s: got %v, want that it is there: %t", name, err, c.files)
				}
			}
		})
	}
}
