package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// results are what the tools did against one server, round by round.
type results map[string][]measured

// compare runs everything and prints the tables.
func compare(s settings) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var doc strings.Builder
	heading(&doc, s)
	for _, kind := range strings.Split(s.servers, ",") {
		if err := s.against(kind, dir, &doc); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	doc.WriteString(notes)
	fmt.Print("\n", doc.String())
	if s.doc != "" {
		return os.WriteFile(s.doc, []byte(doc.String()), 0o644)
	}
	return nil
}

// against runs the tools against one kind of server.
func (s *settings) against(kind, dir string, doc io.Writer) error {
	srv, err := startServer(kind)
	if err != nil {
		return err
	}
	defer srv.stop()
	b := bout{settings: s, base: srv.base, dir: dir}
	if err := b.files(); err != nil {
		return err
	}
	peers, all := s.rounded(kind, b, srv)
	table(doc, kind, peers, all)
	if len(all["scopeproof"]) == 0 {
		return nil
	}
	paced, err := s.paced(b, srv, all.median("scopeproof", rate)/2)
	if err != nil {
		return err
	}
	var memory []measured
	if kind == "canned" && s.soak > 0 {
		if memory, err = s.memory(b, srv, all.median("scopeproof", rate)/2); err != nil {
			return err
		}
	}
	figures(doc, s, kind, all, paced, memory)
	return nil
}

const (
	// quiet is how many processors others may use in a run that counts, and mostAgain
	// how many runs are made again for that.
	quiet     = 0.15
	mostAgain = 10
)

// rounded lets the tools take turns. A tool that fails twice is left out.
func (s *settings) rounded(kind string, b bout, srv *server) ([]peer, results) {
	peers, all, again := s.peers(), results{}, 0
	for round := range s.rounds {
		order := slices.Clone(peers)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			m, err := measure(srv, p.command(b), s.length)
			if again < mostAgain && (err != nil || m.other > quiet) {
				again++
				time.Sleep(time.Second)
				m, err = measure(srv, p.command(b), s.length)
			}
			if err != nil {
				fmt.Printf("%s is left out: %v\n", p.name, err)
				peers = slices.DeleteFunc(peers, func(other peer) bool { return other.name == p.name })
				delete(all, p.name)
				continue
			}
			all[p.name] = append(all[p.name], m)
			fmt.Printf("%-8s round %d  %-20s %8.0f/s %6.1f us/request %5.0f MiB, server %5.1f us/request, others %.2f\n",
				kind, round+1, p.name, m.rate, m.cpu, m.memory, m.server, m.other)
			time.Sleep(200 * time.Millisecond)
		}
	}
	return peers, all
}

// client is our program with more arguments.
func (b bout) client(length time.Duration, more ...string) *exec.Cmd {
	return exec.Command(os.Args[0], append([]string{"client", "-base", b.base, "-for", length.String()}, more...)...)
}

// paced runs ours in the open model, at a rate.
func (s *settings) paced(b bout, srv *server, rate float64) (list []pace, err error) {
	for round := range s.rounds {
		m, err := measure(srv, b.client(s.length, "-rate", fmt.Sprintf("%.0f", rate), "-connections", "512"), s.length)
		if err != nil {
			return nil, err
		}
		said, err := m.said()
		if err != nil {
			return nil, err
		}
		fmt.Printf("paced    round %d  %8.0f/s: sent %.3f ms after due (p99 %.3f), latency p99 %.3f ms, %5.1f us/request, others %.2f\n",
			round+1, m.rate, said.Lag50, said.Lag99, said.P99, m.cpu, m.other)
		list = append(list, pace{m, said, rate})
	}
	return list, nil
}

// pace is a run in the open model.
type pace struct {
	measured
	said
	due float64 // requests per second
}

// memory runs ours for 10 s and for longer, at a rate.
func (s *settings) memory(b bout, srv *server, rate float64) (list []measured, err error) {
	for _, length := range []time.Duration{10 * time.Second, s.soak} {
		m, err := measure(srv, b.client(length, "-rate", fmt.Sprintf("%.0f", rate), "-connections", "512"), length)
		if err != nil {
			return nil, err
		}
		fmt.Printf("memory   %v: %.1f MiB\n", length, m.memory)
		list = append(list, m)
	}
	return list, nil
}
