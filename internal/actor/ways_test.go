package actor_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// undeclared is the reference with a policy of its own, described without
// choices.
func undeclared(t *testing.T, policy func(*refserver.Policy), change func(*target.Target)) *target.Resolved {
	t.Helper()
	p := refserver.Conformant()
	policy(&p)
	server, err := refserver.Start(context.Background(), refserver.Options{Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	d, err := embedded.Load()
	if err != nil {
		t.Fatal(err)
	}
	d.Choices = nil
	up, err := target.New(t.Context(), target.KindEmbedded, d, map[string]string{"issuer": server.Issuer(), "admin_key": server.AdminKey()})
	if err != nil {
		t.Fatal(err)
	}
	change(up)
	s, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.Target
}

// strictDevice refuses at the device endpoint what is left out elsewhere, and
// leaves out at the password grant what is refused elsewhere.
func strictDevice(p *refserver.Policy) {
	unknown, excess := p.Unknown, p.ClientExcess
	p.Unknown = func(grantType string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
		if grantType == refserver.DeviceCode && !known.Covers(asked) {
			return nil, refserver.Refuse("invalid_scope", "not known")
		}
		return unknown(grantType, asked, known)
	}
	p.ClientExcess = func(grantType string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
		if grantType == refserver.PasswordGrant {
			return asked.And(may), nil
		}
		return excess(grantType, asked, may)
	}
}

func TestChoicesAreLearnedOnEveryWay(t *testing.T) {
	got := undeclared(t, strictDevice, func(*target.Target) {})
	for name, want := range map[target.ChoiceName]string{
		target.UnknownScope: "ignore", target.OmittedScope: "default", target.ClientExcess: "reject", target.UserExcess: "drop",
		target.MalformedScope: "rejects", target.Duplicates: "normalises", target.SurplusSpaces: "normalises",
	} {
		if got.Choices[name].Value != want {
			t.Errorf("got %s %+v, want %s", name, got.Choices[name], want)
		}
	}
	want := target.ChoicesByWay{}
	want.Set(target.ByDevice, target.UnknownScope, target.Finding{Value: "reject", Source: "observed"})
	want.Set(target.ByPassword, target.ClientExcess, target.Finding{Value: "drop", Source: "observed"})
	if !maps.EqualFunc(got.ByWay, want, maps.Equal) {
		t.Errorf("got %v by way, want %v", got.ByWay, want)
	}
	if len(got.Mixed)+len(got.Unlearned)+len(got.Closed) > 0 {
		t.Errorf("got mixed %v, unlearned %v and closed %v, want none", got.Mixed, got.Unlearned, got.Closed)
	}
}

// What the target file of the reference declares is what can be seen of it: no
// choice is one that nobody can learn.
func TestEveryChoiceIsLearned(t *testing.T) {
	d, err := embedded.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := undeclared(t, func(*refserver.Policy) {}, func(*target.Target) {})
	for _, info := range target.Choices() {
		if want := d.Choices[info.Name]; got.Choices[info.Name].Value != want {
			t.Errorf("%s: got %q, want %q as the target file says", info.Name, got.Choices[info.Name].Value, want)
		}
	}
}

func TestWhatIsDeclaredOfAWayIsNotLookedAt(t *testing.T) {
	got := undeclared(t, strictDevice, func(up *target.Target) {
		up.Description.ChoicesByWay = map[target.Way]map[target.ChoiceName]string{target.ByDevice: {target.UnknownScope: "ignore"}}
	})
	if f := got.ByWay[target.ByDevice][target.UnknownScope]; f != (target.Finding{Value: "ignore", Source: "declared"}) {
		t.Errorf("got %+v, want what is declared", f)
	}
}

func TestAMachineShowsWhatItCan(t *testing.T) {
	got := undeclared(t, func(*refserver.Policy) {}, func(up *target.Target) {
		for _, name := range []target.Capability{"as.code", "as.device", "as.ciba", "as.ropc", "as.assertion"} {
			up.Description.Capabilities[name] = "false"
		}
	})
	if f := got.Choices[target.UnknownScope]; f.Value != "ignore" || got.Capabilities["fx.channels"].Value != "1" || len(got.ByWay) > 0 {
		t.Errorf("got %+v, %+v and %v, want it ignored on the one way", f, got.Capabilities["fx.channels"], got.ByWay)
	}
	if f, ok := got.Choices[target.UserExcess]; ok {
		t.Errorf("got %+v, want nothing known of a resource owner's role", f)
	}
}

func TestAWayThatLeadsNowhereIsNotOne(t *testing.T) {
	s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
		if endpoint(r, "/device_authorization") {
			return http.StatusBadRequest, `{"error":"unauthorized_client"}`
		}
		return resp.StatusCode, body
	}, func(up *target.Target) { up.Kind = target.KindExternal })
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := s.Target.Closed[target.ByDevice]; !strings.Contains(why, "unauthorized_client") || len(s.Target.Closed) != 1 {
		t.Errorf("got %v closed, want the device, with the refusal", s.Target.Closed)
	}
	if f := s.Target.Capabilities["fx.channels"]; f.Value != "5" || !strings.Contains(f.Source, "unauthorized_client") {
		t.Errorf("got %+v, want 5 ways, and why not 6", f)
	}
	planner, err := s.NewCast().Client(t.Context(), "Planner")
	if err != nil {
		t.Fatal(err)
	}
	if _, open := planner.Open(target.ByDevice, nil); open {
		t.Error("got the device open, want it closed")
	}
}

func TestRegistrationIsLookedAt(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   target.Finding
	}{
		"refused": {http.StatusForbidden, `{"error":"access_denied"}`, target.Finding{Value: "false", Source: "observed: a registration is refused with access_denied"}},
		"silent":  {http.StatusCreated, `{"client_id":"x"}`, target.Finding{Value: "false", Source: "observed"}},
		"told":    {http.StatusCreated, `{"client_id":"x","scope":"read:appointments"}`, target.Finding{Value: "true", Source: "observed"}},
	} {
		s := stage(t, func(r *http.Request, resp *http.Response, body string) (int, string) {
			if endpoint(r, "/register") {
				return row.status, row.body
			}
			return resp.StatusCode, body
		}, func(up *target.Target) { up.Kind = target.KindExternal })
		if err := s.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.Target.Capabilities["as.dcr.scope"]; got != row.want {
			t.Errorf("%s: got %+v, want %+v", name, got, row.want)
		}
	}
}
