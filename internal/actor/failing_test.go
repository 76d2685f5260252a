package actor_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// somebodyElses makes the reference one of which nothing is known beforehand.
func somebodyElses(up *target.Target) { up.Kind = target.KindExternal }

func TestTroubleThatAlwaysStandsForARefusalIsOne(t *testing.T) {
	failing := true
	s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
		switch to := resp.Header.Get("Location"); {
		case !failing:
		case endpoint(r, "/token") && strings.Contains(body, "invalid_grant"):
			return http.StatusInternalServerError, `{"error":"server_error"}`
		case strings.Contains(to, "error=access_denied"):
			resp.Header.Del("Location")
			return http.StatusInternalServerError, "Approval rejected."
		}
		return resp.StatusCode, body
	}, somebodyElses)
	play := func() (denied *actor.Authorization, deniedErr error, foreign *actor.Issue, foreignErr error) {
		cast := s.NewCast()
		ada, planner, rival := parts(t, cast)
		scope := oauth.RawScope("read:appointments")
		denied, deniedErr = planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &scope, Decision: &oauth.ConsentDecision{Deny: true}})
		a, err := planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &scope})
		if err != nil {
			t.Fatal(err)
		}
		foreign, foreignErr = rival.Redeem(t.Context(), a, nil)
		return denied, deniedErr, foreign, foreignErr
	}
	if _, denied, _, foreign := play(); denied == nil || foreign == nil {
		t.Errorf("got %v and %v, want trouble that nobody has seen before to be an error", denied, foreign)
	}
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, deniedErr, i, foreignErr := play()
	if deniedErr != nil || a.Code != "" || a.Arrival.Status != http.StatusInternalServerError {
		t.Errorf("got %+v, %v, want the page at which denials end", a, deniedErr)
	}
	if foreignErr != nil || i.Refused == nil || i.Refused.Status != http.StatusInternalServerError {
		t.Errorf("got %+v, %v, want a refusal with 500", i, foreignErr)
	}
}

// A server that fails at all, or for the moment, refuses nothing by that.
func TestTroubleAtEverythingIsNoRefusal(t *testing.T) {
	for what, m := range map[string]meddler{
		"the token endpoint fails for everybody": func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/token") {
				return http.StatusInternalServerError, `{"error":"server_error"}`
			}
			return resp.StatusCode, body
		},
		"it is not there for the moment, for whom it refuses": func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/token") && strings.Contains(body, "invalid_grant") {
				return http.StatusServiceUnavailable, `{"error":"temporarily_unavailable"}`
			}
			return resp.StatusCode, body
		},
		"no decision is taken": func(_ *http.Request, resp *http.Response, body string) (int, string) {
			if strings.Contains(resp.Header.Get("Location"), "code=") || strings.Contains(resp.Header.Get("Location"), "error=access_denied") {
				resp.Header.Del("Location")
				return http.StatusInternalServerError, "Internal Server Error"
			}
			return resp.StatusCode, body
		},
	} {
		s := stage(t, m, somebodyElses)
		if err := s.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		cast := s.NewCast()
		ada, planner, rival := parts(t, cast)
		scope := oauth.RawScope("read:appointments")
		a, err := planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &scope})
		if err == nil {
			_, err = rival.Redeem(t.Context(), a, nil)
		} else {
			ada, planner, _ = parts(t, s.NewCast())
			_, err = planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &scope, Decision: &oauth.ConsentDecision{Deny: true}})
		}
		if err == nil {
			t.Errorf("%s: got what counts as a refusal, want an error", what)
		}
	}
}

func parts(t *testing.T, cast *actor.Cast) (ada *actor.Owner, planner, rival *actor.Client) {
	t.Helper()
	ada, err := cast.Owner(t.Context(), "Ada")
	if err != nil {
		t.Fatal(err)
	}
	if planner, err = cast.Client(t.Context(), "Planner"); err != nil {
		t.Fatal(err)
	}
	if rival, err = cast.Client(t.Context(), "Rival"); err != nil {
		t.Fatal(err)
	}
	return ada, planner, rival
}

func TestWhatIsObservedOfServersThatAreNotOurs(t *testing.T) {
	for what, c := range map[string]struct {
		m    meddler
		name target.Capability
	}{
		"a machine that is told nothing of its token": {func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/introspect") && strings.Contains(body, `"sub":"`) && !strings.Contains(body, `"username"`) && !strings.Contains(body, `"sub":"ada"`) {
				return resp.StatusCode, `{"active":false}`
			}
			return resp.StatusCode, body
		}, "as.introspection.machine"},
		"a page without a way to say no": {func(_ *http.Request, resp *http.Response, body string) (int, string) {
			return resp.StatusCode, strings.ReplaceAll(body, `<button type="submit" name="decision" value="deny">Deny</button>`, "")
		}, "consent.deny"},
	} {
		s := stage(t, c.m, func(up *target.Target) {
			somebodyElses(up)
			delete(up.Description.Capabilities, "consent.ui")
		})
		if err := s.Learn(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := s.Target.Capabilities[c.name]; got.Yes() || !strings.HasPrefix(got.Source, "observed: ") {
			t.Errorf("%s: got %s %+v, want it observed to be missing", what, c.name, got)
		}
	}
}

// posted is the form of a request that was made.
func posted(r *http.Request) url.Values {
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(body)
	form, _ := url.ParseQuery(string(text))
	return form
}

// What is refused for a reason of its own takes nothing away that is not.
func TestARefusalClosesNoMoreThanItSays(t *testing.T) {
	for what, c := range map[string]struct {
		m            meddler
		closed, open target.Capability // closed may be empty
	}{
		"a post that is none of OpenID Connect": {func(r *http.Request, resp *http.Response, body string) (int, string) {
			if form := posted(r); endpoint(r, "/authorize") && r.Method == http.MethodPost && form.Has("client_id") && !strings.Contains(form.Get("scope"), "openid") {
				resp.Header.Del("Location")
				return http.StatusMethodNotAllowed, "Method Not Allowed"
			}
			return resp.StatusCode, body
		}, "as.post.alone", "as.post"},
		"a pushed request, for its scope": {func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/par") {
				return http.StatusBadRequest, `{"error":"invalid_scope"}`
			}
			return resp.StatusCode, body
		}, "", "as.par"},
		"a pushed request, for its client": {func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/par") {
				return http.StatusBadRequest, `{"error":"unauthorized_client"}`
			}
			return resp.StatusCode, body
		}, "as.par", "as.post"},
	} {
		s := stage(t, c.m, somebodyElses)
		if err := s.Learn(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := s.Target.Capabilities[c.closed]; c.closed != "" && (got.Yes() || !strings.HasPrefix(got.Source, "observed: ")) {
			t.Errorf("%s is refused: got %s %+v, want it observed to be missing", what, c.closed, got)
		}
		if got := s.Target.Capabilities[c.open]; !got.Yes() {
			t.Errorf("%s is refused: got %s %+v, want it open", what, c.open, got)
		}
	}
}

func TestWhatEveryRequestMustHaveIsAdded(t *testing.T) {
	cast := stage(t, nil, func(up *target.Target) { up.Description.AuthorizationServer.AlwaysAsked = "openid" }).NewCast()
	ada, planner, _ := parts(t, cast)
	for asked, added := range map[oauth.RawScope]string{
		"read:appointments": "openid", "openid read:appointments": "", "": "",
	} {
		a, err := planner.Authorize(t.Context(), actor.Request{Owner: ada, Scope: &asked})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Added.String(); got != added {
			t.Errorf("%q: got %q added, want %q", asked, got, added)
		}
	}
}
