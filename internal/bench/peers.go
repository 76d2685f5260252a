//go:build linux

package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed scripts
var scripts embed.FS

// built are the tools that are built from their modules.
var built = []struct{ name, module, version string }{
	{"vegeta", "github.com/tsenart/vegeta/v12", "v12.13.0"},
	{"k6", "go.k6.io/k6", "v1.8.1"},
}

// build builds the tools that the cache lacks, each where its own go.mod is: their
// main packages need modules that this project does not.
func build(cache string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	for _, b := range built {
		program := filepath.Join(cache, b.name+"-"+b.version)
		if _, err := os.Stat(program); err == nil {
			continue
		}
		fmt.Printf("%s %s is built\n", b.name, b.version)
		if err := buildModule(b.module+"@"+b.version, program); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	for _, name := range []string{"wrk", "hey"} {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Printf("%s is missing and will be left out: apt-get install %s\n", name, name)
		}
	}
	return nil
}

func buildModule(module, program string) error {
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = os.TempDir()
	out, err := download.Output()
	var m struct{ Dir, Error string }
	if json.Unmarshal(out, &m) != nil || m.Dir == "" {
		return fmt.Errorf("download: %v %s", err, m.Error)
	}
	source, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(source)
	if err := os.CopyFS(source, os.DirFS(m.Dir)); err != nil {
		return err
	}
	c := exec.Command("go", "build", "-o", program, ".")
	c.Dir, c.Stdout, c.Stderr = source, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	return c.Run()
}

// run is what a tool runs against.
type bout struct {
	*settings
	base string // of the server
	dir  string // for passing files
}

// peer is a tool, in one of the ways in which it is run.
type peer struct {
	name    string
	what    string // for the table
	command func(b bout) *exec.Cmd
}

// peers are the tools that there are on this machine; ours are first.
func (s *settings) peers() []peer {
	ours := func(args ...string) func(bout) *exec.Cmd {
		return func(b bout) *exec.Cmd {
			for i, arg := range args {
				args[i] = strings.ReplaceAll(arg, "DIR", b.dir)
			}
			return exec.Command(os.Args[0], append([]string{"client", "-base", b.base, "-for", b.length.String(),
				"-connections", fmt.Sprint(b.connections)}, args...)...)
		}
	}
	all := []peer{
		{"scopeproof", "every answer judged", ours()},
		{"scopeproof-unjudged", "the same, nothing judged", ours("-judge=false")},
		{"scopeproof-out", "every answer judged, `--out`", ours("-out", "DIR/results.gob")},
		{"vegeta", "`vegeta attack -output=/dev/null`, nothing looked at", s.vegeta(os.DevNull)},
		{"vegeta-out", "the same, with results in a file", s.vegeta("DIR/vegeta.gob")},
		{"wrk", "nothing looked at", s.wrk("0")},
		{"wrk-check", "with equal checks in Lua, by matching of text", s.wrk("1")},
		{"k6-check", "with equal checks in its script", s.k6},
		{"hey", "`GET /read` alone, nothing looked at", s.hey},
	}
	var there []peer
	for _, p := range all {
		program := p.command(bout{settings: s, dir: os.TempDir()}).Path
		_, err := os.Stat(program)
		chosen := s.only == "" || strings.Contains(","+s.only+",", ","+p.name+",")
		if err == nil && chosen {
			there = append(there, p)
		}
	}
	return there
}

func (s *settings) program(name string) string {
	for _, b := range built {
		if b.name == name {
			return filepath.Join(s.cache, name+"-"+b.version)
		}
	}
	return name
}

func (s *settings) vegeta(output string) func(bout) *exec.Cmd {
	return func(b bout) *exec.Cmd {
		return exec.Command(s.program("vegeta"), "attack", "-rate=0", "-duration="+b.length.String(),
			"-output="+strings.ReplaceAll(output, "DIR", b.dir), "-targets="+filepath.Join(b.dir, "targets"),
			fmt.Sprintf("-workers=%d", b.connections), fmt.Sprintf("-max-workers=%d", b.connections))
	}
}

func (s *settings) wrk(check string) func(bout) *exec.Cmd {
	return func(b bout) *exec.Cmd {
		c := exec.Command("wrk", "-t1", fmt.Sprintf("-c%d", b.connections), fmt.Sprintf("-d%.0fs", b.length.Seconds()),
			"-s", filepath.Join(b.dir, "check.lua"), b.base+"/read")
		c.Env = append(os.Environ(), "BENCH_TOKEN="+token, "BENCH_FORM="+form, "BENCH_CHECK="+check)
		return c
	}
}

func (s *settings) k6(b bout) *exec.Cmd {
	c := exec.Command(s.program("k6"), "run", "--quiet", "--no-usage-report", filepath.Join(b.dir, "check.js"))
	c.Env = append(os.Environ(), "BENCH_TOKEN="+token, "BENCH_FORM="+form, "BENCH_CHECK=1", "BENCH_BASE="+b.base,
		"BENCH_FOR="+b.length.String(), fmt.Sprintf("BENCH_CONNECTIONS=%d", b.connections), "K6_WEB_DASHBOARD=false")
	return c
}

func (s *settings) hey(b bout) *exec.Cmd {
	return exec.Command("hey", "-z", b.length.String(), "-c", fmt.Sprint(b.connections), "-H", "Authorization: Bearer "+token, b.base+"/read")
}

// files writes what the tools read.
func (b bout) files() error {
	bearer := "Authorization: Bearer " + token
	body := filepath.Join(b.dir, "form")
	targets := fmt.Sprintf("POST %[1]s/token\nContent-Type: application/x-www-form-urlencoded\n@%[2]s\n\nGET %[1]s/read\n%[3]s\n\nGET %[1]s/write\n%[3]s\n\nGET %[1]s/read\n%[3]s\n",
		b.base, body, bearer)
	contents := map[string]string{"form": form, "targets": targets}
	for _, name := range []string{"check.lua", "check.js"} {
		text, err := scripts.ReadFile("scripts/" + name)
		if err != nil {
			return err
		}
		contents[name] = string(text)
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
