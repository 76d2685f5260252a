package loadtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

var _ vegeta.Pacer = mixed{}

// However a pace is divided, each of its requests is sent by exactly one
// scenario, when it is due, and the shares are what was asked for.
func TestAMixSendsEachRequestOnce(t *testing.T) {
	for _, stages := range []string{"10s:333/s", "3s:0..700/s,2s:..10/s"} {
		p, err := ParseStages(stages)
		if err != nil {
			t.Fatal(err)
		}
		for _, weights := range [][]int{{1}, {8, 2}, {1, 1, 1}, {1000, 1}, {7, 5, 3}} {
			sent := map[uint64]time.Duration{}
			sum := 0
			for _, w := range weights {
				sum += w
			}
			for i, m := range mix(p, weights) {
				var due time.Duration
				n := uint64(0)
				for ; ; n++ {
					wait, stop := m.Pace(due, n)
					if stop {
						break
					}
					due += wait
					if _, twice := sent[m.number(n)]; twice {
						t.Fatalf("%v: request %d is sent twice", weights, m.number(n))
					}
					sent[m.number(n)] = due
				}
				share := float64(p.Requests()) * float64(weights[i]) / float64(sum)
				if n != m.requests() || float64(n) > share+float64(len(weights)) || float64(n) < share-float64(len(weights)) {
					t.Errorf("%s by %v: scenario %d sends %d requests and says %d, want about %v", stages, weights, i, n, m.requests(), share)
				}
			}
			if uint64(len(sent)) != p.Requests() {
				t.Errorf("%s by %v: got %d requests, want %d", stages, weights, len(sent), p.Requests())
			}
			for number, due := range sent {
				if due != p.Due(number) {
					t.Errorf("%s by %v: request %d is due at %v, want %v", stages, weights, number, due, p.Due(number))
				}
			}
		}
	}
}

func TestWorkersAreDividedByWeight(t *testing.T) {
	for _, tt := range []struct {
		n       int
		weights []int
		want    []int
	}{
		{10, []int{8, 2}, []int{8, 2}},
		{7, []int{1, 1, 1}, []int{2, 3, 2}},
		{1, []int{9, 1}, []int{1, 1}},
		{512, []int{1000, 1}, []int{511, 1}},
	} {
		if got := divide(tt.n, tt.weights); !slices.Equal(got, tt.want) {
			t.Errorf("%d by %v: got %v, want %v", tt.n, tt.weights, got, tt.want)
		}
	}
}

func TestMixesThatCannotBeReadAreAllNamed(t *testing.T) {
	got, err := ParseMix("api-scope-check=8, token-refresh=2")
	if err != nil || !slices.Equal(got, []Share{{"api-scope-check", 8}, {"token-refresh", 2}}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "a", "a=", "a=0", "a=-1", "a=1.5", "=1", "a=1001", "a=1,a=2", "a=1,,b=1"} {
		if got, err := ParseMix(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		} else if !strings.Contains(err.Error(), "api-scope-check=8") {
			t.Errorf("%q: the error does not say what is allowed: %v", text, err)
		}
	}
	if _, err := ParseMix("a=x,b=1,c=0"); err == nil || !strings.Contains(err.Error(), `got "a=x"; got "c=0"`) {
		t.Errorf("got %v, want every share that is wrong", err)
	}
}
