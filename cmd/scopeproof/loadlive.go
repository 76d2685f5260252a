package main

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/report"
)

// live shows how a load run goes: on standard error, on a terminal a bar for each
// scenario that is under way, elsewhere a line each second; and on standard output,
// where that is wanted, a line of JSON each second. One goroutine calls show.
type live struct {
	a     *app
	json  bool
	color bool
	bars  *mpb.Progress // nil: lines
	shown map[string]*shown
}

// shown is a scenario that is shown.
type shown struct {
	bar     *mpb.Bar
	number  int
	phase   string
	text    atomic.Value // string; read by the goroutine that draws
	printed time.Time
}

func (a *app) newLive(json bool) *live {
	l := &live{a: a, json: json, shown: map[string]*shown{}, color: a.env("NO_COLOR") == ""}
	if f := a.terminal(a.stderr); f != nil {
		l.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(16))
	}
	return l
}

func (l *live) show(p loadtest.Progress) {
	s := l.shown[p.Scenario]
	if s == nil || s.number != p.Number {
		l.leave(p.Number)
		s = &shown{number: p.Number}
		l.shown[p.Scenario] = s
	}
	due := time.Since(s.printed) >= time.Second-50*time.Millisecond || p.Last || p.Phase != s.phase
	if due {
		s.printed, s.phase = time.Now(), p.Phase
	}
	if l.json && due {
		_ = report.LoadProgress(l.a.stdout, p) // who reads it may have gone
	}
	if l.bars == nil {
		if due {
			fmt.Fprintf(l.a.stderr, "%-24s  %s\n", p.Scenario, progressLine(p, false))
		}
		return
	}
	s.text.Store(progressLine(p, l.color))
	if s.bar == nil {
		s.bar = l.bars.New(100, mpb.BarStyle().Lbound("[").Rbound("]"), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%d/%d %s ", p.Number, p.Of, p.Scenario))),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + s.text.Load().(string) })))
	}
	s.bar.SetCurrent(min(99, int64(100*p.Elapsed/max(1, p.Duration))))
}

// progressLine says in one line how it goes.
func progressLine(p loadtest.Progress, color bool) string {
	left := max(0, p.Duration-p.Elapsed).Round(time.Second)
	text := fmt.Sprintf("%v left", left)
	if p.Phase != "" {
		text += ", " + p.Phase
	}
	if p.Elapsed < p.WarmUp {
		return text + ", warming up"
	}
	if p.Rate > 0 || p.OfferedRate > 0 {
		offered := ""
		if p.OfferedRate > 0 {
			offered = " of " + rateText(p.OfferedRate)
		}
		text += fmt.Sprintf("  %s%s/s  p50 %.3g p99 %.3g ms", rateText(p.Rate), offered, p.Latency.P50, p.Latency.P99)
	}
	text += fmt.Sprintf("  %d judged  ", p.Requests)
	wrong := fmt.Sprintf("%d leaks", p.Leaks)
	if p.FalseRefusals > 0 {
		wrong += fmt.Sprintf("  %d false refusals", p.FalseRefusals)
	}
	if p.Faults > 0 {
		wrong += fmt.Sprintf("  %d faults", p.Faults)
	}
	if color && p.Leaks+p.FalseRefusals > 0 {
		return text + "\x1b[1;31m" + wrong + "\x1b[0m"
	}
	return text + wrong
}

// rateText is a rate without digits that mean nothing.
func rateText(rate float64) string {
	if rate < 10 {
		return strconv.FormatFloat(rate, 'g', 2, 64)
	}
	return strconv.FormatFloat(rate, 'f', 0, 64)
}

// leave takes the bars of other numbers away.
func (l *live) leave(number int) {
	for name, s := range l.shown {
		if s.number != number {
			if s.bar != nil {
				s.bar.Abort(true)
			}
			delete(l.shown, name)
		}
	}
}

func (l *live) end() {
	l.leave(0)
	if l.bars != nil {
		l.bars.Wait()
	}
}
