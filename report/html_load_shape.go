package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/scopeproof/scopeproof/loadtest"
)

// spectrumChart is the latency by percentile: each step to the right is a tenth of
// the requests. A report without a spectrum has the nine figures.
func spectrumChart(s loadtest.ScenarioReport, limits []drawnLimit) *chart {
	// Of what is slower than every other there is no percentile: it stands where one
	// of all requests is left.
	end := math.Log10(float64(max(s.Requests, 10)))
	at := func(percent float64) float64 { return min(-math.Log10(max(1-percent/100, 1e-12)), end) }
	line := series{Name: "latency", Class: "achieved"}
	for _, p := range s.Spectrum {
		line.Points = append(line.Points, [2]float64{at(p.Percentile), p.MS})
	}
	figures := series{Class: "achieved", Shape: shapeDot}
	var words []string
	for _, p := range latencyFigures() {
		if p.Percent == 0 || at(p.Percent) >= end && p.Percent < 100 {
			continue
		}
		ms := *p.of(&s.Latency)
		figures.Points = append(figures.Points, [2]float64{at(p.Percent), ms})
		words = append(words, p.Name+" "+number(ms))
	}
	if len(line.Points) == 0 {
		line.Points = figures.Points
	}
	x := axis{Label: "percentile", To: end * 1.001}
	for _, t := range []chartTick{{0, "0"}, {50, "50"}, {90, "90"}, {99, "99"}, {99.9, "99.9"}, {99.99, "99.99"}, {99.999, "99.999"}} {
		if v := at(t.At); v <= end*0.85 || t.At == 90 {
			x.Ticks = append(x.Ticks, chartTick{v, t.Text})
		}
	}
	x.Ticks = append(x.Ticks, chartTick{end, "max"})
	y := axis{Label: "ms, log", Log: true}
	bounds := series{}
	for _, l := range limits {
		if l.Percentile() > 0 || l.Metric() == "max" {
			bounds.Points = append(bounds.Points, [2]float64{0, l.limit})
		}
	}
	y.span([]series{line, bounds}, 1)
	c := newChart("Latency by percentile", x, y, line, figures)
	c.Labels = nil
	for i := range c.Marks {
		c.Marks[i].Name = ""
	}
	for _, l := range limits {
		percent := l.Percentile()
		if l.Metric() == "max" {
			percent = 100
		}
		if percent > 0 {
			c.tick(c.across(x, at(percent)), c.up(y, l.limit), l)
		}
	}
	c.tell()
	c.Alt = "Latency by percentile, in milliseconds: " + strings.Join(words, ", ") + "."
	return c
}

// tick draws a limit of one percentile: a short line where it is. Its text has its
// place once all are drawn: [chart.tell].
func (c *chart) tick(x, y float64, l drawnLimit) {
	const half = 16
	c.Limits = append(c.Limits, chartLimit{X1: x - half, Y1: y, X2: x + half, Y2: y, Text: l.Expression, Class: heldClass(l.held)})
}

// capacityCharts are the latency and the achieved rate at each rate that was tried.
func capacityCharts(c loadtest.Capacity) []*chart {
	steps := curve(c.Curve)
	if len(steps) == 0 {
		return nil
	}
	held, missed := series{Name: "p99, held", Class: "kept", Shape: shapeDot}, series{Name: "p99, not held", Class: "leaks", Shape: shapeCross}
	p99, p50 := series{Name: "p99", Class: "p99"}, series{Name: "p50", Class: "p50"}
	got, asked := series{Name: "achieved", Class: "achieved"}, series{Name: "offered", Class: "offered"}
	gotHeld, gotMissed := series{Name: "held", Class: "kept", Shape: shapeDot}, series{Name: "not held", Class: "leaks", Shape: shapeCross}
	for _, s := range steps {
		slow, rate := [2]float64{s.OfferedRate, s.Latency.P99}, [2]float64{s.OfferedRate, s.AchievedRate}
		p99.Points, p50.Points = append(p99.Points, slow), append(p50.Points, [2]float64{s.OfferedRate, s.Latency.P50})
		got.Points, asked.Points = append(got.Points, rate), append(asked.Points, [2]float64{s.OfferedRate, s.OfferedRate})
		if s.Held {
			held.Points, gotHeld.Points = append(held.Points, slow), append(gotHeld.Points, rate)
		} else {
			missed.Points, gotMissed.Points = append(missed.Points, slow), append(gotMissed.Points, rate)
		}
	}
	x := axis{Label: "offered, requests/s"}
	x.span([]series{got}, 0)
	latency := newChart("Latency by offered rate", x, axis{Label: "ms, log", Log: true}, p99, p50, held, missed)
	latency.Alt = "Latency by offered rate, in milliseconds. p99: " + rangeWords(p99.Points) + ". p50: " + rangeWords(p50.Points) + ". The figures are in the table below."
	achieved := newChart("Achieved by offered rate", x, axis{Label: "requests/s"}, asked, got, gotHeld, gotMissed)
	achieved.Alt = "Achieved by offered rate, in requests a second: " + rangeWords(got.Points) + ". The figures are in the table below."
	for _, drawn := range []*chart{latency, achieved} {
		if c.Rate > 0 {
			drawn.upright(drawn.across(x, c.Rate), "capacity "+number(c.Rate))
		}
	}
	return []*chart{latency, achieved}
}

// upright draws a line from top to bottom, and says at the top what it is.
func (c *chart) upright(x float64, text string) {
	anchor := "end"
	if x < float64(c.Left+c.Right)/2 {
		anchor = "start"
	}
	c.Limits = append(c.Limits, chartLimit{x, float64(c.Top), x, float64(c.Bottom), x, float64(c.Top) - 4, anchor, text, "held"})
}

// sweepChart is the latency by size, with the fit drawn through what it was fitted
// to.
func sweepChart(s loadtest.SweepReport) *chart {
	fitted, other := series{Name: "lowest decile", Class: "achieved", Shape: shapeDot}, series{Name: "answered otherwise", Class: "leaks", Shape: shapeCross}
	p50 := series{Name: "p50", Class: "p50"}
	last := 0.0
	for _, p := range s.Points {
		size := float64(p.Size)
		p50.Points = append(p50.Points, [2]float64{size, p.Latency.P50})
		low := p.Low
		if low == 0 { // a report of before it was kept
			low = p.Latency.Min
		}
		if p.Fitted {
			fitted.Points, last = append(fitted.Points, [2]float64{size, low}), size
		} else {
			other.Points = append(other.Points, [2]float64{size, low})
		}
	}
	if len(s.Points) == 0 {
		return nil
	}
	fit := series{Name: "fit", Class: "fit"}
	if g := s.Growth; g.Model != "" && (g.Base > 0 || g.Each > 0) {
		for size := float64(s.Points[0].Size); size <= last*1.001; size *= math.Sqrt2 {
			fit.Points = append(fit.Points, [2]float64{size, g.Base + g.Each*math.Pow(size, g.Exponent)})
		}
	}
	x := axis{Label: s.Unit + ", log", Log: true, From: float64(s.Points[0].Size), To: float64(s.Points[len(s.Points)-1].Size)}
	for i, p := range s.Points {
		if i%max(1, (len(s.Points)+2)/5) == 0 {
			x.Ticks = append(x.Ticks, chartTick{float64(p.Size), thousands(int64(p.Size))})
		}
	}
	c := newChart("Latency by number of "+oneLine(s.Unit), x, axis{Label: "ms, log", Log: true}, p50, fit, fitted, other)
	c.Alt = fmt.Sprintf("Latency by number of %s, in milliseconds. p50: %s. The figures are in the table below.", oneLine(s.Unit), rangeWords(p50.Points))
	return c
}

// fitWords is the fitted growth in words, or empty.
func fitWords(g loadtest.Growth) string {
	if g.Model == "" {
		return ""
	}
	curve := "a + b"
	if g.Base > 0 || g.Each > 0 {
		curve = fmt.Sprintf("%s + %s", number(g.Base), number(g.Each))
	}
	return fmt.Sprintf("%s·n^%s ms; the power is %s to %s in 95 of 100 resamples; %s sure, of %d sizes with %s each at least; the slowest size takes %s times as long as the fastest",
		curve, number(g.Exponent), number(g.Low), number(g.High), percent(g.Confidence), g.Points, count(g.Samples, "sample"), number(g.Times))
}
