package refserver_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := refserver.Start(context.Background(), refserver.Options{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkServer(b *testing.B) {
	for _, format := range []string{"jwt", "opaque"} {
		s, err := refserver.Start(context.Background(), refserver.Options{TokenFormat: format})
		if err != nil {
			b.Fatal(err)
		}
		r := rig{&testing.T{}, s}
		issue := func() map[string]any {
			_, answer := r.post("/token", planner, url.Values{"grant_type": {"client_credentials"}, "scope": {both}})
			return answer
		}
		b.Run(format+"/issue", func(b *testing.B) {
			for b.Loop() {
				issue()
			}
		})
		token := issue()["access_token"].(string)
		b.Run(format+"/check", func(b *testing.B) {
			for b.Loop() {
				r.api("GET", "/calendar/appointments", token, "")
			}
		})
		s.Close()
	}
}
