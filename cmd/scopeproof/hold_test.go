package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
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
	for _, id := range []string{"refresh-compares-with-request", "pushed-request-replayed"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			held(t, id, func(r *conformance.Report, h *holder) {
				for _, bad := range []string{"REF-99.1.1", "REF-05.99.1", "REF-05.1.999", "REF-05", "REF-05.x.1"} {
					if got, err := h.again(t.Context(), bad); err == nil {
						t.Errorf("again %s: got %q, want an error", bad, got)
					}
				}
				script, want := allCommands(r)
				for _, line := range inShell(t, shell, ". "+h.file()+"\n"+script) {
					i := max(strings.LastIndex(line, " "), 0)
					if want[line[:i]] != strings.TrimSpace(line[i:]) {
						t.Errorf("got %q, want status %s", line, want[line[:i]])
					}
					delete(want, line[:i])
				}
				if len(want) > 0 {
					t.Errorf("nothing came of %v", want)
				}
			})
		})
	}
}

// allCommands runs each command of a report that is said to repeat, and makes
// anew the request that shows what each scenario did not hold in; want has the
// status of each. A variable that is not set is a line as well.
func allCommands(r *conformance.Report) (script string, want map[string]string) {
	want = map[string]string{}
	for _, v := range r.Rules {
		for n, s := range v.Scenarios {
			spent := report.Spent(s.Exchanges, r.Target.Issuer)
			for _, e := range s.Exchanges {
				id, command := exchangeID(v.ID, n+1, e.Number), report.Curl(e, r.Target.Issuer)
				for _, name := range inCommand.FindAllStringSubmatch(command.Text, -1) {
					script += fmt.Sprintf("( use %s 2>/dev/null; [ \"${%s+set}\" ] || echo \"%s has no %s\" )\n", id, name[1], id, name[1])
				}
				if report.Divergence(s) == e.Number {
					script += fmt.Sprintf("echo %s again $(again %s 2>/dev/null | sed -n '1s/^[^ ]* \\([0-9]*\\).*/\\1/p')\n", id, id)
					want[id+" again"] = fmt.Sprint(e.Status)
				}
				if len(spent[e.Number]) == 0 {
					script += fmt.Sprintf("( use %s; %s -o /dev/null -w '%s as it was %%{http_code}\n' )\n", id, command.Text, id)
					want[id+" as it was"] = fmt.Sprint(e.Status)
				}
			}
		}
	}
	return script, want
}
