package useragent_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// What is left out on a later page need not be on the first one; what no page leaves
// out was not decided as it should have been.
func TestConsentOnSeveralPages(t *testing.T) {
	for _, c := range []struct {
		name, second string
		fails        bool
	}{
		{"boxes on the second page", `<input type=checkbox name=scope value=cal.read><input type=checkbox name=scope value=cal.edit>`, false},
		{"a box for something else on the second page", `<input type=checkbox name=scope value=cal.read>`, true},
		{"no boxes at all", ``, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				switch {
				case r.URL.Path == "/second" && r.Method == http.MethodPost:
					_ = r.ParseForm()
					sent = strings.Join(r.PostForm["scope"], " ")
					http.Redirect(w, r, "http://127.0.0.1:9/cb?code=c", http.StatusSeeOther)
				case r.URL.Path == "/second":
					fmt.Fprint(w, `<form method=post>`+c.second+`<button>Allow</button></form>`)
				case r.Method == http.MethodPost:
					http.Redirect(w, r, "/second", http.StatusSeeOther)
				default:
					fmt.Fprint(w, `<form method=post><p>An application</p><button>Allow</button></form>`)
				}
			}))
			defer server.Close()
			up := &target.Target{Description: &target.Description{}}
			agent, err := useragent.New(up)
			if err != nil {
				t.Fatal(err)
			}
			only := oauth.NewScopeSet("cal.read")
			arrival, err := agent.Visit(t.Context(), target.Visit{
				URL: server.URL + "/authorize?scope=cal.read+cal.edit", RedirectURI: "http://127.0.0.1:9/cb", Transport: http.DefaultTransport,
				Jar: useragent.NewJar(), Decide: func(target.ConsentPage) oauth.ConsentDecision { return oauth.ConsentDecision{Only: &only} },
			})
			if (err != nil) != c.fails {
				t.Fatalf("got %v, want an error: %v", err, c.fails)
			}
			if err == nil && (sent != "cal.read" || arrival.Afterwards != 1 || arrival.Redirect == nil) {
				t.Errorf("got %q sent, and %d pages afterwards, want the scope that was kept, and one page", sent, arrival.Afterwards)
			}
		})
	}
}
