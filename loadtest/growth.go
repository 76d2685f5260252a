package loadtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// The ways in which latency can grow with the size of what is sent.
const (
	GrowsNot    = "constant"
	GrowsLinear = "linear" // or a little more, as n log n
	GrowsWorse  = "worse"  // than linear: a small request can cost much
)

const (
	// resamples is how often the fit is repeated with other samples of the same
	// measurement, to learn how sure it is.
	resamples = 200
	// noticeable is how many times as long the slowest size takes, from which on
	// latency counts as growing at all.
	noticeable = 1.3
	// harmful is the same for growth that is worse than linear.
	harmful = 2.0
	// steep is the exponent from which on growth is worse than linear; n log n
	// looks like 1.2 at most.
	steep = 1.3
	// surpassing is the power that no a + b·size reaches between two sizes, whatever
	// a and b are; n log n does not either, beyond a few sizes.
	surpassing = 1.25
	// sure is the part of the resamples that must agree before a server is said
	// to be worse than linear.
	sure = 0.9
	// evident is by how much Akaike's criterion has to prefer a model that is
	// worse than linear to a linear one.
	evident = 10.0
)

// Growth is the fit of latency = a + b·sizeᵏ to a sweep: by least squares of the
// lowest deciles, weighted so that errors count in parts of the latency.
type Growth struct {
	// Model is "constant", "linear" or "worse"; empty: there were too few points.
	Model string `json:"model"`
	// Exponent is k; Low and High bound it in 95 of 100 resamples.
	Exponent float64 `json:"exponent"`
	Low      float64 `json:"exponent_low"`
	High     float64 `json:"exponent_high"`
	// Base is a and Each is b, in milliseconds: what is drawn through the points.
	Base float64 `json:"base_ms"`
	Each float64 `json:"each_ms"`
	// Confidence is the part of the resamples that say the same.
	Confidence float64 `json:"confidence"`
	// Times is how many times as long the slowest size takes as the fastest.
	Times   float64 `json:"times"`
	Points  int     `json:"points"`
	Samples int     `json:"samples"` // of each point, at least
}

// sized are the latencies that were measured for one size.
type sized struct {
	size float64
	took []float64 // in any unit
}

const (
	// leastPoints is how many sizes a fit needs: more than its parameters.
	leastPoints = 5
	// leastSamples is how many samples of each size it needs.
	leastSamples = 8
)

// fitGrowth says how latency grows. It says the same for the same seed.
func fitGrowth(points []sized, seed int64) Growth {
	g := Growth{Points: len(points)}
	if len(points) > 0 {
		g.Samples = len(points[0].took)
	}
	for _, p := range points {
		g.Samples = min(g.Samples, len(p.took))
	}
	if len(points) < leastPoints || g.Samples < leastSamples {
		return g
	}
	all := func(took []float64) []float64 { return took }
	best := fitOnce(points, all)
	g.Exponent, g.Times = best.exponent, best.times
	g.Base, g.Each = best.base, best.each
	// Not for security: the figures are to be the same for the same seed.
	random := rand.New(rand.NewPCG(uint64(seed), 0x51e))
	var exponents []float64
	votes := map[string]int{}
	for range resamples {
		f := fitOnce(points, func(took []float64) []float64 {
			again := make([]float64, len(took))
			for i := range again {
				again[i] = took[random.IntN(len(took))]
			}
			return again
		})
		exponents = append(exponents, f.exponent)
		votes[f.model()]++
	}
	slices.Sort(exponents)
	g.Low = stat.Quantile(0.025, stat.Empirical, exponents, nil)
	g.High = stat.Quantile(0.975, stat.Empirical, exponents, nil)
	g.Model = best.model()
	shorter := points[:len(points)-1]
	if g.Model == GrowsWorse && (float64(votes[GrowsWorse]) < sure*resamples || g.Low < steep || !fitOnce(shorter, all).rises()) {
		g.Model = GrowsLinear // or something in between
		votes[GrowsLinear] = resamples - votes[GrowsWorse]
	}
	g.Confidence = float64(votes[g.Model]) / resamples
	return g
}

// fit is one fit of all models.
type fit struct {
	exponent, times float64
	base, each      float64 // latency = base + each·size to the power of exponent
	gain            float64 // Akaike's criterion of the linear model, less that of the best
	doubles         bool    // it more than doubles with each of the last two doublings of size
}

func (f fit) model() string {
	switch {
	case f.times < noticeable || f.exponent < 0.1:
		return GrowsNot
	case f.exponent >= steep && f.times >= harmful && (f.gain >= evident || f.doubles || f.exponent > 2.5):
		return GrowsWorse
	}
	return GrowsLinear
}

// rises reports whether there is growth worse than linear: asked without the
// largest size, which alone may have crossed a limit of some buffer.
func (f fit) rises() bool { return f.exponent >= steep && f.times >= noticeable }

// fitOnce fits the lowest deciles of the samples that choose takes of each point.
func fitOnce(points []sized, choose func([]float64) []float64) fit {
	n := len(points)
	size, took, weight := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, p := range points {
		took[i] = undisturbed(choose(p.took))
		size[i], weight[i] = p.size, 1/(took[i]*took[i])
	}
	f := fit{times: slices.Max(took) / slices.Min(took)}
	local := func(i int) float64 { return math.Log(took[i]/took[i-1]) / math.Log(size[i]/size[i-1]) }
	f.doubles = local(n-1) > surpassing && local(n-2) > surpassing
	least, straight := math.Inf(1), 0.0
	x := make([]float64, n)
	for step := range 61 { // exponents from 0 to 6
		k := float64(step) / 10
		for i := range x {
			x[i] = math.Pow(size[i]/size[n-1], k)
		}
		a, b := stat.Mean(took, weight), 0.0
		if step > 0 {
			a, b = stat.LinearRegression(x, took, weight, false)
		}
		if b < 0 {
			continue
		}
		var sum float64
		for i := range x {
			off := took[i] - a - b*x[i]
			sum += weight[i] * off * off
		}
		if sum < least {
			least, f.exponent = sum, k
			f.base, f.each = a, b/math.Pow(size[n-1], k)
		}
		if step == 10 {
			straight = sum
		}
	}
	if straight == 0 { // nothing grows, or everything is on the line
		return f
	}
	// One parameter more than the linear model has, k, costs 2. A fit without any
	// error at all is no better than one part in a million.
	least = max(least, straight*1e-6)
	f.gain = float64(n)*math.Log(straight/least) - 2
	return f
}

// undisturbed is the lowest decile: what disturbs a measurement only ever adds to
// it.
func undisturbed(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return stat.Quantile(0.1, stat.LinInterp, sorted, nil)
}
