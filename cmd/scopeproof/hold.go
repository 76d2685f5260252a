package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/report"
)

// holder keeps a target up after a run, with a script that makes the commands of
// report.html run: "use" sets the variables of a command as they were, "again"
// asks this process to play up to the request anew, and sends that.
type holder struct {
	held     *conformance.Held
	report   *conformance.Report
	secrets  conformance.Secrets
	dir      string // only the user can read what is in it
	listener net.Listener

	mu sync.Mutex // one scenario is played at a time
}

// hold waits for the interruption.
func (a *app) hold(ctx context.Context, r *conformance.Report, held *conformance.Held) error {
	h, err := newHolder(r, held)
	if err != nil {
		return fmt.Errorf("the target is held: %w", err)
	}
	defer os.RemoveAll(h.dir)
	a.say("%s is held at %s until Ctrl-C\n    in another terminal, to send a request of report.html anew:  . %s; again %s",
		r.Target.Name, r.Target.Issuer, word(h.file()), firstShown(r))
	return h.serve(ctx)
}

// newHolder writes the script and listens for who runs it.
func newHolder(r *conformance.Report, held *conformance.Held) (h *holder, err error) {
	h = &holder{held: held, report: r, secrets: held.Secrets()}
	if h.dir, err = os.MkdirTemp("", "scopeproof-hold-"); err != nil { // mode 0700
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(h.dir))
		}
	}()
	if h.listener, err = net.Listen("unix", h.socket()); err != nil {
		return nil, err
	}
	return h, os.WriteFile(h.file(), []byte(h.script()), 0o600)
}

func (h *holder) file() string { return filepath.Join(h.dir, "values.sh") }

func (h *holder) socket() string { return filepath.Join(h.dir, "socket") }

// serve answers the script until the context ends.
func (h *holder) serve(ctx context.Context) error {
	server := &http.Server{Handler: h.routes(ctx)}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(h.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the target is held: %w", err)
	}
	return nil
}

// firstShown is the exchange that shows the worst of what did not hold.
func firstShown(r *conformance.Report) string {
	for _, outcome := range []conformance.Outcome{conformance.Violates, conformance.Deviates, conformance.Known, conformance.Inconclusive} {
		for _, v := range r.Rules {
			for n, s := range v.Scenarios {
				if at := report.Divergence(s); v.Outcome == outcome && s.Outcome == outcome && s.ChargedFrom == "" && at > 0 {
					return exchangeID(v.ID, n+1, at)
				}
			}
		}
	}
	return "RULE.SCENARIO.EXCHANGE"
}

// exchangeID is the name of an exchange, as report.html has it.
func exchangeID(rule string, scenario, exchange int) string {
	return fmt.Sprintf("%s.%d.%d", rule, scenario, exchange)
}

// script defines ISSUER, and the functions use and again.
func (h *holder) script() string {
	var cases, names strings.Builder
	for _, v := range h.report.Rules {
		for n, s := range v.Scenarios {
			spent := report.Spent(s.Exchanges, h.report.Target.Issuer)
			for _, e := range s.Exchanges {
				id := exchangeID(v.ID, n+1, e.Number)
				words, _ := report.Curl(e, h.report.Target.Issuer).Assignments(h.secrets)
				set := export(words)
				if list := strings.Join(spent[e.Number], ", "); list != "" {
					set += "; echo " + shell("# good once, and spent: "+list+"; anew: again "+id) + " >&2"
				}
				fmt.Fprintf(&names, "  echo %s\n", shell(id+"  "+e.Actor+" "+e.Purpose))
				fmt.Fprintf(&cases, "%s) %s ;;\n", id, set)
			}
		}
	}
	return fmt.Sprintf(`# The values behind the commands of report.html. Secret: this file goes with the target.
# Usage:  . FILE
#         again RULE.SCENARIO.EXCHANGE   plays the scenario anew up to that request, and sends it
#         use RULE.SCENARIO.EXCHANGE     sets the variables of that command as they were when it was sent
# Either alone lists what there is.
export ISSUER=%s
use() { case "$1" in
%s*)
%s  ;;
esac; }
again() { case "$1" in
*.*.*) eval "$(curl -sS --unix-socket %s "http://scopeproof/again/$1" || echo "echo scopeproof: nothing is held any more >&2; false")" ;;
*) use ;;
esac; }
`, shell(h.report.Target.Issuer), cases.String(), names.String(), shell(h.socket()))
}

// export is a shell command that sets variables.
func export(words []string) string {
	if len(words) == 0 {
		return ":"
	}
	return "export " + strings.Join(words, " ")
}

func (h *holder) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /again/{id}", func(w http.ResponseWriter, r *http.Request) {
		script, err := h.again(ctx, r.PathValue("id"))
		if err != nil {
			script = fmt.Sprintf("printf '%%s\\n' %s >&2; false\n", shell("scopeproof: "+err.Error()))
		}
		_, _ = w.Write([]byte(script))
	})
	return mux
}

// again is a script that sets the variables of a request anew, shows the command,
// and runs it.
func (h *holder) again(ctx context.Context, id string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rule, scenario, exchange, ok := splitID(id)
	if !ok {
		return "", fmt.Errorf("got %q, want RULE.SCENARIO.EXCHANGE; \"use\" lists what there is", id)
	}
	e, secrets, err := h.held.Again(ctx, rule, scenario, exchange)
	if err != nil {
		return "", fmt.Errorf("%s cannot be sent again: %w", id, err)
	}
	command := report.Curl(e, h.report.Target.Issuer)
	words, missing := command.Assignments(secrets)
	if len(missing) > 0 {
		return "", fmt.Errorf("%s cannot be sent again: there is no value for %s", id, strings.Join(missing, ", "))
	}
	was := h.status(rule, scenario, exchange)
	return fmt.Sprintf("%s\nprintf '%%s\\n' %s >&2\n%s\necho; echo %s >&2\n", export(words), shell(command.Text), command.Text, shell("# in the run: "+was)), nil
}

// status is how an exchange of the report was answered.
func (h *holder) status(rule string, scenario, exchange int) string {
	for _, v := range h.report.Rules {
		if v.ID != rule {
			continue
		}
		for _, e := range v.Scenarios[scenario-1].Exchanges {
			if e.Number == exchange {
				return answered(e)
			}
		}
	}
	return "no answer"
}

func answered(e oauth.Exchange) string {
	if e.Status == 0 {
		return "no answer"
	}
	return fmt.Sprintf("HTTP %d", e.Status)
}

// splitID parts the name of an exchange.
func splitID(id string) (rule string, scenario, exchange int, ok bool) {
	parts := strings.Split(id, ".")
	if len(parts) != 3 {
		return "", 0, 0, false
	}
	scenario, err1 := strconv.Atoi(parts[1])
	exchange, err2 := strconv.Atoi(parts[2])
	return parts[0], scenario, exchange, errors.Join(err1, err2) == nil
}

// word is a path as a word of a shell, quoted where it has to be.
func word(path string) string {
	if strings.Trim(path, "/._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return path
	}
	return shell(path)
}

// shell quotes text for a shell.
func shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
