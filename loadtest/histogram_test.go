package loadtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What hdrhistogram says of values, the histogram says.
func TestHistogramIsThatOfTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	value := func() int64 { return random.Int64N(longest) >> random.IntN(40) }
	for _, tt := range []struct{ bits, digits int }{{11, 3}, {8, 2}} {
		whole, part := newHistogramTo(longest, tt.bits), newHistogramTo(longest, tt.bits)
		want := hdrhistogram.New(1, longest, tt.digits)
		compareHistograms(t, whole, want)
		for _, n := range []int{1, 2, 10, 3000} {
			for range n {
				v, times := value(), 1+random.Int64N(3)
				part.add(v, times)
				if err := want.RecordValues(v, times); err != nil {
					t.Fatal(err)
				}
			}
			whole.merge(part)
			part.reset()
			compareHistograms(t, part, hdrhistogram.New(1, longest, tt.digits))
			compareHistograms(t, whole, want)
		}
	}
}

func compareHistograms(t *testing.T, got *histogram, want *hdrhistogram.Histogram) {
	t.Helper()
	if got.total != want.TotalCount() || got.min() != want.Min() || got.max() != want.Max() || got.mean() != want.Mean() {
		t.Errorf("got %d from %d to %d, mean %v, want %d from %d to %d, mean %v", got.total, got.min(), got.max(), got.mean(),
			want.TotalCount(), want.Min(), want.Max(), want.Mean())
	}
	for _, percent := range []float64{0, 0.01, 10, 50, 75, 90, 99, 99.9, 99.99, 100} {
		if at := got.at(percent); at != want.ValueAtQuantile(percent) {
			t.Errorf("%v %%: got %d, want %d", percent, at, want.ValueAtQuantile(percent))
		}
	}
	counted := map[int64]int64{}
	for value, count := range got.all() {
		counted[value] = count
	}
	for _, bar := range want.Distribution() {
		if counted[bar.To] != bar.Count {
			t.Errorf("up to %d: got %d, want %d", bar.To, counted[bar.To], bar.Count)
		}
	}
}

func TestHistogramHoldsWhatIsTooMuch(t *testing.T) {
	h := newHistogram()
	h.add(math.MaxInt64, 1)
	h.add(-1, 1)
	h.add(5, math.MaxInt64)
	h.add(5, -1)
	other := newHistogram()
	other.add(1, 1)
	h.merge(other)
	if h.total != math.MaxInt64 || h.min() != 0 || h.max() < longest || h.at(50) != 5 {
		t.Errorf("got %d from %d to %d, median %d", h.total, h.min(), h.max(), h.at(50))
	}
}
