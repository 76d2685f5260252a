//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	targets "github.com/scopeproof/scopeproof/target"
)

// said is what our client prints.
type said struct {
	Sent     int64   `json:"sent"`     // handed to a connection
	Requests int64   `json:"requests"` // answered or given up
	Kept     int64   `json:"kept"`
	Errors   int64   `json:"errors"`
	P50      float64 `json:"p50"` // milliseconds, from when a request was due
	P99      float64 `json:"p99"`
	Lag50    float64 `json:"lag50"` // how much later than due a request was sent
	Lag99    float64 `json:"lag99"`
	Allocs   float64 `json:"allocs"` // a request, set-up included
}

// attack is the program of our client: what scopeproof load does, against a server
// of this program.
func attack(args []string) error {
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	base := flags.String("base", "", "where the server is")
	rate := flags.Float64("rate", 0, "requests per second; 0: as many as there can be")
	length := flags.Duration("for", time.Second, "how long")
	workers := flags.Int("connections", 32, "how many requests may be under way")
	judged := flags.Bool("judge", true, "judge the answers")
	out := flags.String("out", "", "where results are written; empty: nowhere")
	profile := flags.String("profile", "", "where a profile of the processor is written; empty: nowhere")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	o := loadtest.Options{Rate: *rate, Saturate: *rate == 0, Duration: *length, Workers: *workers, Seed: 1}
	if *out != "" {
		file, err := os.Create(*out)
		if err != nil {
			return err
		}
		defer file.Close()
		buffered := bufio.NewWriterSize(file, 1<<16)
		defer buffered.Flush()
		o.Results = buffered
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report, err := loadtest.Run(context.Background(), &targets.Target{
		Description: &targets.Description{Name: "bench"}, Issuer: *base, Metadata: map[string]any{},
	}, []loadtest.Scenario{mix(*base, *judged)}, o)
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	s := report.Scenarios[0]
	if s.Requests == 0 || s.Leaks+s.FalseRefusals > 0 || s.Faults > s.Requests/1000 {
		return fmt.Errorf("got %d of %d answers as expected: %s", s.Kept, s.Requests, s.Reason)
	}
	var sent int64
	for _, w := range s.Windows {
		sent += w.Sent
	}
	return json.NewEncoder(os.Stdout).Encode(said{
		Sent: sent, Requests: s.Requests, Kept: s.Kept, Errors: s.Faults, P50: s.Latency.P50, P99: s.Latency.P99, Lag50: s.Lag.P50, Lag99: s.Lag.P99,
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(s.Requests),
	})
}

// mix is what every tool sends: for each token that is asked for two calls that
// are served and one that is refused.
func mix(base string, judged bool) loadtest.Scenario {
	return loadtest.Scenario{Name: "mix", Text: "A mix.", Prepare: func(_ context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
		read := oauth.NewScopeSet("read:appointments")
		bearer := http.Header{"Authorization": {"Bearer " + token}}
		plan := loadtest.Plan{Hits: []loadtest.Hit{
			{
				Request: loadtest.Request{
					Method: "POST", URL: base + "/token", Body: []byte(form),
					Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
				},
				Expect: s.Issues(loadtest.Grant{Rule: "CC-01", Denied: "GRANT-03", Asked: read, Must: read, May: read}),
			},
			{
				Weight: 2, Request: loadtest.Request{Method: "GET", URL: base + "/read", Header: bearer},
				Expect: s.Serves("RSM-01", targets.Operation{Name: "list"}, nil),
			},
			{
				Request: loadtest.Request{Method: "GET", URL: base + "/write", Header: bearer},
				Expect:  s.Refuses("RSM-02", targets.Operation{Name: "create"}, nil, "scopeproof-load"),
			},
		}}
		if !judged {
			for i := range plan.Hits {
				plan.Hits[i].Expect = func(loadtest.Answer) loadtest.Verdict { return loadtest.Verdict{} }
			}
		}
		return plan, nil
	}}
}

// said is what our client printed in a run.
func (m measured) said() (s said, err error) {
	return s, json.Unmarshal([]byte(m.output), &s)
}
