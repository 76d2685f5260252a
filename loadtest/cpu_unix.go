//go:build unix

package loadtest

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used, or 0 where the
// system does not say.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hostTime is the processor time that all processes of this host have used, or 0
// where the system does not say.
func hostTime() time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 wherever Linux runs Go
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(data, []byte{'\n'})
	fields := bytes.Fields(line)
	var busy time.Duration
	for i, field := range fields {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, iowait, and what guests used, which user has already
			continue
		}
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0
		}
		busy += time.Duration(n) * tick
	}
	return busy
}
