package actor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// lockstep is a transport that several browsers share: the requests of one step
// wait for each other and are made at once. A browser that has arrived leaves.
type lockstep struct {
	recorder *Recorder

	mu      sync.Mutex
	lanes   int
	waiting []*step
}

// step is the request of one browser.
type step struct {
	entry *Entry
	err   error
	done  chan struct{}
}

func (l *lockstep) RoundTrip(req *http.Request) (*http.Response, error) {
	s := &step{entry: &Entry{req: req}, done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, s)
	all := l.complete()
	l.mu.Unlock()
	l.fire(req.Context(), all)
	select {
	case <-s.done:
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
	if err := errors.Join(s.err, s.entry.Err); err != nil {
		return nil, err
	}
	got := s.entry.result
	return &http.Response{StatusCode: got.Status, Header: got.Header, Body: io.NopCloser(bytes.NewReader(got.Body)), Request: req}, nil
}

// leave says that a browser sends nothing more.
func (l *lockstep) leave(ctx context.Context) {
	l.mu.Lock()
	l.lanes--
	all := l.complete()
	l.mu.Unlock()
	l.fire(ctx, all)
}

// complete takes the requests of a step once all are there.
func (l *lockstep) complete() []*step {
	if len(l.waiting) == 0 || len(l.waiting) < l.lanes {
		return nil
	}
	all := l.waiting
	l.waiting = nil
	return all
}

func (l *lockstep) fire(ctx context.Context, all []*step) {
	if len(all) == 0 {
		return
	}
	entries := make([]*Entry, len(all))
	for i, s := range all {
		entries[i] = s.entry
	}
	err := l.recorder.race(ctx, entries)
	for _, s := range all {
		s.err = err
		close(s.done)
	}
}

// together runs so many visits in lockstep and returns their errors.
func (c *Cast) together(ctx context.Context, n int, visit func(i int, transport http.RoundTripper) error) []error {
	l := &lockstep{recorder: c.Recorder, lanes: n}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			defer l.leave(ctx)
			errs[i] = visit(i, l)
		})
	}
	wg.Wait()
	return errs
}

// AuthorizeAtOnce sends resource owners to the authorization endpoint as with
// Authorize, in as many tabs of their browsers, step by step at once. The second
// result is why a request was not answered, one for each.
func (c *Client) AuthorizeAtOnce(ctx context.Context, requests []Request) ([]*Authorization, []error, error) {
	ctx, cancel := Patiently(ctx, c.cast.Recorder.timeout, c.cast.Recorder.late)
	defer cancel()
	all, visits := make([]*Authorization, len(requests)), make([]target.Visit, len(requests))
	for i, r := range requests {
		var err error
		if all[i], visits[i], err = c.prepare(ctx, r); err != nil {
			return nil, nil, err
		}
	}
	errs := c.openAtOnce(ctx, all, visits)
	return all, errs, context.Cause(ctx)
}

// BringAtOnce takes one pushed request to the authorization endpoint as with
// Bring, in so many tabs, step by step at once.
func (c *Client) BringAtOnce(ctx context.Context, p *PushedRequest, r Request, n int) ([]*Authorization, []error, error) {
	ctx, cancel := Patiently(ctx, c.cast.Recorder.timeout, c.cast.Recorder.late)
	defer cancel()
	all, visits := make([]*Authorization, n), make([]target.Visit, n)
	for i := range n {
		var err error
		if all[i], visits[i], err = c.bring(ctx, p, r); err != nil {
			return nil, nil, err
		}
	}
	errs := c.openAtOnce(ctx, all, visits)
	return all, errs, context.Cause(ctx)
}

// openAtOnce plays visits in lockstep and reads where each ends.
func (c *Client) openAtOnce(ctx context.Context, all []*Authorization, visits []target.Visit) []error {
	errs := c.cast.together(ctx, len(all), func(i int, transport http.RoundTripper) (err error) {
		if all[i].AtPush {
			return nil
		}
		visits[i].Transport = transport
		all[i].Arrival, err = c.cast.Stage.visit(c.visiting(ctx, all[i].Owner), visits[i])
		return err
	})
	for i, a := range all {
		if errs[i] == nil && !a.AtPush {
			errs[i] = c.arrived(a)
		}
	}
	return errs
}

// SubmitAtOnce sends the consent form that was shown, once for each decision and
// all at once, and reads where each leads.
func (a *Authorization) SubmitAtOnce(ctx context.Context, decisions []oauth.ConsentDecision) ([]*Authorization, []error, error) {
	c := a.Client
	ctx, cancel := Patiently(ctx, c.cast.Recorder.timeout, c.cast.Recorder.late)
	defer cancel()
	pages := a.Arrival.ConsentPages
	if len(pages) == 0 || pages[0].Answer == nil {
		return nil, nil, errors.New("no consent form was shown")
	}
	all := make([]*Authorization, len(decisions))
	errs := c.cast.together(as(ctx, a.Owner.Name, "answers the form"), len(decisions), func(i int, transport http.RoundTripper) error {
		form, err := pages[0].Answer(c.cast.wireDecision(decisions[i]))
		if err != nil {
			return err
		}
		own := *a
		own.Answered = true
		all[i] = &own
		own.Decision, own.Code, own.Refused = decisions[i], "", nil
		own.Arrival, err = useragent.Submit(as(ctx, a.Owner.Name, "answers the form"), transport, a.Owner.jar, form, a.redirectURI)
		return err
	})
	for i, own := range all {
		if errs[i] == nil {
			own.Arrival.ConsentPages = append(slices.Clone(pages), own.Arrival.ConsentPages...)
			errs[i] = c.arrived(own)
		}
	}
	return all, errs, context.Cause(ctx)
}
