package loadtest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// benchToken is a JWT in form only: nothing verifies it.
var benchToken = "eyJhbGciOiJFUzI1NiJ9." +
	base64.RawURLEncoding.EncodeToString([]byte(`{ "jti":"000000","iss":"https://as.example","sub":"robot","client_id":"robot","exp":4102444800,"scope":"read:appointments"}`)) +
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
	w := oneWorker(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		w.turn(b.Context())
	}
}

// BenchmarkJudge is the verdict alone, of each kind of answer.
func BenchmarkJudge(b *testing.B) {
	plan := benchPlan("http://h")
	challenge := http.Header{"Www-Authenticate": {`Bearer realm="calendar", error="insufficient_scope", scope="write:appointments"`}}
	for i, tt := range []struct {
		name   string
		answer Answer
	}{
		{"token", Answer{Status: 200, Body: []byte(`{"access_token":"` + benchToken + `","token_type":"Bearer","expires_in":300,"scope":"read:appointments"}`)}},
		{"served", Answer{Status: 200, Body: []byte(`{"appointments":[]}`)}},
		{"refused", Answer{Status: 403, Header: challenge, Body: []byte(`{"error":"insufficient_scope"}`)}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			tt.answer.room = &room{}
			jti := bytes.IndexByte(tt.answer.Body, '.') + 1 + 12 // of a token, after { "jti":"
			for n := byte(0); b.Loop(); n++ {
				if tt.name == "token" { // each is another
					base64.RawURLEncoding.Encode(tt.answer.Body[jti:], []byte{'0', '0' + n%10, '0'})
				}
				if v := plan.Hits[i].Expect(tt.answer); !v.kept() {
					b.Fatal(v)
				}
			}
		})
	}
}
