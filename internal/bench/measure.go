//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measured is what one run of a tool was seen to do.
type measured struct {
	rate   float64 // requests per second, as the server counted
	cpu    float64 // of the tool, microseconds a request
	server float64 // of the server, microseconds a request
	memory float64 // of the tool at most, MiB
	served int64   // requests, as the server counted
	other  float64 // processors that others used
	output string
}

// server is a server under way.
type server struct {
	cmd         *exec.Cmd
	base, about string
	stdin       io.Closer
}

// startServer starts this program as a server.
func startServer(kind string) (*server, error) {
	cmd := pinned(0, exec.Command(os.Args[0], "server", kind))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, stdin: stdin}
	if _, err := fmt.Fscan(out, &s.base, &s.about); err != nil {
		return nil, err
	}
	s.base = "http://" + s.base
	return s, nil
}

func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

// pinned is a command on the first processor, or on all but that.
func pinned(side int, c *exec.Cmd) *exec.Cmd {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 {
		return c
	}
	cpus := "0"
	if side > 0 {
		cpus = fmt.Sprintf("1-%d", runtime.NumCPU()-1)
	}
	c.Args = append([]string{taskset, "-c", cpus, c.Path}, c.Args[1:]...)
	c.Path = taskset
	return c
}

// measure runs a tool against a server.
func measure(s *server, c *exec.Cmd, length time.Duration) (m measured, err error) {
	c = pinned(1, c)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	first, err := ask(s.about)
	if err != nil {
		return m, err
	}
	busy, self, began := hostTime(), processorTime(), time.Now()
	if err := c.Start(); err != nil {
		return m, err
	}
	// The middle of the run, when all that starts has started.
	time.Sleep(length * 3 / 10)
	from, err := ask(s.about)
	at := time.Now()
	if err != nil {
		return m, err
	}
	time.Sleep(length * 5 / 10)
	to, err := ask(s.about)
	took := time.Since(at)
	if err != nil {
		return m, err
	}
	time.Sleep(length*95/100 - time.Since(began)) // it is the most so far, and gone when the process is
	m.memory = peak(c.Process.Pid)
	if err := c.Wait(); err != nil {
		return m, fmt.Errorf("%v: %w: %s", c.Args, err, last(out.String(), 500))
	}
	elapsed := time.Since(began)
	last, err := ask(s.about)
	if err != nil {
		return m, err
	}
	m.served = last.Requests - first.Requests
	all := float64(max(1, m.served))
	used := (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	m.rate = float64(to.Requests-from.Requests) / took.Seconds()
	m.cpu, m.server = used*1e6/all, (last.CPU-first.CPU)*1e6/all
	m.other = max(0, ((hostTime()-busy)-(processorTime()-self)).Seconds()-used-(last.CPU-first.CPU)) / elapsed.Seconds()
	m.output = out.String()
	return m, nil
}

func last(text string, n int) string { return text[max(0, len(text)-n):] }

var highest = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that a process has had so far, in MiB.
func peak(pid int) float64 {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	m := highest.FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(string(m[1]), 64)
	return n / 1024
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hostTime is what all processes of this host have used.
func hostTime() (busy time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, iowait, and what guests used, which user has already
			continue
		}
		n, _ := strconv.ParseInt(field, 10, 64)
		busy += time.Duration(n) * 10 * time.Millisecond
	}
	return busy
}

// machine says what this was measured on.
func machine() string {
	read := func(file, pattern string) string {
		text, _ := os.ReadFile(file)
		if m := regexp.MustCompile(pattern).FindSubmatch(text); m != nil {
			return string(m[1])
		}
		return "?"
	}
	memory, _ := strconv.ParseFloat(read("/proc/meminfo", `MemTotal:\s+(\d+)`), 64)
	return fmt.Sprintf("%d processors (%s), %.0f GiB, Linux %s, %s", runtime.NumCPU(), read("/proc/cpuinfo", `model name\s*: (.*)`),
		memory/(1<<20), read("/proc/version", `Linux version (\d+\.\d+)`), runtime.Version())
}
