package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/report"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// held plays the rules that a defect breaks, and hands the script out while the
// target is up.
func held(t *testing.T, id string, try func(*conformance.Report, *holder)) {
	t.Helper()
	d, ok := defect.Find(id)
	if !ok {
		t.Fatalf("no defect %s", id)
	}
	o := conformance.Options{Rules: d.Breaks[:1], Seed: 1}
	o.Hold = func(ctx context.Context, r *conformance.Report, held *conformance.Held) error {
		h, err := newHolder(r, held)
		if err != nil {
			return err
		}
		defer os.RemoveAll(h.dir)
		ctx, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- h.serve(ctx) }()
		try(r, h)
		stop()
		return <-served
	}
	if _, err := conformance.Run(t.Context(), embedded.Reference(embedded.Defect(id)), conformance.With(o)); err != nil {
		t.Fatal(err)
	}
}

// inShell runs a script and returns its lines.
func inShell(t *testing.T, shell, script string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell)
	cmd.Stdin = strings.NewReader(script)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", shell, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

var inCommand = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)`)

func TestACommandOfTheReportRepeatsWhatItShows(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays rules")
	}
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash in PATH")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl in PATH")
	}
	for _, id := range strings.Fields(os.Getenv("HOLD_TRY")) {
		t.Run(id, func(t *testing.T) {
			held(t, id, func(r *conformance.Report, h *holder) {
				script, want := ". "+h.file()+"\nexec 2>&1\n", map[string]string{}
				for _, v := range r.Rules {
					for n, s := range v.Scenarios {
						spent := report.Spent(s.Exchanges, r.Target.Issuer)
						for _, e := range s.Exchanges {
							at := exchangeID(v.ID, n+1, e.Number)
							command := report.Curl(e, r.Target.Issuer).Text
							for _, name := range inCommand.FindAllStringSubmatch(command, -1) {
								script += fmt.Sprintf("( use %s 2>/dev/null; [ \"${%s+set}\" ] || echo \"%s has no %s\" )\n", at, name[1], at, name[1])
							}
							shown := report.Divergence(s) == e.Number
							if shown {
								script += fmt.Sprintf("echo %s fresh $(again %s 2>/dev/null | sed -n '1s/^[^ ]* \\([0-9]*\\).*/\\1/p')\n", at, at)
								want[at+" fresh"] = fmt.Sprint(e.Status)
							}
							if len(spent[e.Number]) == 0 {
								script += fmt.Sprintf("( use %s; %s -o /dev/null -w '%s again %%{http_code}\\n' )\n", at, command, at)
								want[at+" again"] = fmt.Sprint(e.Status)
							}
						}
					}
				}
				for _, line := range inShell(t, shell, script) {
					i := strings.LastIndex(line, " ")
					if i < 0 || want[line[:max(i, 0)]] != line[i+1:] {
						t.Errorf("got %q, want status %s", line, want[line[:max(i, 0)]])
					}
					delete(want, line[:max(i, 0)])
				}
				if len(want) > 0 {
					t.Errorf("not answered: %v", want)
				}
			})
		})
	}
	_ = slices.Contains[[]string]
}
