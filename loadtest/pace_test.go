package loadtest

import (
	"math"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

var _ vegeta.Pacer = Pace{}

func TestStagesSayWhenRequestsAreDue(t *testing.T) {
	for _, tt := range []struct {
		text     string
		requests uint64
		duration time.Duration
		due      map[uint64]time.Duration
		rates    map[time.Duration]float64
	}{
		{"10s:100/s", 1000, 10 * time.Second, map[uint64]time.Duration{0: 0, 1: 10 * time.Millisecond, 999: 9990 * time.Millisecond}, map[time.Duration]float64{0: 100, 9 * time.Second: 100}},
		{"10s:60/m", 10, 10 * time.Second, map[uint64]time.Duration{3: 3 * time.Second}, nil},
		{"1s:100, 2s:50/s", 200, 3 * time.Second, map[uint64]time.Duration{99: 990 * time.Millisecond, 100: time.Second, 150: 2 * time.Second}, map[time.Duration]float64{2 * time.Second: 50}},
		// The area under a ramp from 0 to 100/s in 2 s is 100; half of the rate is a quarter of the area.
		{"2s:0..100/s", 100, 2 * time.Second, map[uint64]time.Duration{0: 0, 25: time.Second}, map[time.Duration]float64{time.Second: 50}},
		{"1s:100/s,2s:..300/s", 500, 3 * time.Second, map[uint64]time.Duration{100: time.Second, 250: 2 * time.Second}, map[time.Duration]float64{2 * time.Second: 200}},
		{"2s:300/s..100/s", 400, 2 * time.Second, map[uint64]time.Duration{250: time.Second}, nil},
		{"1s:10/s,1s:0/s,1s:10/s", 20, 3 * time.Second, map[uint64]time.Duration{9: 900 * time.Millisecond, 10: 2 * time.Second}, nil},
		{"4s:100/s~50/s@4s", 400, 4 * time.Second, map[uint64]time.Duration{0: 0}, map[time.Duration]float64{time.Second: 150, 3 * time.Second: 50}},
		{"300ms:0.5/s", 1, 300 * time.Millisecond, map[uint64]time.Duration{0: 0}, nil},
	} {
		t.Run(tt.text, func(t *testing.T) {
			p, err := ParseStages(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if p.Requests() != tt.requests || p.Duration() != tt.duration || p.String() != tt.text {
				t.Errorf("got %d requests in %v of %q, want %d in %v", p.Requests(), p.Duration(), p, tt.requests, tt.duration)
			}
			for hit, want := range tt.due {
				if got := p.Due(hit); got < want-time.Microsecond || got > want+time.Microsecond {
					t.Errorf("request %d: got due at %v, want %v", hit, got, want)
				}
			}
			for at, want := range tt.rates {
				if got := p.Rate(at); math.Abs(got-want) > 1e-9 {
					t.Errorf("at %v: got %v/s, want %v/s", at, got, want)
				}
			}
		})
	}
}

// Asked in virtual time, a pace makes each request due exactly once and loses
// nothing to rounding.
func TestPacesAreExactInVirtualTime(t *testing.T) {
	for _, text := range []string{"10s:333/s", "5s:10/s..1000/s,5s:1000/s..10/s", "7s:700/s~600/s@3s", "1s:1/s,1s:0,3s:977/s"} {
		p, err := ParseStages(text)
		if err != nil {
			t.Fatal(err)
		}
		var due time.Duration
		sent := make(map[time.Duration]float64) // by second
		n := uint64(0)
		for ; ; n++ {
			wait, stop := p.Pace(due, n)
			if stop {
				break
			}
			due += wait
			if due != p.Due(n) {
				t.Fatalf("%s: request %d is due at %v in virtual time, and at %v", text, n, due, p.Due(n))
			}
			sent[due.Truncate(time.Second)]++
		}
		if n != p.Requests() || due >= p.Duration() {
			t.Errorf("%s: got %d requests until %v, want %d before %v", text, n, due, p.Requests(), p.Duration())
		}
		for second, got := range sent {
			area := 0.0
			for i := range 1000 {
				area += p.Rate(second+time.Duration(i)*time.Millisecond+500*time.Microsecond) / 1000
			}
			if math.Abs(got-area) > 1.5 {
				t.Errorf("%s: got %v requests in the second from %v, want %.1f", text, got, second, area)
			}
		}
	}
}

func TestStagesThatCannotBeReadAreAllNamed(t *testing.T) {
	for _, text := range []string{
		"", "30s", "30s:", ":100/s", "30s:100/x", "30:100/s", "0s:100/s", "-1s:100/s", "30s:-100/s", "30s:1e9/s", "30s:NaN", "30s:100/s..", "30s:100/s..x",
		"30s:100/s~50/s", "30s:100/s~50/s@0s", "30s:100/s~200/s@1s", "30s:100/s;1s:2/s", "30s:0/s", "30s:100/s...200/s", "30s:100/s,,1s:1/s",
	} {
		if p, err := ParseStages(text); err == nil {
			t.Errorf("%q: got %d requests, want an error", text, p.Requests())
		} else if !strings.Contains(err.Error(), "30s:100/s..500/s") {
			t.Errorf("%q: the error does not say what is allowed: %v", text, err)
		}
	}
	_, err := ParseStages("1s:x,1s:1/s,2x:5/s")
	if err == nil || !strings.Contains(err.Error(), `stage 1: got "1s:x"`) || !strings.Contains(err.Error(), `stage 3: got "2x:5/s"`) {
		t.Errorf("got %v, want every stage that is wrong", err)
	}
}
