package actor_test

import (
	"net/http"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestSubjectsOfResourceOwnersThatAreMadeAreLearnedByPasswordOnceThatIsKnownToNameThem(t *testing.T) {
	for name, c := range map[string]struct {
		named func(body string) (int, string) // what comes of a password
		short bool
	}{
		"where it names them":     {func(body string) (int, string) { return http.StatusOK, body }, true},
		"not where it is refused": {func(string) (int, string) { return http.StatusBadRequest, `{"error":"invalid_grant"}` }, false},
		"not where it names somebody else": {func() func(string) (int, string) {
			first := ""
			return func(body string) (int, string) {
				if first == "" {
					first = body
				}
				return http.StatusOK, first
			}
		}(), false},
	} {
		t.Run(name, func(t *testing.T) {
			redeemed := 0
			s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
				if !endpoint(r, "/token") {
					return resp.StatusCode, body
				}
				switch sentGrant(r) {
				case string(oauth.PasswordGrant):
					return c.named(body)
				case string(oauth.AuthorizationCode):
					redeemed++
				}
				return resp.StatusCode, body
			}, func(up *target.Target) { up.Description.AuthorizationServer.OpaqueSubjects = true })
			cast := s.NewCast()
			planner, err := cast.Client(t.Context(), "Planner")
			if err != nil {
				t.Fatal(err)
			}
			bo, err := cast.Owner(t.Context(), "Bo")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := planner.Password(t.Context(), actor.Request{Owner: bo, Scope: scope("openid")}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				ada, err := s.NewCast().Owner(t.Context(), "Ada")
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ada.LearnSubject(t.Context()); err != nil || got != ada.Username {
					t.Errorf("got %q, %v, want %s", got, err, ada.Username)
				}
			}
			if wanted := map[bool]int{true: 1, false: 3}[c.short]; redeemed != wanted {
				t.Errorf("got %d subjects learned by an authorization, want %d", redeemed, wanted)
			}
		})
	}
}
