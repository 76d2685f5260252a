package actor_test

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/target"
)

// A page that is misread makes every request end with a refusal, of which nothing may
// be said.
func TestWhatAdaNeverComesToGrantIsNotJudged(t *testing.T) {
	for _, c := range []struct {
		what     string
		misread  bool
		wantCode string
	}{{"boxes that are ticked to withhold, as the file has it", true, target.Unknown}, {"boxes as they are", false, "true"}} {
		s := stage(t, nil, func(up *target.Target) {
			up.Kind = target.KindExternal
			up.Description.Login.Form.Consent.Withholds = c.misread
		})
		if err := s.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := s.Target.Capabilities["as.code"]
		if got.Value != c.wantCode || c.misread && !strings.Contains(got.Source, "login.form.consent.withholds") {
			t.Errorf("%s: got as.code %+v, want %s", c.what, got, c.wantCode)
		}
		if final := s.Target.Capabilities["consent.final"]; !final.Yes() {
			t.Errorf("%s: got consent.final %+v, want true: one page follows another nowhere", c.what, final)
		}
	}
}

func TestSecretsGoWhereTheMetadataHasThem(t *testing.T) {
	for methods, want := range map[string]string{
		"client_secret_post": "client_secret_post", "client_secret_post client_secret_basic": "client_secret_basic", "private_key_jwt": "client_secret_basic", "": "client_secret_basic",
	} {
		listed := []any{}
		for _, method := range strings.Fields(methods) {
			listed = append(listed, method)
		}
		up := &target.Target{Metadata: map[string]any{"token_endpoint_auth_methods_supported": listed}}
		if got := string(up.Proving()); got != want {
			t.Errorf("%q: got %s, want %s", methods, got, want)
		}
	}
}

func TestScopesThatAskForARefreshTokenByTheirNames(t *testing.T) {
	for listed, want := range map[string]string{
		"openid profile": "", "offline": "offline", "refresh_token offline_access": "offline_access refresh_token",
		"offline.access read": "offline.access", "Offline refresh a_refresh b_refresh": "Offline refresh a_refresh",
	} {
		var scopes []any
		for name := range strings.FieldsSeq(listed) {
			scopes = append(scopes, name)
		}
		if got := strings.Join(actor.OfflineScopes(map[string]any{"scopes_supported": append(scopes, 7, "offline with spaces")}), " "); got != want {
			t.Errorf("%q: got %q, want %q", listed, got, want)
		}
	}
}
