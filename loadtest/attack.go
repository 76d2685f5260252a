package loadtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// attack is one scenario's requests under way.
type attack struct {
	name     string
	deck     *deck
	schedule *schedule
	workers  int // at most
	timeout  time.Duration
	base     http.RoundTripper
	conns    *dialer        // nil: the transport is not ours
	results  vegeta.Encoder // nil: not written
	progress func(*tally, time.Duration)
}

// load is what was seen of the attack beside the answers.
type load struct {
	cpu   float64 // cores that this process used
	host  float64 // cores that all processes of this host used; 0: not known
	full  float64 // part of the time in which all workers were waiting
	waits int64   // draws that had to wait for a chain
}

// errResults says that the results could not be written.
var errResults = errors.New("results are written")

// run attacks until everything is sent that is due, and answered or given up.
func (a *attack) run(ctx context.Context, kept *samples) (*tally, load, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := newJudging(ctx, a.deck, a.base, a.workers, a.timeout, kept)
	j.sized = a.results != nil
	defer j.close()
	start := a.startWorkers()
	if err := a.warmUp(ctx, start); err != nil {
		return newTally(), load{}, err
	}
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: j}), // first: the options after it change it
		vegeta.Redirects(vegeta.NoFollow),
		vegeta.Workers(uint64(start)), vegeta.MaxWorkers(uint64(a.workers)),
	)
	stop := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer stop()

	seen := a.watch(ctx, j)
	before, around := cpuTime(), hostTime()
	began := time.Now()
	t, err := a.collect(attacker.Attack(a.deck.draw, a.schedule, 0, ""), attacker)
	took := time.Since(began)
	cancel()
	l := seen()
	if took > 0 {
		l.cpu = (cpuTime() - before).Seconds() / took.Seconds()
		l.host = (hostTime() - around).Seconds() / took.Seconds()
	}
	l.waits = a.deck.waits.Load()
	return t, l, err
}

// startWorkers is how many workers and connections there are from the start:
// enough for answers that take 20 ms.
func (a *attack) startWorkers() int {
	if a.schedule.saturate {
		return a.workers
	}
	return min(a.workers, 128, max(8, 2*a.schedule.burst, int(a.schedule.rate/50)))
}

// watch gives up requests that wait too long, and looks how many are under way.
// The function that it returns waits for it to end.
func (a *attack) watch(ctx context.Context, j *judging) func() load {
	var wg sync.WaitGroup
	var full, looks atomic.Int64
	wg.Go(func() {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				looks.Add(1)
				if j.sweep() >= a.workers {
					full.Add(1)
				}
			}
		}
	})
	return func() load {
		wg.Wait()
		return load{full: float64(full.Load()) / float64(max(1, looks.Load()))}
	}
}

// collect counts the results until there are no more. It must keep up: workers
// wait for it.
func (a *attack) collect(results <-chan *vegeta.Result, attacker *vegeta.Attacker) (*tally, error) {
	t, began := newTally(), time.Now()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	var failed error
	for {
		select {
		case r, more := <-results:
			if !more {
				return t, failed
			}
			if err := a.count(t, r); err != nil && failed == nil {
				failed = err
				attacker.Stop()
			}
		case <-tick.C:
			a.progress(t, time.Since(began))
		}
	}
}

// count counts one result and writes it.
func (a *attack) count(t *tally, r *vegeta.Result) error {
	class, rule, text := classOf(r.Headers[mark])
	switch {
	case class == abandoned:
		return nil
	case text == "" && r.Error != "": // no request came of it
		t.unsent = r.Error
		return nil
	}
	lag := a.schedule.lag(r.Seq, r.Timestamp)
	t.add(class, rule, r.Code != 0, r.Timestamp.Sub(a.schedule.began)-lag, r.Latency+lag)
	t.lastSent = max(t.lastSent, r.Timestamp.Sub(a.schedule.began))
	if a.results == nil {
		return nil
	}
	if length := r.Headers["Content-Length"]; len(length) == 1 {
		r.BytesIn, _ = strconv.ParseUint(length[0], 10, 64)
	}
	// No token may be in the results: neither header nor body, and of the URL
	// what cleanURL leaves. Time counts from when the request was due.
	*r = vegeta.Result{
		Attack: a.name, Seq: r.Seq, Code: r.Code, Timestamp: r.Timestamp.Add(-lag), Latency: r.Latency + lag,
		BytesOut: r.BytesOut, BytesIn: r.BytesIn, Error: text, Method: r.Method, URL: a.bare(r.URL),
	}
	if err := a.results.Encode(r); err != nil {
		return errors.Join(errResults, err)
	}
	return nil
}

// bare is the URL of a result as it is written.
func (a *attack) bare(raw string) string {
	for i := range len(raw) {
		if raw[i] == '#' || raw[i] == '?' || raw[i] == '@' {
			return cleanURL(raw)
		}
	}
	return raw
}

// warmUp dials the connections that the attack starts with, so that the first
// requests do not wait for it. An error means that nothing answers.
func (a *attack) warmUp(ctx context.Context, n int) error {
	if a.conns == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	for _, origin := range a.deck.origins() {
		if err := a.conns.fill(ctx, a.base, origin, n); err != nil {
			return err
		}
	}
	return nil
}

// discard reads what is left of an answer so that its connection can be used
// again.
func discard(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit))
	_ = resp.Body.Close()
}
