package loadtest

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

const (
	// lowestBucket is the upper bound of the first bucket, in seconds, and what
	// native buckets take for zero.
	lowestBucket = 1e-4
	// classicBuckets double, up to 52 s.
	classicBuckets = 20
	// nativeSchema has eight native buckets for each doubling.
	nativeSchema = 3
)

// Exporter serves the figures of a run to Prometheus: requests by scenario and
// class, their latency from when each was due, and the offered rate. Nothing of a
// request is a label, so that there are no more series than scenarios and
// classes. A run that has it in its [Options] feeds it once a second, and with the
// final figures.
type Exporter struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	latest   map[string]Progress // by scenario
	before   map[string]Progress // what earlier steps of a search came to: a counter never falls
	over     atomic.Bool
	scraped  chan struct{} // closed by the first scrape after the end
	once     sync.Once
}

// NewExporter returns an exporter that has no figures yet.
func NewExporter() *Exporter {
	e := &Exporter{registry: prometheus.NewPedanticRegistry(), latest: map[string]Progress{}, before: map[string]Progress{}, scraped: make(chan struct{})}
	e.registry.MustRegister(e)
	return e
}

// Show takes the latest figures of a scenario, with their Counts: a run that has
// the exporter does so itself.
func (e *Exporter) Show(p Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, known := e.latest[p.Scenario]; known && last.Phase != p.Phase {
		e.before[p.Scenario] = e.soFar(p.Scenario)
	}
	e.latest[p.Scenario] = p
}

// soFar is what a scenario came to, with all steps of a search.
func (e *Exporter) soFar(scenario string) Progress {
	all, before := e.latest[scenario], e.before[scenario]
	if before.Requests == 0 {
		return all
	}
	counts := newHistogram()
	sparse(before.Counts).addTo(counts)
	sparse(all.Counts).addTo(counts)
	all.Counts = newSparse(counts)
	all.Requests, all.Kept, all.Leaks = all.Requests+before.Requests, all.Kept+before.Kept, all.Leaks+before.Leaks
	all.FalseRefusals, all.Faults = all.FalseRefusals+before.FalseRefusals, all.Faults+before.Faults
	return all
}

// ServeHTTP answers a scrape.
func (e *Exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	over := e.over.Load() // before the figures are read
	promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	if over {
		e.once.Do(func() { close(e.scraped) })
	}
}

// Linger says that the figures are final, and waits until they were scraped, at
// most for so long. It reports whether they were.
func (e *Exporter) Linger(ctx context.Context, d time.Duration) bool {
	e.over.Store(true)
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-e.scraped:
		return true
	case <-wait.C:
	case <-ctx.Done():
	}
	return false
}

// The series.
func (*Exporter) requests() *prometheus.Desc {
	return prometheus.NewDesc("scopeproof_load_requests_total", "Requests that were answered or given up, by what the answer amounts to.", []string{"scenario", "class"}, nil)
}
func (*Exporter) latency() *prometheus.Desc {
	return prometheus.NewDesc("scopeproof_load_latency_seconds", "Latency, from when a request was due.", []string{"scenario"}, nil)
}
func (*Exporter) offered() *prometheus.Desc {
	return prometheus.NewDesc("scopeproof_load_offered_rate", "Requests per second that are offered.", []string{"scenario"}, nil)
}

// Describe implements [prometheus.Collector].
func (e *Exporter) Describe(to chan<- *prometheus.Desc) {
	to <- e.requests()
	to <- e.latency()
	to <- e.offered()
}

// Collect implements [prometheus.Collector].
func (e *Exporter) Collect(to chan<- prometheus.Metric) {
	e.mu.Lock()
	defer e.mu.Unlock()
	requests, latency, offered := e.requests(), e.latency(), e.offered()
	for name := range e.latest {
		p := e.soFar(name)
		for class, n := range map[Class]int64{AsExpected: p.Kept, Leak: p.Leaks, FalseRefusal: p.FalseRefusals, Fault: p.Faults} {
			to <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, float64(n), name, string(class))
		}
		to <- prometheus.MustNewConstMetric(offered, prometheus.GaugeValue, p.OfferedRate, name)
		to <- distribution{latency, name, p.Counts}
	}
}

// distribution is a histogram with classic and with native buckets. A scrape that
// understands native ones can have both.
type distribution struct {
	desc     *prometheus.Desc
	scenario string
	counts   sparse
}

// Desc implements [prometheus.Metric].
func (d distribution) Desc() *prometheus.Desc { return d.desc }

// Write implements [prometheus.Metric].
func (d distribution) Write(m *dto.Metric) error {
	h := &dto.Histogram{SampleCount: new(uint64), SampleSum: new(float64), Schema: new(int32), ZeroThreshold: new(lowestBucket), ZeroCount: new(uint64)}
	*h.Schema = nativeSchema
	for i := range classicBuckets {
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: new(lowestBucket * math.Pow(2, float64(i))), CumulativeCount: new(uint64)})
	}
	native := map[int]int64{}
	for microseconds, n := range d.counts.all() {
		seconds, count := float64(microseconds)/1e6, uint64(n)
		*h.SampleCount += count
		*h.SampleSum += seconds * float64(n)
		for _, bucket := range h.Bucket {
			if seconds <= bucket.GetUpperBound() {
				*bucket.CumulativeCount += count
			}
		}
		if seconds <= lowestBucket {
			*h.ZeroCount += count
			continue
		}
		native[int(math.Ceil(math.Log2(seconds)*math.Exp2(nativeSchema)))] += n
	}
	addNative(h, native)
	name := "scenario"
	m.Label = []*dto.LabelPair{{Name: &name, Value: &d.scenario}}
	m.Histogram = h
	return nil
}

// addNative adds native buckets: in runs of neighbours, each count as the
// difference to the one before.
func addNative(h *dto.Histogram, native map[int]int64) {
	var indexes []int
	for i := range native {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	next, last := 0, int64(0)
	for at, i := range indexes {
		if at == 0 || i != next {
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: new(int32(i - next)), Length: new(uint32)})
		}
		*h.PositiveSpan[len(h.PositiveSpan)-1].Length++
		h.PositiveDelta = append(h.PositiveDelta, native[i]-last)
		next, last = i+1, native[i]
	}
}
