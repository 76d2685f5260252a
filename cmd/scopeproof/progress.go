package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

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

// textOptions say how text is written to standard output: in colour on a
// terminal, unless NO_COLOR is set.
func (a *app) textOptions() report.TextOptions {
	f := a.terminal(a.stdout)
	if f == nil {
		return report.TextOptions{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return report.TextOptions{Width: width, Color: a.env("NO_COLOR") == ""}
}

// progress shows on standard error how far a run is: on a terminal a bar with
// what was judged last, elsewhere a line each.
type progress struct {
	a    *app
	bars *mpb.Progress // nil: lines
	bar  *mpb.Bar
	last atomic.Value // string; read by the goroutine that draws
	over bool
}

func (a *app) newProgress() *progress {
	p := &progress{a: a}
	if f := a.terminal(a.stderr); f != nil {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(40))
	}
	return p
}

// rule shows that a rule was judged. What did not hold stays on the screen.
func (p *progress) rule(done, all int, v conformance.Verdict) {
	line := report.Line(v)
	switch v.Outcome {
	case conformance.Conforms, conformance.NotApplicable, conformance.Known:
		p.step(done, all, v.ID, line, "")
	default:
		p.step(done, all, v.ID, line, line)
	}
}

// step shows that one of several things is done; it is called by one goroutine at
// a time. Where there is no bar it prints line; with one, keep is left on the
// screen above it.
func (p *progress) step(done, all int, name, line, keep string) {
	if p.bars == nil {
		fmt.Fprintln(p.a.stderr, line)
		return
	}
	p.last.Store(name)
	if p.bar == nil {
		p.bar = p.bars.New(int64(all), mpb.BarStyle().Rbound("]").Lbound("["), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersNoUnit("%d of %d ")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.last.Load().(string) })))
	}
	if keep != "" {
		fmt.Fprintln(p.bars, keep)
	}
	p.bar.SetCurrent(int64(done))
}

// end takes the bar off the screen. It may be called twice.
func (p *progress) end() {
	if p.bars == nil || p.over {
		return
	}
	p.over = true
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.bars.Wait()
}
