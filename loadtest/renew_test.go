package loadtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

// What a token opens before it expires must be opened by the next one after
// that, without a gap.
func TestTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	const lifetime = 1500 * time.Millisecond
	var latest atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		expires, _ := strconv.ParseInt(r.Header.Get("Authorization"), 10, 64)
		latest.Store(max(latest.Load(), expires))
		if r.Method == http.MethodGet && time.Now().UnixNano() > expires {
			w.WriteHeader(401)
		}
	}))
	defer server.Close()
	tg := &target.Target{Description: &target.Description{}, Issuer: server.URL, Metadata: map[string]any{}}
	var prepared atomic.Int64
	s := Scenario{Name: "stub", Prepare: func(_ context.Context, s *Stage) (Plan, error) {
		prepared.Add(1)
		s.until = time.Now().Add(lifetime)
		return Plan{Hits: []Hit{{
			Request: Request{Method: "GET", URL: server.URL, Header: http.Header{"Authorization": {strconv.FormatInt(s.until.UnixNano(), 10)}}},
			Expect:  s.Serves("RSM-01", target.Operation{}, nil),
		}}}, nil
	}}
	r, err := Run(t.Context(), tg, []Scenario{s}, Options{Rate: 100, Duration: 2 * lifetime})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Scenarios[0]; got.FalseRefusals > 0 || got.Kept == 0 {
		t.Errorf("got %d of %d kept (%s), want all", got.Kept, got.Requests, got.Reason)
	}
	if prepared.Load() < 2 {
		t.Errorf("the scenario was prepared %d times, want more than once", prepared.Load())
	}
}
