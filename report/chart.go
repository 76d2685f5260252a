package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// chart is a chart drawn as SVG: few ticks, lines that are named where they end,
// marks whose shape says what they are. Everything is in units of its view box.
type chart struct {
	Title         string
	Alt           string // what it shows, for who cannot see it
	Width, Height int
	Left, Right   int // of the plot
	Top, Bottom   int
	X, Y          []chartTick
	XLabel        string
	YLabel        string
	Bands         []chartBand
	Lines         []chartLine
	Marks         []chartMarks
	Limits        []chartLimit
	Labels        []chartLabel

	drawn [][2][2]float64 // the parts of lines, from left to right
}

type chartTick struct {
	At   float64
	Text string
}

// chartLine is a line, or the outline of an area.
type chartLine struct{ Name, Class, Points string }

// chartMarks are marks of one shape, which Path draws.
type chartMarks struct{ Name, Class, Path, Key string }

// chartBand is a part of the plot that is shaded from top to bottom.
type chartBand struct {
	From, Width float64
	Text        string
}

// chartLimit is a line to stay on one side of.
type chartLimit struct {
	X1, Y1, X2, Y2 float64
	TextX, TextY   float64
	Anchor, Text   string
	Class          string // "held" or "missed"
}

// chartLabel is the name of a line, beside its end.
type chartLabel struct {
	At          float64
	Text, Class string
}

// axis is one axis of a chart.
type axis struct {
	Label    string
	Log      bool
	From, To float64     // both 0: as the points are
	Ticks    []chartTick // none: a few round numbers
}

// The shapes of a series that are not a line.
const (
	shapeArea     = "area"
	shapeDot      = "dot"
	shapeCross    = "cross"
	shapeTriangle = "triangle"
	shapeSquare   = "square"
)

// series is one line, area or row of marks: pairs of x and y.
type series struct {
	Name, Class string
	Points      [][2]float64
	Shape       string       // empty: a line
	Under       [][2]float64 // of an area: its lower edge
}

// newChart draws series. Points that are not numbers, or that a logarithm cannot
// show, are left out, and break a line.
func newChart(title string, x, y axis, all ...series) *chart {
	c := &chart{Title: title, Width: 420, Height: 212, Left: 44, Right: 350, Top: 24, Bottom: 172, XLabel: x.Label, YLabel: y.Label}
	x.span(all, 0)
	y.span(all, 1)
	for _, t := range x.Ticks {
		c.X = append(c.X, chartTick{c.across(x, t.At), t.Text})
	}
	for _, t := range y.Ticks {
		c.Y = append(c.Y, chartTick{c.up(y, t.At), t.Text})
	}
	for _, s := range all {
		switch s.Shape {
		case "":
			c.line(x, y, s)
		case shapeArea:
			c.area(x, y, s)
		default:
			c.marks(x, y, s)
		}
	}
	c.spread()
	return c
}

func (c *chart) across(x axis, v float64) float64 {
	return x.place(v, float64(c.Left), float64(c.Right))
}

func (c *chart) up(y axis, v float64) float64 {
	return y.place(v, float64(c.Bottom), float64(c.Top))
}

// line draws a line, in as many parts as it is broken into, and names it.
func (c *chart) line(x, y axis, s series) {
	var points []string
	var before [2]float64
	last := math.NaN()
	end := func() {
		if len(points) == 1 {
			points = append(points, points[0]) // a round cap makes it a dot
		}
		if len(points) > 0 {
			c.Lines = append(c.Lines, chartLine{s.Name, "line " + s.Class, strings.Join(points, " ")})
		}
		points = nil
	}
	for _, p := range s.Points {
		if !x.shows(p[0]) || !y.shows(p[1]) {
			end()
			continue
		}
		at := [2]float64{c.across(x, p[0]), c.up(y, p[1])}
		if len(points) > 0 {
			c.drawn = append(c.drawn, [2][2]float64{before, at})
		}
		before, last = at, at[1]
		points = append(points, fmt.Sprintf("%g,%g", at[0], at[1]))
	}
	end()
	if isNumber(last) && s.Name != "" {
		c.Labels = append(c.Labels, chartLabel{last, s.Name, s.Class})
	}
}

// area draws what is between two lines.
func (c *chart) area(x, y axis, s series) {
	var points []string
	add := func(p [2]float64) {
		points = append(points, fmt.Sprintf("%g,%g", c.across(x, p[0]), c.up(y, p[1])))
	}
	most := 0.0
	for i, p := range s.Points {
		most = max(most, p[1]-s.Under[i][1])
		add(p)
	}
	if most == 0 {
		return
	}
	for _, p := range slices.Backward(s.Under) {
		add(p)
	}
	c.Lines = append(c.Lines, chartLine{s.Name, "area " + s.Class, strings.Join(points, " ")})
	if s.Name != "" {
		last := len(s.Points) - 1
		c.Labels = append(c.Labels, chartLabel{c.up(y, (s.Points[last][1]+s.Under[last][1])/2), s.Name, s.Class})
	}
}

// marks draws a mark at each point. What is above or below the plot is drawn at its
// edge.
func (c *chart) marks(x, y axis, s series) {
	var b strings.Builder
	for _, p := range s.Points {
		if x.shows(p[0]) && y.shows(p[1]) {
			b.WriteString(markPath(s.Shape, c.across(x, p[0]), c.up(y, p[1])))
		}
	}
	if b.Len() > 0 {
		c.Marks = append(c.Marks, chartMarks{s.Name, s.Class, b.String(), markPath(s.Shape, 6, 6)})
	}
}

func markPath(shape string, x, y float64) string {
	switch shape {
	case shapeCross:
		return fmt.Sprintf("M%g %gl7 7m0-7l-7 7", x-3.5, y-3.5)
	case shapeTriangle:
		return fmt.Sprintf("M%g %gl4.5 8h-9z", x, y-4.5)
	case shapeSquare:
		return fmt.Sprintf("M%g %gh7v7h-7z", x-3.5, y-3.5)
	}
	return fmt.Sprintf("M%g %ga3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", x-3.5, y)
}

// labelHeight is how far apart names of lines are at least.
const labelHeight = 14

// spread moves names that would lie upon each other apart.
func (c *chart) spread() {
	slices.SortStableFunc(c.Labels, func(a, b chartLabel) int { return cmp.Compare(a.At, b.At) })
	for i := 1; i < len(c.Labels); i++ {
		c.Labels[i].At = max(c.Labels[i].At, c.Labels[i-1].At+labelHeight)
	}
	least := float64(c.Bottom)
	for i := range slices.Backward(c.Labels) {
		c.Labels[i].At = min(c.Labels[i].At, least)
		least = c.Labels[i].At - labelHeight
	}
}

func (a *axis) shows(v float64) bool { return isNumber(v) && (!a.Log || v > 0) }

// span finds from where to where an axis goes, and its ticks.
func (a *axis) span(all []series, of int) {
	if a.From == 0 && a.To == 0 {
		a.From, a.To = math.Inf(1), math.Inf(-1)
		for _, s := range all {
			for _, p := range slices.Concat(s.Points, s.Under) {
				if a.shows(p[of]) {
					a.From, a.To = min(a.From, p[of]), max(a.To, p[of])
				}
			}
		}
	}
	if math.IsInf(a.From, 1) {
		a.From, a.To = 1, 10
	}
	if a.Log && len(a.Ticks) == 0 {
		a.From, a.To, a.Ticks = decades(a.From, a.To)
		return
	}
	if !a.Log && len(a.Ticks) == 0 {
		a.From = min(a.From, 0)
	}
	if a.To <= a.From {
		a.To = a.From + 1
	}
	if len(a.Ticks) == 0 {
		a.Ticks = a.round()
	}
}

// decades bounds a logarithmic axis: by powers of ten, with a tick each, or where
// there are hardly two of them by 1, 2 and 5 as well.
func decades(from, to float64) (low, high float64, ticks []chartTick) {
	add := func(v float64) { ticks = append(ticks, chartTick{v, tickText(v)}) }
	first, last := math.Floor(math.Log10(from)), math.Ceil(math.Log10(to))
	steps := []float64{1}
	if to/from < 60 {
		steps = []float64{1, 2, 5}
	}
	for power := first; power <= last; power++ {
		for _, step := range steps {
			v := step * math.Pow(10, power)
			if len(ticks) > 0 && ticks[len(ticks)-1].At >= to*0.999 && len(ticks) > 1 {
				break
			}
			if v <= from*1.001 {
				ticks = nil // the last of these is where the axis begins
			}
			add(v)
		}
	}
	return ticks[0].At, ticks[len(ticks)-1].At, ticks
}

// round are ticks at round numbers, four or so. The axis ends with the last.
func (a *axis) round() []chartTick {
	var ticks []chartTick
	step := math.Pow(10, math.Floor(math.Log10((a.To-a.From)/4)))
	for _, factor := range []float64{2, 2.5, 2} {
		if (a.To-a.From)/step > 6 {
			step *= factor
		}
	}
	for v := math.Ceil(a.From/step) * step; v <= a.To*1.001; v += step {
		ticks = append(ticks, chartTick{v, tickText(v)})
	}
	return ticks
}

// tickText is a round number: without digits that say nothing.
func tickText(v float64) string {
	text := number(math.Round(v*1e6) / 1e6)
	return strings.TrimSuffix(text, ".0")
}

// place is where a value is between two ends.
func (a *axis) place(v, from, to float64) float64 {
	low, high := a.From, a.To
	if a.Log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return math.Round(10*(from+(to-from)*min(max((v-low)/(high-low), 0), 1))) / 10
}

func heldClass(held bool) string {
	if held {
		return "held"
	}
	return "missed"
}
