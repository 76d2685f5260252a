package useragent

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

// TestAnotherSitesFormCarriesNoSameSiteCookies also holds that the server is told from
// which page a form came.
func TestAnotherSitesFormCarriesNoSameSiteCookies(t *testing.T) {
	var cookies []string
	var origin string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.SetCookie(w, &http.Cookie{Name: "lax", Value: "1", SameSite: http.SameSiteLaxMode})
			http.SetCookie(w, &http.Cookie{Name: "strict", Value: "1", SameSite: http.SameSiteStrictMode})
			http.SetCookie(w, &http.Cookie{Name: "none", Value: "1", SameSite: http.SameSiteNoneMode})
			http.SetCookie(w, &http.Cookie{Name: "silent", Value: "1"})
			return
		}
		cookies, origin = nil, r.Header.Get("Origin")
		for _, c := range r.Cookies() {
			cookies = append(cookies, c.Name)
		}
		slices.Sort(cookies)
	}))
	defer server.Close()
	jar := NewJar()
	submit := func(form target.Submission) {
		t.Helper()
		form.URL = server.URL + "/consent"
		if _, err := Submit(t.Context(), nil, jar, &form, "http://127.0.0.1:9/cb"); err != nil {
			t.Fatal(err)
		}
	}
	submit(target.Submission{Method: http.MethodGet})
	for name, row := range map[string]struct {
		form   target.Submission
		sent   []string
		origin string
	}{
		"its own page":            {target.Submission{}, []string{"lax", "none", "silent", "strict"}, server.URL},
		"a page of another site":  {target.Submission{Page: "https://elsewhere.example/", Elsewhere: true}, []string{"none", "silent"}, "https://elsewhere.example"},
		"a page of the same site": {target.Submission{Page: "https://www.elsewhere.example/"}, []string{"lax", "none", "silent", "strict"}, "https://www.elsewhere.example"},
	} {
		t.Run(name, func(t *testing.T) {
			row.form.Method = http.MethodPost
			submit(row.form)
			if !slices.Equal(cookies, row.sent) || origin != row.origin {
				t.Errorf("got the cookies %q from %q, want %q from %q", cookies, origin, row.sent, row.origin)
			}
		})
	}
}
