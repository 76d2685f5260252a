package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Local is a fleet of processes of this program on this machine.
type Local struct {
	// Program and Arguments are what is run for each shard; the plan is the first
	// line of its input.
	Program   string
	Arguments []string
	// Plan is one line.
	Plan []byte
	// Shards is how many there are.
	Shards int

	mu        sync.Mutex
	processes map[int]*process
}

// Environment variables that tell a shard which it is. Kubernetes sets the first
// for the pods of an Indexed Job.
const (
	IndexVariable  = "JOB_COMPLETION_INDEX"
	ShardsVariable = "SCOPEPROOF_SHARDS"
)

// process is one shard.
type process struct {
	cmd    *exec.Cmd
	stderr tail
	done   chan struct{} // closed when it has ended
}

// Open implements [Fleet]: it starts the process the first time.
func (l *Local) Open(ctx context.Context, shard int) (Streams, error) {
	if p := l.started(shard); p != nil {
		select {
		case <-p.done:
			return Streams{}, fmt.Errorf("its process ended (%v)%s", p.cmd.ProcessState, p.stderr.said())
		case <-ctx.Done():
			return Streams{}, context.Cause(ctx)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &process{cmd: exec.Command(l.Program, l.Arguments...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), IndexVariable+"="+strconv.Itoa(shard), ShardsVariable+"="+strconv.Itoa(l.Shards))
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return Streams{}, err
	}
	// Not a StdoutPipe, which Wait would close before all of it is read.
	out, theirs, err := os.Pipe()
	if err != nil {
		return Streams{}, err
	}
	p.cmd.Stdout = theirs
	err = p.cmd.Start()
	_ = theirs.Close()
	if err != nil {
		_ = out.Close()
		return Streams{}, fmt.Errorf("it was not started: %w", err)
	}
	if l.processes == nil {
		l.processes = map[int]*process{}
	}
	l.processes[shard] = p
	go func() {
		_ = p.cmd.Wait() // its state is kept
		close(p.done)
	}()
	if _, err := in.Write(append(bytes.TrimSpace(l.Plan), '\n')); err != nil && !errors.Is(err, os.ErrClosed) {
		_ = out.Close()
		return Streams{}, fmt.Errorf("it took no plan: %w%s", err, p.stderr.said())
	}
	return Streams{Where: "process " + strconv.Itoa(p.cmd.Process.Pid), In: in, Out: out}, nil
}

func (l *Local) started(shard int) *process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.processes[shard]
}

// Waits implements [Fleet].
func (l *Local) Waits(int) string { return "its process runs" }

// Close implements [Fleet]: what still runs is killed.
func (l *Local) Close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	patience, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	for _, p := range l.processes {
		select {
		case <-p.done:
			continue
		case <-patience.Done():
		}
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return nil
}

// stopGrace is how long a process that handed in its result has for ending.
const stopGrace = time.Second

// tail keeps the last of what a process says on standard error.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 2 << 10

// Write implements [io.Writer].
func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, data...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(data), nil
}

var _ io.Writer = (*tail)(nil)

// said is the last line, for messages.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.last)), "\n")
	if text := lines[len(lines)-1]; text != "" {
		return ": " + text
	}
	return ""
}
