package oauth

import (
	"net/http"
	"testing"
	"time"
)

func TestALimitSaysWhenToTryAgain(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	in := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name    string
		status  int
		after   string
		date    string
		limited bool
		wait    time.Duration
		told    bool
	}{
		{"429 with seconds", 429, "7", "", true, 7 * time.Second, true},
		{"429 that says nothing", 429, "", "", true, 0, false},
		{"429 with a date", 429, in(9 * time.Second), "", true, 9 * time.Second, true},
		{"a date by a clock that is an hour ahead", 429, in(time.Hour + 3*time.Second), in(time.Hour), true, 3 * time.Second, true},
		{"a date that is over", 429, in(-time.Minute), "", true, 0, true},
		{"429 with what is neither", 429, "soon", "", true, 0, false},
		{"429 with less than nothing", 429, "-1", "", true, 0, false},
		{"503 with seconds", 503, "1", "", true, time.Second, true},
		{"503 that says nothing", 503, "", "", false, 0, false},
		{"503 with what is neither", 503, "later", "", false, 0, false},
		{"500 with seconds", 500, "1", "", false, time.Second, true},
		{"a refusal with seconds", 403, "1", "", false, time.Second, true},
	} {
		header := http.Header{}
		for name, value := range map[string]string{"Retry-After": c.after, "Date": c.date} {
			if value != "" {
				header.Set(name, value)
			}
		}
		limited, wait, told := Limited(c.status, header, now)
		if limited != c.limited || wait != c.wait || told != c.told {
			t.Errorf("%s: got %v, %v, %v, want %v, %v, %v", c.name, limited, wait, told, c.limited, c.wait, c.told)
		}
	}
}
