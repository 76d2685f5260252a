package oauth

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limited reports whether an answer says that the request was not handled, for
// there are too many: 429 (RFC 6585 section 4), or 503 that says when to try again
// (RFC 9110 sections 15.6.4 and 10.2.3). After is how long that is from now on; told
// is whether the answer says so at all.
func Limited(status int, header http.Header, now time.Time) (limited bool, after time.Duration, told bool) {
	after, told = retryAfter(header, now)
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && told, after, told
}

// retryAfter reads the field Retry-After: seconds, or a date by the clock of the
// server, which is that of its own field Date where it has one.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}
