package actor_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// A server without metadata says neither that it has refresh tokens and client
// credentials nor that it has none.
func TestGrantsOfASilentServerAreTried(t *testing.T) {
	silent := func(up *target.Target) {
		up.Kind = target.KindExternal
		for name := range up.Metadata {
			if !slices.Contains([]string{"authorization_endpoint", "token_endpoint", "introspection_endpoint", "registration_endpoint", "jwks_uri"}, name) {
				delete(up.Metadata, name)
			}
		}
	}
	for name, c := range map[string]struct {
		policy func(*refserver.Policy)
		want   map[target.Capability]string
	}{
		"and are there": {func(*refserver.Policy) {}, map[target.Capability]string{"as.refresh": "true", "as.cc": "true"}},
		"and are not there": {func(p *refserver.Policy) {
			p.GivesRefreshToken = func(refserver.Issue) bool { return false }
			p.ServiceClient = func(refserver.Client) error { return refserver.Refuse("unauthorized_client", "") }
		}, map[target.Capability]string{"as.refresh": "false", "as.cc": "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := undeclared(t, c.policy, silent)
			for capability, want := range c.want {
				if f := got.Capabilities[capability]; f.Value != want || !strings.HasPrefix(f.Source, "observed: ") {
					t.Errorf("%s: got %+v, want %s, observed", capability, f, want)
				}
			}
		})
	}
}

func TestDecoysAreThoseThatRulesGrant(t *testing.T) {
	for decoys, want := range map[string]string{
		"": "false", "calendar.read": "false", "read:appointments:all read:appointments:own": "false",
		"unread:appointments read:appointments:all read:appointments:own": "true",
	} {
		s := stage(t, nil, func(up *target.Target) {
			up.Description.AuthorizationServer.Decoys = decoys
			delete(up.Description.Capabilities, "fx.scopes.decoys")
		})
		if got := s.Target.Capabilities["fx.scopes.decoys"]; got.Value != want {
			t.Errorf("%q: got %+v, want %s", decoys, got, want)
		}
	}
}

// A server that knows nothing of OpenID Connect may refuse to register its scopes.
func TestWithoutOpenIDConnectItsScopesAreNotRegistered(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) {
		delete(up.Metadata, "scopes_supported")
		delete(up.Metadata, "userinfo_endpoint")
		delete(up.Metadata, "id_token_signing_alg_values_supported")
	})
	if s.Target.Capabilities["as.oidc"].Yes() {
		t.Fatal("got OpenID Connect, want none")
	}
	planner, err := s.NewCast().Client(t.Context(), "Planner")
	if err != nil {
		t.Fatal(err)
	}
	if planner.Scope.Has("openid") || !planner.Scope.Has("read:appointments") {
		t.Errorf("got %q, want it to read, and nothing of OpenID Connect", planner.Scope)
	}
}

// Introspection need not name anybody (RFC 7662 section 2.2).
func TestOurAPIIsLeftOutWhereNobodySaysWhoseATokenIs(t *testing.T) {
	server, err := refserver.Start(t.Context(), refserver.Options{TokenFormat: "opaque"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	for name, c := range map[string]struct{ subject, want string }{
		"nobody does": {"", "false"}, "the target file does": {"ada", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := embedded.Load()
			if err != nil {
				t.Fatal(err)
			}
			ada := d.Users["Ada"]
			ada.Subject = c.subject
			d.Users["Ada"], d.Control.CreateUser = ada, nil
			up, err := target.New(t.Context(), target.KindExternal, d, map[string]string{"issuer": server.Issuer(), "admin_key": server.AdminKey()})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"scopes_supported", "userinfo_endpoint", "id_token_signing_alg_values_supported"} {
				delete(up.Metadata, name)
			}
			up.API.Ours = true
			up.Transport = meddler(func(r *http.Request, resp *http.Response, body string) (int, string) {
				if endpoint(r, "/introspect") {
					body = strings.ReplaceAll(body, `"sub"`, `"for"`)
				}
				return resp.StatusCode, body
			})
			s, err := actor.NewStage(t.Context(), up)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Learn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if f := s.Target.Capabilities["rs.api"]; f.Value != c.want || c.want == "false" && !strings.Contains(f.Source, "whose a token is") {
				t.Errorf("got %+v, want %s", f, c.want)
			}
		})
	}
}
