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
