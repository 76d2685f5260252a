package discover_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// serve answers with a metadata document whose issuer is right.
func serve(t *testing.T, document map[string]any) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		document["issuer"] = "http://" + r.Host
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(document); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestADescriptionIsATargetFile(t *testing.T) {
	for name, c := range map[string]struct {
		document map[string]any
		want     []string // parts of the file
	}{
		"nothing known": {map[string]any{}, []string{
			"register: {static: true}", "#     token_endpoint: ", "#   read:appointments: my.read", "Grant types by the metadata: authorization_code, implicit.",
		}},
		"all known": {map[string]any{
			"authorization_endpoint": "https://x.example/a", "token_endpoint": "https://x.example/t", "registration_endpoint": "https://x.example/r",
			"introspection_endpoint": "https://x.example/i", "revocation_endpoint": "https://x.example/v",
			"grant_types_supported": []string{"authorization_code", "refresh_token"}, "scopes_supported": []string{"read:appointments", "offline_access"},
		}, []string{"dynamic: {}", "refresh: {scope: offline_access, prompt: consent}", "#   read:appointments\n"}},
		"a list of something else": {map[string]any{"scopes_supported": map[string]int{"a": 1}, "grant_types_supported": []int{1}}, []string{"name: "}},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := serve(t, c.document)
			made, err := discover.Describe(t.Context(), issuer, discover.Known{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			data := made.File
			d, err := target.Parse("target.yaml", data)
			if err != nil {
				t.Fatalf("got a file that is refused: %v\n%s", err, data)
			}
			if d.External.Issuer != issuer || d.Users["Ada"].Username == "" {
				t.Errorf("got issuer %q and users %v, want %q and Ada", d.External.Issuer, d.Users, issuer)
			}
			for _, part := range c.want {
				if !strings.Contains(string(data), part) {
					t.Errorf("got no %q in\n%s", part, data)
				}
			}
		})
	}
}

func TestWhatAServerSaysCannotLeaveItsComment(t *testing.T) {
	issuer := serve(t, map[string]any{
		"scopes_supported":      []string{"read\nlogin: {driver: manual}", "${env.HOME}", "good", "\u202Eevil", strings.Repeat("x", 5000)},
		"grant_types_supported": []string{"authorization_code\n\nlogin: {driver: manual}"},
	})
	made, err := discover.Describe(t.Context(), issuer, discover.Known{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := made.File
	for _, part := range []string{"login: {driver: manual}", "\u202E", "xxxxx"} {
		if strings.Contains(string(data), part) {
			t.Errorf("got %q in the file, want it left out", part)
		}
	}
	if !strings.Contains(string(data), "#   good\n") {
		t.Errorf("got no scope \"good\" in\n%s", data)
	}
}

// deaf is a resource owner's browser that never comes back.
type deaf struct{}

func (deaf) Visit(context.Context, target.Visit) (*target.Arrival, error) {
	return &target.Arrival{Status: 200, Page: "Your password has expired"}, nil
}

func TestAVisitThatEndsAtAPageSaysWhatThePageSays(t *testing.T) {
	d, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.UserAgent = deaf{}
	_, err = discover.Observe(t.Context(), d)
	const want = `Ada, who may do everything, cannot grant "read:appointments": the visit ended at a page, status 200, that says "Your password has expired"`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOnlyTheFirstUserMustBeAbleToGrant(t *testing.T) {
	d, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found, err := discover.Observe(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Owners) != 3 || found.Owners[0].Granted != "read:appointments" || found.Owners[2].Refused == "" {
		t.Errorf("got owners %+v, want Ada to be granted and Cy to be refused", found.Owners)
	}
	if set, err := oauth.ParseScope(found.API.Opened); err != nil || !set.Has("read:appointments") {
		t.Errorf("got an API that opens %q, want read:appointments", found.API.Opened)
	}
}

func TestAServerWithoutMetadataIsDescribedByItsEndpoints(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	if _, err := discover.Describe(t.Context(), server.URL, discover.Known{}, nil); err == nil || !strings.Contains(err.Error(), "--endpoint") {
		t.Errorf("got %v without endpoints, want what to do about it", err)
	}
	made, err := discover.Describe(t.Context(), server.URL, discover.Known{Endpoints: map[string]string{"token_endpoint": server.URL + "/t"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("target.yaml", made.File)
	if err != nil {
		t.Fatalf("got a file that is refused: %v\n%s", err, made.File)
	}
	if got := d.AuthorizationServer.Endpoints["token_endpoint"]; got != server.URL+"/t" {
		t.Errorf("got the token_endpoint %q in\n%s", got, made.File)
	}
	if !strings.Contains(string(made.File), "#     authorization_endpoint: ") || !strings.Contains(string(made.File), "go into capabilities") {
		t.Errorf("got nothing of what is missing in\n%s", made.File)
	}
}
