package main

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
)

// TestDocumentsRun runs the commands of the README, of CONTRIBUTING and of docs/,
// each document in a folder of its own, from its beginning. Blocks of sh are run
// by bash, which stops at the first command that fails; in blocks of console the
// lines that begin with "$ " are run, and the others have to be in the output, in
// that order ("…" is anything). A block whose first line is a comment that names a
// file is that file, and in YAML a target file. A comment before a block says what
// else there is to know:
//
//	<!-- run: skip, REASON -->         it cannot be run here
//	<!-- run: exit 1 -->               its exit code; "0 or 3": one of these
//	<!-- run: with OLD => NEW -->      what is put in the place of a text
//	<!-- run: first COMMAND -->        what is run before
//
// Several are separated by "; ". The issuer https://login.example is a reference
// server; $REPOSITORY is the folder of go.mod.
func TestDocumentsRun(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	server, err := refserver.Start(t.Context(), refserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	for _, file := range documents(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			blocks := blocksOf(t, file)
			if len(blocks) == 0 {
				t.Skip("it has no blocks")
			}
			w := world{folder: t.TempDir(), issuer: server.Issuer()}
			for _, b := range blocks {
				if t.Failed() {
					return // what follows may need what failed
				}
				w.do(t, b)
			}
		})
	}
}

// documents are the files that are checked.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("docs: got %d documents (%v)", len(files), err)
	}
	return append(files, "../../README.md", "../../CONTRIBUTING.md")
}

// block is a fenced block of a document.
type block struct {
	at       string // "README.md:12"
	language string
	lines    []string
	skip     string
	exits    []string
	with     [][2]string
	first    []string
}

var (
	fence     = regexp.MustCompile("^ *```(.*)$")
	directive = regexp.MustCompile(`^ *<!-- run: (.*) -->$`)
	fileName  = regexp.MustCompile(`^(?:#|//) ([\w./-]+\.\w+)$`)
)

func blocksOf(t *testing.T, file string) []block {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	var open *block
	said := ""
	for i, line := range strings.Split(string(data), "\n") {
		at := fmt.Sprintf("%s:%d", filepath.Base(file), i+1)
		m := fence.FindStringSubmatch(line)
		switch {
		case open != nil && m != nil:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.lines = append(open.lines, line)
		case m != nil:
			open = &block{at: at, language: m[1]}
			open.read(t, said)
			said = ""
		case directive.MatchString(line):
			said = directive.FindStringSubmatch(line)[1]
		case said != "" && strings.TrimSpace(line) != "":
			t.Fatalf("%s: got no block after a comment for one", at)
		}
	}
	return blocks
}

// read reads the comment before the block.
func (b *block) read(t *testing.T, text string) {
	t.Helper()
	b.exits = []string{"0"}
	if reason, found := strings.CutPrefix(text, "skip, "); found {
		b.skip, text = reason, ""
	}
	for _, part := range strings.Split(text, "; ") {
		word, rest, _ := strings.Cut(part, " ")
		switch word {
		case "":
		case "exit":
			b.exits = strings.Split(rest, " or ")
		case "first":
			b.first = append(b.first, rest)
		case "with":
			before, after, found := strings.Cut(rest, " => ")
			if !found {
				t.Fatalf("%s: got %q, want OLD => NEW", b.at, rest)
			}
			b.with = append(b.with, [2]string{before, after})
		default:
			t.Fatalf("%s: got %q, want skip, exit, with or first", b.at, part)
		}
	}
}

// world is where the commands of a document run.
type world struct{ folder, issuer string }

func (w world) do(t *testing.T, b block) {
	t.Helper()
	text := strings.Join(b.lines, "\n") + "\n"
	for _, with := range b.with {
		if !strings.Contains(text, with[0]) {
			t.Fatalf("%s: got no %q to put something in the place of", b.at, with[0])
		}
		text = strings.ReplaceAll(text, with[0], with[1])
	}
	text = strings.ReplaceAll(text, "https://login.example", w.issuer)
	text = strings.ReplaceAll(text, "go run ./cmd/scopeproof ", "scopeproof ")
	switch b.language {
	case "sh", "console":
		for _, command := range commands(text) {
			if err := known(command); err != nil {
				t.Errorf("%s: %s: %v", b.at, command, err)
			}
		}
		if b.skip == "" {
			w.run(t, b, text)
		}
	case "go":
		if _, err := format.Source([]byte(text)); err != nil {
			t.Errorf("%s: %v", b.at, err)
		}
	case "yaml", "json", "gherkin", "text":
		if m := fileName.FindStringSubmatch(b.lines[0]); m != nil {
			file := filepath.Join(w.folder, m[1])
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if b.language == "yaml" {
				if _, err := target.Load(file); err != nil {
					t.Errorf("%s: %v", b.at, err)
				}
			}
		}
	default:
		t.Errorf("%s: got a block of %q, want sh, console, go, yaml, json, gherkin or text", b.at, b.language)
	}
}

// run runs the commands of a block, and looks at what they print.
func (w world) run(t *testing.T, b block, text string) {
	t.Helper()
	script, want := text, []string(nil)
	if b.language == "console" {
		script = ""
		for line := range strings.Lines(text) {
			if command, found := strings.CutPrefix(line, "$ "); found {
				script += command
			} else if line = strings.TrimSpace(line); line != "" && line != "…" {
				want = append(want, line)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", strings.Join(append(b.first, script), "\n"))
	command.Dir, command.WaitDelay = w.folder, time.Second
	command.Env = append(os.Environ(), "HOME="+w.folder, "REPOSITORY="+repository, "NO_COLOR=1",
		"ADA_PASSWORD=ada-password", "BO_PASSWORD=bo-password", "CY_PASSWORD=cy-password", "WEB_SECRET=planner-secret")
	out, _ := command.CombinedOutput() // the exit code says it
	if got := fmt.Sprint(command.ProcessState.ExitCode()); !slices.Contains(b.exits, got) {
		t.Fatalf("%s: got exit code %s, want %s, from\n%s\n%s", b.at, got, strings.Join(b.exits, " or "), script, out)
	}
	rest := strings.Join(strings.Fields(string(out)), " ")
	for _, line := range want {
		var parts []string
		for _, part := range strings.Split(strings.Join(strings.Fields(line), " "), "…") {
			parts = append(parts, regexp.QuoteMeta(strings.TrimSpace(part)))
		}
		found := regexp.MustCompile(strings.Join(parts, ".*?")).FindStringIndex(rest)
		if found == nil {
			t.Fatalf("%s: got no %q, or not in that order, in\n%s", b.at, line, out)
		}
		rest = rest[found[1]:]
	}
}

// commands are the calls of scopeproof in a text of commands.
func commands(text string) []string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var all []string
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		if strings.HasPrefix(line, "scopeproof ") {
			line, _, _ = strings.Cut(line, " # ")
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// known reports a command or a flag that the program has not.
func known(command string) error {
	quoted := regexp.MustCompile(`'[^']*'|"[^"]*"`)
	words := strings.Fields(quoted.ReplaceAllString(command, "Q"))[1:]
	cmd, _, err := (&app{stdout: io.Discard, stderr: io.Discard}).root().Find(words)
	if err != nil {
		return err
	}
	if cmd.Name() == "scopeproof" && len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		return fmt.Errorf("got the command %q, want one of the program", words[0])
	}
	for _, word := range words {
		if name, _, _ := strings.Cut(word, "="); strings.HasPrefix(name, "--") && flagOf(cmd, name[2:]) == nil {
			return fmt.Errorf("got the flag %s, want one of %q", name, cmd.CommandPath())
		}
	}
	return nil
}

func flagOf(cmd *cobra.Command, name string) *pflag.Flag {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	return cmd.Flag(name)
}

// What the prose names has to be there as well: commands, flags, and files and
// headings that are linked to.
func TestDocumentsNameWhatThereIs(t *testing.T) {
	code, link := regexp.MustCompile("`([^`\n]+)`"), regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, file := range documents(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		prose := regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAll(data, nil)
		for _, m := range code.FindAllSubmatch(prose, -1) {
			for _, command := range commands(string(m[1])) {
				if err := known(command); err != nil {
					t.Errorf("%s: `%s`: %v", filepath.Base(file), m[1], err)
				}
			}
			if bytes.HasPrefix(m[1], []byte("--")) && !anyFlag(strings.FieldsFunc(string(m[1][2:]), func(r rune) bool { return r == ' ' || r == '=' })[0]) {
				t.Errorf("%s: `%s`: got a flag that no command has", filepath.Base(file), m[1])
			}
		}
		for _, m := range link.FindAllStringSubmatch(string(prose), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to, anchor, _ := strings.Cut(m[1], "#")
			path := file
			if to != "" {
				path = filepath.Join(filepath.Dir(file), to)
			}
			linked, err := os.Stat(path)
			if err != nil || anchor != "" && (linked.IsDir() || !hasHeading(t, path, anchor)) {
				t.Errorf("%s: got a link to %s, want what there is", filepath.Base(file), m[1])
			}
		}
	}
}

func anyFlag(name string) bool {
	var look func(*cobra.Command) bool
	look = func(c *cobra.Command) bool { return flagOf(c, name) != nil || slices.ContainsFunc(c.Commands(), look) }
	return look((&app{stdout: io.Discard, stderr: io.Discard}).root())
}

// hasHeading reports whether a document has the heading that an anchor means.
func hasHeading(t *testing.T, file, anchor string) bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if title := strings.TrimLeft(line, "#"); title != line {
			title = regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			if strings.ReplaceAll(title, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

func TestACommandThatTheProgramHasNotIsNoticed(t *testing.T) {
	for command, want := range map[string]bool{
		"scopeproof test x.yaml --rules 'REF-*'": true, "scopeproof report diff a b --fail-on-regression": true,
		"scopeproof tset": false, "scopeproof test --ruels REF-01": false, "scopeproof load --format=json": true,
	} {
		if err := known(command); (err == nil) != want {
			t.Errorf("%s: got %v, want it known: %v", command, err, want)
		}
	}
}
