package loadtest

import (
	"slices"
	"strings"
	"sync"
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
	values *histogram // of thousandths
}

// mostMeasured is the largest value that is told apart, in thousandths.
const mostMeasured = int64(1e12)

// Add adds a value, in the unit of the measure; a negative one counts as 0.
func (m *Measure) Add(value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// The value is in range, so that it cannot fail.
	m.values.add(int64(min(max(value*1000, 0), float64(mostMeasured))), 1)
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
		m = &Measure{about: Measured{Name: name, Unit: unit, Text: text}, values: newMeasured()}
		s.measured.all[name] = m
	}
	return m
}

// taken are the figures so far, by name.
func (l *measures) taken() []Measured {
	var list []Measured
	for _, m := range l.sorted() {
		m.mu.Lock()
		list = append(list, m.about.of(m.values))
		m.mu.Unlock()
	}
	return list
}

// counts are the values of what is taken, in the same order.
func (l *measures) counts() []sparse {
	var list []sparse
	for _, m := range l.sorted() {
		m.mu.Lock()
		list = append(list, newSparse(m.values))
		m.mu.Unlock()
	}
	return list
}

// sorted are the measures that something was added to, by name.
func (l *measures) sorted() []*Measure {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*Measure
	for _, m := range l.all {
		m.mu.Lock()
		if m.values.total > 0 {
			list = append(list, m)
		}
		m.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b *Measure) int { return strings.Compare(a.about.Name, b.about.Name) })
	return list
}

// of is the measure with the figures of values.
func (f Measured) of(values *histogram) Measured {
	f.Count = values.total
	f.P50 = float64(values.at(50)) / 1000
	f.P99 = float64(values.at(99)) / 1000
	f.Max = float64(values.max()) / 1000
	return f
}

func newMeasured() *histogram { return newHistogramTo(mostMeasured, 11) }
