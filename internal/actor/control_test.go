package actor_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

// Servers close connections that nobody uses, and now and then one that is used
// again at that very moment.
func TestACallOfTheTargetFileIsSentAgainWhereItsConnectionWasGone(t *testing.T) {
	p := begin(t)
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) != 2 {
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		connection.Close()
	}))
	t.Cleanup(server.Close)
	p.Stage.Target.Description.Control.RevokeGrant = &target.Call{Method: http.MethodPost, URL: server.URL, JSON: map[string]any{}}
	for range 2 {
		if err := p.ada.Revoke(t.Context(), p.planner); err != nil {
			t.Fatal(err)
		}
	}
	if got := requests.Load(); got != 3 {
		t.Errorf("got %d requests, want the one that was not answered once more", got)
	}
}

func TestAUserWithoutLimitsIsMadeWithEveryScope(t *testing.T) {
	p := begin(t)
	var got struct{ May []string }
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	d := p.Stage.Target.Description
	ada := d.Users["Ada"]
	ada.Permissions = nil
	d.Users["Ada"] = ada
	d.Control.CreateUser = &target.Call{Method: http.MethodPost, URL: server.URL, JSON: map[string]any{"may": "${scope[]}"}}
	if _, err := p.Stage.NewCast().Owner(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{"read:appointments", "write:appointments"} {
		if !slices.Contains(got.May, scope) {
			t.Errorf("got %q, want %q among them", got.May, scope)
		}
	}
}
