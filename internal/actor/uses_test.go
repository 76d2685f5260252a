package actor

import (
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestTokensAndWhatTheyWereUsedFor(t *testing.T) {
	list := target.Operation{Name: "list", Method: "GET", Path: "/", AllOf: "read:appointments"}
	api := &target.ResourceServer{BaseURL: "https://api", Operations: []target.Operation{list}}
	cast := (&Stage{Target: &target.Resolved{Target: &target.Target{Description: &target.Description{}, API: api}}}).NewCast()
	const password = "correct-horse-battery"
	cast.Recorder.keep(password)
	issue := func(token, told string) *Issue {
		return &Issue{cast: cast, Response: &oauth.TokenResponse{AccessToken: oauth.AccessToken(token)}, Told: oauth.ScopeMember{Present: true, Set: oauth.FieldsScope(told)}}
	}
	changed := issue("token-two", "read:appointments")
	changed.named = oauth.FieldsScope("write:appointments") // it was edited since
	cast.clients["Planner"] = &Client{Issues: []*Issue{issue("token-one", "read:appointments "+password), changed, {}}}

	call := func(token string, status int, w Wire) {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://api/", nil)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		cast.used(api, list, req, w, &Attempt{Status: status})
	}
	call("token-one", 200, Wire{})
	call("token-one", 403, Wire{})
	call("token-one", 401, Wire{})                                                   // for another reason than scope
	call("token-one", 200, Wire{Method: "HEAD"})                                     // unusual
	call("token-one", 200, Wire{Header: http.Header{"X-Method-Override": {"POST"}}}) // unusual
	call("of-nobody", 200, Wire{})
	call("", 401, Wire{})
	cast.used(api, target.Operation{Name: "batch"}, &http.Request{}, Wire{}, &Attempt{Status: 200})

	tokens := cast.Tokens()
	if len(tokens) != 3 {
		t.Fatalf("got %d tokens, want two that were issued, and none", len(tokens))
	}
	first := tokens[0]
	if text := first.Scope.String(); strings.Contains(text, password) || !first.Scope.Has("read:appointments") {
		t.Errorf("got the scope %q, want read:appointments and no password", text)
	}
	if len(first.Uses) != 3 || !first.Uses[0].Served || !first.Uses[1].Refused || first.Uses[2].Served || first.Uses[2].Refused {
		t.Errorf("got %+v, want served, refused for want of scope, and refused for another reason", first.Uses)
	}
	if got := tokens[1].Scope.String(); got != "read:appointments write:appointments" {
		t.Errorf("got %q, want all that was ever named", got)
	}
	if last := tokens[2]; !last.Scope.IsEmpty() || len(last.Uses) != 1 {
		t.Errorf("got %+v, want one request without a token", last)
	}
}
