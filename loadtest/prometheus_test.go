package loadtest

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func exporterWithFigures(t *testing.T) *Exporter {
	t.Helper()
	h := newTally().latency
	for value, count := range map[int64]int64{50: 10, 100: 5, 101: 1, 900: 100, 70_000_000: 2} {
		h.add(value, count)
	}
	e := NewExporter()
	e.Show(Progress{Scenario: "token-refresh", OfferedRate: 200, Kept: 115, Faults: 3})
	e.Show(Progress{Scenario: "token-refresh", OfferedRate: 200, Kept: 110, Leaks: 5, Faults: 3, Counts: newSparse(h)})
	return e
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %d, %v: %s", resp.StatusCode, err, text)
	}
	return string(text)
}

func TestPrometheusIsToldEveryClass(t *testing.T) {
	server := httptest.NewServer(exporterWithFigures(t))
	defer server.Close()
	text := scrape(t, server.URL)
	for _, want := range []string{
		`scopeproof_load_requests_total{class="kept",scenario="token-refresh"} 110`,
		`scopeproof_load_requests_total{class="leak",scenario="token-refresh"} 5`,
		`scopeproof_load_requests_total{class="false_refusal",scenario="token-refresh"} 0`,
		`scopeproof_load_requests_total{class="fault",scenario="token-refresh"} 3`,
		`scopeproof_load_offered_rate{scenario="token-refresh"} 200`,
		`scopeproof_load_latency_seconds_bucket{scenario="token-refresh",le="0.0001"} 15`,
		`scopeproof_load_latency_seconds_bucket{scenario="token-refresh",le="0.0002"} 16`,
		`scopeproof_load_latency_seconds_bucket{scenario="token-refresh",le="0.0016"} 116`,
		`scopeproof_load_latency_seconds_bucket{scenario="token-refresh",le="52.4288"} 116`,
		`scopeproof_load_latency_seconds_bucket{scenario="token-refresh",le="+Inf"} 118`,
		`scopeproof_load_latency_seconds_count{scenario="token-refresh"} 118`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("got no line %s, in\n%s", want, text)
		}
	}
}

// Native buckets hold the same requests, within the bounds of their schema.
func TestNativeBucketsHoldTheSame(t *testing.T) {
	metrics := make(chan prometheus.Metric, 20)
	exporterWithFigures(t).Collect(metrics)
	close(metrics)
	for m := range metrics {
		var written dto.Metric
		if err := m.Write(&written); err != nil {
			t.Fatal(err)
		}
		h := written.Histogram
		if h == nil {
			continue
		}
		if h.GetZeroCount() != 15 || h.GetSampleCount() != 118 {
			t.Errorf("got %d below %v, of %d", h.GetZeroCount(), h.GetZeroThreshold(), h.GetSampleCount())
		}
		got := map[int]int64{}
		index, count, at := 0, int64(0), 0
		for _, span := range h.PositiveSpan {
			index += int(span.GetOffset())
			for range span.GetLength() {
				count += h.PositiveDelta[at]
				got[index] = count
				index, at = index+1, at+1
			}
		}
		for value, want := range map[float64]int64{101e-6: 1, 900e-6: 100, 70: 2} {
			found := false
			for i, n := range got {
				low, high := math.Exp2(float64(i-1)/8), math.Exp2(float64(i)/8)
				found = found || n == want && value > low*0.999 && value <= high*1.001
			}
			if !found {
				t.Errorf("got no bucket with %d around %v s: %v", want, value, got)
			}
		}
		return
	}
	t.Error("there is no histogram")
}

func TestTheLastFiguresWaitToBeScraped(t *testing.T) {
	e := exporterWithFigures(t)
	server := httptest.NewServer(e)
	defer server.Close()
	scrape(t, server.URL) // before the end: it does not count
	if e.Linger(t.Context(), 10*time.Millisecond) {
		t.Error("an early scrape ended the wait for the last")
	}
	done := make(chan bool)
	go func() { done <- e.Linger(t.Context(), time.Minute) }()
	scrape(t, server.URL)
	if !<-done {
		t.Error("the last scrape was not noticed")
	}
}

// A search begins to count anew with each step; what Prometheus is told must not.
func TestCountersOfASearchNeverFall(t *testing.T) {
	e := NewExporter()
	server := httptest.NewServer(e)
	defer server.Close()
	step := func(phase string, kept int64) {
		h := newTally().latency
		h.add(900, kept)
		e.Show(Progress{Scenario: "introspection", Phase: phase, Requests: kept, Kept: kept, Counts: newSparse(h)})
	}
	step("step 1: grow", 5)
	step("step 1: grow", 10)
	step("step 2: grow", 2)
	step("step 3: bisect", 4)
	text := scrape(t, server.URL)
	for _, want := range []string{
		`scopeproof_load_requests_total{class="kept",scenario="introspection"} 16`,
		`scopeproof_load_latency_seconds_count{scenario="introspection"} 16`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("got no line %s, in\n%s", want, text)
		}
	}
}
