package report

import (
	"fmt"
	"math"

	"github.com/scopeproof/scopeproof/loadtest"
)

const (
	// mostDrawn is how many points a line over time has at most, mostListed how many
	// rows its table: a page of a long run stays small.
	mostDrawn  = 150
	mostListed = 30
)

// thinned makes some windows into one until there are at most so many: what was
// counted is added up, and of percentiles the highest is taken.
func thinned(windows []loadtest.Window, most int) []loadtest.Window {
	together := max(1, (len(windows)+most-1)/most)
	var all []loadtest.Window
	for i, w := range windows {
		if i%together == 0 {
			all = append(all, w)
			continue
		}
		a := &all[len(all)-1]
		a.Seconds, a.Due, a.Sent = a.Seconds+w.Seconds, a.Due+w.Due, a.Sent+w.Sent
		a.Kept, a.Leaks, a.FalseRefusals, a.Faults = a.Kept+w.Kept, a.Leaks+w.Leaks, a.FalseRefusals+w.FalseRefusals, a.Faults+w.Faults
		for _, p := range latencyFigures() {
			*p.of(&a.Latency) = max(*p.of(&a.Latency), *p.of(&w.Latency))
		}
	}
	return all
}

// latencyFigure is a percentile of a latency that reports have.
type latencyFigure struct {
	Name    string
	Percent float64 // 0: it is none
	of      func(*loadtest.Latency) *float64
}

func latencyFigures() []latencyFigure {
	return []latencyFigure{
		{"min", 0, func(l *loadtest.Latency) *float64 { return &l.Min }},
		{"mean", 0, func(l *loadtest.Latency) *float64 { return &l.Mean }},
		{"p50", 50, func(l *loadtest.Latency) *float64 { return &l.P50 }},
		{"p90", 90, func(l *loadtest.Latency) *float64 { return &l.P90 }},
		{"p95", 95, func(l *loadtest.Latency) *float64 { return &l.P95 }},
		{"p99", 99, func(l *loadtest.Latency) *float64 { return &l.P99 }},
		{"p99.9", 99.9, func(l *loadtest.Latency) *float64 { return &l.P999 }},
		{"p99.99", 99.99, func(l *loadtest.Latency) *float64 { return &l.P9999 }},
		{"max", 100, func(l *loadtest.Latency) *float64 { return &l.Max }},
	}
}

// overTime draws charts of a scenario over time.
type overTime struct {
	windows []loadtest.Window
	x       axis
	warm    float64 // seconds
	limits  []drawnLimit
}

// drawnLimit is a threshold of a scenario that a chart can show.
type drawnLimit struct {
	loadtest.Threshold
	limit float64
	held  bool
}

func newOverTime(s loadtest.ScenarioReport, warmUpMS int64, limits []drawnLimit) *overTime {
	windows := s.Windows
	for len(windows) > 1 && windows[len(windows)-1].Answered()+windows[len(windows)-1].Sent+windows[len(windows)-1].Due == 0 {
		windows = windows[:len(windows)-1]
	}
	if len(windows) == 0 {
		return nil
	}
	last := windows[len(windows)-1]
	return &overTime{
		windows: thinned(windows, mostDrawn), warm: float64(warmUpMS) / 1000, limits: limits,
		x: axis{Label: "seconds since the first request", To: float64(last.Second + last.Seconds)},
	}
}

// points are a figure of each window, in the middle of it.
func (o *overTime) points(of func(w *loadtest.Window) float64) [][2]float64 {
	var list [][2]float64
	for i := range o.windows {
		w := &o.windows[i]
		list = append(list, [2]float64{float64(w.Second) + float64(w.Seconds)/2, of(w)})
	}
	return list
}

// draw draws series over time, with the warm-up shaded.
func (o *overTime) draw(title string, y axis, all ...series) *chart {
	c := newChart(title, o.x, y, all...)
	if o.warm > 0 {
		from, to := c.across(o.x, 0), c.across(o.x, o.warm)
		c.Bands = append(c.Bands, chartBand{from, to - from, "warm-up"})
	}
	return c
}

// throughput is what was due, where a rate was offered, and what was sent.
func (o *overTime) throughput(offers bool) *chart {
	rate := func(n, seconds int64) float64 { return float64(n) / float64(max(seconds, 1)) }
	// When nothing is due any more, answers are still on their way.
	whole := *o
	for len(whole.windows) > 1 && whole.windows[len(whole.windows)-1].Due == 0 {
		whole.windows = whole.windows[:len(whole.windows)-1]
	}
	due := whole.points(func(w *loadtest.Window) float64 { return rate(w.Due, w.Seconds) })
	sent := whole.points(func(w *loadtest.Window) float64 { return rate(w.Sent, w.Seconds) })
	y := axis{Label: "requests/s"}
	title, alt := "Throughput: offered and achieved", "Offered: "+rangeWords(due)+". Achieved: "
	all := []series{{Name: "offered", Class: "offered", Points: due}, {Name: "achieved", Class: "achieved", Points: sent}}
	if !offers {
		title, alt, all, due = "Throughput", "Sent: ", all[1:], nil
	}
	for _, l := range o.limits {
		if l.Metric() == "rate" {
			y.To = max(y.To, l.limit*1.1)
		}
	}
	if y.To > 0 {
		for _, p := range append(due, sent...) {
			y.To = max(y.To, p[1])
		}
	}
	y.span(all, 1)
	c := o.draw(title, y, all...)
	for _, l := range o.limits {
		if l.Metric() == "rate" {
			c.level(y, l.limit, l.Expression, l.held)
		}
	}
	c.tell()
	c.Alt = "Requests a second over time. " + alt + rangeWords(sent) + "."
	return c
}

// latency are percentiles over time, with the limits of these.
func (o *overTime) latency() *chart {
	y := axis{Label: "ms, log", Log: true}
	var all []series
	alt := "Latency over time, in milliseconds."
	for _, p := range latencyFigures() {
		switch p.Name {
		case "p50", "p90", "p99", "max":
			points := o.points(func(w *loadtest.Window) float64 { return *p.of(&w.Latency) })
			all = append(all, series{Name: p.Name, Class: p.Name, Points: points})
			alt += " " + p.Name + ": " + rangeWords(points) + "."
		}
	}
	var shown []drawnLimit
	bounds := series{}
	for _, l := range o.limits {
		switch l.Metric() {
		case "p50", "p90", "p99", "max":
			shown = append(shown, l)
			bounds.Points = append(bounds.Points, [2]float64{0, l.limit})
		}
	}
	y.span(append([]series{bounds}, all...), 1)
	c := o.draw("Latency over time", y, all...)
	for _, l := range shown {
		c.level(y, l.limit, l.Expression, l.held)
	}
	c.tell()
	c.Alt = alt
	return c
}

// answerKind is what an answer can be, other than as expected.
type answerKind struct {
	one, class, shape string
	of                func(w *loadtest.Window) int64
}

func answerKinds() []answerKind {
	return []answerKind{
		{"leak", "leaks", shapeTriangle, func(w *loadtest.Window) int64 { return w.Leaks }},
		{"false refusal", "refusals", shapeSquare, func(w *loadtest.Window) int64 { return w.FalseRefusals }},
		{"fault", "faults", shapeCross, func(w *loadtest.Window) int64 { return w.Faults }},
	}
}

// answers are the answers by what they amount to, stacked; and a mark at each
// moment at which one was not as expected, which a few of many would not show.
func (o *overTime) answers() *chart {
	top := make([][2]float64, len(o.windows))
	for i, p := range o.points(func(*loadtest.Window) float64 { return 0 }) {
		top[i] = p
	}
	stack := func(name, class string, of func(w *loadtest.Window) int64) series {
		s := series{Name: name, Class: class, Shape: shapeArea, Under: top}
		over := make([][2]float64, len(top))
		for i := range o.windows {
			over[i] = [2]float64{top[i][0], top[i][1] + float64(of(&o.windows[i]))/float64(max(o.windows[i].Seconds, 1))}
		}
		s.Points, top = over, over
		return s
	}
	all := []series{stack("kept", "kept", func(w *loadtest.Window) int64 { return w.Kept })}
	alt, marks := "Answers a second over time.", []series(nil)
	kinds := answerKinds()
	for _, k := range kinds {
		all = append(all, stack("", k.class, k.of))
	}
	for _, k := range kinds {
		s, total := series{Class: k.class, Shape: k.shape}, int64(0)
		for i := range o.windows {
			if n := k.of(&o.windows[i]); n > 0 {
				total += n
				s.Points = append(s.Points, [2]float64{top[i][0], 0})
			}
		}
		s.Name = count(int(total), k.one)
		alt += " " + s.Name + "."
		if total > 0 {
			marks = append(marks, s)
		}
	}
	y := axis{Label: "answers/s"}
	y.span(all, 1)
	y.To /= 1 - 0.11*float64(len(marks)) // a row above the answers for each kind of mark
	for i := range marks {
		for j := range marks[i].Points {
			marks[i].Points[j][1] = y.To * (0.97 - 0.1*float64(i))
		}
	}
	c := o.draw("Answers: kept, leaks, false refusals, faults", y, append(all, marks...)...)
	c.Alt = alt
	return c
}

// rangeWords says of points from what to what they go.
func rangeWords(points [][2]float64) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if isNumber(p[1]) {
			low, high = min(low, p[1]), max(high, p[1])
		}
	}
	if math.IsInf(low, 1) {
		return nothing
	}
	return fmt.Sprintf("%s to %s", number(low), number(high))
}
