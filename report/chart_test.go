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
