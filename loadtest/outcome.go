package loadtest

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// enough is the part of the offered rate that must be achieved for a scenario
	// to be judged.
	enough = 0.95
	// tooFaulty is the part of faults from which on a scenario is broken. Fewer
	// are noted.
	tooFaulty = 0.01
	// busyCPU is the part of the processor from which on it counts as saturated.
	busyCPU = 0.85
)

// seen is what came of an attack, or of the shards of one.
type seen struct {
	tally    *tally
	load     load
	duration time.Duration // of the attack as it was meant
	warm     time.Duration // of that
	open     bool          // a rate was offered
	// families are the chains that there were, ended those that could not go on.
	families, ended int
	// sided and said are what shards said of who could not keep up; of an attack of
	// this process they are empty.
	sided Side
	said  string
}

// seen is what came of the attack.
func (a *attack) seen(t *tally, l load) seen {
	s := seen{tally: t, load: l, duration: a.schedule.duration, warm: a.schedule.warm, open: a.schedule.pacer != nil}
	s.families, s.ended = a.deck.chains()
	return s
}

// judgement decides the outcome of a scenario.
type judgement struct {
	seen
	report   *ScenarioReport
	missed   []ThresholdResult
	embedded bool
	note     string
}

// decide sets outcome and reason. One leak or false refusal breaks a scenario,
// at any rate. What was attacked at less than 95 % of the offered rate is
// inconclusive, as is what answered nothing, and what limits the rate, which is its
// right. Then 1 % of other faults break it, and so does a missed threshold; fewer are
// noted.
func (j *judgement) decide(interrupted bool) {
	r, t := j.report, j.tally
	set := func(o Outcome, format string, args ...any) {
		r.Outcome, r.Reason = o, fmt.Sprintf(format, args...)
		if j.note != "" {
			r.Reason = strings.TrimPrefix(r.Reason+"; "+j.note, "; ")
		}
	}
	faults := float64(t.faults-t.limited) / float64(max(1, t.requests))
	var missed []string
	for _, m := range j.missed {
		if m.Value == nil { // a step of a search holds nothing that it has too few samples for
			missed = append(missed, fmt.Sprintf("%s: %s", m.Expression, m.Reason))
			continue
		}
		missed = append(missed, fmt.Sprintf("%s: got %s", m.Expression, figureText(*m.Value)))
	}
	switch {
	case t.leaks > 0 || t.falseRefusals > 0:
		set(Broken, "%d of %d answers leaked, %d refused what was granted", t.leaks, t.requests, t.falseRefusals)
	case t.signatures != nil && t.signatures.Bad > 0:
		set(Broken, "%d of %d tokens are signed with no key of the server", t.signatures.Bad, t.signatures.Checked)
	case t.answered == 0 && interrupted && t.stopped > 0 && t.stopped <= j.warm:
		set(Inconclusive, "interrupted in the warm-up, of which nothing counts")
	case t.answered == 0 && interrupted:
		set(Inconclusive, "interrupted before anything was answered")
	case t.requests == 0 && t.unsent != "":
		set(Inconclusive, "nothing was sent: %s", t.unsent)
	case t.answered == 0:
		set(Inconclusive, "nothing was answered: %s", j.firstFault())
	case interrupted:
		set(Inconclusive, "interrupted after %v of %v", t.stopped.Round(time.Millisecond), j.duration)
	case t.unsent != "":
		set(Inconclusive, "the attack ended before its time: %s", t.unsent)
	case t.isLimited() && faults < tooFaulty:
		set(Inconclusive, "%s", j.limiting())
	case j.open && r.AchievedRate < enough*r.OfferedRate:
		set(Inconclusive, "achieved %s of %s requests/s: %s", figureText(r.AchievedRate), figureText(r.OfferedRate), j.saturated())
	case faults >= tooFaulty:
		set(Broken, "%.2g %% of the requests failed, with no leak and no false refusal (%s)", 100*faults, j.firstFault())
	case len(missed) > 0:
		set(Broken, "missed %s", strings.Join(missed, ", "))
	case t.faults > 0:
		set(Kept, "%d of %d requests were faults (%s)", t.faults, t.requests, j.firstFault())
	case j.ended > 0:
		set(Kept, "%d of %d chains of requests ended, such as refresh families", j.ended, j.families)
	default:
		set(Kept, "")
	}
}

// figureText is a figure to four digits, and no large one as a power of ten.
func figureText(f float64) string {
	if f < 1000 {
		return strconv.FormatFloat(f, 'g', 4, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// firstFault is the message of the first fault.
func (j *judgement) firstFault() string {
	for _, s := range j.report.Samples {
		if s.Class == string(Fault) {
			return s.Message
		}
	}
	return "no sample"
}

// side is who could not keep up.
func (j *judgement) side() Side {
	cores := float64(runtime.NumCPU())
	switch {
	case j.said != "":
		return j.sided
	case j.load.cpu >= busyCPU*cores && j.embedded:
		return SideBoth
	case j.load.cpu >= busyCPU*cores:
		return SideOurs
	case j.load.host >= busyCPU*cores && !j.tally.isLimited():
		return SideHost
	case j.tally.isLimited():
		return SideTarget
	case j.load.full > 0.1 || j.load.waits > j.tally.requests/10:
		return SideTarget
	}
	return SideNeither
}

// ran is how long the attack went on, after its warm-up.
func (s *seen) ran() time.Duration {
	if s.tally.stopped > 0 {
		return max(0, s.tally.stopped-s.warm)
	}
	return max(s.duration, s.tally.lastSent) - s.warm
}

// saturated says which side could not keep up.
func (j *judgement) saturated() string {
	if j.said != "" {
		return j.said
	}
	cores := float64(runtime.NumCPU())
	switch j.side() {
	case SideBoth:
		return fmt.Sprintf("this process, in which the embedded target runs as well, used %.1f of %.0f cores", j.load.cpu, cores)
	case SideOurs:
		return fmt.Sprintf("the load generator was saturated: it used %.1f of %.0f cores", j.load.cpu, cores)
	case SideHost:
		return fmt.Sprintf("the host of the load generator was saturated: it used %.1f of %.0f cores, other processes %.1f",
			j.load.cpu, cores, max(0, j.load.host-j.load.cpu))
	case SideTarget:
		if j.load.full > 0.1 {
			return fmt.Sprintf("the target was saturated: all %d workers were waiting for it", j.load.workers)
		}
		return fmt.Sprintf("the target was saturated: all %d chains of requests, such as refresh families, were waiting for it", j.families)
	}
	return fmt.Sprintf("neither side was seen to be saturated (the load generator used %.1f of %.0f cores)", j.load.cpu, cores)
}

// ExitCode is the exit code that a load report asks for: 130 where the run was
// interrupted, else the worst of 1 (a leak, a false refusal, too many faults or
// a threshold missed) and 3 (a scenario or a threshold that could not be judged,
// or nothing that applies), else 0.
func ExitCode(r *Report) int {
	const violates, inconclusive, interrupted = 1, 3, 130
	if r.Interrupted {
		return interrupted
	}
	judged, code := 0, 0
	worse := func(c int) {
		if code != violates {
			code = c
		}
	}
	came := func(o Outcome, broken bool) {
		switch {
		case o == Broken || broken:
			judged++
			worse(violates)
		case o == Kept:
			judged++
		case o != NotApplicable:
			worse(inconclusive)
		}
	}
	for _, s := range r.Scenarios {
		came(s.Outcome, s.Leaks > 0 || s.FalseRefusals > 0)
	}
	for _, s := range r.Sweeps {
		came(s.Outcome, s.Leaks > 0)
	}
	for _, t := range r.Thresholds {
		switch {
		case t.Value == nil:
			worse(inconclusive)
		case !t.Held:
			worse(violates)
		}
	}
	if judged == 0 {
		worse(inconclusive)
	}
	return code
}
