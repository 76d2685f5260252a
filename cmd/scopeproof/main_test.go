package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/target/container"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"scopeproof": main})
}

// TestScripts runs the scripts, which read as documentation of the program. What
// they have beside the commands of testscript:
//
//	exits CODE COMMAND…             runs a command and holds it to its exit code
//	freeport NAME                   sets NAME to a free port
//	waitfor URL                     waits until something answers there
//	upon PATTERN interrupt|stop-servers CODE COMMAND…
//	                                runs a command; when a line of its standard
//	                                error matches, interrupts it, or the servers
//	                                in the background; its output is in the files
//	                                stdout.txt and stderr.txt
//	json FILE                       the file is JSON
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"GORACE", "GOCOVERDIR"} {
				e.Setenv(name, os.Getenv(name))
			}
			strange, err := filepath.Abs(filepath.Join("testdata", "strange"))
			e.Setenv("STRANGE", strange)
			return err
		},
		// [engine]: a container engine answers. [python]: there is a python3.
		Condition: func(name string) (bool, error) {
			switch name {
			case "engine":
				return container.Engine(context.Background()) == nil, nil
			case "python":
				_, err := exec.LookPath("python3")
				if os.Getenv("SCOPEPROOF_REQUIRE_PYTHON") != "" {
					return true, err
				}
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "freeport": freePort, "waitfor": waitFor, "upon": upon, "json": isJSON,
		},
	})
}

// A report has one seed: the one that the run went by is the one in its settings.
func TestTheSettingsHaveTheSeedOfTheRun(t *testing.T) {
	var out, messages bytes.Buffer
	if got := run(t.Context(), []string{"test", "--rules", "REF-01", "--format", "json", "--verbose"}, &out, &messages); got != 0 {
		t.Fatalf("exit code: got %d, want 0: %s", got, messages.String())
	}
	var r conformance.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Settings["seed"], strconv.FormatInt(r.Seed, 10); got != want {
		t.Errorf("seed: got %s, want %s", got, want)
	}
	if r.Settings["verbose"] != "true" {
		t.Errorf("settings: got %v, want verbose among them", r.Settings)
	}
}

func check(ts *testscript.TestScript, err error) {
	if err != nil {
		ts.Fatalf("%v", err)
	}
}

func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	check(ts, err)
	if got := code(ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}

func freePort(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(ts, err)
	defer listener.Close()
	ts.Setenv(args[0], strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}

func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(args[0])
		if err == nil {
			resp.Body.Close()
			return
		}
	}
	ts.Fatalf("nothing answers at %s", args[0])
}

// watcher calls then once, when what was written matches.
type watcher struct {
	mu      sync.Mutex
	text    bytes.Buffer
	pattern *regexp.Regexp
	then    func()
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if w.then != nil && w.pattern.Match(w.text.Bytes()) {
		w.then()
		w.then = nil
	}
	return len(p), nil
}

func upon(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[2])
	check(ts, err)
	cmd := exec.Command(args[3], args[4:]...)
	cmd.Path, err = exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[3]))
	check(ts, err)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("WORK")+"/.tmp", "PORT="+ts.Getenv("PORT"))
	w := &watcher{pattern: regexp.MustCompile("(?m)" + args[0])}
	w.then = func() {
		switch args[1] {
		case "interrupt":
			_ = cmd.Process.Signal(os.Interrupt)
		case "stop-servers":
			for _, server := range ts.BackgroundCmds() {
				_ = server.Process.Signal(os.Interrupt)
			}
		}
	}
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, w
	got := code(cmd.Run())
	check(ts, os.WriteFile(ts.MkAbs("stdout.txt"), stdout.Bytes(), 0o600))
	check(ts, os.WriteFile(ts.MkAbs("stderr.txt"), w.text.Bytes(), 0o600))
	if got != want {
		ts.Fatalf("got exit code %d, want %d\n%s", got, want, w.text.String())
	}
	if w.then != nil {
		ts.Fatalf("nothing matched %q:\n%s", args[0], w.text.String())
	}
}

func isJSON(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	check(ts, json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
}

func TestTheWorstExitCodeWins(t *testing.T) {
	for _, c := range []struct{ a, b, want int }{{0, 0, 0}, {0, 3, 3}, {3, 1, 1}, {1, 2, 2}, {2, 130, 130}} {
		if got := worse(c.a, c.b); got != c.want {
			t.Errorf("worse(%d, %d): got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAPanicIsOneMessageAndInconclusive(t *testing.T) {
	var log bytes.Buffer
	got := run(t.Context(), []string{"test"}, brokenWriter{}, &log)
	if got != exitInconclusive || !strings.Contains(log.String(), "mistake of scopeproof: it broke") || strings.Contains(log.String(), "goroutine") {
		t.Errorf("got exit code %d and %q, want %d and one message without a stack", got, log.String(), exitInconclusive)
	}
}

// brokenWriter panics when the result is written.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { panic("it broke") }
