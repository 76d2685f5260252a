package loadtest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pace is the offered rate over time. It is a [vegeta.Pacer] that can be asked in
// virtual time: the request of a number, from 0, is due when the rate, added up
// since the beginning, comes to that number. The zero value offers nothing.
type Pace struct {
	parts []pacePart
	text  string
}

// pacePart is a part of a pace: a rate that is held, that changes in a straight
// line, or that swings around a mean. Rates are requests per second, times
// seconds.
type pacePart struct {
	took        float64
	from, to    float64 // the rate at its beginning and its end, without the swing
	swing, wave float64 // how far the rate swings, and how long one swing takes
	start, sent float64 // seconds and requests before it
}

// sum is how many requests are due in the first t seconds of the part.
func (p *pacePart) sum(t float64) float64 {
	n := p.from*t + (p.to-p.from)*t*t/(2*p.took)
	if p.wave > 0 {
		n += p.swing * p.wave / (2 * math.Pi) * (1 - math.Cos(2*math.Pi*t/p.wave))
	}
	return n
}

// rate is the offered rate t seconds after the part began.
func (p *pacePart) rate(t float64) float64 {
	r := p.from + (p.to-p.from)*t/p.took
	if p.wave > 0 {
		r += p.swing * math.Sin(2*math.Pi*t/p.wave)
	}
	return r
}

// when is the inverse of sum.
func (p *pacePart) when(n float64) float64 {
	if p.wave == 0 && p.from == p.to {
		return n / p.from
	}
	low, high := 0.0, p.took
	for range 48 { // to a part of 10⁻¹⁴ of its duration
		if middle := (low + high) / 2; p.sum(middle) < n {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func newPace(text string, parts []pacePart) Pace {
	var seconds, sent float64
	for i := range parts {
		parts[i].start, parts[i].sent = seconds, sent
		seconds += parts[i].took
		sent += parts[i].sum(parts[i].took)
	}
	return Pace{parts: parts, text: text}
}

// ConstantPace offers so many requests per second for so long.
func ConstantPace(rate float64, d time.Duration) Pace {
	return newPace(fmt.Sprintf("%v:%s/s", d, plainNumber(rate)), []pacePart{{took: d.Seconds(), from: rate, to: rate}})
}

// String is the pace as [ParseStages] reads it.
func (p Pace) String() string { return p.text }

// Duration is how long requests are offered.
func (p Pace) Duration() time.Duration {
	if len(p.parts) == 0 {
		return 0
	}
	last := p.parts[len(p.parts)-1]
	return seconds(last.start + last.took)
}

// Requests is how many requests are due in all.
func (p Pace) Requests() uint64 {
	if len(p.parts) == 0 {
		return 0
	}
	last := p.parts[len(p.parts)-1]
	// What lacks a millionth of a request is whole.
	return uint64(max(1, math.Ceil(last.sent+last.sum(last.took)-1e-6)))
}

// Mean is the mean rate, in requests per second.
func (p Pace) Mean() float64 {
	if len(p.parts) == 0 {
		return 0
	}
	last := p.parts[len(p.parts)-1]
	return (last.sent + last.sum(last.took)) / (last.start + last.took)
}

// between is how many requests are due from one moment to another, in parts of a
// request.
func (p Pace) between(from, to time.Duration) float64 { return p.sum(to) - p.sum(from) }

// sum is how many requests are due before a moment.
func (p Pace) sum(t time.Duration) float64 {
	n := 0.0
	for i := range p.parts {
		part := &p.parts[i]
		if took := min(t.Seconds()-part.start, part.took); took > 0 {
			n = part.sent + part.sum(took)
		}
	}
	return n
}

// after is the pace after its first rate was held for a while; where that is none,
// the mean rate.
func (p Pace) after(warmUp time.Duration) Pace {
	if warmUp == 0 {
		return p
	}
	rate := p.Rate(0)
	if rate == 0 {
		rate = p.Mean()
	}
	return newPace(p.text, append([]pacePart{{took: warmUp.Seconds(), from: rate, to: rate}}, p.parts...))
}

// Due is when the request of that number, from 0, is due.
func (p Pace) Due(hit uint64) time.Duration {
	n := float64(hit)
	at, _ := slices.BinarySearchFunc(p.parts, n, func(part pacePart, n float64) int {
		if part.sent <= n {
			return -1
		}
		return 1
	})
	part := &p.parts[max(0, at-1)]
	return seconds(part.start + part.when(n-part.sent))
}

// Pace implements vegeta's Pacer.
func (p Pace) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if hits >= p.Requests() {
		return 0, true
	}
	return max(0, p.Due(hits)-elapsed), false
}

// Rate implements vegeta's Pacer.
func (p Pace) Rate(elapsed time.Duration) float64 {
	t := elapsed.Seconds()
	for i := range p.parts {
		if part := &p.parts[i]; t < part.start+part.took {
			return part.rate(t - part.start)
		}
	}
	return 0
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

const stageForms = `want DURATION:RATE, separated by commas: "30s:100/s" holds a rate, "30s:100/s..500/s" goes from one rate to another in a ` +
	`straight line, "30s:..500/s" goes on from where the stage before ended, "2m:100/s~50/s@20s" swings around 100/s by 50/s every 20 s; ` +
	`a rate is a number with /s, /m or /h`

var stageSyntax = regexp.MustCompile(`^([^:]+):(?:([0-9][^.~@/]*(?:\.[0-9]+)?(?:/[smh])?)?(\.\.))?([0-9][^~@/.]*(?:\.[0-9]+)?(?:/[smh])?)(?:~([^@]+)@(.+))?$`)

// ParseStages reads stages of the offered rate, one after another:
// "30s:100/s,2m:100/s..500/s". The error names every stage that cannot be read.
func ParseStages(text string) (Pace, error) {
	var parts []pacePart
	var wrong []string
	last := 0.0
	for i, stage := range strings.Split(text, ",") {
		stage = strings.TrimSpace(stage)
		part, err := parseStage(stage, last)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("stage %d: got %q: %v", i+1, stage, err))
			continue
		}
		last = part.rate(part.took)
		parts = append(parts, part)
	}
	p := newPace(text, parts)
	if len(wrong) == 0 && p.Mean() == 0 {
		wrong = append(wrong, fmt.Sprintf("got %q, which offers nothing", text))
	}
	if len(wrong) > 0 {
		return Pace{}, fmt.Errorf("%s; %s", strings.Join(wrong, "; "), stageForms)
	}
	return p, nil
}

// parseStage reads one stage; last is the rate at the end of the one before.
func parseStage(text string, last float64) (pacePart, error) {
	var p pacePart
	m := stageSyntax.FindStringSubmatch(text)
	if m == nil {
		return p, fmt.Errorf("it is no stage")
	}
	d, err := time.ParseDuration(m[1])
	if err != nil || d <= 0 {
		return p, fmt.Errorf(`%q is no duration above 0, such as "30s"`, m[1])
	}
	p.took = d.Seconds()
	if p.to, err = parseRate(m[4]); err != nil {
		return p, err
	}
	p.from = p.to
	if m[3] != "" {
		p.from = last
	}
	if m[2] != "" {
		if p.from, err = parseRate(m[2]); err != nil {
			return p, err
		}
	}
	if m[5] == "" {
		return p, nil
	}
	wave, err := time.ParseDuration(m[6])
	if err != nil || wave <= 0 {
		return p, fmt.Errorf(`%q is no duration above 0 of one swing, such as "20s"`, m[6])
	}
	p.wave = wave.Seconds()
	if p.swing, err = parseRate(m[5]); err != nil {
		return p, err
	}
	if p.swing > min(p.from, p.to) {
		return p, fmt.Errorf("a rate cannot swing by %v/s around %v/s: it would go below 0", p.swing, min(p.from, p.to))
	}
	return p, nil
}

// parseRate reads "100", "100/s", "30/m" or "30/h", in requests per second.
func parseRate(text string) (float64, error) {
	digits, unit, _ := strings.Cut(text, "/")
	per := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	rate, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || per == 0 || !(rate >= 0) || rate/per > maxRate {
		return 0, fmt.Errorf(`%q is no rate from 0 to %v/s, such as "100/s"`, text, plainNumber(maxRate))
	}
	return rate / per, nil
}
