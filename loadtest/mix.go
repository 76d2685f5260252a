package loadtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Share is how much of a mix falls to a scenario.
type Share struct {
	Scenario string
	Weight   int // relative to the others
}

// mostWeight bounds a weight, so that a mix repeats within a few seconds.
const mostWeight = 1000

const mixForms = `want SCENARIO=WEIGHT, separated by commas: "api-scope-check=8,token-refresh=2" sends eight requests of one to two of the other; ` +
	`a weight is a whole number from 1 to 1000`

// ParseMix reads the shares of scenarios that are run at once. The error names
// every share that cannot be read.
func ParseMix(text string) ([]Share, error) {
	var shares []Share
	var wrong []string
	for _, part := range strings.Split(text, ",") {
		name, digits, found := strings.Cut(strings.TrimSpace(part), "=")
		weight, err := strconv.Atoi(digits)
		switch {
		case !found || name == "" || err != nil || weight < 1 || weight > mostWeight:
			wrong = append(wrong, fmt.Sprintf("got %q", strings.TrimSpace(part)))
		case slices.ContainsFunc(shares, func(s Share) bool { return s.Scenario == name }):
			wrong = append(wrong, fmt.Sprintf("%q is there twice", name))
		}
		shares = append(shares, Share{name, weight})
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s; %s", strings.Join(wrong, "; "), mixForms)
	}
	return shares, nil
}

// mixed is what falls to one scenario of a pace that several share: which
// requests of the pace are its own. Those of all scenarios together are the
// requests of the pace, each once.
type mixed struct {
	pace   Pace
	places []uint64 // its requests among the first cycle
	cycle  uint64
}

// mix divides a pace by weights. The requests of a scenario are as evenly apart
// as the others let them be.
func mix(p Pace, weights []int) []mixed {
	all := 0
	for _, w := range weights {
		all += w
	}
	parts := make([]mixed, len(weights))
	for i := range parts {
		parts[i] = mixed{pace: p, cycle: uint64(all)}
	}
	credit := make([]int, len(weights))
	for place := range all {
		next := 0
		for i, w := range weights {
			credit[i] += w
			if credit[i] > credit[next] {
				next = i
			}
		}
		credit[next] -= all
		parts[next].places = append(parts[next].places, uint64(place))
	}
	return parts
}

// number is the number in the pace of a request of the scenario.
func (m mixed) number(hit uint64) uint64 {
	n := uint64(len(m.places))
	return hit/n*m.cycle + m.places[hit%n]
}

// share is the part of all requests that is the scenario's.
func (m mixed) share() float64 { return float64(len(m.places)) / float64(m.cycle) }

// requests is how many requests are due in all.
func (m mixed) requests() uint64 {
	all, n := m.pace.Requests(), uint64(len(m.places))
	left := all % m.cycle
	rest, _ := slices.BinarySearch(m.places, left)
	return all/m.cycle*n + uint64(rest)
}

// Pace implements vegeta's Pacer.
func (m mixed) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	number := m.number(hits)
	if number >= m.pace.Requests() {
		return 0, true
	}
	return max(0, m.pace.Due(number)-elapsed), false
}

// Rate implements vegeta's Pacer.
func (m mixed) Rate(elapsed time.Duration) float64 { return m.pace.Rate(elapsed) * m.share() }

// divide divides a number of workers by weights, at least one each.
func divide(n int, weights []int) []int {
	all := 0
	for _, w := range weights {
		all += w
	}
	parts := make([]int, len(weights))
	given, sum := 0, 0
	for i, w := range weights {
		sum += w
		parts[i] = max(1, (n*sum+all/2)/all-given)
		given += parts[i]
	}
	return parts
}
