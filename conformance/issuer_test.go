package conformance_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/bringup"
)

func TestAnIssuerMayEndInASlash(t *testing.T) {
	t.Parallel()
	var upstream *url.URL
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
	})
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	server, err := refserver.Start(t.Context(), refserver.Options{Issuer: front.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	if upstream, err = url.Parse(server.URL()); err != nil {
		t.Fatal(err)
	}
	known := discover.Known{Users: map[string]target.User{"Ada": {Username: "ada", Password: "ada-password"}}}
	for _, given := range []string{front.URL, front.URL + "/"} {
		made, err := discover.Describe(t.Context(), given, known, nil)
		if err != nil {
			t.Fatalf("%s: %v", given, err)
		}
		d, err := target.Parse("target.yaml", made.File)
		if err != nil {
			t.Fatal(err)
		}
		if made.Issuer != front.URL+"/" || d.External.Issuer != made.Issuer {
			t.Errorf("given %s: got the issuer %q, and %q in the file, want what the metadata names", given, made.Issuer, d.External.Issuer)
		}
		if given == front.URL {
			continue // the file is the same
		}
		rep := run(t, bringup.Description(d), conformance.Options{Rules: []string{"DISC-0*", "ASRT-*", "CODE-0*", "CLM-01", "JAR-*", "REF-01"}})
		for _, v := range rep.Rules {
			if v.Outcome != conformance.Conforms && v.Outcome != conformance.NotApplicable {
				t.Errorf("%s %s: %s", v.ID, v.Outcome, v.Reason)
			}
		}
		if rep.Summary.Conforms < 10 {
			t.Errorf("got %+v, want ten rules judged", rep.Summary)
		}
	}
}
