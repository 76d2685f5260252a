package loadtest

import (
	"strings"
	"testing"
	"time"
)

func TestThresholds(t *testing.T) {
	seen := newTally()
	for i := range 1000 {
		class := AsExpected
		if i < 5 {
			class = Fault
		}
		seen.add(class, "", true, time.Duration(i)*time.Millisecond, time.Duration(i+1)*time.Millisecond)
	}
	for text, want := range map[string]bool{
		"p50<600ms": true, "p50<400ms": false, "p99 <= 1s": true, "p99.9<=1001ms": true, "p99.9<900ms": false, "max<1.1s": true, "max<1s": false,
		"p75>500ms": true, "leaks==0": true, "leaks>0": false, "faults<1%": true, "faults<0.5%": false, "faults<=0.5%": true, "faults==5": true,
		"false_refusals==0": true, "achieved>=0.99": false, "achieved>=98%": true, "token-refresh.p99<2s": true,
	} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := threshold.result("token-refresh", seen, 1000, 985); got.Held != want || got.Value == nil {
			t.Errorf("%s: got held %v (%v), want %v", text, got.Held, got.Value, want)
		}
	}
}

func TestThresholdsWithoutSamplesFail(t *testing.T) {
	unanswered := newTally()
	unanswered.add(Fault, "", false, 0, time.Second)
	for text, seen := range map[string]*tally{"p99<1h": unanswered, "max<1h": unanswered, "leaks==0": newTally(), "achieved>0": nil} {
		threshold, err := ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := threshold.result("s", seen, 1, 1); got.Held || got.Value != nil {
			t.Errorf("%s: got held %v, value %v, want neither", text, got.Held, got.Value)
		}
	}
}

func TestThresholdsThatCannotBeReadSayWhatIsAllowed(t *testing.T) {
	for _, text := range []string{
		"", "p99", "p99<", "p99<50", "p99<50 ms", "p99<-1s", "p0<1s", "p101<1s", "pp<1s", "p<1s", "max<1%", "leaks<1ms", "leaks=0", "leaks<NaN", "leaks<-1",
		"throughput>1", "p99<50ms p95<1ms", ".p99<1s", "Scenario.p99<1s", "p99!=1s",
	} {
		if _, err := ParseThreshold(text); err == nil {
			t.Errorf("%q: got no error", text)
		} else if !strings.Contains(err.Error(), "p99<50ms") || !strings.Contains(err.Error(), "achieved") {
			t.Errorf("%q: the error does not say what is allowed: %v", text, err)
		}
	}
}
