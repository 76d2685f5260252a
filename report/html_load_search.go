package report

import (
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/loadtest"
)

// loadCapacityPage is what a search for the capacity found.
type loadCapacityPage struct {
	loadtest.Capacity
	Of, Found, Side string
	Colour          conformance.Outcome
	Charts          []*chart
	Steps           []loadStep
}

type loadStep struct {
	loadtest.CapacityStep
	Word, Offered, Achieved, P50, P99, Max, Cores string
	Colour                                        conformance.Outcome
}

func newLoadCapacity(c loadtest.Capacity) loadCapacityPage {
	look, found := capacityWords(c)
	page := loadCapacityPage{
		Capacity: c, Of: oneLine(strings.Join(c.Scenarios, ", ")), Found: found, Side: sideWords(c.Limit), Colour: loadColour(look), Charts: capacityCharts(c),
	}
	for _, s := range curve(c.Curve) {
		step := loadStep{
			CapacityStep: s, Word: "held", Offered: number(s.OfferedRate), Achieved: number(s.AchievedRate), P50: number(s.Latency.P50),
			P99: number(s.Latency.P99), Max: number(s.Latency.Max), Cores: nothing, Colour: conformance.Conforms,
		}
		if s.CPU > 0 {
			step.Cores = number(s.CPU)
		}
		if !s.Held {
			step.Word, step.Colour = "not held", conformance.Violates
		}
		page.Steps = append(page.Steps, step)
	}
	return page
}

// loadSweepPage is how latency grows with the size of what is sent.
type loadSweepPage struct {
	loadtest.SweepReport
	ID, Word, Fit, Answers string
	Colour                 conformance.Outcome
	Chart                  *chart
	Sizes                  []loadSize
	Groups                 []loadGroup
}

type loadSize struct {
	loadtest.SweepPoint
	Status, Low, P50, P99 string
}

func newLoadSweep(s loadtest.SweepReport, id string, r *loadtest.Report) loadSweepPage {
	look := loadLook(s.Outcome)
	if s.Warning != "" && look == green {
		look = yellow
	}
	page := loadSweepPage{
		SweepReport: s, ID: id, Word: growthWords(s), Fit: fitWords(s.Growth), Colour: loadColour(look), Chart: sweepChart(s),
		Groups: loadGroupsOf(id, s.Groups, s.Samples, r),
	}
	page.Answers = fmt.Sprintf("%s: %s, %s", thousands(s.Requests), count(int(s.Leaks), "leak"), count(int(s.Faults), "fault"))
	for _, p := range s.Points {
		page.Sizes = append(page.Sizes, loadSize{p, statusOf(p.Status, ""), number(p.Low), number(p.Latency.P50), number(p.Latency.P99)})
	}
	return page
}
