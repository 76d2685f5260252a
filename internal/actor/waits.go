package actor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
)

// enough is how often in a row an endpoint is waited for in vain until it is not
// asked any more.
const enough = 3

// waits is where a target was waited for in vain, by all casts of a stage: what is
// silent is asked a few times, and not each time again, and the rest of a target is
// looked at and judged as it is. An endpoint that was given up is asked again after
// a while, by one request at a time. A nil *waits waits for everything.
type waits struct {
	mu sync.Mutex
	at map[endpoint]*wait
	by map[string]*wait // all endpoints of one server, by what features call it
}

// endpoint is where a request goes, whatever it says.
type endpoint struct{ method, scheme, host, path string }

func endpointOf(req *http.Request) endpoint {
	return endpoint{req.Method, req.URL.Scheme, req.URL.Host, req.URL.Path}
}

// wait is what was waited for in vain at one place.
type wait struct {
	silent streak // requests without a whole answer in their time
	late   streak // looks and scenarios of which the time was spent here
	trying bool   // one request finds out whether that is still so
}

// streak is how often in a row something was waited for.
type streak struct {
	times int
	ended time.Time
	took  time.Duration
	why   error
}

// add counts a wait. Those that are under way together count once: a server that
// is slow for a moment is slow for all who ask then.
func (s *streak) add(began time.Time, why error) {
	if s.times > 0 && !began.After(s.ended) {
		return
	}
	s.times++
	s.ended, s.why = time.Now(), why
	s.took = s.ended.Sub(began)
}

func newWaits() *waits { return &waits{at: map[endpoint]*wait{}, by: map[string]*wait{}} }

// givenUp says that a request was not made, because the endpoint, or the whole
// server, was waited for in vain before.
type givenUp struct {
	times int
	where string
	why   error
}

func (e *givenUp) Error() string {
	return fmt.Sprintf("given up after %d times in a row at this %s: %v", e.times, e.where, e.why)
}

// ask is why an endpoint is not asked; nil: it is. Where nothing at a server answers, an
// endpoint is tried once.
func (w *waits) ask(ctx context.Context, at endpoint, server string) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	here, ok := w.at[at]
	if !ok || ctx.Value(regardlessKey{}) != nil {
		return nil
	}
	all := w.by[server]
	for _, kind := range []struct{ here, all streak }{{here.silent, all.silent}, {here.late, all.late}} {
		refusal := &givenUp{kind.here.times, "endpoint", kind.here.why}
		if kind.here.times < enough {
			refusal = &givenUp{kind.all.times, "server", kind.here.why}
		}
		switch {
		case kind.here.times == 0 || refusal.times < enough:
		case here.trying || time.Since(kind.here.ended) < kind.here.took:
			return refusal
		default:
			here.trying = true
			return nil
		}
	}
	return nil
}

// asked notes what came of a request: late is that it had no whole answer in its
// time, and err any reason why there was none.
func (w *waits) asked(at endpoint, server string, began time.Time, late, err error) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if late != nil {
		for _, one := range w.places(at, server) {
			one.silent.add(began, late)
		}
	}
	here, ok := w.at[at]
	if ok {
		here.trying = false
	}
	if err != nil || len(w.at) == 0 {
		return
	}
	if ok {
		here.silent = streak{}
	}
	if all, ok := w.by[server]; ok {
		all.silent = streak{}
	}
}

// places are the endpoint and its server.
func (w *waits) places(at endpoint, server string) [2]*wait {
	if w.at[at] == nil {
		w.at[at] = &wait{}
	}
	if w.by[server] == nil {
		w.by[server] = &wait{}
	}
	return [2]*wait{w.at[at], w.by[server]}
}

// forget forgets all waits: the target was changed.
func (w *waits) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.at)
	clear(w.by)
}

// noAnswer says that a request had no whole answer: nothing follows from it.
type noAnswer struct {
	error
	lost bool // not a byte came, for another reason than time
}

func (e *noAnswer) Unwrap() error { return e.error }

// again does what sets a target up, and once more where the answer was lost: what
// was asked for may have been done, and has to go by another name then.
func again(do func() error) error {
	err := do()
	var none *noAnswer
	if errors.As(err, &none) && none.lost {
		return do()
	}
	return err
}

// passing reports whether an error tells of the moment, and not of what was asked
// for: there was no answer, or none that lasts.
func passing(err error) bool {
	var none *noAnswer
	var unanswered *oauth.Unanswered
	var page *endedInTrouble
	status := 0
	switch {
	case errors.As(err, &none):
		return true
	case errors.As(err, &unanswered):
		status = unanswered.Status
	case errors.As(err, &page):
		status = page.arrival.Status
	}
	return momentary(status)
}

// momentary reports whether a status tells that what is asked for may be answered
// later (RFC 9110 sections 15.5.9 and 15.6.3 to 15.6.5, RFC 6585 section 4).
func momentary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

type regardlessKey struct{}

// regardless returns a context whose requests are made also where others were not
// answered.
func regardless(ctx context.Context) context.Context {
	return context.WithValue(ctx, regardlessKey{}, true)
}

type spanKey struct{}

// span is one look or scenario, and where its time went.
type span struct {
	began time.Time

	mu     sync.Mutex
	visits []visit
	short  bool // something was not asked
}

type visit struct {
	at     endpoint
	server string
	took   time.Duration
}

// Within is ctx with the time that one look, or one scenario, may take; why is
// what is said once it is over. An endpoint at which the time of several in a row
// was spent is not asked any more for a while.
func (s *Stage) Within(ctx context.Context, limit time.Duration, why error) (context.Context, context.CancelFunc) {
	one := &span{began: time.Now()}
	bounded, clock := patiently(context.WithValue(ctx, spanKey{}, one), limit, why)
	return bounded, sync.OnceFunc(func() {
		over := clock.stop() && ctx.Err() == nil
		s.waits.end(one, over, why)
	})
}

// note adds a request to the span that it is part of.
func note(ctx context.Context, v visit, err error) {
	one, ok := ctx.Value(spanKey{}).(*span)
	if !ok {
		return
	}
	var not *givenUp
	one.mu.Lock()
	defer one.mu.Unlock()
	one.visits = append(one.visits, v)
	one.short = one.short || errors.As(err, &not)
}

// end settles a span: where its time is over, the endpoint at which most of it was
// spent is to blame, unless that is less than half.
func (w *waits) end(one *span, over bool, why error) {
	if w == nil {
		return
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if over {
		spent := map[endpoint]time.Duration{}
		var most visit
		for _, v := range one.visits {
			if spent[v.at] += v.took; spent[v.at] > most.took {
				most = visit{v.at, v.server, spent[v.at]}
			}
		}
		if most.took >= time.Since(one.began)/2 {
			for _, place := range w.places(most.at, most.server) {
				place.late.add(one.began, why)
			}
		}
		return
	}
	if one.short || len(w.at) == 0 {
		return
	}
	for _, v := range one.visits {
		if here, ok := w.at[v.at]; ok {
			here.late = streak{}
		}
		if all, ok := w.by[v.server]; ok {
			all.late = streak{}
		}
	}
}
