package loadtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// limits reports whether an answer asks for fewer requests (RFC 6585 section 4, RFC
// 9110 section 15.6.4): what it says is about the rate, and nothing else.
func limits(a Answer) bool {
	return a.Status == http.StatusTooManyRequests ||
		a.Status == http.StatusServiceUnavailable && len(a.values("Retry-After")) > 0
}

// isLimited reports whether a target limits the rate, so that too many of the answers
// say nothing else.
func (t *tally) isLimited() bool { return float64(t.limited) >= tooFaulty*float64(max(1, t.requests)) }

// limiting says at which rate a target limits.
func (j *judgement) limiting() string {
	text := fmt.Sprintf("the target limits the rate: %d of %d requests were answered with 429, or with 503 and Retry-After", j.tally.limited, j.tally.requests)
	if rate := through(j.report.Windows, j.warm+j.ran()); rate > 0 {
		return text + fmt.Sprintf("; it lets about %s requests/s through", figureText(round3(rate)))
	}
	return text
}

// through is how many requests a second had another answer while a target limited
// the rate, in an attack that took so long; 0: it is not known. In the second in
// which it begins to limit it may let more through than later.
func through(windows []Window, took time.Duration) float64 {
	first := slices.IndexFunc(windows, func(w Window) bool { return w.Limited > 0 })
	if first < 0 {
		return 0
	}
	if last := len(windows) - 1; first < last && took >= time.Duration(windows[last].Second)*time.Second {
		first++
	}
	var answers int64
	for _, w := range windows[first:] {
		answers += w.Answered() - w.Limited
	}
	looked := took - time.Duration(windows[first].Second)*time.Second
	return float64(answers) / max(looked, progressEvery).Seconds()
}
