package loadtest

import (
	"context"
	"time"
)

const (
	// hireEvery is how often it is seen whether there are enough workers, and
	// hireMost how many are hired then; on trial an eighth of those there are, if that
	// is more. Connections that are dialled all at once would delay what they are
	// dialled for.
	hireEvery = 5 * time.Millisecond
	hireMost  = 16
	// quick is how long an answer takes at most of a server of which more workers are
	// not plainly needed.
	quick = 20 * time.Millisecond
	// patience is for how long what is due may wait before anybody is hired, and calm
	// where that may be of no use: hosts and collectors of garbage stop for as long,
	// and are caught up with.
	patience = 20 * time.Millisecond
	calm     = 50 * time.Millisecond
	// span is for how long the answers are counted, once before workers are on trial
	// and once after they had as long to begin.
	span = 40 * time.Millisecond
	// After a trial that was in vain nobody is hired for firstPause, and after each
	// further one for twice as long, up to longestPause; and calm doubles as well, up
	// to mostCalm.
	firstPause   = time.Second
	longestPause = time.Minute
	mostCalm     = time.Second
)

// hiring decides when there are too few workers.
//
// Where answers take long, or no longer than they did while there were workers
// enough, workers are needed to wait for them. A server that is quick but slower
// than it was is overloaded, for a moment or for good, or it does more at once the
// more is asked at once. Which it is only a trial tells: some workers are hired,
// and more of them only if it answered more for them. Those that are of no use
// would stay, with their connections and memory, for the rest of the run.
type hiring struct {
	looks  [2 * span / hireEvery]look // the last ones, in a ring
	next   int
	behind time.Duration // at the last look
	usual  time.Duration // that answers take where nothing waits; 0: not known

	trial time.Duration // when those on trial came; 0: nobody is on trial
	speed float64       // of answers before they did, a second
	more  float64       // by what part there were more workers with them
	calm  time.Duration // longer than the constant after trials that were in vain
	pause time.Duration
	until time.Duration // when there may be the next trial
}

// look is how many requests had been handed out at a moment.
type look struct {
	at    time.Duration
	taken uint64
}

// pace is how a server answers.
type pace struct {
	took time.Duration // what the last answers took, as a mean; 0: there was none
	long bool          // most workers wait for long
}

// see is told each hireEvery for how long a request has been waiting for a worker,
// and says how many are to be hired.
func (h *hiring) see(now look, behind time.Duration, hands int, measure func() pace) int {
	// Who was held up for a moment, and catches up, would be held up by dialling.
	worse := behind > patience && behind > h.behind
	h.behind = behind
	h.looks[h.next] = now
	h.next = (h.next + 1) % len(h.looks)
	if behind == 0 && h.next == 0 {
		h.learn(measure().took)
	}
	passed := false
	if h.trial > 0 {
		if now.at-h.trial < 2*span {
			return 0
		}
		passed = h.judge(now)
	}
	if !worse {
		return 0
	}
	// So many would do what all of them are busy with, if it took as long as usual.
	needed := h.rate(now, patience-hireEvery) * h.usual.Seconds()
	if needed > float64(hands)/2 || h.usual == 0 || measure().long {
		return hireMost
	}
	h.speed = h.rate(now, span)
	if behind < max(calm, h.calm) && !passed || now.at < h.until || h.speed == 0 {
		return 0 // of a server that says nothing, more connections hear no more
	}
	n := max(hireMost, hands/8)
	h.trial, h.more = now.at, float64(n)/float64(hands)
	return n
}

// learn takes in how long answers take while nothing waits.
func (h *hiring) learn(took time.Duration) {
	if h.usual == 0 {
		h.usual = took
	}
	h.usual += (took - h.usual) / 8
}

// judge ends a trial, and reports whether those on trial were of use: there are
// about as many more answers as there are more workers. Where there are many more,
// the server recovered by itself.
func (h *hiring) judge(now look) bool {
	h.trial = 0
	gain := h.rate(now, span)/h.speed - 1
	if gain >= h.more/2 && gain <= 4*h.more {
		h.calm, h.pause = 0, 0
		return true
	}
	h.calm = min(mostCalm, 2*max(calm, h.calm))
	h.pause = min(longestPause, max(firstPause, 2*h.pause))
	h.until = now.at + h.pause
	return false
}

// rate is how many requests were handed out a second lately; 0: none.
func (h *hiring) rate(now look, lately time.Duration) float64 {
	for i := 1; i <= len(h.looks); i++ {
		l := h.looks[(h.next-i+len(h.looks))%len(h.looks)]
		if took := now.at - l.at; took >= lately {
			return float64(now.taken-l.taken) / took.Seconds()
		}
	}
	return 0
}

// startWorkers is how many workers and connections there are from the start:
// enough for answers that take 20 ms.
func (a *attack) startWorkers() int {
	if a.schedule.pacer == nil {
		return a.workers
	}
	return min(a.workers, 128, max(8, 2*a.schedule.burst, int(a.schedule.rate()/50)))
}

// hire sets more workers to work, one for each line, unless all is over.
func (a *attack) hire(ctx context.Context, lines []line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.hands) > 0 && a.working == 0 {
		for _, l := range lines {
			l.close()
		}
		return
	}
	for _, l := range lines {
		i := len(a.hands) % len(a.counter.cells)
		w := &worker{attack: a, line: l, cell: &a.counter.cells[i], wake: make(chan struct{}, 1)}
		if a.sheets != nil {
			w.sheet = &a.sheets[i]
		}
		a.hands = append(a.hands, w)
		a.working++
		go func() {
			w.run(ctx)
			a.leave()
		}()
	}
}

// newLines are at most n lines for workers that there may be beside those there are.
func (a *attack) newLines(ctx context.Context, n int) []line {
	var lines []line
	for range min(n, a.workers-len(a.hands)) {
		lines = append(lines, a.network.line(ctx))
	}
	return lines
}

// leave is the end of a worker.
func (a *attack) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.working--; a.working == 0 {
		close(a.idle)
	}
}

// pace is how the server answers now. A worker that has waited for long without an
// answer counts as such if another was answered meanwhile; where nobody is, the
// server may have stopped for a moment.
func (a *attack) pace() pace {
	a.mu.Lock()
	defer a.mu.Unlock()
	var last int64
	for _, w := range a.hands {
		last = max(last, w.done.Load())
	}
	var sum, answers, long int64
	for _, w := range a.hands {
		took, done := w.took.Load(), w.done.Load()
		if done > 0 && last-done < int64(span) {
			sum, answers = sum+took, answers+1
		}
		if since := w.since.Load(); since > 0 {
			took = max(took, last-since)
		}
		switch {
		case took <= 0: // there was no answer
		case time.Duration(took) < quick:
			long--
		default:
			long++
		}
	}
	return pace{took: time.Duration(sum / max(1, answers)), long: long >= 0}
}
