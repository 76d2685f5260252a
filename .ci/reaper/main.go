// Command reaper stands in for testcontainers' own, on machines that cannot pull it. A test run
// connects, sends a line of label filters and stays connected; when the last connection has been gone
// for a while, everything that bears those labels is removed, whether the run ended or was killed.
//
// It prints "Started" once it listens. A line reads label=NAME=VALUE&label=NAME=VALUE, is answered with
// "ACK" once it is kept, and names what bears all of its labels. RYUK_PORT (8080) is the port,
// RYUK_CONNECTION_TIMEOUT (1m) how long the first connection is waited for, RYUK_RECONNECTION_TIMEOUT
// (10s) how long the next one is.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "reaper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	first, err := durationFromEnv("RYUK_CONNECTION_TIMEOUT", time.Minute)
	if err != nil {
		return err
	}
	next, err := durationFromEnv("RYUK_RECONNECTION_TIMEOUT", 10*time.Second)
	if err != nil {
		return err
	}
	port := os.Getenv("RYUK_PORT")
	if port == "" {
		port = "8080"
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	fmt.Println("Started")
	filters := collect(ctx, l, first, next)
	l.Close() // whoever connects from here on needs a reaper of its own

	// A signal ends the waiting, not the removal.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return dial("/var/run/docker.sock").remove(ctx, filters)
}

func durationFromEnv(name string, otherwise time.Duration) (time.Duration, error) {
	v := os.Getenv(name)
	if v == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s: got %q, want a positive duration such as 10s", name, v)
	}
	return d, nil
}

// filter is the labels, as NAME=VALUE, that a thing must all bear to be removed.
type filter []string

// parseFilter refuses a line without labels: such a filter would match everything there is.
func parseFilter(line string) (filter, error) {
	values, err := url.ParseQuery(line)
	if err != nil {
		return nil, err
	}
	labels := values["label"]
	if len(labels) == 0 || len(values) != 1 || slices.Contains(labels, "") {
		return nil, errors.New("want label=NAME=VALUE, joined by &")
	}
	return labels, nil
}

// collect accepts connections until none has been open for a while (first until the first, next after
// that) or ctx is done, and returns the filters that were sent, by the line that named them.
func collect(ctx context.Context, l net.Listener, first, next time.Duration) map[string]filter {
	type message struct {
		line  string
		known chan error
	}
	opened, closed, sent := make(chan net.Conn), make(chan struct{}), make(chan message)
	done := make(chan struct{})
	defer close(done)

	serve := func(c net.Conn) {
		defer c.Close()
		for s := bufio.NewScanner(c); s.Scan(); {
			if s.Text() == "" {
				continue
			}
			m := message{s.Text(), make(chan error, 1)}
			select {
			case sent <- m:
			case <-done:
				return
			}
			if err := <-m.known; err != nil {
				fmt.Printf("refused %q: %v\n", m.line, err)
				break
			}
			fmt.Fprintln(c, "ACK")
		}
		select {
		case closed <- struct{}{}:
		case <-done:
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case opened <- c:
			case <-done:
				c.Close()
				return
			}
		}
	}()

	filters := map[string]filter{}
	connections := 0
	idle := time.NewTimer(first)
	for {
		select {
		case c := <-opened:
			connections++
			idle.Stop()
			go serve(c)
		case m := <-sent:
			f, err := parseFilter(m.line)
			if err == nil {
				filters[m.line] = f
			}
			m.known <- err
		case <-closed:
			if connections--; connections == 0 {
				idle.Reset(next)
			}
		case <-idle.C:
			return filters
		case <-ctx.Done():
			return filters
		}
	}
}
