package loadtest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// measured are samples as a sweep has them: noise that only ever adds, and now
// and then a lot.
func measured(seed uint64, sizes []float64, samples int, noise float64, took func(float64) float64) []sized {
	random := rand.New(rand.NewPCG(seed, 1))
	var points []sized
	for _, size := range sizes {
		p := sized{size: size}
		for range samples {
			t := took(size) * (1 + noise*random.ExpFloat64())
			if random.IntN(20) == 0 {
				t *= 5
			}
			p.took = append(p.took, t)
		}
		points = append(points, p)
	}
	return points
}

func powers(most float64) (list []float64) {
	for size := 1.0; size <= most; size *= 2 {
		list = append(list, size)
	}
	return list
}

func TestGrowthIsToldFromNoise(t *testing.T) {
	if testing.Short() {
		t.Skip("much arithmetic by one goroutine")
	}
	linear := func(n float64) float64 { return 200 + n }
	for _, tt := range []struct {
		name  string
		took  func(float64) float64
		right map[string]bool
	}{
		{"constant", func(float64) float64 { return 200 }, map[string]bool{GrowsNot: true}},
		{"less than noise", func(n float64) float64 { return 200 + n/50 }, map[string]bool{GrowsNot: true}},
		{"linear", linear, map[string]bool{GrowsLinear: true}},
		{"steeply linear", func(n float64) float64 { return 20 + 10*n }, map[string]bool{GrowsLinear: true}},
		{"n log n", func(n float64) float64 { return 200 + n*math.Log2(n+1) }, map[string]bool{GrowsLinear: true}},
		{"a step", func(n float64) float64 { return map[bool]float64{false: 200, true: 500}[n > 100] }, map[string]bool{GrowsLinear: true, GrowsNot: true}},
		{"a step at the end", func(n float64) float64 { return map[bool]float64{false: 200, true: 900}[n > 1000] }, map[string]bool{GrowsLinear: true, GrowsNot: true}},
		{"a step near the end", func(n float64) float64 { return map[bool]float64{false: 200, true: 900}[n > 500] }, map[string]bool{GrowsLinear: true, GrowsNot: true}},
		{"quadratic", func(n float64) float64 { return 200 + n*n/200 }, map[string]bool{GrowsWorse: true}},
		{"linear and quadratic", func(n float64) float64 { return 200 + n + n*n/100 }, map[string]bool{GrowsWorse: true}},
		{"nothing but quadratic", func(n float64) float64 { return 20 + n*n/100 }, map[string]bool{GrowsWorse: true}},
		{"cubic", func(n float64) float64 { return 200 + n*n*n/1e5 }, map[string]bool{GrowsWorse: true}},
		{"exponential", func(n float64) float64 { return 200 + math.Pow(2, n/64) }, map[string]bool{GrowsWorse: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong := 0
			for seed := range uint64(10) {
				g := fitGrowth(measured(seed, powers(1024), 30, 0.2, tt.took), 1)
				if !tt.right[g.Model] {
					wrong++
					t.Logf("seed %d: got %+v", seed, g)
				}
				if g.Low > g.Exponent+0.5 || g.High < g.Exponent-0.5 || g.Points != 11 || g.Samples != 30 {
					t.Errorf("seed %d: the figures do not fit together: %+v", seed, g)
				}
			}
			// Nobody is accused wrongly, and nothing that is there is missed.
			if wrong > 0 {
				t.Errorf("got it wrong %d times of 10", wrong)
			}
		})
	}
}

func TestAFewPointsSayNothingOfGrowth(t *testing.T) {
	for _, points := range [][]sized{nil, measured(1, powers(8), 30, 0, func(n float64) float64 { return n * n }), make([]sized, 9)} {
		if g := fitGrowth(points, 1); g.Model != "" {
			t.Errorf("got %+v of %d points, want nothing", g, len(points))
		}
	}
}

func TestTheSameSeedSaysTheSameOfGrowth(t *testing.T) {
	points := measured(3, powers(256), 20, 0.3, func(n float64) float64 { return 100 + n })
	if a, b := fitGrowth(points, 5), fitGrowth(points, 5); a != b {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestTheFitGoesThroughThePoints(t *testing.T) {
	cost := func(n float64) float64 { return 2 + 0.01*math.Pow(n, 1.5) }
	g := fitGrowth(measured(1, powers(1024), 30, 0, cost), 1)
	for _, n := range []float64{1, 16, 512} {
		if got, want := g.Base+g.Each*math.Pow(n, g.Exponent), cost(n); math.Abs(got-want) > 0.1*want {
			t.Errorf("%v: got %v by %+v, want %v", n, got, g, want)
		}
	}
}
