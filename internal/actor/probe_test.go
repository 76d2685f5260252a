package actor_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// meddler answers in the reference's place, or changes what it answers.
type meddler func(*http.Request, *http.Response, string) (status int, body string)

func (m meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	status, text := m(r, resp, string(body))
	resp.StatusCode, resp.Body, resp.ContentLength = status, io.NopCloser(bytes.NewBufferString(text)), int64(len(text))
	return resp, nil
}

// stage is the embedded reference with its description changed, behind m.
func stage(t *testing.T, m meddler, change func(*target.Target)) *actor.Stage {
	t.Helper()
	up, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	if m != nil {
		up.Transport = m
	}
	if change != nil {
		change(up)
	}
	s, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func endpoint(r *http.Request, s string) bool { return strings.HasSuffix(r.URL.Path, s) }

// opaqueTokens has the answers to requests by some grants carry what is no JWT.
func opaqueTokens(grants ...string) meddler {
	return func(r *http.Request, resp *http.Response, body string) (int, string) {
		if endpoint(r, "/token") && slices.Contains(grants, sentGrant(r)) {
			body = accessToken.ReplaceAllString(body, `${1}a-handle"`)
		}
		return resp.StatusCode, body
	}
}

var accessToken = regexp.MustCompile(`("access_token" *: *")[^"]*"`)

// sentGrant is the grant type of a request that was sent.
func sentGrant(r *http.Request) string {
	if r.GetBody == nil {
		return ""
	}
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(body)
	form, _ := url.ParseQuery(string(text))
	return form.Get("grant_type")
}

func TestWhatOneAuthorizationShows(t *testing.T) {
	undeclared := func(up *target.Target) { delete(up.Description.Capabilities, "consent.ui") }
	unformatted := func(up *target.Target) { delete(up.Description.Capabilities, "token.format") }
	for _, c := range []struct {
		what   string
		m      meddler
		change func(*target.Target)
		name   target.Capability
		want   target.Finding
	}{
		{"boxes", nil, undeclared, "consent.ui", target.Finding{Value: "granular", Source: "observed"}},
		{"boxes list scopes", nil, undeclared, "consent.driver.lists", target.Finding{Value: "true", Source: "observed"}},
		{"no boxes", func(_ *http.Request, resp *http.Response, body string) (int, string) {
			return resp.StatusCode, strings.ReplaceAll(body, `type="checkbox"`, `type="hidden"`)
		}, undeclared, "consent.ui", target.Finding{Value: "all_or_nothing", Source: "observed"}},
		{"no grant with a page", nil, func(up *target.Target) {
			undeclared(up)
			up.Description.Capabilities["as.code"] = "false"
		}, "consent.ui", target.Finding{Value: "none", Source: "derived: no authorization code grant"}},
		{"tokens that are JWTs", nil, unformatted, "token.format", target.Finding{Value: "jwt", Source: "observed"}},
		{"tokens that an API reads itself", nil, unformatted, "rs.token_validation", target.Finding{Value: "jwt", Source: "derived: token.format"}},
		{"tokens that are handles", opaqueTokens("authorization_code", "client_credentials"), unformatted, "token.format", target.Finding{Value: "opaque", Source: "observed"}},
		{"JWTs for people alone", opaqueTokens("client_credentials"), unformatted, "token.format",
			target.Finding{Value: "opaque", Source: "observed: JWTs, but not on a client's own behalf"}},
		{"no token at all", func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/token") {
				return http.StatusBadRequest, `{"error":"invalid_grant"}`
			}
			return resp.StatusCode, body
		}, unformatted, "token.format", target.Finding{Value: "opaque", Source: "not declared"}},
		{"a format that is declared", nil, func(up *target.Target) {
			up.Description.Capabilities["token.format"] = "opaque"
		}, "token.format", target.Finding{Value: "opaque", Source: "declared"}},
		{"introspection that is refused", func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/introspect") {
				return http.StatusForbidden, "{}"
			}
			return resp.StatusCode, body
		}, nil, "as.introspection", target.Finding{Value: "false", Source: "observed: the client may not introspect its token"}},
		{"introspection that says nothing", func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/introspect") {
				return http.StatusOK, `{"active":false}`
			}
			return resp.StatusCode, body
		}, nil, "as.introspection", target.Finding{Value: "false", Source: "observed: the client may not introspect its token"}},
		{"introspection that works", nil, nil, "as.introspection", target.Finding{Value: "true", Source: "metadata: introspection_endpoint"}},
	} {
		s := stage(t, c.m, c.change)
		if err := s.Learn(t.Context()); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if got := s.Target.Capabilities[c.name]; got != c.want {
			t.Errorf("%s: got %s %+v, want %+v", c.what, c.name, got, c.want)
		}
	}
}

func TestTroubleIsNotLearnedFrom(t *testing.T) {
	s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
		if endpoint(r, "/token") {
			return http.StatusTooManyRequests, `{"error":"slow_down"}`
		}
		return resp.StatusCode, body
	}, func(up *target.Target) {
		delete(up.Description.Choices, target.UnknownScope)
		delete(up.Description.Capabilities, "consent.ui")
	})
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := s.Target.Unlearned[target.UnknownScope]; !strings.Contains(why, "429") {
		t.Errorf("got the choice unlearned because of %q, want the 429", why)
	}
	if got := s.Target.Capabilities["consent.ui"]; got.Value != target.Unknown || !strings.Contains(got.Source, "429") {
		t.Errorf("got consent.ui %+v, want unknown because of the 429", got)
	}
}

func TestASubjectThatNothingTellsIsLearned(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) { up.Description.Control.CreateUser = nil })
	ada, err := s.NewCast().Owner(t.Context(), "Ada")
	if err != nil {
		t.Fatal(err)
	}
	if ada.Subject != "" {
		t.Errorf("got subject %q assumed, want none", ada.Subject)
	}
	if got, err := ada.LearnSubject(t.Context()); err != nil || got == "" {
		t.Errorf("got %q, %v, want the subject of a token", got, err)
	}
	if _, err := s.NewCast().Mint("", "planner", nil); err == nil {
		t.Error("got a token for nobody, want an error")
	}
}

func TestWhatIsSharedIsRestored(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) { up.Description.Control.CreateUser = nil })
	cast := s.NewCast()
	bo, err := cast.Owner(t.Context(), "Bo")
	if err != nil {
		t.Fatal(err)
	}
	if err := bo.SetPermissions(t.Context(), oauth.ScopeSet{}); err != nil {
		t.Fatal(err)
	}
	if err := bo.SetPermissions(t.Context(), oauth.NewScopeSet("write:appointments")); err != nil {
		t.Fatal(err)
	}
	if err := cast.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := s.NewCast()
	planner, err := other.Client(t.Context(), "Planner")
	if err != nil {
		t.Fatal(err)
	}
	if bo, err = other.Owner(t.Context(), "Bo"); err != nil {
		t.Fatal(err)
	}
	asked := oauth.RawScope("read:appointments")
	if a, err := planner.Authorize(t.Context(), actor.Request{Owner: bo, Scope: &asked}); err != nil || a.Refused != nil {
		t.Errorf("got %v, %v, want what Bo could grant before", a, err)
	}
}

// cutter has the reference do what is asked of it, and drops the first answer to
// the creation of a person and of a client.
type cutter struct{ cut sync.Map }

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_, before := c.cut.LoadOrStore(r.URL.Path, true)
	if !before && (endpoint(r, "/users") || endpoint(r, "/clients")) {
		resp.Body.Close()
		return nil, io.EOF
	}
	return resp, nil
}

// Who was created, or registered, and nobody told us, is there: the next one goes
// by another name.
func TestWhatIsSetUpAndNotHeardOfIsSetUpAgain(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) { up.Transport = &cutter{} })
	cast := s.NewCast()
	if _, err := cast.Owner(t.Context(), "Ada"); err != nil {
		t.Error(err)
	}
	if _, err := cast.Client(t.Context(), "Planner"); err != nil {
		t.Error(err)
	}
	people := map[string]bool{}
	exchanges := cast.Recorder.Exchanges()
	for _, e := range exchanges {
		if strings.HasSuffix(e.URL, "/users") {
			people[e.Request.Body] = true
		}
	}
	// A client is named by the server, a person by us.
	if len(exchanges) != 4 || len(people) != 2 {
		t.Errorf("got %d requests, %d of them for different people, want 2 for Ada, by two names, and 2 for Planner", len(exchanges), len(people))
	}
}

func TestRegistrationSaysWhatAClientMayHave(t *testing.T) {
	s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
		if endpoint(r, "/admin/clients") {
			return http.StatusCreated, `{"client_id":"x","client_secret":"y","scope":"own.read"}`
		}
		return resp.StatusCode, body
	}, func(up *target.Target) {
		up.Description.Scopes = map[string]string{"read:appointments": "own.read"}
		up.API.Operations[0].AllOf = "own.read"
	})
	planner, err := s.NewCast().Client(t.Context(), "Planner")
	if err != nil {
		t.Fatal(err)
	}
	if got := planner.Scope.String(); got != "read:appointments" {
		t.Errorf("got a client for %q, want read:appointments", got)
	}
	if got := s.Target.API.Operations[0].AllOf; got != "read:appointments" {
		t.Errorf("got an operation that needs %q, want read:appointments", got)
	}
}

func TestARefusalThatGivesAwayATokenIsSeen(t *testing.T) {
	for _, fragment := range []string{"#access_token=x", "#code=x", ""} {
		s := stage(t, func(_ *http.Request, resp *http.Response, body string) (int, string) {
			if at := resp.Header.Get("Location"); strings.Contains(at, "error=access_denied") {
				resp.Header.Set("Location", at+fragment)
			}
			return resp.StatusCode, body
		}, nil)
		cast := s.NewCast()
		planner, err := cast.Client(t.Context(), "Planner")
		if err != nil {
			t.Fatal(err)
		}
		ada, err := cast.Owner(t.Context(), "Ada")
		if err != nil {
			t.Fatal(err)
		}
		asked := oauth.RawScope("read:appointments")
		a, err := planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &asked, Decision: &oauth.ConsentDecision{Deny: true}})
		if err != nil || a.Refused == nil || a.Refused.Tokens != (fragment != "") {
			t.Errorf("%q: got %+v, %v, want tokens seen: %t", fragment, a, err, fragment != "")
		}
	}
}

func TestAStaticClientStartsWithoutOldGrants(t *testing.T) {
	var d *target.Description
	s := stage(t, nil, func(up *target.Target) {
		d = up.Description
		d.Control.CreateUser = nil
	})
	asked := oauth.RawScope("read:appointments")
	authorize := func(cast *actor.Cast) *actor.Authorization {
		t.Helper()
		planner, err := cast.Client(t.Context(), "Planner")
		if err != nil {
			t.Fatal(err)
		}
		ada, err := cast.Owner(t.Context(), "Ada")
		if err != nil {
			t.Fatal(err)
		}
		a, err := planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &asked})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := authorize(s.NewCast())
	d.Clients.Register = target.Registration{Static: true}
	d.Clients.Actors = map[string]target.ClientDescription{"Planner": {ID: first.Client.ID, Secret: first.Client.Secret.Reveal()}}
	again := s.NewCast()
	if !authorize(again).WasAsked() {
		t.Error("Ada was not asked in a new cast, want what she granted before revoked")
	}
	if authorize(again).WasAsked() {
		t.Error("Ada was asked twice in one cast, want her consent remembered")
	}
	s.KeepGrants = true
	if authorize(s.NewCast()).WasAsked() {
		t.Error("Ada was asked although grants are kept")
	}
}
