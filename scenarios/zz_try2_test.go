package scenarios_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/scenarios"
	"github.com/scopeproof/scopeproof/target/embedded"
)

func TestTryDefects(t *testing.T) {
	rate, _ := strconv.ParseFloat(os.Getenv("RATE"), 64)
	for _, id := range []string{"", "scope-lookup-shared-by-client", "token-buffer-shared", "limiter-fails-open"} {
		for n := range 3 {
			var opts []embedded.Option
			if id != "" {
				opts = append(opts, embedded.Defect(id))
			}
			tg, err := embedded.Reference(opts...).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r, err := loadtest.Run(context.Background(), tg, scenarios.All(), loadtest.Options{Rate: rate, Duration: 1 * time.Second, Seed: int64(n)})
			tg.Close()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%-30s ", id)
			for _, s := range r.Scenarios {
				rules := map[string]bool{}
				for _, x := range s.Samples {
					rules[x.Class+" "+x.Rule] = true
				}
				fmt.Printf("%s %d/%d leaks %d fr %d faults %v %s p99 %.1f; ", s.Outcome, s.Leaks, s.Requests, s.FalseRefusals, s.Faults, rules, s.Reason, s.Latency.P99)
			}
			fmt.Println()
		}
	}
}
