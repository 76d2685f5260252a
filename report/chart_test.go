package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAChartStaysWithinItsAxes(t *testing.T) {
	for _, c := range []struct {
		name   string
		x, y   axis
		points [][2]float64
		lines  int
	}{
		{"a line", axis{}, axis{}, [][2]float64{{0, 1}, {5, 12}, {10, 3}}, 1},
		{"over decades", axis{}, axis{Log: true}, [][2]float64{{0, 0.02}, {1, 5}, {2, 40_000}}, 1},
		{"one point", axis{}, axis{Log: true}, [][2]float64{{3, 10}}, 1},
		{"what is no number is left out", axis{}, axis{Log: true}, [][2]float64{{0, math.NaN()}, {1, 0}, {2, -1}, {3, math.Inf(1)}}, 0},
		{"nothing", axis{}, axis{}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newChart("x", c.x, c.y, series{Points: c.points})
			if len(got.Lines) != c.lines {
				t.Fatalf("got %d lines, want %d", len(got.Lines), c.lines)
			}
			if len(got.X) == 0 || len(got.Y) == 0 || len(got.Y) > 8 {
				t.Errorf("got %d and %d ticks", len(got.X), len(got.Y))
			}
			for _, line := range got.Lines {
				for _, p := range strings.Fields(line.Points) {
					var x, y float64
					if _, err := fmt.Sscanf(p, "%f,%f", &x, &y); err != nil {
						t.Fatal(err)
					}
					if x < float64(got.Left) || x > float64(got.Right) || y < float64(got.Top) || y > float64(got.Bottom) {
						t.Errorf("the point %s is outside of the plot", p)
					}
				}
			}
		})
	}
}

func TestTicksAreRound(t *testing.T) {
	texts := func(ticks []chartTick) (list []string) {
		for _, tick := range ticks {
			list = append(list, tick.Text)
		}
		return list
	}
	c := newChart("x", axis{}, axis{Log: true}, series{Points: [][2]float64{{0, 3}, {37, 450}}})
	if diff := cmp.Diff([]string{"0", "10", "20", "30"}, texts(c.X)); diff != "" {
		t.Errorf("x (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "10", "100", "1,000"}, texts(c.Y)); diff != "" {
		t.Errorf("y (-want +got)\n%s", diff)
	}
}

// Limits that are close together have texts that do not touch.
func TestTextsOfLimitsStayApart(t *testing.T) {
	line := series{Points: [][2]float64{{0, 1}, {1, 4}, {2, 6}, {3, 9}, {4, 10}}}
	for name, limits := range map[string][][2]float64{ // of the latency by percentile: where and at what
		"one above the other": {{3, 5}, {3, 5.1}, {3, 5.2}},
		"side by side":        {{2, 5}, {2.3, 5}, {2.6, 5}},
		"a step each":         {{2.8, 5}, {2.9, 5.1}, {3, 5.2}, {3.1, 5.3}},
		"at the end":          {{4, 9.8}, {3.9, 9.9}, {3.8, 10}},
	} {
		y := axis{Log: true}
		y.span([]series{line}, 1)
		x := axis{To: 4}
		c := newChart("x", x, y, line)
		var boxes []box
		for i, at := range limits {
			c.tick(c.across(x, at[0]), c.up(y, at[1]), drawnLimit{})
			c.Limits[i].Text = "p99.9<5.25ms"
		}
		c.tell()
		for _, l := range c.Limits {
			width := glyph * float64(len(l.Text))
			left := map[string]float64{"start": l.TextX, "end": l.TextX - width, "middle": l.TextX - width/2}[l.Anchor]
			boxes = append(boxes, box{left, l.TextY - letter, left + width, l.TextY + 2})
		}
		for i, a := range boxes {
			for _, b := range boxes[:i] {
				if a.left < b.right+2 && b.left < a.right+2 && a.top < b.bottom && b.top < a.bottom {
					t.Errorf("%s: the texts at %+v and %+v touch", name, a, b)
				}
			}
		}
	}
}
