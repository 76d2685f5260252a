package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/report"
)

// terminal returns the terminal that is written to, or nil. What cannot move the
// cursor is none.
func (a *app) terminal(w io.Writer) *os.File {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || a.env("TERM") == "dumb" {
		return nil
	}
	return f
}

// textOptions say how text is written to standard output.
func (a *app) textOptions() report.TextOptions { return a.optionsFor(a.stdout) }

// optionsFor say how text is written: to a terminal so that it fits there, and in
// colour unless NO_COLOR is set.
func (a *app) optionsFor(w io.Writer) report.TextOptions {
	f := a.terminal(w)
	if f == nil {
		return report.TextOptions{}
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width, height = 0, 1
	}
	return report.TextOptions{Width: width, Height: max(height, 1), Color: a.env("NO_COLOR") == ""}
}

// heartbeat is how often a log says how far a run is.
const heartbeat = 10 * time.Second

// progress shows on standard error how far a run is: on a terminal a bar, with what
// is under way and the time that is left; elsewhere a line now and then, so that
// nobody takes a long run for one that hangs. What does not hold is shown at once,
// and everything if it is verbose.
type progress struct {
	a       *app
	verbose bool
	look    report.TextOptions
	bars    *mpb.Progress // nil: no terminal
	stop    chan struct{}

	bar  *mpb.Bar
	over bool

	// mu is never held while the bars are told something: they draw in a goroutine
	// of their own, which asks for what it guards.
	mu        sync.Mutex
	started   time.Time
	underWay  []string
	last      string
	done, all int
}

func (a *app) newProgress(verbose bool) *progress {
	p := &progress{a: a, verbose: verbose, look: a.optionsFor(a.stderr), started: time.Now(), stop: make(chan struct{})}
	if f := a.terminal(a.stderr); f != nil {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(min(p.look.Width-1, 100)))
		return p
	}
	go p.beat()
	return p
}

// beat writes to a log now and then.
func (p *progress) beat() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.mu.Lock()
			if p.all > 0 {
				fmt.Fprintf(p.a.stderr, "%d of %d, %s%s; %s\n", p.done, p.all, time.Since(p.started).Round(time.Second), p.left(), p.now(6))
			}
			p.mu.Unlock()
		}
	}
}

// left is about how long it will still take.
func (p *progress) left() string {
	if p.done == 0 {
		return ""
	}
	left := time.Since(p.started) / time.Duration(p.done) * time.Duration(p.all-p.done)
	return ", about " + left.Round(time.Second).String() + " left"
}

// now names the first few of what is under way, what began first before; where
// nobody says what begins, what ended last.
func (p *progress) now(most int) string {
	switch n := len(p.underWay); {
	case n == 0:
		return "after " + p.last
	case n <= most:
		return "in " + strings.Join(p.underWay, ", ")
	default:
		return fmt.Sprintf("in %s and %d more", strings.Join(p.underWay[:most], ", "), n-most)
	}
}

// begins shows that a rule is under way.
func (p *progress) begins(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underWay = append(p.underWay, id)
}

// rule shows that a rule was judged.
func (p *progress) rule(done, all int, v conformance.Verdict) {
	text := ""
	switch v.Outcome {
	case conformance.Violates, conformance.Deviates, conformance.Inconclusive:
		text = report.Line(v)
		if p.bars != nil {
			text = report.Short(v, p.look)
		}
	}
	if p.verbose {
		text = report.Played(v, p.look)
	}
	p.step(done, all, v.ID, "", text)
}

// step shows that one of several things is done. Where there is no bar it prints
// line; what is to be kept stays on the screen above a bar, and goes to a log.
func (p *progress) step(done, all int, name, line, keep string) {
	p.mu.Lock()
	p.done, p.all, p.last = done, all, name
	p.underWay = slices.DeleteFunc(p.underWay, func(other string) bool { return other == name })
	p.mu.Unlock()
	if keep != "" {
		line = keep
	}
	if p.bars == nil {
		if line != "" {
			fmt.Fprintln(p.a.stderr, line)
		}
		return
	}
	if p.bar == nil {
		p.bar = p.newBar(all)
	}
	if keep != "" {
		fmt.Fprintln(p.bars, keep)
	}
	p.bar.SetCurrent(int64(done))
}

func (p *progress) newBar(all int) *mpb.Bar {
	beside := func(decor.Statistics) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Sprintf("%s  %s", strings.TrimPrefix(p.left(), ","), p.now(2))
	}
	return p.bars.New(int64(all), mpb.BarStyle().Rbound("]").Lbound("["), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d ")),
		mpb.AppendDecorators(decor.Any(beside, decor.WC{W: 48, C: decor.DindentRight})))
}

// end takes the bar off the screen. It may be called twice.
func (p *progress) end() {
	if p.over {
		return
	}
	p.over = true
	close(p.stop)
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.bars.Wait()
}
