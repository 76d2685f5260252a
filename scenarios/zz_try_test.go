package scenarios_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func TestTry(t *testing.T) {
	tg, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tg.Close()
	f, _ := os.Create("/tmp/lt/results.gob")
	th, err := loadtest.ParseThreshold("p99<50ms")
	if err != nil {
		t.Fatal(err)
	}
	r, err := loadtest.Run(context.Background(), tg, scenarios.All(), loadtest.Options{Rate: 500, Duration: 3 * time.Second, Seed: 1, Results: f, Thresholds: []loadtest.Threshold{th},
		OnProgress: func(p loadtest.Progress) { fmt.Printf("%s %v %d %.0f/s\n", p.Scenario, p.Elapsed, p.Requests, p.Rate) }})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	j, _ := json.MarshalIndent(r, "", " ")
	fmt.Println(string(j), loadtest.ExitCode(r))
}
