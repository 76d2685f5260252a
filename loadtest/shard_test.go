package loadtest_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
)

func TestShardsSendTogetherWhatOneWould(t *testing.T) {
	for range 5 { // a host that is busy with other things does not send all in time
		came, parts, r := sharded(t)
		got := r.Scenarios[0]
		if got.Requests != came || got.OfferedRate != 301 || got.Kept != came {
			t.Fatalf("%d came, and got %+v; want each counted once, of 301 requests/s", came, got)
		}
		for i, p := range parts {
			if n := p.Report.Scenarios[0].Requests; n > 101 {
				t.Errorf("shard %d sent %d requests, want a third of 301 at most", i, n)
			}
		}
		if got.Outcome == loadtest.Kept && came == 301 && got.AchievedRate == 301 {
			return
		}
		t.Logf("%d of 301 were sent: %s %s", came, got.Outcome, got.Reason)
	}
	t.Error("not all requests were sent in any of five runs")
}

// sharded sends a load from three shards, and returns how many requests came, and
// what the shards found.
func sharded(t *testing.T) (int64, []*loadtest.Part, *loadtest.Report) {
	t.Helper()
	var came atomic.Int64
	server, as := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		came.Add(1)
		w.WriteHeader(http.StatusOK)
	})
	const shards = 3
	var all, ready sync.WaitGroup
	ready.Add(shards)
	var at atomic.Int64
	parts := make([]*loadtest.Part, shards)
	for i := range shards {
		all.Go(func() {
			o := loadtest.Options{Rate: 301, Duration: time.Second, Shard: i, Shards: shards}
			o.Begin = func(_ context.Context, name string) (time.Time, error) {
				if name != "stub" {
					t.Errorf("got %q, want the scenario's name", name)
				}
				ready.Done()
				ready.Wait()
				at.CompareAndSwap(0, time.Now().Add(50*time.Millisecond).UnixNano())
				return time.Unix(0, at.Load()), nil
			}
			part, err := loadtest.RunShard(t.Context(), as, []loadtest.Scenario{apiScenario(server.URL, serves)}, o)
			if err != nil {
				t.Error(err)
				return
			}
			data, err := part.Encode()
			if err != nil {
				t.Error(err)
				return
			}
			if parts[i], err = loadtest.DecodePart(data); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	r, err := loadtest.Merge(parts, loadtest.Merging{Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	return came.Load(), parts, r
}

func TestShardThatCannotBeginHoldsNobodyUp(t *testing.T) {
	_, as := hostile(t, func(w http.ResponseWriter, r *http.Request) {})
	broken := loadtest.Scenario{Name: "stub", Text: "It cannot be set up.", Prepare: func(context.Context, *loadtest.Stage) (loadtest.Plan, error) {
		return loadtest.Plan{}, nil
	}}
	part, err := loadtest.RunShard(t.Context(), as, []loadtest.Scenario{broken}, loadtest.Options{
		Rate: 10, Duration: time.Second, Shards: 2, Begin: func(context.Context, string) (time.Time, error) { return time.Now(), nil },
	})
	if err == nil {
		t.Errorf("got %+v, want an error that says why", part)
	}
}
