package report

import (
	"io"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/loadtest"
)

// long is a load run of ten minutes: as many windows as a report has at most, with
// one leak in one of them.
func long() *loadtest.Report {
	r := loadFixture()
	s := &r.Scenarios[0]
	s.Windows, s.Requests, s.Leaks, s.Outcome = nil, 0, 1, loadtest.Broken
	for second := range int64(600) {
		w := loadtest.Window{Second: second, Seconds: 1, Due: 500, Sent: 500, Kept: 500, Latency: s.Latency}
		if second == 301 {
			w.Leaks, w.Kept, w.Latency.P99 = 1, 499, 777
		}
		s.Windows, s.Requests = append(s.Windows, w), s.Requests+500
	}
	r.Scenarios, r.Shards, r.Capacities = r.Scenarios[:1], nil, nil
	return r
}

func TestAPageOfALongRunIsSmallAndHidesNothing(t *testing.T) {
	r := long()
	page := string(output(t, func(w io.Writer) error { return LoadHTML(w, r) }))
	if len(page) > 200_000 {
		t.Errorf("got %d bytes, want 200,000 at most", len(page))
	}
	for _, want := range []string{"</svg> 1 leak</span>", "20 s a row", "777", "vegeta plot results.gob"} {
		if !strings.Contains(page, want) {
			t.Errorf("got no %q in the page, which one second of 600 shows", want)
		}
	}
}

func TestThinnedWindowsKeepCountsAndPeaks(t *testing.T) {
	s := long().Scenarios[0]
	for _, most := range []int{1, 7, 150, 600, 1000} {
		all := thinned(s.Windows, most)
		var sum loadtest.Window
		for _, w := range all {
			if w.Second != sum.Seconds {
				t.Fatalf("at most %d: got a window that begins at %d, want %d", most, w.Second, sum.Seconds)
			}
			sum.Seconds, sum.Due, sum.Kept, sum.Leaks = sum.Seconds+w.Seconds, sum.Due+w.Due, sum.Kept+w.Kept, sum.Leaks+w.Leaks
			sum.Latency.P99 = max(sum.Latency.P99, w.Latency.P99)
		}
		if len(all) > most || sum.Seconds != 600 || sum.Due != 300_000 || sum.Kept != 299_999 || sum.Leaks != 1 || sum.Latency.P99 != 777 {
			t.Errorf("at most %d: got %d windows with %+v", most, len(all), sum)
		}
	}
}

func TestNamesOfLinesDoNotLieUponEachOther(t *testing.T) {
	flat := func(name string) series { return series{Name: name, Points: [][2]float64{{0, 5}, {1, 5}}} }
	c := newChart("x", axis{}, axis{}, flat("a"), flat("b"), flat("c"), flat("d"), series{Name: "top", Points: [][2]float64{{0, 0}, {1, 10}}})
	for i, l := range c.Labels {
		if l.At > float64(c.Bottom) || i > 0 && l.At-c.Labels[i-1].At < labelHeight-0.01 {
			t.Errorf("%q is at %g, after %+v", l.Text, l.At, c.Labels[:i])
		}
	}
	if len(c.Labels) != 5 {
		t.Errorf("got %d names, want 5", len(c.Labels))
	}
}

func TestALimitIsDrawnWhereItIs(t *testing.T) {
	r := loadFixture()
	limits := limitsOf("token-mix", r.Thresholds)
	if len(limits) != 1 || limits[0].limit != 10 || limits[0].held {
		t.Fatalf("got %+v, want that p99<10ms was missed", limits)
	}
	latency := newOverTime(r.Scenarios[1], r.WarmUpMS, limits).latency()
	if len(latency.Limits) != 1 || latency.Limits[0].Class != "missed" || len(latency.Bands) != 1 {
		t.Fatalf("got %+v and %+v, want a limit that was missed and the warm-up", latency.Limits, latency.Bands)
	}
	var p99, p90 float64 // lower on the page is greater
	for _, l := range latency.Labels {
		switch l.Text {
		case "p99":
			p99 = l.At
		case "p90":
			p90 = l.At
		}
	}
	if y := latency.Limits[0].Y1; y <= p99 || y >= p90 {
		t.Errorf("10 ms is at %g, want it between p99, 14.96 ms, at %g, and p90, 3.8 ms, at %g", y, p99, p90)
	}
}

func TestAPageOfMergedRunsSaysWhatTheyDisagreeOn(t *testing.T) {
	merged, err := Merge([]File{read(t, "a.json", fixture()), read(t, "b.json", later())})
	if err != nil {
		t.Fatal(err)
	}
	page := string(output(t, func(w io.Writer) error { return HTML(w, merged) }))
	for _, want := range []string{"Merged from 2 runs, which disagree on", "rule REF-03", `<span class="mono quiet">b.json</span> conforms`} {
		if !strings.Contains(page, want) {
			t.Errorf("got no %q in the page", want)
		}
	}
	if plain := string(output(t, func(w io.Writer) error { return HTML(w, fixture()) })); strings.Contains(plain, `id="merged"`) {
		t.Error("a report of one run speaks of merging")
	}
}

func TestAPageOfShardsSaysWhereTheirResultsAre(t *testing.T) {
	r := long()
	for _, tt := range []struct {
		results   bool
		want, not string
	}{
		{true, "shards that are counted, 3 of 4", "There is no <code>results.gob"},
		{false, "There is no <code>results.gob", "vegeta plot results.gob"},
	} {
		r.Shards = &loadtest.Shards{Wanted: 4, Counted: 3, Results: tt.results}
		page := string(output(t, func(w io.Writer) error { return LoadHTML(w, r) }))
		if !strings.Contains(page, tt.want) || strings.Contains(page, tt.not) {
			t.Errorf("results %v: got a page without %q or with %q", tt.results, tt.want, tt.not)
		}
	}
}

func TestTextsOfLimitsDoNotLieOnLines(t *testing.T) {
	y := axis{From: 0, To: 100}
	c := newChart("x", axis{}, y, series{Points: [][2]float64{{0, 52}, {5, 52}, {10, 20}}})
	c.level(y, 50, "p99<50ms", true)
	c.level(y, 46, "p90<46ms", true)
	c.tell()
	for i, l := range c.Limits {
		width := glyph * float64(len(l.Text))
		left := map[string]float64{"start": l.TextX, "middle": l.TextX - width/2, "end": l.TextX - width}[l.Anchor]
		if n := c.crossed(box{left, l.TextY - letter, left + width, l.TextY + 2}, i, nil); n != 0 {
			t.Errorf("%s lies at %g,%g (%s), where %d are in the way", l.Text, l.TextX, l.TextY, l.Anchor, n)
		}
	}
}

func TestAClosedModelOffersNothing(t *testing.T) {
	r := loadFixture()
	r.Offered, r.Capacities = "64 connections", nil
	for i := range r.Scenarios {
		r.Scenarios[i].OfferedRate = 0
	}
	text := string(output(t, func(w io.Writer) error { return LoadText(w, r, TextOptions{Width: 200}) }))
	page := string(output(t, func(w io.Writer) error { return LoadHTML(w, r) }))
	for _, said := range []string{text, page} {
		if strings.Contains(said, "requests/s offered") || strings.Contains(said, "offered and achieved") || !strings.Contains(said, "64 connections") {
			t.Error("a report of a closed model speaks of what was offered, or not of its connections")
		}
	}
}
