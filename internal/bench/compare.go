//go:build linux

package main

import (
	"errors"
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
	fmt.Printf("this takes about %v\n", s.estimate().Round(time.Minute))
	var wrong []error
	for _, kind := range strings.Split(s.servers, ",") {
		err := s.against(kind, dir, &doc)
		if err != nil && !errors.Is(err, errLost) {
			return fmt.Errorf("%s: %w", kind, err)
		}
		wrong = append(wrong, err)
	}
	doc.WriteString(notes)
	fmt.Print("\n", doc.String())
	if s.doc != "" {
		wrong = append(wrong, os.WriteFile(s.doc, []byte(doc.String()), 0o644))
	}
	return errors.Join(wrong...)
}

// estimate is how long everything takes, with half a second for what is around a
// run; what is made again comes on top.
func (s *settings) estimate() time.Duration {
	servers := len(strings.Split(s.servers, ","))
	runs := servers * s.rounds * (len(s.peers()) + 1)
	all := time.Duration(runs) * (s.length + 500*time.Millisecond)
	if s.soak > 0 {
		all += brief + s.soak
	}
	return all
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
	var long []pace
	if kind == "canned" && s.soak > 0 {
		if long, err = s.long(b, srv, all.median("scopeproof", rate)/2); err != nil {
			return err
		}
	}
	figures(doc, s, kind, all, paced, long)
	for _, p := range long {
		err = errors.Join(err, p.lost())
	}
	return err
}

// errLost says that requests went astray.
var errLost = errors.New("requests are not accounted for")

// lost is an error where not every request that was sent was answered or counted as
// an error, or where the server counted others.
func (p *pace) lost() error {
	if p.Sent == p.Requests && p.Requests == p.Kept+p.Errors && p.Kept <= p.served && p.served <= p.Sent {
		return nil
	}
	return fmt.Errorf("%w: %s", errLost, p.account())
}

// account says what became of what was sent.
func (p *pace) account() string {
	return fmt.Sprintf("%d sent = %d answered + %d errors; the server counted %d", p.Sent, p.Kept, p.Errors, p.served)
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

// paced runs ours in the open model round by round.
func (s *settings) paced(b bout, srv *server, rate float64) (list []pace, err error) {
	for range s.rounds {
		p, err := s.pace(b, srv, rate, s.length)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// pace is a run in the open model.
type pace struct {
	measured
	said
	due  float64 // requests per second
	long time.Duration
}

// pace runs ours in the open model, at a rate.
func (s *settings) pace(b bout, srv *server, rate float64, length time.Duration) (p pace, err error) {
	m, err := measure(srv, b.client(length, "-rate", fmt.Sprintf("%.0f", rate), "-connections", "512"), length)
	if err != nil {
		return p, err
	}
	said, err := m.said()
	if err != nil {
		return p, err
	}
	fmt.Printf("paced    %v at %8.0f/s: sent %.3f ms after due (p99 %.3f), latency p99 %.3f ms, %5.1f us/request, %.1f MiB, others %.2f\n",
		length, m.rate, said.Lag50, said.Lag99, said.P99, m.cpu, m.memory, m.other)
	return pace{m, said, rate, length}, nil
}

// brief is how long the run is that a long one is compared with.
const brief = 10 * time.Second

// long runs ours for a while and for longer, at a rate.
func (s *settings) long(b bout, srv *server, rate float64) (list []pace, err error) {
	for _, length := range []time.Duration{brief, s.soak} {
		p, err := s.pace(b, srv, rate, length)
		if err != nil {
			return nil, err
		}
		fmt.Printf("soak     %v: %s\n", length, p.account())
		list = append(list, p)
	}
	return list, nil
}
