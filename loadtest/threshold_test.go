package loadtest

import (
	"strings"
	"testing"
)

func TestThresholds(t *testing.T) {
	seen := &figures{requests: 1000, answered: 1000, kept: 995, faults: 5, offered: 1000, achieved: 985, latency: newHistogram()}
	for i := range int64(1000) {
		seen.latency.add(1000*(i+1), 1)
	}
	for text, want := range map[string]bool{
		"p50<600ms": true, "p50<400ms": false, "p99 <= 1s": true, "p99.9<=1001ms": true, "p99.9<900ms": false, "max<1.1s": true, "max<1s": false,
		"p75>500ms": true, "leaks==0": true, "leaks>0": false, "faults<1%": true, "faults<0.5%": false, "faults<=0.5%": true, "faults==5": true,
		"false_refusals==0": true, "achieved>=0.99": false, "achieved>=98%": true, "token-refresh.p99<2s": true,
		"p(95)<1s": true, "mean<502ms": true, "mean<400ms": false, "min<=1ms": true, "rate>984": true, "rate>986": false, "requests>=1000": true, "kept>=99.5%": true,
	} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := threshold.result("token-refresh", seen); got.Held != want || got.Value == nil {
			t.Errorf("%s: got held %v (%v), want %v", text, got.Held, got.Value, want)
		}
	}
}

func TestThresholdsWithoutSamplesFail(t *testing.T) {
	few := func(n int64) *figures {
		f := &figures{requests: n, answered: n, kept: n, offered: 1, achieved: 1, latency: newHistogram()}
		for range n {
			f.latency.add(1000, 1)
		}
		return f
	}
	unanswered := &figures{requests: 1, faults: 1, latency: newHistogram()}
	for _, tt := range []struct {
		text string
		seen *figures
		lack string
	}{
		{"p99<1h", unanswered, "nothing was answered"},
		{"max<1h", unanswered, "nothing was answered"},
		{"leaks==0", &figures{}, "nothing was sent"},
		{"achieved>0", nil, "nothing was sent"},
		{"achieved>0", unanswered, "no rate was offered"},
		{"p99<1h", few(99), "99 requests are too few for p99: want 100"},
		{"p99<1h", few(100), ""},
		{"p99.9<1h", few(999), "want 1000"},
		{"p99.99<1h", few(10_000), ""},
		{"p50<1h", few(2), ""},
		{"p100<1h", few(1), ""},
	} {
		threshold, err := ParseThreshold(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		got := threshold.result("s", tt.seen)
		if lacks := tt.lack != ""; got.Held == lacks || (got.Value == nil) != lacks || !strings.Contains(got.Reason, tt.lack) {
			t.Errorf("%s: got held %v, value %v, reason %q, want the reason %q", tt.text, got.Held, got.Value, got.Reason, tt.lack)
		}
	}
}

func TestThresholdsThatCannotBeReadSayWhatIsAllowed(t *testing.T) {
	for _, text := range []string{
		"", "p99", "p99<", "p99<50", "p99<50 ms", "p99<-1s", "p0<1s", "p101<1s", "pp<1s", "p<1s", "max<1%", "leaks<1ms", "leaks=0", "leaks<NaN", "leaks<-1",
		"throughput>1", "p99<50ms p95<1ms", ".p99<1s", "Scenario.p99<1s", "p99!=1s", "rate>5%", "p(99<1s", "mean<5", "p()<1s",
		"stale_after_edit.p95<1s", "stale_after_edit.max<5%", "revocation.stale_after_edit.leaks==0", "stale_after_edit<1s",
	} {
		if _, err := ParseThreshold(text); err == nil {
			t.Errorf("%q: got no error", text)
		} else if !strings.Contains(err.Error(), "got ") || !strings.Contains(err.Error(), "want ") || len(err.Error()) > 160 {
			t.Errorf("%q: the error does not say what is allowed: %v", text, err)
		}
	}
}

func TestAFigureThatIsMisspelt(t *testing.T) {
	if _, err := ParseThreshold("fualts<1%"); err == nil || !strings.Contains(err.Error(), `did you mean "faults"?`) {
		t.Errorf("got %v, want what was meant", err)
	}
}

func TestThresholdsOfWhatAScenarioMeasures(t *testing.T) {
	report := &ScenarioReport{Name: "grant-edits", Measures: []Measured{
		{Name: "stale_after_edit", Unit: "ms", P50: 1, P99: 900, Max: 1500}, {Name: "tries", Unit: "requests", P50: 2, P99: 3, Max: 4},
	}}
	for text, want := range map[string]string{
		"stale_after_edit.max<2s": "held", "stale_after_edit.max<1s": "missed", "grant-edits.stale_after_edit.p99<=900ms": "held",
		"stale_after_edit.p50<=0": "missed", "grant-edits.tries.max<=4": "held", "grant-edits.tries.p50>2": "missed",
		"stale_after_edit.max<5": "stale_after_edit is in ms", "grant-edits.tries.max<4s": "tries is in requests",
		"stale_after_stop.max<2s": "not found", "revocation.stale_after_edit.max<1s": "not bound",
	} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		r := &runner{Options: Options{Thresholds: []Threshold{threshold}}, report: &Report{}}
		r.bind(report, nil)
		got := "not found"
		if threshold.Scenario == "revocation" {
			got = "not bound"
		}
		for _, result := range r.report.Thresholds {
			got = "missed"
			if result.Held {
				got = "held"
			}
			if result.Value == nil {
				got = result.Reason
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
