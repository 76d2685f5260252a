package actor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Browsers in lockstep: nobody's next step begins before everybody's was
// answered, and one that has arrived holds up nobody.
func TestStepsAreTakenTogether(t *testing.T) {
	var mu sync.Mutex
	var steps []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, r.URL.Path)
		fmt.Fprint(w, r.URL.RawQuery)
	}))
	defer server.Close()
	c := castWithoutTarget()
	errs := c.together(t.Context(), 4, func(i int, transport http.RoundTripper) error {
		for step := range i + 1 {
			req, err := http.NewRequestWithContext(as(t.Context(), "Ada", "takes a step"), http.MethodGet, fmt.Sprintf("%s/%d?code=secret-%d", server.URL, step, i), nil)
			if err != nil {
				return err
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				return err
			}
			if body, _ := io.ReadAll(resp.Body); string(body) != fmt.Sprintf("code=secret-%d", i) {
				return fmt.Errorf("got the answer %q of another", body)
			}
		}
		return nil
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("browser %d: %v", i+1, err)
		}
	}
	if got, want := strings.Join(steps, ""), "/0/0/0/0/1/1/1/2/2/3"; got != want {
		t.Errorf("got the steps %s, want %s", got, want)
	}
	all := c.Recorder.Exchanges()
	if len(all) != 10 || all[0].Actor != "Ada" || all[0].Purpose != "takes a step" || all[0].Status != http.StatusOK {
		t.Errorf("got %d exchanges, the first %+v, want 10 with who and what for", len(all), all[0])
	}
	for _, e := range all {
		if strings.Contains(fmt.Sprint(e), "secret-") {
			t.Errorf("a secret is shown: %+v", e)
		}
	}
}

func TestLockstepEndsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	errs := castWithoutTarget().together(ctx, 2, func(i int, transport http.RoundTripper) error {
		if i == 1 {
			<-ctx.Done() // it never takes its step
			return ctx.Err()
		}
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		_, err := transport.RoundTrip(req)
		return err
	})
	for i, err := range errs {
		if err == nil {
			t.Errorf("browser %d: got no error, want that of the context", i+1)
		}
	}
}

func castWithoutTarget() *Cast {
	return &Cast{Recorder: newRecorder(http.DefaultTransport, 10*time.Second, nil, nil)}
}
