package loadtest

import (
	"math"
	"testing"
	"time"
)

func TestTheRateThatIsLetThroughIsSeen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		windows []Window // kept and limited, second by second
		took    time.Duration
		want    float64
	}{
		{"nothing is limited", eachSecond(100, 0, 100, 0), 2 * time.Second, 0},
		{"from the start, less what is let through at first", eachSecond(90, 10, 50, 50, 50, 50), 3 * time.Second, 50},
		{"later", eachSecond(100, 0, 80, 20, 40, 60, 44, 56), 4 * time.Second, 42},
		{"half a second at the end", eachSecond(90, 10, 50, 50, 25, 25), 2500 * time.Millisecond, 50},
		{"in less than a second", eachSecond(30, 20), 500 * time.Millisecond, 60},
		{"the last answers came later", eachSecond(60, 40, 1, 1), time.Second - time.Millisecond, 61 / 0.999},
		{"nothing more", eachSecond(90, 10, 0, 100), 2 * time.Second, 0},
	} {
		if got := through(tt.windows, tt.took); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v requests/s", tt.name, got, tt.want)
		}
	}
}

func eachSecond(counts ...int64) (windows []Window) {
	for i := 0; i < len(counts); i += 2 {
		windows = append(windows, Window{Second: int64(i / 2), Seconds: 1, Kept: counts[i], Faults: counts[i+1], Limited: counts[i+1]})
	}
	return windows
}
