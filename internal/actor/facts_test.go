package actor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestExchangesSayWhatTheySayOfScope(t *testing.T) {
	form := func(body string) oauth.Message {
		return oauth.Message{Header: []oauth.Param{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}, Body: body}
	}
	bearer := func(digest string) oauth.Message {
		return oauth.Message{Header: []oauth.Param{{Name: "Authorization", Value: "Bearer " + digest}}}
	}
	says := func(text string) *string { return &text }
	r := newReader(&target.Resolved{Target: &target.Target{
		Description: &target.Description{Scopes: map[string]string{"read": "calendar.read"}},
		Metadata: map[string]any{
			"authorization_endpoint": "https://as/authorize", "token_endpoint": "https://as/token", "introspection_endpoint": "https://as/introspect",
		},
		API: &target.ResourceServer{BaseURL: "https://api", Operations: []target.Operation{
			{Name: "list", Method: "GET", Path: "/items", AllOf: "read"},
			{Name: "change", Method: "PATCH", Path: "/items/${id}?x=1", AnyOf: "write admin"},
		}},
	}})
	for _, c := range []struct {
		name string
		e    oauth.Exchange
		want oauth.ScopeFacts
	}{
		{
			"who is sent to authorize asks",
			oauth.Exchange{Actor: "Ada", Method: "GET", URL: "https://as/authorize?scope=write+calendar.read", Status: 303},
			oauth.ScopeFacts{Endpoint: "authorization", Requested: says("read write")},
		},
		{
			"a form in between names what is agreed to",
			oauth.Exchange{Actor: "Ada", Method: "POST", URL: "https://as/consent", Request: form("scope=calendar.read"), Status: 303,
				Response: oauth.Message{Header: []oauth.Param{{Name: "Location", Value: "https://client/cb?code=‹1›"}}}},
			oauth.ScopeFacts{Posted: says("read")},
		},
		{
			"a code stands for what was asked",
			oauth.Exchange{Actor: "Planner", Method: "POST", URL: "https://as/token", Request: form("grant_type=authorization_code&code=‹1›"), Status: 200,
				Response: oauth.Message{Body: `{"access_token":"‹2›","refresh_token":"‹3›","scope":"calendar.read"}`}},
			oauth.ScopeFacts{Endpoint: "token", Held: says("read write"), Granted: says("read")},
		},
		{
			"a refresh names what it wants, and the token is good for it where nothing else is said",
			oauth.Exchange{Actor: "Planner", Method: "POST", URL: "https://as/token", Request: form("grant_type=refresh_token&refresh_token=‹3›&scope=write"), Status: 200,
				Response: oauth.Message{Body: `{"access_token":"‹4›"}`}},
			oauth.ScopeFacts{Endpoint: "token", Held: says("read"), Requested: says("write")},
		},
		{
			"introspection tells what it is good for",
			oauth.Exchange{Method: "POST", URL: "https://as/introspect", Request: form("token=‹4›"), Status: 200, Response: oauth.Message{Body: `{"active":true,"scope":"write"}`}},
			oauth.ScopeFacts{Endpoint: "introspection", Held: says("write"), Effective: says("write")},
		},
		{
			"a dead token is good for nothing",
			oauth.Exchange{Method: "POST", URL: "https://as/introspect", Request: form("token=‹2›"), Status: 200, Response: oauth.Message{Body: `{"active":false}`}},
			oauth.ScopeFacts{Endpoint: "introspection", Held: says("read"), Effective: says("")},
		},
		{
			"an operation that is served needs its scope",
			oauth.Exchange{Method: "GET", URL: "https://api/items", Request: bearer("‹2›"), Status: 200},
			oauth.ScopeFacts{Operation: "list", Held: says("read"), Needs: []string{"read"}, Effective: says("read")},
		},
		{
			"one that is refused shows nothing",
			oauth.Exchange{Method: "PATCH", URL: "https://api/items/7", Request: bearer("‹9›"), Status: 403},
			oauth.ScopeFacts{Operation: "change", Needs: []string{"admin", "write"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.read(&c.e)
			if diff := cmp.Diff(c.want, c.e.ScopeFacts); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFactsAreReadAfterSecretsAreReplaced(t *testing.T) {
	r := newRecorder(nil, 0, nil, []oauth.Secret{"correct-horse-battery"})
	r.target = &target.Resolved{Target: &target.Target{Description: &target.Description{}, Metadata: map[string]any{"token_endpoint": "https://as/token"}}}
	r.add(&record{method: "POST", url: "https://as/token", status: 200, respBody: []byte(`{"scope":"read correct-horse-battery"}`)})
	granted := r.Exchanges()[0].Granted
	if granted == nil || strings.Contains(*granted, "horse") || !strings.Contains(*granted, "read") {
		t.Errorf("got %v, want read and a digest", granted)
	}
}
