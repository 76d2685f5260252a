package loadtest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// shardOf is a part that sent the requests of a shard, one each millisecond; took
// is how long each was answered after it was due.
func shardOf(shard, shards int, took []time.Duration) *Part {
	t := newTally()
	w, one := newWindows(0, true), newTally()
	planned := int64(0)
	for i, d := range took {
		if planned++; i%shards != shard {
			continue
		}
		due := time.Duration(i) * time.Millisecond
		s := shot{answered: true, due: due, sent: due, done: due + d}
		if i%5000 == 4321 {
			s.verdict = leak("REF-03", "issued %q, want at most %q", "a b", "a")
		}
		t.count(&s)
		one.reset()
		one.count(&s)
		w.add(int64(due/time.Second), one, 1, 1)
	}
	w.close()
	t.windows = w.done
	p := &partScenario{
		Ready: true, Answered: t.answered, Latency: newSparse(t.latency), Lag: newSparse(t.lag), LastSent: t.lastSent, Elapsed: t.elapsed,
		Duration: time.Duration(len(took)) * time.Millisecond, Planned: planned, Open: true, Workers: 1, Side: SideNeither,
	}
	for _, w := range t.windows {
		p.Windows = append(p.Windows, w.counts)
	}
	return &Part{
		Schema: PartSchema, Shard: shard, Shards: shards, Attempt: fmt.Sprint("attempt ", shard), Scenarios: []partScenario{*p},
		Report: &Report{Schema: Schema, Target: "reference", Seed: 7, Scenarios: []ScenarioReport{{
			Name: "api-scope-check", Rules: []string{}, OfferedRate: 1000, Requests: t.requests, Kept: t.kept, Leaks: t.leaks,
			LeaksByRule: t.leaksByRule, Windows: t.windows,
		}}},
	}
}

// took are latencies as they come: most short, some long.
func took(n int) []time.Duration {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = time.Duration(random.ExpFloat64() * float64(3*time.Millisecond))
		if random.IntN(500) == 0 {
			list[i] += time.Second
		}
	}
	return list
}

// sent is the part as it arrives.
func sent(t *testing.T, p *Part) *Part {
	t.Helper()
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodePart(data)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMergedFiguresAreThoseOfOneRun(t *testing.T) {
	if testing.Short() {
		t.Skip("much arithmetic by one goroutine")
	}
	all := took(20_000)
	whole, err := Merge([]*Part{shardOf(0, 1, all)}, Merging{Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	var parts []*Part
	for i := range 7 {
		parts = append(parts, sent(t, shardOf(i, 7, all)))
	}
	limit, err := ParseThreshold("p99.9<10s")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Merge(parts, Merging{Shards: 7, Thresholds: []Threshold{limit}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := whole.Scenarios[0], got.Scenarios[0]
	if a.Latency != b.Latency || a.Requests != 20_000 || b.Requests != a.Requests || b.Leaks != 4 || b.LeaksByRule["REF-03"] != 4 {
		t.Errorf("got %+v of %d requests with %d leaks, want %+v of 20000 with 4", b.Latency, b.Requests, b.Leaks, a.Latency)
	}
	clear := func(list []Window) []Window {
		list = slices.Clone(list)
		for i := range list {
			list[i].counts = nil
		}
		return list
	}
	if !reflect.DeepEqual(clear(a.Windows), clear(b.Windows)) {
		t.Errorf("got the windows %+v, want %+v", b.Windows, a.Windows)
	}
	if b.AchievedRate != 1000 || b.Outcome != Broken || len(got.Thresholds) != 1 || !got.Thresholds[0].Held {
		t.Errorf("got %v/s, %s, thresholds %+v; want all of the rate, broken for its leaks, the threshold held", b.AchievedRate, b.Outcome, got.Thresholds)
	}
}

func TestThousandShards(t *testing.T) {
	if testing.Short() {
		t.Skip("much arithmetic by one goroutine")
	}
	const shards = 1000
	all := took(10_000)
	var parts []*Part
	merging := Merging{Shards: shards, Late: map[int]time.Duration{17: 1400 * time.Millisecond}}
	missing := 0
	for i := range shards {
		p := shardOf(i, shards, all)
		p.Report.Scenarios[0].Leaks, p.Report.Scenarios[0].LeaksByRule = 0, nil
		data, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 50 { // cut or with a flipped bit on its way
			data = slices.Clone(data[:len(data)-i%7*3])
			data[len(data)/2] ^= 0x10
		}
		got, err := DecodePart(data)
		if err != nil {
			missing++
			merging.Problems = append(merging.Problems, fmt.Sprintf("shard %d: %v", i, err))
			continue
		}
		parts = append(parts, got)
		if i%250 == 3 {
			again := *got
			again.Attempt = "another"
			parts = append(parts, &again)
		}
	}
	if missing != 10 {
		t.Fatalf("%d shards could not be read, want the 10 that were damaged", missing)
	}
	r, err := Merge(parts, merging)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Scenarios[0]
	if s.Requests != 10_000-10*10 || r.Shards.Counted != 990 || r.Shards.Wanted != shards || s.OfferedRate != 1000 {
		t.Errorf("got %d requests of %d shards at %v/s offered, want 9900 of 990 at 1000", s.Requests, r.Shards.Counted, s.OfferedRate)
	}
	if s.AchievedRate >= 1000 || s.AchievedRate < 940 {
		t.Errorf("got %v/s achieved, want what was sent in the time that it took", s.AchievedRate)
	}
	text := strings.Join(r.Shards.Problems, "\n")
	if strings.Count(text, "ran twice") != 4 || !strings.Contains(text, "shard 17 began 1.4s late") || strings.Count(text, "a shard's result") != 10 {
		t.Errorf("got the problems\n%s\nwant 4 that ran twice, 1 that was late, 10 that are damaged", text)
	}
}

func TestRunWithTooFewShardsIsInconclusive(t *testing.T) {
	if testing.Short() {
		t.Skip("much arithmetic by one goroutine")
	}
	all := took(4000)
	for _, open := range []bool{true, false} {
		var parts []*Part
		for i := range 3 {
			p := shardOf(i, 4, all)
			p.Scenarios[0].Open = open
			p.Report.Scenarios[0].AchievedRate = 250
			parts = append(parts, p)
		}
		r, err := Merge(parts, Merging{Shards: 4, Problems: []string{"shard 3: it was deleted"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Scenarios[0]; got.Outcome != Inconclusive || got.AchievedRate != 750 || !strings.HasPrefix(got.Reason, "3 of 4 shards") {
			t.Errorf("open %v: got %s (%s) at %v/s, want inconclusive at 750/s", open, got.Outcome, got.Reason, got.AchievedRate)
		}
		if code := ExitCode(r); code != 3 {
			t.Errorf("open %v: got exit code %d, want 3", open, code)
		}
	}
}

func TestPartsOfDifferentRunsAreRefused(t *testing.T) {
	all := took(100)
	other := shardOf(1, 2, all)
	other.Report.Seed++
	for name, parts := range map[string][]*Part{
		"seed": {shardOf(0, 2, all), other}, "shards": {shardOf(0, 2, all), shardOf(1, 3, all)}, "nothing": nil,
	} {
		if r, err := Merge(parts, Merging{Shards: 2}); err == nil {
			t.Errorf("%s: got %+v, want an error", name, r)
		}
	}
}

// Of a run of several scenarios that is interrupted, the earlier ones are as good as
// ever, and the last one has the rate of what ran.
func TestWhatWasOverBeforeTheInterruptionIsJudged(t *testing.T) {
	const shards = 2
	all := took(2000)
	var parts []*Part
	for i := range shards {
		p, cut := shardOf(i, shards, all), shardOf(i, shards, all[:500])
		p.Report.Interrupted = true
		last := cut.Report.Scenarios[0]
		last.Name = "cut"
		stopped := cut.Scenarios[0]
		stopped.Stopped, stopped.Duration, stopped.Planned = stopped.Duration, 20*time.Second, 20_000
		p.Report.Scenarios, p.Scenarios = append(p.Report.Scenarios, last), append(p.Scenarios, stopped)
		parts = append(parts, p)
	}
	r, err := Merge(parts, Merging{Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	whole, cut := r.Scenarios[0], r.Scenarios[1]
	if whole.Outcome != Kept || whole.AchievedRate != 1000 {
		t.Errorf("got %s (%s) at %v/s of what was over, want kept at 1000/s", whole.Outcome, whole.Reason, whole.AchievedRate)
	}
	if cut.Outcome != Inconclusive || cut.Reason != "interrupted after 500ms of 20s" || cut.AchievedRate != 1000 || !r.Interrupted {
		t.Errorf("got %s (%s) at %v/s of what was interrupted, want what ran, at 1000/s", cut.Outcome, cut.Reason, cut.AchievedRate)
	}
}
