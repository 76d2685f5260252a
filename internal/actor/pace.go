package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

const (
	// tries is how often a request is sent at most that is answered by a limit.
	tries = 7
	// DefaultPatience is how long one request waits in all, where the server says when
	// to try again.
	DefaultPatience = 2 * time.Minute
	// mostCalm is how long a rate that was borne is kept at most before a higher one
	// is tried.
	mostCalm = 2 * time.Minute
	// leastGap is how long it is at least between two requests once the rate was limited.
	leastGap = time.Millisecond
	// mostGap is how long it is at most between two requests, but for what the server
	// says.
	mostGap = 10 * time.Second
)

// Limits is what a server's limits of the rate of requests came to.
type Limits struct {
	Answers int           // that said so
	Waited  time.Duration // while at least one request waited to be sent
}

// pace is how fast requests are made to the hosts of a target, by all casts of a
// stage. An answer that limits the rate (see [oauth.Limited]) has everybody wait for
// as long as it says, and ask less often from then on. A nil *pace waits for nothing.
type pace struct {
	patience time.Duration

	mu      sync.Mutex
	hosts   map[string]*lane
	answers int
	waiting int       // how many wait now
	since   time.Time // when the first of them began to
	waited  time.Duration
}

// lane is the pace of one host.
type lane struct {
	until  time.Time     // nothing is sent before
	gap    time.Duration // between two requests; 0: no limit is known
	next   time.Time     // when the next one may be sent
	began  time.Time     // when the rate was last limited, or the first request was sent
	passed int           // how many requests were answered since
	calm   time.Duration // after how long without a limit a higher rate is tried
	tuned  time.Time     // when the gap was last changed
}

// ObeyLimits has requests that the server does not handle, for there are too many,
// sent again when it says, and all others no faster than it bears. Without it such
// answers are trouble like any other. One request waits no longer than patience in
// all; 0 means [DefaultPatience]. It is to be called before the first cast.
func (s *Stage) ObeyLimits(patience time.Duration) {
	if patience == 0 {
		patience = DefaultPatience
	}
	s.pace = &pace{patience: patience, hosts: map[string]*lane{}}
}

// Limits is what the server's limits came to so far.
func (s *Stage) Limits() Limits {
	if s.pace == nil {
		return Limits{}
	}
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	sum := Limits{s.pace.answers, s.pace.waited}
	if s.pace.waiting > 0 {
		sum.Waited += time.Since(s.pace.since)
	}
	return sum
}

// limited says that requests were answered by the server's limit of the rate, and so
// were not handled: nothing follows from it.
type limited struct {
	text   string
	atOnce bool // with others that were handled
}

func (e *limited) Error() string { return e.text }

// CutShort reports whether an error is that of several requests that were made at once
// the server handled some, and put others off.
func CutShort(err error) bool {
	var l *limited
	return errors.As(err, &l) && l.atOnce
}

// lane is that of a host. The caller holds mu.
func (p *pace) lane(to *url.URL) *lane {
	key := to.Scheme + "://" + to.Host
	if p.hosts[key] == nil {
		p.hosts[key] = &lane{began: time.Now(), calm: time.Second}
	}
	return p.hosts[key]
}

// await waits until n requests may be sent to a host at once: what a server lets
// through in a time has to be there for all of them. The error is that of ctx.
func (p *pace) await(ctx context.Context, to *url.URL, n int) error {
	if p == nil {
		return nil
	}
	for {
		p.mu.Lock()
		l, now := p.lane(to), time.Now()
		l.tune(now)
		at := now
		if l.until.After(at) {
			at = l.until
		}
		if l.gap > 0 {
			if l.next.After(at) {
				at = l.next
			}
			at = at.Add(time.Duration(n-1) * l.gap)
			l.next = at.Add(l.gap)
		}
		p.mu.Unlock()
		if !at.After(now) {
			return nil
		}
		if err := p.sleep(ctx, at.Sub(now)); err != nil {
			return err
		}
		p.mu.Lock()
		held := l.until.After(time.Now()) // since
		p.mu.Unlock()
		if !held {
			return nil
		}
	}
}

// sleep waits, and has the time of what ctx is about become longer.
func (p *pace) sleep(ctx context.Context, d time.Duration) error {
	lengthen(ctx, d)
	p.mu.Lock()
	if p.waiting++; p.waiting == 1 {
		p.since = time.Now()
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.waiting--; p.waiting == 0 {
			p.waited += time.Since(p.since)
		}
	}()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tune tries a higher rate where the present one was borne for a while.
func (l *lane) tune(now time.Time) {
	if l.gap > 0 && now.Sub(l.tuned) > l.calm && now.After(l.until) {
		l.gap, l.tuned = l.gap*4/5, now
	}
}

// answered counts an answer of a host that was no limit.
func (p *pace) answered(to *url.URL) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lane(to).passed++
}

// alike counts answers that limit the rate.
func (p *pace) alike(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers += n
}

// slow has everybody wait with what they send to a host. Sent is when the request was
// that was answered by a limit: of those that were under way together one tells the
// rate. One that was put off before does not tell it, nor do several that were sent at
// once: what a server bears then is something else.
func (p *pace) slow(to *url.URL, sent time.Time, wait time.Duration, tells bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, now := p.lane(to), time.Now()
	held := l.until
	if until := now.Add(wait); until.After(held) {
		l.until = until
	}
	if !tells || l.gap > 0 && sent.Before(held) {
		return
	}
	gap := max(l.gap*10/9, leastGap)
	if took := max(now.Sub(l.began), time.Second); l.passed >= enough {
		gap = max(gap, took*10/9/time.Duration(l.passed)) // a tenth less than what was let through
	}
	l.gap, l.began, l.tuned, l.passed = min(gap, mostGap), now, l.until, 0
	l.calm = min(2*l.calm, mostCalm)
}

// attempts is how often a request, or several at once, was answered by a limit.
type attempts struct {
	atOnce bool
	first  time.Time
	times  int
}

// limited reports whether an answer is a limit of the rate that is obeyed. The error is
// that the request is not to be sent again.
func (p *pace) limited(a *attempts, to *url.URL, sent time.Time, status int, header http.Header) (bool, error) {
	if p == nil {
		return false, nil
	}
	is, after, told := oauth.Limited(status, header, time.Now())
	if !is {
		p.answered(to)
		return false, nil
	}
	if a.times == 0 {
		a.first = sent
	}
	a.times++
	wait, said := after, fmt.Sprintf("Retry-After %v", after)
	switch least := time.Second << (a.times - 1); {
	case !told:
		wait, said = least, "no Retry-After"
	case a.times > 1:
		wait = max(after, least/2) // what it said before was too early
	}
	p.alike(1)
	if a.times < tries && time.Since(a.first)+wait <= p.patience {
		p.slow(to, sent, wait, !a.atOnce && a.times == 1)
		return true, nil
	}
	return true, &limited{text: fmt.Sprintf("the server limits the rate of requests: got %d with %s, %d times in %v, and one request waits %v at most",
		status, said, a.times, time.Since(a.first).Round(time.Second), p.patience)}
}
