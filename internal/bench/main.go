//go:build linux

// Command bench compares how fast load is made and judged with the load tools that
// people use, side by side on one machine: `make bench-peers`.
//
// A server of its own answers from memory, on one processor; the tools take turns
// on the others, in an order that is reversed each round. Rates are what the server
// counted in the middle of each run, processor time is the system's account of the
// tool's process, and memory is its peak.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// settings are what a comparison is made with.
type settings struct {
	rounds      int
	length      time.Duration // of a run
	soak        time.Duration // of the longer run that memory is compared at
	connections int
	cache       string // where the programs of the others are
	doc         string // the file that is written; empty: none
	only        string // a comma-separated choice of tools
	servers     string // a comma-separated choice of servers
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("got no arguments, want one of build, compare, server, client")
	}
	s := settings{}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.IntVar(&s.rounds, "rounds", 5, "how often each tool runs against each server")
	flags.DurationVar(&s.length, "for", 4*time.Second, "how long each run is")
	flags.DurationVar(&s.soak, "soak", time.Minute, "how long the run is that memory is compared at; 0s: none")
	flags.IntVar(&s.connections, "connections", 32, "how many connections each tool has")
	flags.StringVar(&s.cache, "cache", "", "where the programs of the other tools are")
	flags.StringVar(&s.doc, "doc", "", "write the tables to this file as well")
	flags.StringVar(&s.only, "only", "", "these tools only, with commas between them")
	flags.StringVar(&s.servers, "servers", "canned,nethttp", "these servers only")
	switch args[0] {
	case "server":
		if len(args) != 2 {
			return errors.New("server: want canned or nethttp")
		}
		return serve(args[1])
	case "client":
		return attack(args[1:])
	case "build", "compare":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if s.cache == "" {
			return errors.New("want -cache")
		}
		if args[0] == "build" {
			return build(s.cache)
		}
		return compare(s)
	}
	return fmt.Errorf("got %q, want one of build, compare, server, client", args[0])
}
