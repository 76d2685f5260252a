package main

import (
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

func TestALineSaysHowALoadRunGoes(t *testing.T) {
	p := loadtest.Progress{
		Elapsed: 12 * time.Second, Duration: 30 * time.Second, WarmUp: 5 * time.Second, OfferedRate: 200, Rate: 198.7, Requests: 1400, Kept: 1400,
		Latency: loadtest.Latency{P50: 1.234, P99: 12.345},
	}
	warming, wrong, searching, slow := p, p, p, p
	slow.OfferedRate, slow.Rate = 0.5, 0.25
	warming.Elapsed = time.Second
	wrong.Leaks, wrong.FalseRefusals, wrong.Faults = 3, 2, 1
	searching.Phase = "step 4: bisect"
	for _, tt := range []struct {
		p     loadtest.Progress
		color bool
		want  string
	}{
		{p, true, "18s left  199 of 200/s  p50 1.23 p99 12.3 ms  1400 judged  0 leaks"},
		{warming, true, "29s left, warming up"},
		{wrong, false, "18s left  199 of 200/s  p50 1.23 p99 12.3 ms  1400 judged  3 leaks  2 false refusals  1 faults"},
		{wrong, true, "1400 judged  \x1b[1;31m3 leaks  2 false refusals  1 faults\x1b[0m"},
		{slow, false, "18s left  0.25 of 0.5/s  p50"},
		{searching, false, "18s left, step 4: bisect  199 of 200/s"},
	} {
		if got := progressLine(tt.p, tt.color); !strings.Contains(got, tt.want) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
