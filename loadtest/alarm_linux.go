package loadtest

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm waits for moments that are closer than a millisecond. The runtime sleeps
// in epoll_wait, whose timeout is in milliseconds, so that requests that wait on
// its timers are sent in bursts, one a millisecond. A timerfd is an event like
// those of connections: it ends epoll_wait when it is due, needs no thread of its
// own, and takes no processor while it waits.
type alarm struct {
	file *os.File
	raw  interface {
		Read(func(uintptr) bool) error
	}
	// The timer is set by the first call of poll in a wait.
	after time.Duration
	set   bool
	poll  func(uintptr) bool
}

// newAlarm makes an alarm, one of the runtime's timers where there are no more
// files to be had.
func newAlarm() *alarm {
	a := &alarm{}
	a.poll = a.step
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return a
	}
	a.file = os.NewFile(uintptr(fd), "timer")
	if raw, err := a.file.SyscallConn(); err == nil {
		a.raw = raw
	}
	return a
}

// step is called until it is true: when a wait begins, and when the timer is due.
// The descriptor is never read: setting the timer anew clears it.
func (a *alarm) step(fd uintptr) bool {
	if a.set {
		return true
	}
	a.set = true
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(1, a.after)))}
	return unix.TimerfdSettime(int(fd), 0, &spec, nil) != nil
}

// wait waits that long, or until the alarm is rung. One goroutine at a time may
// wait.
func (a *alarm) wait(d time.Duration) {
	a.after, a.set = d, false
	if a.raw == nil || a.raw.Read(a.poll) != nil {
		time.Sleep(min(d, time.Millisecond))
	}
}

// ring ends a wait, now or to come.
func (a *alarm) ring() {
	if a.file != nil {
		_ = a.file.SetReadDeadline(time.Unix(1, 0))
	}
}

func (a *alarm) close() {
	if a.file != nil {
		_ = a.file.Close()
	}
}
