//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
)

func rate(m measured) float64  { return m.rate }
func cpu(m measured) float64   { return m.cpu }
func other(m measured) float64 { return m.other }

// list are the values of one figure of a tool, round by round.
func (r results) list(name string, value func(measured) float64) []float64 {
	var all []float64
	for _, m := range r[name] {
		all = append(all, value(m))
	}
	return all
}

func (r results) median(name string, value func(measured) float64) float64 {
	return median(r.list(name, value))
}

// ratios are those of two tools, round by round.
func (r results) ratios(name, to string, value func(measured) float64) []float64 {
	var all []float64
	for i, m := range r[name] {
		if i < len(r[to]) {
			all = append(all, value(m)/value(r[to][i]))
		}
	}
	return all
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
}

// spread is a median and what it lies between.
func spread(list []float64, format string) string {
	if len(list) == 0 {
		return "–"
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(list), slices.Min(list), slices.Max(list))
}

// kinds say what the servers are.
var kinds = map[string]string{
	"canned":  "Against a server that is not the limit: canned answers, a goroutine a connection",
	"nethttp": "Against a net/http server",
}

func heading(w io.Writer, s settings) {
	fmt.Fprintf(w, "# Performance\n\nMade by `make bench-peers`, on %s.\n\n", machine())
	fmt.Fprintf(w, "The server has one processor and each tool the others, with %d connections over loopback. Each tool ran %d times for %v,\n"+
		"in an order that was reversed every other round. A rate is what the server counted in the middle of a run. Figures are medians\n"+
		"(least–most); ratios are of runs of the same round. *Others* is how many processors were busy with something else, at most.\n"+
		"For each token that is asked for there are two API calls that are served and one that is refused.\n",
		s.connections, s.rounds, s.length)
	for _, b := range built {
		fmt.Fprintf(w, "%s is %s. ", b.name, b.version)
	}
	fmt.Fprint(w, "wrk and hey are Debian's.\n\n"+
		"Of what a tool looks at: ours judges status, scope and challenge of each answer, and the scope that each token states of itself;\n"+
		"`wrk-check` matches text for the same, without reading the token; `k6-check` reads as much as we do. vegeta calls each 403 an error.\n"+
		"Each token that is issued is another. Signatures are not checked here: the tokens are JWTs in form only.\n")
}

// notes say what the figures are owed to, and what they do not say.
const notes = `
## What this is owed to, and what it does not say

- A worker is a goroutine with connections of its own: it takes what is due, writes bytes that were made beforehand, reads the
  answer itself and judges it where it was read. net/http's transport hands each request through three goroutines, vegeta's
  loop through two more.
- A token response that differs from one that was judged in nothing but the token is not read again: of the token it is looked
  at what differs. So what judging costs is that of tokens which nobody has seen before, from a server that says the same of each.
- Before each request a connection is asked whether it holds something that nobody asked for, which costs a system call: an
  answer is never taken for that of another request.
- Connections are dialled before the clock starts, and latency counts from when a request was due: a server that stalls for a
  second shows a second.
- On one machine, over loopback and without TLS, most of the time is the kernel's, for the server as for the tools. Against a
  server that does real work no tool here is the limit.
- Virtual processors that sleep between requests are woken by the hypervisor, so that a request costs more at half of
  saturation than at saturation.
`

// table are the figures of all tools.
func table(w io.Writer, kind string, peers []peer, all results) {
	fmt.Fprintf(w, "\n## %s\n\n", kinds[kind])
	fmt.Fprint(w, "| tool | what it does | requests/s | of vegeta's | processor, µs a request | of vegeta's | memory, MiB | server, µs a request | others |\n"+
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range peers {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %.0f | %.1f | %.2f |\n", p.name, p.what,
			spread(all.list(p.name, rate), "%.0f"), spread(all.ratios(p.name, "vegeta", rate), "%.2f"),
			spread(all.list(p.name, cpu), "%.1f"), spread(all.ratios(p.name, "vegeta", cpu), "%.2f"),
			slices.Max(all.list(p.name, func(m measured) float64 { return m.memory })),
			all.median(p.name, func(m measured) float64 { return m.server }), slices.Max(all.list(p.name, other)))
	}
}

// figures are those that are held to a limit.
func figures(w io.Writer, s *settings, kind string, all results, paced, long []pace) {
	fmt.Fprint(w, "\n| every answer judged | measured | must | aim |\n|---|---|---|---|\n")
	row := func(what, seen, must, aim string) { fmt.Fprintf(w, "| %s | %s | %s | %s |\n", what, seen, must, aim) }
	ratio := func(what, name, to string, value func(measured) float64, must, aim string) {
		if list := all.ratios(name, to, value); len(list) > 0 {
			row(what, spread(list, "%.2f"), must, aim)
		}
	}
	limit := func(text string) string { // the limits are about the server that is not the limit
		if kind != "canned" {
			return ""
		}
		return text
	}
	ratio("requests/s, of vegeta's", "scopeproof", "vegeta", rate, limit("≥ 2.4"), limit("≥ 4"))
	ratio("requests/s, of wrk's with equal checks", "scopeproof", "wrk-check", rate, limit("≥ 0.95"), limit("≥ 1.5"))
	ratio("requests/s, of k6's with equal checks", "scopeproof", "k6-check", rate, limit("≥ 10"), limit("≥ 15"))
	ratio("processor a request, of vegeta's", "scopeproof", "vegeta", cpu, limit("≤ 0.42"), limit("≤ 0.25"))
	ratio("requests/s, of those with judging off", "scopeproof", "scopeproof-unjudged", rate, limit("≥ 0.95"), limit("1"))
	ratio("requests/s with `--out`, of those without", "scopeproof-out", "scopeproof", rate, "", "")
	ratio("requests/s with `--out`, of vegeta's with a file", "scopeproof-out", "vegeta-out", rate, "", "")
	var allocs, lag50, lag99, p99 []float64
	for _, m := range all["scopeproof"] {
		if said, err := m.said(); err == nil {
			allocs = append(allocs, said.Allocs)
		}
	}
	for _, p := range paced {
		lag50, lag99, p99 = append(lag50, p.Lag50), append(lag99, p.Lag99), append(p99, p.P99)
	}
	row("allocations a request, set-up included", spread(allocs, "%.2f"), "≤ 5", "0")
	if len(paced) > 0 {
		at := fmt.Sprintf("at half of that (%.0f/s): ", paced[0].due)
		row(at+"sent after due, p99, ms", spread(lag99, "%.3f"), "≤ 2", "≤ 0.5")
		row(at+"sent after due, p50, ms", spread(lag50, "%.3f"), "", "")
		row(at+"latency, p99, ms", spread(p99, "%.3f"), "", "")
	}
	if len(long) == 2 {
		brief, soak := long[0], long[1]
		row(fmt.Sprintf("memory of a run of %v and of %v, MiB", brief.long, soak.long),
			fmt.Sprintf("%.1f and %.1f (%+.0f %%)", brief.memory, soak.memory, 100*(soak.memory/brief.memory-1)), "within 10 %", "< 30")
		at := fmt.Sprintf("%v at half of that (%.0f/s): ", soak.long, soak.due)
		row(at+"what became of it", soak.account(), "all", "")
		row(at+"sent after due, p99, ms", fmt.Sprintf("%.3f", soak.Lag99), "", "")
		row(at+"latency, p99, ms", fmt.Sprintf("%.3f", soak.P99), "", "")
	}
}
