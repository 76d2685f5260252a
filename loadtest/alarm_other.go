//go:build !linux

package loadtest

import "time"

// alarm waits with a timer of the runtime.
type alarm struct{ rung chan struct{} }

func newAlarm() *alarm { return &alarm{make(chan struct{}, 1)} }

// wait waits that long, or until the alarm is rung.
func (a *alarm) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.rung:
	}
}

// ring ends a wait, now or to come.
func (a *alarm) ring() {
	select {
	case a.rung <- struct{}{}:
	default:
	}
}

func (a *alarm) close() {}
