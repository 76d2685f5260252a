package refserver

import (
	"sync"
	"time"
)

// Step names a place where the server looks at something and then changes it by
// what it saw. Requests that overlap there must not see the same.
type Step string

// The places.
const (
	RedeemCode    Step = "redeem a code"
	DecideRefresh Step = "decide a refresh by what is granted"
	RotateToken   Step = "replace a refresh token"
	TakeForm      Step = "take the answer to a consent page"
	ParkRequest   Step = "keep a request until its user is asked"
	RecordConsent Step = "add consent to a grant"
	TakeApproved  Step = "hand out what was approved elsewhere"
	TakePushed    Step = "take a pushed request"
)

// Never lets nobody in between.
const Never = -time.Second

// RacePolicy is what makes steps atomic.
type RacePolicy struct {
	// Between is how long others are let in between the look and the change. The conformant answer is Never, so
	// that both are one step for everybody else (RFC 6749 sections 4.1.2, 6 and 10.12, RFC 9126 section 4).
	Between func(step Step) time.Duration
	// Kept takes note of the scope parameter that comes with a code, and returns what counts of it once the code is
	// decided upon (RFC 6749 section 4.1.3).
	Kept func(authorization string, asked ScopeSet) (counts func() ScopeSet)
	// Saved is what is kept of an authorization when a refresh is done: read is what the decision rests on, now is
	// what is kept at present (RFC 6749 section 6).
	Saved func(read, now Authorization) Authorization
	// Parked is the request that the user is asked about: own, or latest, which this browser made last at this client
	// (RFC 6749 section 4.1.2).
	Parked func(own, latest ConsentQuestion) ConsentQuestion
}

func conformantRace() RacePolicy {
	return RacePolicy{
		Between: func(Step) time.Duration { return Never },
		Kept:    func(_ string, asked ScopeSet) func() ScopeSet { return func() ScopeSet { return asked } },
		Saved:   func(_, now Authorization) Authorization { return now },
		Parked:  func(own, _ ConsentQuestion) ConsentQuestion { return own },
	}
}

// between lets others in, if the policy does, while lock, if there is one, is given
// back.
func (p RacePolicy) between(step Step, lock sync.Locker) {
	apart := p.Between(step)
	if apart == Never {
		return
	}
	if lock != nil {
		lock.Unlock()
		defer lock.Lock()
	}
	time.Sleep(apart)
}
