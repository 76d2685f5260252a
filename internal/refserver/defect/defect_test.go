package defect_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
)

func TestEveryDefectIsDescribed(t *testing.T) {
	id, rule := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`), regexp.MustCompile(`^[A-Z]+-\d\d$`)
	seen := map[string]bool{}
	for _, d := range defect.All {
		if !id.MatchString(d.ID) || seen[d.ID] {
			t.Errorf("%s: the id is not in kebab case, or there twice", d.ID)
		}
		seen[d.ID] = true
		if !strings.HasSuffix(d.Text, ".") || d.Shows == "" || len(d.Breaks) == 0 || d.Apply == nil {
			t.Errorf("%s: lacks a sentence, Shows, Breaks or Apply", d.ID)
		}
		for i, broken := range d.Breaks {
			if !rule.MatchString(broken) || slices.Contains(d.Breaks[:i], broken) {
				t.Errorf("%s: Breaks: got %q, want a rule id, once", d.ID, broken)
			}
		}
		if found, ok := defect.Find(d.ID); !ok || found.Text != d.Text {
			t.Errorf("%s: Find: got %q", d.ID, found.ID)
		}
	}
	for _, id := range []string{"no-such-defect", "code-redeemed-twice@", "code-redeemed-twice@-1ms", "code-redeemed-twice@1h", "code-of-any-client@5ms"} {
		if _, ok := defect.Find(id); ok {
			t.Errorf("Find: got a defect for %q, want none", id)
		}
	}
	if d, ok := defect.Find("code-redeemed-twice@50ms"); !ok || d.ID != "code-redeemed-twice" {
		t.Errorf("Find: got %q with another window, want the defect", d.ID)
	}
}

// site is a server and a browser in which ada is logged in.
type site struct {
	*testing.T
	*refserver.Server
	http *http.Client
}

func open(t *testing.T, p refserver.Policy) site {
	t.Helper()
	server, err := refserver.Start(context.Background(), refserver.Options{Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return site{t, server, &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/cb" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (s site) send(r *http.Request, err error) (*http.Response, string) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	response, err := s.http.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response, string(body)
}

func (s site) post(path string, form url.Values) (*http.Response, string) {
	s.Helper()
	r, err := http.NewRequest("POST", s.Issuer()+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(r, err)
}

// token redeems at the token endpoint as planner.
func (s site) token(form url.Values) map[string]any {
	s.Helper()
	form.Set("client_id", "planner")
	form.Set("client_secret", "planner-secret")
	_, body := s.post("/token", form)
	answer := map[string]any{}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		s.Fatalf("%v: %s", err, body)
	}
	return answer
}

// grant lets ada grant planner scope, logging in and consenting where asked.
func (s site) grant(scope string) map[string]any {
	s.Helper()
	query := url.Values{"response_type": {"code"}, "client_id": {"planner"}, "scope": {scope}, "prompt": {"consent"}}
	r, err := http.NewRequest("GET", s.Issuer()+"/authorize?"+query.Encode(), nil)
	response, page := s.send(r, err)
	for strings.Contains(page, "<form") {
		form := url.Values{"username": {"ada"}, "password": {"ada-password"}, "decision": {"allow"}}
		for _, field := range regexp.MustCompile(`name="(csrf|tx|scope|granted\[\])" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			form.Add(field[1], field[2])
		}
		response, page = s.post(response.Request.URL.Path, form)
	}
	location, err := response.Location()
	if err != nil || location.Query().Get("code") == "" {
		s.Fatalf("got %v %s, want a code", location, page)
	}
	return s.token(url.Values{"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}})
}

func (s site) api(method, path, token string) int {
	s.Helper()
	r, err := http.NewRequest(method, s.Issuer()+path, strings.NewReader(`{"title":"t"}`))
	r.Header.Set("Authorization", "Bearer "+token)
	response, _ := s.send(r, err)
	return response.StatusCode
}

func TestEveryDefectLeavesTheServerUsable(t *testing.T) {
	for _, d := range defect.All {
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			s := open(t, d.Policy())
			token := s.grant("offline_access read:appointments write:appointments")
			for range 3 {
				access, _ := token["access_token"].(string)
				if got := s.api("GET", "/calendar/appointments", access); got != 200 {
					t.Errorf("read: got %d with %v", got, token)
				}
				refresh, _ := token["refresh_token"].(string)
				token = s.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
			}
			service := s.token(url.Values{"grant_type": {"client_credentials"}, "scope": {"write:appointments"}})
			access, _ := service["access_token"].(string)
			want := 201
			if d.ID == "writing-needs-reading-too" {
				want = 403
			}
			if got := s.api("POST", "/calendar/appointments", access); got != want {
				t.Errorf("write: got %d with %v, want %d", got, service, want)
			}
		})
	}
}

// leaks sends n requests that must be refused, and as many that must not, and
// returns how many answers were wrong.
func (s site) leaks(n int, together bool) int {
	reads := s.token(url.Values{"grant_type": {"client_credentials"}, "scope": {"read:appointments"}})["access_token"].(string)
	full := s.token(url.Values{"grant_type": {"client_credentials"}, "scope": {"read:appointments write:appointments"}})["access_token"].(string)
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		wrong int
	)
	try := func(i int) {
		token, want, scope := reads, 403, "read:appointments"
		if i%2 == 0 {
			token, want, scope = full, 201, "read:appointments write:appointments"
		}
		got := s.api("POST", "/calendar/appointments", token)
		issued := s.token(url.Values{"grant_type": {"client_credentials"}, "scope": {scope}})["access_token"].(string)
		gotIssued := s.api("POST", "/calendar/appointments", issued)
		mu.Lock()
		defer mu.Unlock()
		if got != want || gotIssued != want {
			wrong++
		}
	}
	for i := range n {
		if together {
			all.Go(func() { try(i) })
		} else {
			try(i)
		}
	}
	all.Wait()
	return wrong
}

// The faults of other endpoints, or of greater number, are shown by prove --load.
func TestLoadDefectsShowOnlyWhenRequestsOverlap(t *testing.T) {
	here := []string{"scope-lookup-shared-by-client", "token-buffer-shared", "limiter-fails-open"}
	for _, d := range defect.All {
		if !d.Load {
			continue
		}
		t.Run(d.ID, func(t *testing.T) {
			s := open(t, d.Policy())
			if wrong := s.leaks(20, false); wrong != 0 {
				t.Errorf("one after another: got %d wrong answers, want none", wrong)
			}
			if wrong := s.leaks(64, true); wrong == 0 && slices.Contains(here, d.ID) {
				t.Error("together: got no wrong answer, want some")
			}
		})
	}
	t.Run("the conformant server shows nothing", func(t *testing.T) {
		if wrong := open(t, refserver.Conformant()).leaks(64, true); wrong != 0 {
			t.Errorf("together: got %d wrong answers, want none", wrong)
		}
	})
}
