package conformance_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
)

const anAPI = `
name: an API
tokens: {format: {format}, listen: "{listen}"}
api:
  base_url: {url}
  resource: https://calendar.example/v1
  operations:
    - {name: list, method: GET, path: /appointments, all_of: "{read}"}
    - {name: read, method: GET, path: "/appointments/${id}", all_of: "{read}"}
    - name: create
      method: POST
      path: /appointments
      all_of: "{write}"
      json: {title: "${marker}", start: "2030-01-01T10:00:00Z"}
      id: /id
    - name: replace
      method: PUT
      path: /appointments/${id}
      any_of: "{write}"
      json: {title: "${marker}", start: "2030-01-02T10:00:00Z"}
    - {name: delete, method: DELETE, path: "/appointments/${id}", all_of: "{write}"}
    - name: move
      method: POST
      path: /appointments/move
      all_of: "{read} {write}"
      json: {id: "${id}", to: "2030-01-03T10:00:00Z"}
`

// startAPI starts a calendar API that trusts whoever issues tokens at an address.
func startAPI(t *testing.T, format string, policy refserver.Policy) (issuer, at string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	o := refserver.APIOptions{Issuer: "http://" + address, Audience: "https://calendar.example/v1", Policy: policy}
	if format != "jwt" {
		o.IntrospectionEndpoint, o.IntrospectionUser, o.IntrospectionPassword = o.Issuer+"/introspect", "calendar-api", "calendar-api-secret"
	} else {
		o.JWKSURI = o.Issuer + "/jwks"
	}
	api, err := refserver.StartAPI(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	return address, api.URL()
}

// anAPIAlone is such an API as a target.
func anAPIAlone(t *testing.T, format string, names map[string]string, policy refserver.Policy) target.Source {
	t.Helper()
	return bringup.Description(describedAPI(t, format, names, policy))
}

func describedAPI(t *testing.T, format string, names map[string]string, policy refserver.Policy) *target.Description {
	t.Helper()
	address, url := startAPI(t, format, policy)
	read, write, scopes := "read:appointments", "write:appointments", ""
	if len(names) > 0 {
		read, write = names[read], names[write]
		scopes = `scopes: {"read:appointments": "` + read + `", "write:appointments": "` + write + "\"}\n"
	}
	if format == "jwt as handles" {
		format, scopes = "jwt", "capabilities: {rs.token_validation: introspection}\n"
	}
	text := strings.NewReplacer("{url}", url, "{listen}", address, "{format}", format, "{read}", read, "{write}", write).Replace(anAPI)
	d, err := target.Parse("api.yaml", []byte(text+scopes))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnAPIAloneIsJudgedWithTokensOfTheReference(t *testing.T) {
	mine := map[string]string{"read:appointments": "cal.read", "write:appointments": "https://calendar.example/auth/write"}
	for _, tt := range []struct {
		name, format string
		names        map[string]string
		missing      []string // the rules of an API that do not apply
	}{
		{"that takes JWTs", "jwt", nil, []string{"RSC-10", "RSM-09", "RSV-08", "RST-05"}},
		{"that introspects", "opaque", nil, []string{"RSC-10", "RSM-09", "RSM-12", "RSV-08", "RST-03"}},
		{"that introspects JWTs", "jwt as handles", nil, []string{"RSC-10", "RSM-09", "RSM-12", "RSV-08"}},
		{"that has scopes of its own", "jwt", mine, []string{"RSC-10", "RSM-09", "RSV-08", "RST-05"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			policy := refserver.Policy{}
			if tt.names != nil {
				policy = refserver.Conformant()
				needs := policy.API.Requirement
				policy.API.Requirement = renamedNeeds(needs, tt.names)
			}
			rep, err := conformance.Run(t.Context(), anAPIAlone(t, tt.format, tt.names, policy), conformance.With(conformance.Options{}))
			if err != nil {
				t.Fatal(err)
			}
			judged := 0
			for _, v := range rep.Rules {
				api := slices.Contains([]string{"RSM", "RSV", "RSC", "RST"}, v.Area)
				switch {
				case v.Outcome == conformance.Violates || v.Outcome == conformance.Inconclusive || v.Outcome == conformance.Deviates:
					t.Errorf("%s: got %s (%s), want it to conform or not to apply", v.ID, v.Outcome, v.Reason)
				case v.Outcome == conformance.Conforms:
					judged++
				case api && !slices.Contains(tt.missing, v.ID) && v.ID != "RST-09":
					t.Errorf("%s: got not applicable (%s), want it judged", v.ID, v.Reason)
				case v.Area == "REF" && !strings.Contains(v.Reason, "the API alone is under test"):
					t.Errorf("%s: got the reason %q, want that no authorization server is under test", v.ID, v.Reason)
				}
			}
			if judged < 40 {
				t.Errorf("got %d rules judged, want the ones of an API", judged)
			}
		})
	}
}

func renamedNeeds(needs func(refserver.Operation, *http.Request) refserver.Requirement, names map[string]string) func(refserver.Operation, *http.Request) refserver.Requirement {
	return func(op refserver.Operation, r *http.Request) refserver.Requirement {
		need := needs(op, r)
		own := make([]string, len(need.Scope))
		for i, token := range need.Scope {
			own[i] = token
			if name, ok := names[token]; ok {
				own[i] = name
			}
		}
		need.Scope = refserver.NewScopeSet(own...)
		return need
	}
}

func TestAnAPIIsJudgedByItsOpenAPIDocument(t *testing.T) {
	document, err := os.ReadFile("testdata/calendar.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := discover.DescribeAPI(document)
	if err != nil {
		t.Fatal(err)
	}
	address, url := startAPI(t, "jwt", refserver.Policy{})
	d, err := target.Parse("api.yaml", file,
		target.Override{Key: "api.base_url", Value: url}, target.Override{Key: "api.resource", Value: "https://calendar.example/v1"},
		target.Override{Key: "tokens.listen", Value: address})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := conformance.Run(t.Context(), bringup.Description(d), conformance.With(conformance.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	for _, v := range rep.Rules {
		if v.Outcome == conformance.Conforms {
			judged++
		} else if v.Outcome != conformance.NotApplicable {
			t.Errorf("%s: got %s (%s), want it to conform or not to apply", v.ID, v.Outcome, v.Reason)
		}
	}
	if judged < 40 {
		t.Errorf("got %d rules judged, want the ones of an API", judged)
	}
}

func TestWhatWasCreatedAtAnAPIIsTakenAway(t *testing.T) {
	var created, deleted atomic.Int64
	address, at := startAPI(t, "jwt", refserver.Policy{})
	upstream, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			switch {
			case r.StatusCode == http.StatusCreated && r.Request.URL.Path == "/appointments":
				created.Add(1)
			case r.StatusCode == http.StatusNoContent && r.Request.Method == http.MethodDelete:
				deleted.Add(1)
			}
			return nil
		},
	})
	defer proxy.Close()
	text := strings.NewReplacer("{url}", proxy.URL, "{listen}", address, "{format}", "jwt", "{read}", "read:appointments", "{write}", "write:appointments").Replace(anAPI)
	d, err := target.Parse("api.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := conformance.Options{Rules: []string{"RSM-01", "RSM-02", "RSV-01", "RSV-07", "RST-11"}}
	if _, err := conformance.Run(t.Context(), bringup.Description(d), conformance.With(o)); err != nil {
		t.Fatal(err)
	}
	if created.Load() < 20 || created.Load()-deleted.Load() > 2 { // what was created while finding out what the API does
		t.Errorf("got %d created and %d deleted, want nothing left behind", created.Load(), deleted.Load())
	}
}

func TestAFaultOfAnAPIAloneIsFound(t *testing.T) {
	for id, rule := range map[string]string{"write-implies-read": "RSM-02", "expiry-unchecked": "RST-06"} {
		fault, ok := defect.Find(id)
		if !ok {
			t.Fatalf("no defect is called %s", id)
		}
		rep, err := conformance.Run(t.Context(), anAPIAlone(t, "jwt", nil, fault.Policy()), conformance.With(conformance.Options{Rules: []string{rule}}))
		if err != nil {
			t.Fatal(err)
		}
		if v := rep.Rules[0]; v.Outcome != conformance.Violates {
			t.Errorf("%s under %s: got %s (%s), want a violation", rule, id, v.Outcome, v.Reason)
		}
	}
}
