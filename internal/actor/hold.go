package actor

import (
	"errors"

	"github.com/scopeproof/scopeproof/oauth"
)

// Stop is a request before which a recorder stops: it is not sent, and nothing is
// after it, so that what it would have used up is still good.
type Stop struct {
	Actor, Purpose, Method string
	Nth                    int // of those that are alike, from 1
}

// StopOf is the stop before one of the exchanges of an earlier play, by its number.
func StopOf(played []oauth.Exchange, number int) Stop {
	var s Stop
	for _, e := range played {
		if e.Number == number {
			s = Stop{Actor: e.Actor, Purpose: e.Purpose, Method: e.Method}
		}
	}
	for _, e := range played {
		if e.Number <= number && e.Actor == s.Actor && e.Purpose == s.Purpose && e.Method == s.Method {
			s.Nth++
		}
	}
	return s
}

// errStopped is why nothing more is sent.
var errStopped = errors.New("the recorder stopped before this request")

// stopping is a stop that a recorder looks out for.
type stopping struct {
	Stop
	end  func()
	left int // requests that are alike and still go before it
	at   *record
}

// StopAt has the recorder stop before a request, and call end.
func (r *Recorder) StopAt(s Stop, end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = &stopping{Stop: s, end: end, left: s.Nth}
}

// stops is an error where a request is not to be sent.
func (r *Recorder) stops(rec *record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stop
	if s == nil {
		return nil
	}
	r.learn()
	switch {
	case s.at != nil:
		return errStopped
	// The purpose as it was shown: a secret may be part of it.
	case rec.actor != s.Actor || rec.method != s.Method || r.secrets.clean(rec.purpose) != s.Purpose:
		return nil
	default:
		if s.left--; s.left > 0 {
			return nil
		}
		s.at = rec
		s.end()
		return errStopped
	}
}

// Stopped is the request that the recorder stopped before; false: it never came.
func (r *Recorder) Stopped() (oauth.Exchange, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil || r.stop.at == nil {
		return oauth.Exchange{}, false
	}
	r.learn()
	return r.secrets.redact(r.stop.at), true
}

// Resume sends everything from now on.
func (r *Recorder) Resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = nil
}

// Secrets are the secrets that were seen so far, by their digest: for whoever
// repeats a recorded exchange by hand while the target is held.
func (r *Recorder) Secrets() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn()
	found := map[string]string{}
	for secret := range r.secrets.values {
		found[r.secrets.know(secret)] = secret
	}
	return found
}
