package report

import (
	"fmt"
	"math"
	"strings"
)

// chart is a line chart, drawn as SVG: a few ticks, and a line a series. Everything
// is in units of its view box.
type chart struct {
	Title         string // also for who cannot see it
	Width, Height int
	Left, Right   int // of the plot
	Top, Bottom   int
	X, Y          []chartTick
	XLabel        string
	YLabel        string
	Lines         []chartLine
}

type chartTick struct {
	At   float64
	Text string
}

type chartLine struct{ Name, Class, Points string }

// axis is one axis of a chart.
type axis struct {
	Label    string
	Log      bool
	From, To float64     // both 0: as the points are
	Ticks    []chartTick // none: a few round numbers
}

// series is one line: pairs of x and y.
type series struct {
	Name, Class string
	Points      [][2]float64
}

// newChart draws lines. Points that are not numbers, or that a logarithm cannot
// show, are left out.
func newChart(title string, x, y axis, lines ...series) *chart {
	c := &chart{Title: title, Width: 480, Height: 200, Left: 46, Right: 468, Top: 12, Bottom: 168, XLabel: x.Label, YLabel: y.Label}
	x.span(lines, 0)
	y.span(lines, 1)
	for _, t := range x.Ticks {
		c.X = append(c.X, chartTick{x.place(t.At, float64(c.Left), float64(c.Right)), t.Text})
	}
	for _, t := range y.Ticks {
		c.Y = append(c.Y, chartTick{y.place(t.At, float64(c.Bottom), float64(c.Top)), t.Text})
	}
	for _, line := range lines {
		var points []string
		for _, p := range line.Points {
			if x.shows(p[0]) && y.shows(p[1]) {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x.place(p[0], float64(c.Left), float64(c.Right)), y.place(p[1], float64(c.Bottom), float64(c.Top))))
			}
		}
		if len(points) > 0 {
			c.Lines = append(c.Lines, chartLine{line.Name, line.Class, strings.Join(points, " ")})
		}
	}
	return c
}

func (a *axis) shows(v float64) bool { return isNumber(v) && (!a.Log || v > 0) }

// span finds from where to where an axis goes, and its ticks.
func (a *axis) span(lines []series, of int) {
	if a.From == 0 && a.To == 0 {
		a.From, a.To = math.Inf(1), math.Inf(-1)
		for _, line := range lines {
			for _, p := range line.Points {
				if a.shows(p[of]) {
					a.From, a.To = min(a.From, p[of]), max(a.To, p[of])
				}
			}
		}
	}
	if math.IsInf(a.From, 1) {
		a.From, a.To = 1, 10
	}
	if a.Log {
		a.From, a.To = math.Pow(10, math.Floor(math.Log10(a.From))), math.Pow(10, math.Ceil(math.Log10(a.To)))
		if a.From == a.To {
			a.To *= 10
		}
	} else if len(a.Ticks) == 0 {
		a.From = min(a.From, 0)
	}
	if a.To <= a.From {
		a.To = a.From + 1
	}
	if len(a.Ticks) == 0 {
		a.Ticks = a.round()
	}
}

// round are ticks at round numbers: powers of ten, or four steps or so.
func (a *axis) round() []chartTick {
	var ticks []chartTick
	if a.Log {
		for v := a.From; v <= a.To*1.001; v *= 10 {
			ticks = append(ticks, chartTick{v, strings.TrimSuffix(number(v), ".0")})
		}
		return ticks
	}
	step := math.Pow(10, math.Floor(math.Log10((a.To-a.From)/4)))
	for _, factor := range []float64{2, 2.5, 2} {
		if (a.To-a.From)/step > 6 {
			step *= factor
		}
	}
	for v := math.Ceil(a.From/step) * step; v <= a.To*1.001; v += step {
		ticks = append(ticks, chartTick{v, strings.TrimSuffix(number(v), ".0")})
	}
	return ticks
}

// place is where a value is between two ends.
func (a *axis) place(v, from, to float64) float64 {
	low, high := a.From, a.To
	if a.Log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return math.Round(10*(from+(to-from)*(v-low)/(high-low))) / 10
}
