package loadtest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// benchToken is a JWT in form only: nothing verifies it.
var benchToken = "eyJhbGciOiJFUzI1NiJ9." +
	base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://as.example","sub":"robot","client_id":"robot","exp":4102444800,"scope":"read:appointments"}`)) +
	"." + strings.Repeat("s", 86)

const benchForm = "grant_type=client_credentials&client_id=robot&client_secret=secret-secret-secret&scope=read%3Aappointments"

func benchPlan(base string) Plan {
	s := &Stage{Target: &target.Resolved{Target: &target.Target{Description: &target.Description{}}}}
	read := oauth.NewScopeSet("read:appointments")
	bearer := http.Header{"Authorization": {"Bearer " + benchToken}}
	return Plan{Hits: []Hit{
		{
			Request: Request{Method: "POST", URL: base + "/token", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(benchForm)},
			Expect:  s.Issues(Grant{Rule: "CC-01", Asked: read, Must: read, May: read}),
		},
		{Weight: 2, Request: Request{Method: "GET", URL: base + "/read", Header: bearer}, Expect: s.Serves("RSM-01", target.Operation{Name: "list"}, nil)},
		{Request: Request{Method: "GET", URL: base + "/write", Header: bearer}, Expect: s.Refuses("RSM-02", target.Operation{Name: "list"}, nil, "scopeproof-load")},
	}}
}

// BenchmarkJudgedHit is one request after another, with its answer and its verdict,
// over one connection. `make bench-peers` compares with others.
func BenchmarkJudgedHit(b *testing.B) {
	w := oneWorker(b)
	b.ReportAllocs()
	for b.Loop() {
		w.turn(b.Context())
	}
}
