package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Sweep sends requests of growing size, one at a time over one connection, to see
// how latency grows with it: whether a request that costs its sender little can
// cost the target much.
type Sweep struct {
	// Name is what grows, and how the sweep is chosen: "scopes".
	Name string
	// Text says in one sentence what is sent, Unit what a size counts: "scope
	// tokens".
	Text, Unit string
	// From and To are the smallest and the largest size. Between them each size is
	// twice the one before.
	From, To int
	// Rules are the ids of the rules that its verdicts can name.
	Rules []string
	// Needs are what a target must be able to do.
	Needs []target.Capability
	// Prepare obtains what is needed, and returns what is sent for a size.
	Prepare func(ctx context.Context, s *Stage) (func(size int) Hit, error)
}

// SweepReport is what came of a sweep.
type SweepReport struct {
	Name  string   `json:"name"`
	Text  string   `json:"text"`
	Unit  string   `json:"unit"`
	Rules []string `json:"rules"`
	// Points are the sizes, the smallest first.
	Points   []SweepPoint `json:"points"`
	Growth   Growth       `json:"growth"`
	Requests int64        `json:"requests"`
	Leaks    int64        `json:"leaks"`
	Faults   int64        `json:"faults"`
	Outcome  Outcome      `json:"outcome"`
	Reason   string       `json:"reason,omitempty"`
	// Warning says what may be used against the target; it breaks nothing.
	Warning string   `json:"warning,omitempty"`
	Groups  []Group  `json:"groups,omitempty"`
	Samples []Sample `json:"samples,omitempty"`
}

// SweepPoint is what was measured for one size.
type SweepPoint struct {
	Size  int `json:"size"`
	Bytes int `json:"bytes"` // of the request's body
	// Status is that of the answers; 0: there was none in time.
	Status  int     `json:"status"`
	Samples int     `json:"samples"`
	Latency Latency `json:"latency_ms"` // from when a request was sent
	// Low is the lowest decile of Latency, to which the growth is fitted: what
	// disturbs a measurement only ever adds to it.
	Low float64 `json:"p10_ms"`
	// Fitted says that the fit of the growth has the point: the target answered as
	// it did at the smallest size.
	Fitted bool `json:"fitted"`
}

const (
	// leastRounds is how often each size is measured, mostRounds how often at most.
	leastRounds = 15
	mostRounds  = 400
	// overtime is how many times its duration a sweep may take for leastRounds, and
	// until the growth is settled; leastSamples are made however long it takes.
	overtime = 4
	// mostSize bounds a sweep: what is longer no server reads.
	mostSize = 1 << 20
)

const sweepForms = `want WHAT=FROM..TO, such as "scopes=1..1024"; FROM and TO are whole numbers from 1 to 1048576, and TO is 16 times FROM at least`

// ParseSweep reads what is to grow and how far. The error says what is allowed.
func ParseSweep(text string) (name string, from, to int, err error) {
	name, limits, found := strings.Cut(strings.TrimSpace(text), "=")
	low, high, both := strings.Cut(limits, "..")
	from, wrongFrom := strconv.Atoi(low)
	to, wrongTo := strconv.Atoi(high)
	if !found || name == "" || !both || wrongFrom != nil || wrongTo != nil || from < 1 || to > mostSize || to < 16*from {
		return "", 0, 0, fmt.Errorf("got %q, %s", text, sweepForms)
	}
	return name, from, to, nil
}

// sizes are those of the sweep.
func (s *Sweep) sizes() []int {
	var list []int
	for size := s.From; size < s.To; size *= 2 {
		list = append(list, size)
	}
	return append(list, s.To)
}

// sweeping is a sweep under way.
type sweeping struct {
	*Sweep
	way     network
	line    line // nil: the next request has a new one
	make    func(size int) Hit
	kept    samples
	report  *SweepReport
	took    []sized // milliseconds, by size
	hists   []*histogram
	status  []map[int]int
	out     []bool // sizes that are not measured any more
	timeout time.Duration
}

// sweep runs a sweep and fills its report.
func (r *runner) sweep(ctx context.Context, s *Sweep) SweepReport {
	report := SweepReport{Name: s.Name, Text: s.Text, Unit: s.Unit, Rules: slices.Clone(s.Rules), Points: []SweepPoint{}}
	if lack := r.stage.lacks(s.Needs); lack != "" {
		report.Outcome, report.Reason = NotApplicable, lack
		return report
	}
	stage := r.stage.another()
	prepared, err := s.Prepare(ctx, stage)
	if err != nil {
		report.Outcome, report.Reason = Inconclusive, fmt.Sprintf("set-up: %v", err)
		return report
	}
	way := r.network(1)
	defer way.close()
	w := &sweeping{Sweep: s, make: prepared, report: &report, timeout: r.Timeout, way: way}
	for _, size := range s.sizes() {
		w.took = append(w.took, sized{size: float64(size)})
		w.hists = append(w.hists, newHistogram())
		w.status = append(w.status, map[int]int{})
		report.Points = append(report.Points, SweepPoint{Size: size, Bytes: len(prepared(size).Request.Body)})
	}
	w.out = make([]bool, len(w.took))
	w.measure(ctx, r.Seed, r.Duration, func(done float64) { r.sweepProgress(w, done) })
	if w.line != nil {
		w.line.close()
	}
	w.judge(ctx, r.Seed)
	return report
}

// measure measures all sizes in turn, in an order that is another each time, so
// that what changes on the way meets all of them.
func (w *sweeping) measure(ctx context.Context, seed int64, d time.Duration, note func(part float64)) {
	// Not for security: the order is to be the same for the same seed.
	random := rand.New(rand.NewPCG(uint64(seed), 0x5e9))
	began := time.Now()
	for round := -1; round < mostRounds; round++ { // the first warms up
		spent := time.Since(began)
		if spent > overtime*d && round >= leastSamples || spent > d && round >= leastRounds && round%5 == 0 && w.settled(seed) {
			return
		}
		for _, i := range random.Perm(len(w.took)) {
			if ctx.Err() != nil {
				return
			}
			if !w.out[i] {
				w.one(ctx, i, round >= 0)
			}
		}
		note(max(float64(round+1)/leastRounds, float64(time.Since(began))/float64(d)))
	}
}

// one sends one request of a size; counted says that its latency does.
func (w *sweeping) one(ctx context.Context, i int, counted bool) {
	p := &w.report.Points[i]
	hit := w.make(p.Size)
	var ready packet
	if err := ready.prepare(hit.Request); err != nil {
		return
	}
	if w.line == nil {
		w.line = w.way.line(ctx)
	}
	line := w.line
	late := time.AfterFunc(w.timeout, line.giveUp)
	began := time.Now()
	a, err := line.send(&ready)
	took := time.Since(began)
	if inTime := late.Stop(); !inTime || err != nil {
		if !inTime {
			err = errTimeout
		}
		line.close()
		w.line = nil
	}
	if ctx.Err() != nil {
		return
	}
	w.report.Requests++
	v := Verdict{}
	switch {
	case err != nil:
		v = fault("no answer to %d %s: %s", p.Size, w.Unit, reason(err))
		w.out[i] = errors.Is(err, errTimeout) // it would take too long to see it again
	case a.Status >= 500 || a.Status == http.StatusTooManyRequests:
		v = fault("got %d to %d %s", a.Status, p.Size, w.Unit)
	default:
		if v = hit.Expect(a); v.Class != Leak {
			v = Verdict{} // a size may be refused, in whatever way
		}
	}
	switch v.Class {
	case Leak:
		w.report.Leaks++
	case Fault:
		w.report.Faults++
	}
	if !v.kept() {
		w.kept.keep(v, hit.Request, a, err, began)
	}
	w.status[i][a.Status]++ // 0 where there was none
	if counted && err == nil {
		w.took[i].took = append(w.took[i].took, took.Seconds()*1000)
		w.hists[i].add(inRange(took), 1)
	}
}

// settled reports whether more samples would hardly change what is said of the
// growth.
func (w *sweeping) settled(seed int64) bool {
	fitted, _ := w.fill()
	g := fitGrowth(fitted, seed)
	return g.Model == "" || g.Confidence >= 0.95
}

// fill fills the points in. It returns those whose answers are like the first
// one's, and where they begin to differ.
func (w *sweeping) fill() (fitted []sized, other string) {
	r := w.report
	for i := range r.Points {
		p := &r.Points[i]
		p.Status, p.Samples, p.Latency = most(w.status[i]), len(w.took[i].took), latencies(w.hists[i])
		if p.Samples > 0 {
			p.Low = math.Round(1000*undisturbed(w.took[i].took)) / 1000
		}
		p.Fitted = other == "" && p.Status == r.Points[0].Status && p.Samples > 0 && answered(p.Status)
		if p.Fitted {
			fitted = append(fitted, w.took[i])
		} else if other == "" {
			other = fmt.Sprintf("from %d %s on it answers %s", p.Size, w.Unit, statusText(p.Status))
		}
	}
	return fitted, other
}

// judge fits the growth, and sets the outcome.
func (w *sweeping) judge(ctx context.Context, seed int64) {
	r := w.report
	fitted, other := w.fill()
	r.Growth = fitGrowth(fitted, seed)
	r.Groups, r.Samples = w.kept.grouped(), w.kept.taken()
	switch {
	case r.Leaks > 0:
		r.Outcome, r.Reason = Broken, fmt.Sprintf("%d of %d answers leaked", r.Leaks, r.Requests)
	case ctx.Err() != nil:
		r.Outcome, r.Reason = Inconclusive, "interrupted"
	case r.Growth.Model == "":
		r.Outcome, r.Reason = Inconclusive, fmt.Sprintf("%d sizes were answered alike, with %d samples each: want %d and %d at least", len(fitted), r.Growth.Samples, leastPoints, leastSamples)
	default:
		r.Outcome = Kept
	}
	if other != "" {
		r.Reason = strings.TrimPrefix(r.Reason+"; "+other, "; ")
	}
	w.warn(len(fitted))
}

// warn sets the warning, if there is one.
func (w *sweeping) warn(fitted int) {
	r := w.report
	switch g := r.Growth; {
	case g.Model == GrowsWorse:
		largest := r.Points[fitted-1]
		r.Warning = fmt.Sprintf("latency grows worse than linearly with the number of %s, by the power of %.1f: %d take %.0f times as long as the fastest; "+
			"a few small requests can keep the target busy (the class of CVE-2026-4634)", w.Unit, g.Exponent, largest.Size, g.Times)
	case fitted < len(r.Points) && r.Points[fitted].Status == 0:
		r.Warning = fmt.Sprintf("%d %s are not answered within %v", r.Points[fitted].Size, w.Unit, w.timeout)
	case fitted < len(r.Points) && r.Points[fitted].Status >= 500:
		r.Warning = fmt.Sprintf("%d %s are answered with %d, want a refusal", r.Points[fitted].Size, w.Unit, r.Points[fitted].Status)
	}
}

// answered reports whether a status is an answer to the request.
func answered(status int) bool {
	return status >= 200 && status < 500 && status != http.StatusTooManyRequests
}

// most is what was counted most often.
func most(counts map[int]int) int {
	best := 0
	for value, n := range counts {
		if n > counts[best] || n == counts[best] && value > best {
			best = value
		}
	}
	return best
}

func statusText(status int) string {
	if status == 0 {
		return "nothing in time"
	}
	return strconv.Itoa(status)
}

// OwnNames is a scope as the target names it.
func (s *Stage) OwnNames(scope oauth.ScopeSet) oauth.RawScope { return s.wire(scope).Raw() }

// RawScopeRequest asks for a token on the client's own behalf (RFC 6749 section
// 4.4.2), with a scope in the target's own names that need not be lawful.
func (s *Stage) RawScopeRequest(c *Client, scope oauth.RawScope) Request {
	form := url.Values{"grant_type": {string(oauth.ClientCredentials)}, "scope": {string(scope)}}
	s.name(form)
	r := s.TokenRequest(c, form)
	r.Purpose = fmt.Sprintf("asks on its own behalf with a scope of %d bytes", len(scope))
	return r
}
