//go:build !unix

package prove

import "time"

// processorTime is not known here.
func processorTime() time.Duration { return 0 }
