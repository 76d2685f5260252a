package loadtest

import (
	"slices"
	"strings"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Measured is a figure that a scenario measured beside latency, such as for how
// long a revoked token was still good.
type Measured struct {
	Name  string  `json:"name"`  // "stale_after_revocation"
	Unit  string  `json:"unit"`  // "ms"
	Text  string  `json:"text"`  // what was measured, in a sentence
	Count int64   `json:"count"` // how often
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Measure is where values of one figure go. It is safe for use by several
// goroutines.
type Measure struct {
	mu     sync.Mutex
	about  Measured
	values *hdrhistogram.Histogram // of thousandths
}

// mostMeasured is the largest value that is told apart, in thousandths.
const mostMeasured = int64(1e12)

// Add adds a value, in the unit of the measure; a negative one counts as 0.
func (m *Measure) Add(value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// The value is in range, so that it cannot fail.
	_ = m.values.RecordValue(int64(min(max(value*1000, 0), float64(mostMeasured))))
}

// measures are those of one scenario, also when it is prepared anew.
type measures struct {
	mu  sync.Mutex
	all map[string]*Measure
}

// Measure is the measure of that name; text says in a sentence what it is, unit
// in what. What nothing is added to is not reported.
func (s *Stage) Measure(name, unit, text string) *Measure {
	s.measured.mu.Lock()
	defer s.measured.mu.Unlock()
	if s.measured.all == nil {
		s.measured.all = map[string]*Measure{}
	}
	m := s.measured.all[name]
	if m == nil {
		m = &Measure{about: Measured{Name: name, Unit: unit, Text: text}, values: hdrhistogram.New(1, mostMeasured, 3)}
		s.measured.all[name] = m
	}
	return m
}

// taken are the figures so far, by name.
func (l *measures) taken() []Measured {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Measured
	for _, m := range l.all {
		m.mu.Lock()
		if f := m.about; m.values.TotalCount() > 0 {
			f.Count = m.values.TotalCount()
			f.P50 = float64(m.values.ValueAtQuantile(50)) / 1000
			f.P99 = float64(m.values.ValueAtQuantile(99)) / 1000
			f.Max = float64(m.values.Max()) / 1000
			list = append(list, f)
		}
		m.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b Measured) int { return strings.Compare(a.Name, b.Name) })
	return list
}
