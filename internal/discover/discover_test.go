package discover_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/discover"
	"github.com/scopeproof/scopeproof/internal/useragent"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
	"github.com/scopeproof/scopeproof/target/external"
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
		}, []string{"dynamic: {}", "refresh: {scope: \"offline_access\", prompt: consent}", "#   read:appointments\n"}},
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

// connecting is a browser at a server that takes no requests but those of OpenID
// Connect: others end at a page, as they may (Core section 3.1.2.1).
type connecting struct{ target.UserAgent }

func (c connecting) Visit(ctx context.Context, visit target.Visit) (*target.Arrival, error) {
	if at, err := url.Parse(visit.URL); err != nil || !slices.Contains(strings.Fields(at.Query().Get("scope")), "openid") {
		return &target.Arrival{Status: 200, Page: "Error"}, err
	}
	return c.UserAgent.Visit(ctx, visit)
}

func TestItIsFoundOutThatEveryRequestNeedsOpenID(t *testing.T) {
	reference, err := embedded.Reference().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	known := discover.Known{Users: map[string]target.User{"Ada": reference.Description.Users["Ada"]}}
	for name, c := range map[string]struct {
		picky bool
		want  string
	}{
		"needed":     {true, "openid"},
		"not needed": {false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := discover.Describe(t.Context(), reference.Issuer, known, func(ctx context.Context, d *target.Description) (*target.Target, error) {
				up, err := external.Description(d).Open(ctx)
				if err != nil || !c.picky {
					return up, err
				}
				form, err := useragent.New(up)
				up.UserAgent = connecting{form}
				return up, err
			})
			if err != nil {
				t.Fatal(err)
			}
			d, err := target.Parse("target.yaml", made.File)
			if err != nil || made.Trouble != nil {
				t.Fatalf("got %v and %v, want a file that was played", err, made.Trouble)
			}
			if got := d.AuthorizationServer.AlwaysAsked; got != c.want {
				t.Errorf("got always_asked %q, want %q", got, c.want)
			}
		})
	}
}

// A server without metadata that has its endpoints at /oauth, and a page for everything else.
func TestEndpointsOfASilentServer(t *testing.T) {
	for name, c := range map[string]struct {
		elsewhere, refusal string
		known              []discover.Endpoint
		want               []string // parts of the file; of the error where there is none
	}{
		"are found where frameworks put them": {"404", "400", nil, []string{
			"publishes no metadata", `/oauth/authorize"`, `/oauth/token"`, `/oauth/introspect"`, "#     revocation_endpoint: ",
		}},
		"are taken as named": {"404", "400", []discover.Endpoint{{Name: "token_endpoint", URL: "https://x.example/t"}}, []string{
			`token_endpoint: "https://x.example/t"`, "#     authorization_endpoint: ",
		}},
		"are not guessed where every place refuses alike":                {"400", "400", nil, []string{"nothing at the usual places", "--endpoint"}},
		"are not guessed where nothing refuses as a token endpoint does": {"404", "200", nil, []string{"nothing at the usual places"}},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := silent(t, c.elsewhere, c.refusal)
			text := ""
			made, err := discover.Describe(t.Context(), issuer, discover.Known{Endpoints: c.known}, nil)
			if err != nil {
				text = err.Error()
			} else {
				text = string(made.File)
				if _, err := target.Parse("target.yaml", made.File); err != nil {
					t.Errorf("got a file that is refused: %v", err)
				}
			}
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("got no %q in\n%s", part, text)
				}
			}
		})
	}
}

// silent serves no metadata; elsewhere and refusal are statuses.
func silent(t *testing.T, elsewhere, refusal string) string {
	t.Helper()
	answer := func(w http.ResponseWriter, status string) {
		code, err := strconv.Atoi(status)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"error": "invalid_request"}`)) // whoever does not read it says so
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /oauth/authorize":
			http.Redirect(w, r, "/sign-in", http.StatusFound)
		case "POST /oauth/token", "POST /oauth/introspect":
			answer(w, refusal)
		default:
			if r.Method == http.MethodGet {
				http.NotFound(w, r)
				return
			}
			answer(w, elsewhere)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
