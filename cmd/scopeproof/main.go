// Command scopeproof proves that an authorization server and the APIs behind it
// grant exactly the scopes that were asked for, consented to and allowed.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal finds its default again, which ends the program at once.
	context.AfterFunc(ctx, stop)
	log.SetOutput(io.Discard) // net/http logs what a server sends unasked, tokens and all
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; what it returns is the exit code. When ctx ends, it winds
// down and writes reports of what there is.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	a := &app{stdout: stdout, stderr: stderr, environment: os.Environ()}
	defer func() {
		if reason := recover(); reason != nil {
			a.say("this is a mistake of scopeproof: %v\n    hint: please report it, with the command, at https://github.com/scopeproof/scopeproof/issues", reason)
			code = exitInconclusive
		}
	}()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.end(ctx, root.ExecuteContext(ctx))
}

// collectLess has garbage collected less often, unless GOGC says how often. Rules
// are played in seconds and leave little behind, and a tenth of the time would go
// into looking for it. What that may cost in memory is bounded.
func (*app) collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(800)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(1 << 30)
	}
}

// app is one run of the program.
type app struct {
	stdout, stderr io.Writer
	environment    []string // "NAME=value"
	code           int      // what a command that did its work came to
	wrong          wrongs   // with the values of flags
}

// printf writes to standard output.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// say writes a message to standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.stderr, "scopeproof: %s\n", harmless(fmt.Sprintf(format, args...)))
}

// version is the version of the program: that of the module, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel " + s.Value[:12]
		}
	}
	return "devel"
}
