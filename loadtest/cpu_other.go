//go:build !unix

package loadtest

import "time"

// cpuTime is the processor time that this process has used, or 0 where the
// system does not say.
func cpuTime() time.Duration { return 0 }

// hostTime is the processor time that all processes of this host have used, or 0
// where the system does not say.
func hostTime() time.Duration { return 0 }
