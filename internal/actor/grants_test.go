package actor_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

const both = oauth.RawScope("read:appointments write:appointments")

// scene is a cast on the embedded reference with a client and Ada.
type scene struct {
	*testing.T
	cast *actor.Cast
	*actor.Client
	ada *actor.Owner
}

func curtain(t *testing.T, client string) scene {
	t.Helper()
	cast := stage(t, nil, nil).NewCast()
	p := scene{T: t, cast: cast}
	var err error
	if p.Client, err = cast.Client(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if p.ada, err = cast.Owner(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	return p
}

func scope(text string) *oauth.RawScope { raw := oauth.RawScope(text); return &raw }

// only is the decision that grants no more than these.
func only(text string) *oauth.ConsentDecision {
	set := oauth.FieldsScope(text)
	return &oauth.ConsentDecision{Only: &set}
}

// came is what an issue came to.
func came(t *testing.T, i *actor.Issue, err error) string {
	t.Helper()
	switch {
	case err != nil:
		t.Fatal(err)
	case i.Refused != nil:
		return string(i.Refused.Code)
	}
	seen, err := i.Observe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return seen.Effective.String()
}

func want(t *testing.T, what, got, wanted string) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s: got %q, want %q", what, got, wanted)
	}
}

func TestADeviceIsDecidedOnApart(t *testing.T) {
	for _, name := range []string{"Planner", "Pocket"} {
		p := curtain(t, name)
		p.cast.Refreshing = true
		request, err := p.StartDevice(t.Context(), actor.Request{Scope: scope(string(both))})
		if err != nil {
			t.Fatal(err)
		}
		i, err := p.Poll(t.Context(), request, nil)
		want(t, "before", came(t, i, err), "authorization_pending")
		a, err := request.Decide(t.Context(), actor.Request{Owner: p.ada, Decision: only("read:appointments")})
		if err != nil {
			t.Fatal(err)
		}
		if shown, lists := a.Shown(); !a.Answered || a.Arrival.Redirect != nil || a.Arrival.Status != 200 || !lists || !shown.Equal(a.Asked) {
			t.Errorf("got %+v, want an answered page that lists %q", a.Arrival, a.Asked)
		}
		i, err = p.Poll(t.Context(), request, url.Values{"scope": {string(both)}})
		want(t, "after", came(t, i, err), "offline_access read:appointments")
		next, err := p.Refresh(t.Context(), i, nil, nil)
		want(t, "refreshed", came(t, next, err), "offline_access read:appointments")
		want(t, "the root", next.Root().Means().String(), "offline_access read:appointments")
	}
}

func TestAStalePageOfADeviceCanBeSent(t *testing.T) {
	p := curtain(t, "Planner")
	request, err := p.StartDevice(t.Context(), actor.Request{Scope: scope(string(both))})
	if err != nil {
		t.Fatal(err)
	}
	stale, err := request.Decide(t.Context(), actor.Request{Owner: p.ada, StopAtConsent: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := request.Decide(t.Context(), actor.Request{Owner: p.ada, Decision: &oauth.ConsentDecision{Deny: true}}); err != nil {
		t.Fatal(err)
	}
	i, err := p.Poll(t.Context(), request, nil)
	want(t, "denied", came(t, i, err), "access_denied")
	if err := stale.Submit(t.Context(), p.ada, false); err != nil {
		t.Fatal(err)
	}
	i, err = p.Poll(t.Context(), request, nil)
	want(t, "after the stale page", came(t, i, err), "access_denied")
}

func TestRequestsThatArePolledForMayBeRefusedAtOnce(t *testing.T) {
	p := curtain(t, "Viewer")
	request, err := p.StartDevice(t.Context(), actor.Request{Scope: scope(string(both))})
	if err != nil || request.Refused == nil || request.Refused.Code != oauth.InvalidScope {
		t.Errorf("got %+v and %v, want invalid_scope", request, err)
	}
	request, err = p.StartBackchannel(t.Context(), actor.Request{Owner: p.ada, Scope: scope("read:appointments")})
	if err != nil || request.Refused == nil || request.Refused.Code != oauth.InvalidScope {
		t.Errorf("got %+v and %v, want invalid_scope", request, err)
	}
	if _, err = request.Decide(t.Context(), actor.Request{Owner: p.ada}); err == nil {
		t.Error("got no error, want that there is nothing to decide on")
	}
}

func TestTheBackchannelIsAnsweredOnAPageOfItsOwn(t *testing.T) {
	p := curtain(t, "Planner")
	ask := func() *actor.PendingRequest {
		request, err := p.StartBackchannel(t.Context(), actor.Request{Owner: p.ada, Scope: scope("openid " + string(both))})
		if err != nil {
			t.Fatal(err)
		}
		return request
	}
	first, second := ask(), ask()
	for _, c := range []struct {
		request  *actor.PendingRequest
		decision *oauth.ConsentDecision
		want     string
	}{{second, only("openid read:appointments"), "openid read:appointments"}, {first, &oauth.ConsentDecision{Deny: true}, "access_denied"}} {
		if a, err := c.request.Decide(t.Context(), actor.Request{Owner: p.ada, Decision: c.decision}); err != nil || !a.WasAsked() {
			t.Fatalf("got %+v and %v, want a consent page", a, err)
		}
		i, err := p.Poll(t.Context(), c.request, url.Values{"scope": {"openid " + string(both)}})
		want(t, "decided", came(t, i, err), c.want)
	}
}

func TestAPasswordATokenOrAnAssertionBuysAToken(t *testing.T) {
	p := curtain(t, "Planner")
	p.cast.Refreshing = true
	i, err := p.Password(t.Context(), actor.Request{Owner: p.ada, Scope: scope(string(both))})
	want(t, "password", came(t, i, err), "offline_access "+string(both))
	next, err := p.Refresh(t.Context(), i, scope("read:appointments"), nil)
	want(t, "password, refreshed", came(t, next, err), "read:appointments")

	less, err := p.Exchange(t.Context(), actor.Exchange{Subject: i, Scope: scope("read:appointments")})
	want(t, "exchange", came(t, less, err), "read:appointments")
	more, err := p.Exchange(t.Context(), actor.Exchange{Subject: less, Actor: i, Scope: scope(string(both))})
	want(t, "exchange for more", came(t, more, err), "invalid_scope")
	other, err := p.Exchange(t.Context(), actor.Exchange{Subject: less, Other: true})
	want(t, "exchange for another API", came(t, other, err), "invalid_target")

	rival, err := p.cast.Client(t.Context(), "Rival")
	if err != nil {
		t.Fatal(err)
	}
	none, err := rival.Assert(t.Context(), actor.Request{Owner: p.ada, Scope: scope("read:appointments")}, nil)
	want(t, "assertion of a stranger to Ada", came(t, none, err), "invalid_scope")
	asserted, err := p.Assert(t.Context(), actor.Request{Owner: p.ada}, map[string]any{"scope": string(both)})
	want(t, "assertion", came(t, asserted, err), "read:appointments")
	forged, err := rival.Assert(t.Context(), actor.Request{Owner: p.ada}, map[string]any{"iss": p.ID})
	want(t, "assertion of another client", came(t, forged, err), "invalid_grant")

	for _, e := range p.cast.Recorder.Exchanges() {
		if text := e.Request.Body + e.Response.Body; strings.Contains(text, p.ada.Password.Reveal()) {
			t.Errorf("%s: a password is shown", e.Purpose)
		}
	}
}

func TestTheBoundOfAnExchangeIsSeen(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) { delete(up.Description.Choices, target.TokenExchangeBound) })
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "tx", s.Target.Choices[target.TokenExchangeBound].Value, "subset")
}

func TestWhatARevocationTakesAlongIsLearned(t *testing.T) {
	s := stage(t, nil, func(up *target.Target) {
		delete(up.Description.Choices, target.TokenRevocation)
		delete(up.Description.Choices, target.ConsentAfterRevocation)
	})
	if err := s.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "token revocation", s.Target.Choices[target.TokenRevocation].Value, "keeps")
	want(t, "consent", s.Target.Choices[target.ConsentAfterRevocation].Value, "kept")
}

func TestClientsAreRegisteredForWhatTheServerHas(t *testing.T) {
	without := []string{"refresh", "client_credentials", "device", "token_exchange", "password", "assertion", "ciba"}
	up, err := embedded.Reference(embedded.Without(without...)).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	s, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	cast := s.NewCast()
	for _, name := range []string{"Planner", "Viewer", "Pocket", "House", "Rival", "Newcomer"} {
		c, err := cast.Client(context.Background(), name)
		if err != nil || len(c.GrantTypes) != 1 {
			t.Errorf("%s: got %+v and %v, want the one grant type that there is", name, c, err)
		}
	}
	if _, err := cast.Client(t.Context(), "Robot"); err == nil || !strings.Contains(err.Error(), "no grant type") {
		t.Errorf("got %v, want that Robot can have no grant type", err)
	}
	for _, name := range []target.Capability{"as.refresh", "as.cc", "as.device", "as.tx", "as.tx.actor", "as.ropc", "as.assertion", "as.ciba"} {
		if s.Target.Capabilities[name].Yes() {
			t.Errorf("%s: got true, want false", name)
		}
	}
	want(t, "kinds of grant", s.Target.Capabilities["fx.user_grants"].Value, "1")
}
