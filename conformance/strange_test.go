package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/external"
)

// strange is the reference server with opaque tokens, behind a proxy that takes
// members out of its JSON answers: a lawful server that tells less.
func strange(t *testing.T, without map[string]string) target.Source {
	t.Helper()
	var upstream *url.URL
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
		ModifyResponse: func(resp *http.Response) error {
			for path, member := range without {
				if strings.HasPrefix(resp.Request.URL.Path, path) {
					return strip(resp, member)
				}
			}
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	server, err := refserver.Start(t.Context(), refserver.Options{Issuer: proxy.URL, TokenFormat: "opaque"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	if upstream, err = url.Parse(server.URL()); err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("strange.yaml", []byte(`
name: strange
external: {issuer: "`+proxy.URL+`"}
authorization_server:
  refresh: {scope: offline_access, prompt: consent}
  introspection: {client_id: calendar-api, secret: calendar-api-secret}
clients: {register: {dynamic: {}}}
users:
  Ada: {username: ada, password: ada-password}
  Bo: {username: bo, password: bo-password, permissions: "read:appointments"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return external.Description(d)
}

func strip(resp *http.Response, member string) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		delete(object, member)
		if body, err = json.Marshal(object); err != nil {
			return err
		}
	}
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

func TestServersThatTellLessAreNotAccused(t *testing.T) {
	for _, c := range []struct {
		what    string
		without map[string]string
		want    map[string]conformance.Outcome
	}{
		{"introspection that names nobody (RFC 7662 section 2.2 makes sub optional)", map[string]string{"/introspect": "sub"},
			map[string]conformance.Outcome{"RSM-01": conformance.Conforms, "GRANT-06": conformance.Conforms, "REF-03": conformance.Conforms,
				"CC-05": conformance.NotApplicable, "ROLE-09": conformance.NotApplicable}},
		{"opaque tokens and no introspection", map[string]string{"/.well-known/": "introspection_endpoint"},
			map[string]conformance.Outcome{"RSM-01": conformance.NotApplicable, "GRANT-02": conformance.Conforms, "REF-01": conformance.Conforms,
				"REF-03": conformance.Conforms, "INC-03": conformance.Conforms, "GRANT-05": conformance.Conforms}},
	} {
		var rules []string
		for id := range c.want {
			rules = append(rules, id)
		}
		rep, err := conformance.Run(t.Context(), strange(t, c.without), conformance.Rules(rules...))
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		for _, v := range rep.Rules {
			if want, asked := c.want[v.ID]; v.Outcome != want && (asked || v.Outcome == conformance.Violates) {
				t.Errorf("%s: %s: got %s (%s), want %s", c.what, v.ID, v.Outcome, v.Reason, want)
			}
		}
	}
}

func TestAMissingClientOrPersonMakesARuleNotApplicable(t *testing.T) {
	source := strange(t, nil)
	up, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Planner alone is in the file, and nobody can be registered.
	d := *up.Description
	if err := up.Close(); err != nil {
		t.Fatal(err)
	}
	d.Clients = target.Clients{Register: target.Registration{Static: true}, Actors: map[string]target.ClientDescription{
		"Planner": {ID: "planner", Secret: "planner-secret"},
	}}
	rep, err := conformance.Run(t.Context(), external.Description(&d), conformance.Rules("CC-02", "REF-08", "GRANT-02", "GRANT-05", "GRANT-01"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rep.Rules {
		switch {
		case v.ID == "GRANT-01" && v.Outcome != conformance.Conforms:
			t.Errorf("GRANT-01: got %s (%s), want it to conform: it needs Planner and Ada alone", v.Outcome, v.Reason)
		case v.ID == "CC-02" && (v.Outcome != conformance.NotApplicable || !strings.Contains(v.Reason, "the client Worker")):
			t.Errorf("CC-02: got %s (%s), want not applicable for lack of Worker", v.Outcome, v.Reason)
		case v.ID == "REF-08" && v.Outcome != conformance.NotApplicable:
			t.Errorf("REF-08: got %s (%s), want not applicable", v.Outcome, v.Reason)
		case v.Outcome == conformance.Violates || v.Outcome == conformance.Inconclusive:
			t.Errorf("%s: got %s (%s)", v.ID, v.Outcome, v.Reason)
		}
	}
}
