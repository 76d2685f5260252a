package steps

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// faulty is a world on the reference server with a fault in it.
func faulty(t *testing.T, fault func(*refserver.Policy)) *World {
	t.Helper()
	p := refserver.Conformant()
	fault(&p)
	server, err := refserver.Start(context.Background(), refserver.Options{Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	d, err := embedded.Load()
	if err != nil {
		t.Fatal(err)
	}
	up, err := target.New(t.Context(), target.KindEmbedded, d, map[string]string{"issuer": server.Issuer(), "admin_key": server.AdminKey()})
	if err != nil {
		t.Fatal(err)
	}
	stage, err := actor.NewStage(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	return New(stage, 1, false)
}

const (
	ra   = "read:appointments"
	wa   = "write:appointments"
	both = ra + " " + wa
)

// player plays with one client and resource owners.
type player struct {
	*testing.T
	w *World
	*actor.Client
}

func (p player) owner(name string) *actor.Owner {
	o, err := p.w.owner(p.Context(), name)
	p.must(err)
	return o
}

func (p player) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p player) issue(i *actor.Issue, err error) *actor.Issue {
	p.Helper()
	p.must(err)
	p.w.act()
	p.w.checkInvariants(p.Context())
	p.must(p.w.Trouble())
	return i
}

func raw(text string) *oauth.RawScope { s := oauth.RawScope(text); return &s }

// granted has the owner grant the client these scopes of those that it asks for.
func (p player) granted(owner, of, these string) *actor.Issue {
	p.Helper()
	p.must(p.w.grant(p.Context(), request{client: p.Client.Name, owner: owner, scope: raw(of)}, oauth.FieldsScope(these)))
	i, err := p.Last()
	return p.issue(i, err)
}

// device has the owner grant a device these scopes of those that it asks for.
func (p player) device(owner, of, these, polled string) *actor.Issue {
	p.Helper()
	request, err := p.StartDevice(p.Context(), actor.Request{Scope: raw(of)})
	p.must(err)
	only := oauth.FieldsScope(these)
	a, err := request.Decide(p.Context(), actor.Request{Owner: p.owner(owner), Decision: &oauth.ConsentDecision{Only: &only, Deny: these == ""}})
	p.must(err)
	p.w.ledger.consent(p.w, a)
	params := url.Values{}
	if polled != "" {
		params.Set("scope", polled)
	}
	return p.issue(p.Poll(p.Context(), request, params))
}

func (p player) backchannel(owner, of, these string) *actor.Issue {
	p.Helper()
	request, err := p.StartBackchannel(p.Context(), actor.Request{Owner: p.owner(owner), Scope: raw(of)})
	p.must(err)
	only := oauth.FieldsScope(these)
	a, err := request.Decide(p.Context(), actor.Request{Owner: p.owner(owner), Decision: &oauth.ConsentDecision{Only: &only}})
	p.must(err)
	p.w.ledger.consent(p.w, a)
	return p.issue(p.Poll(p.Context(), request, nil))
}

func (p player) password(owner, scope string) *actor.Issue {
	p.Helper()
	return p.issue(p.Password(p.Context(), actor.Request{Owner: p.owner(owner), Scope: raw(scope)}))
}

// everyGrant plays what is lawful.
func everyGrant(p player) {
	p.granted("Ada", both, ra)
	subject := p.device("Ada", "openid offline_access "+both, "openid offline_access "+ra, both)
	p.issue(p.Refresh(p.Context(), subject, nil, nil))
	p.backchannel("Ada", "openid "+both, "openid "+ra)
	p.issue(p.Assert(p.Context(), actor.Request{Owner: p.owner("Ada"), Scope: raw(ra)}, nil))
	p.issue(p.Exchange(p.Context(), actor.Exchange{Subject: subject, Scope: raw(ra)}))
	refreshing := p.password("Ada", "offline_access "+both)
	p.issue(p.Refresh(p.Context(), refreshing, nil, nil))
	p.password("Bo", both)
	p.device("Bo", both, both, "")
	p.device("Ada", both, "", "")
}

func TestNoInvariantIsBrokenByALawfulGrant(t *testing.T) {
	w := faulty(t, func(*refserver.Policy) {})
	for _, name := range []string{"Planner", "House"} {
		c, err := w.client(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		everyGrant(player{t, w, c})
	}
	for _, b := range w.Breaches() {
		t.Errorf("%s: %s", b.Rule, b.Message)
	}
}

func not(limit refserver.Limit, grantType string) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		p.Applies = func(l refserver.Limit, g string) bool { return l != limit || g != grantType }
	}
}

func TestInvariantsSeeWhatAGrantGivesTooMuch(t *testing.T) {
	wider := func(r refserver.Redemption) (refserver.ScopeSet, error) {
		return r.Authorization.Granted.Or(r.Asked), nil
	}
	for name, c := range map[string]struct {
		fault  func(*refserver.Policy)
		client string
		play   func(player)
		want   string
	}{
		"the device's poll widens": {
			func(p *refserver.Policy) { p.Device.Scope = wider }, "Planner",
			func(p player) { p.device("Ada", ra, ra, both) }, "GRANT-01: Planner holds",
		},
		"what is denied to a device is issued": {
			func(p *refserver.Policy) {
				p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) { return a.Asked, nil }
			}, "Planner",
			func(p player) { p.device("Ada", both, "", "") }, "CONS-02: Planner holds",
		},
		"a device gets what it was denied in part": {
			func(p *refserver.Policy) {
				p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return r.Authorization.Asked, nil }
			}, "Planner",
			func(p player) { p.device("Ada", both, ra, "") }, "CONS-02: Planner holds",
		},
		"a device of Bo's": {
			not(refserver.UserLimit, refserver.DeviceCode), "Planner",
			func(p player) { p.device("Bo", both, both, "") }, "ROLE-01: Planner holds",
		},
		"a device of a limited client": {
			not(refserver.ClientLimit, refserver.DeviceCode), "Viewer",
			func(p player) { p.device("Ada", both, both, "") }, "CLI-01: Viewer holds",
		},
		"a complete address approves": {
			func(p *refserver.Policy) {
				p.Device.PageNeeded = func(_ refserver.ConsentQuestion, complete bool) bool { return !complete }
			}, "Planner",
			func(p player) { p.device("Ada", both, ra, "") }, "CONS-12: Planner holds",
		},
		"the backchannel gives the client's scope": {
			func(p *refserver.Policy) {
				p.CIBA.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return r.ClientMay, nil }
			}, "Planner",
			func(p player) { p.backchannel("Ada", "openid "+ra, "openid "+ra) }, "GRANT-01: Planner holds",
		},
		"Bo's password": {
			not(refserver.UserLimit, refserver.PasswordGrant), "Planner",
			func(p player) { p.password("Bo", both) }, "ROLE-01: Planner holds",
		},
		"a password at a limited client": {
			not(refserver.ClientLimit, refserver.PasswordGrant), "Viewer",
			func(p player) { p.password("Ada", both) }, "CLI-01: Viewer holds",
		},
		"a device fetches what was taken back": {
			func(p *refserver.Policy) {
				p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return r.Authorization.Granted, nil }
			}, "Planner",
			func(p player) {
				p.must(p.w.hasCode(p.Context(), "Planner", "Ada", `"`+both+`"`, " on a device"))
				p.must(p.w.removes(p.Context(), "Ada", wa, "Planner"))
				p.must(p.w.redeems(p.Context(), "Planner", "its", "", ""))
				p.issue(p.Last())
			}, "EDIT-09: Planner holds",
		},
		"an exchange widens": {
			func(p *refserver.Policy) {
				p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) { return e.Asked, nil }
			}, "Planner",
			func(p player) {
				p.issue(p.Exchange(p.Context(), actor.Exchange{Subject: p.granted("Ada", ra, ra), Scope: raw(both)}))
			}, "TX-01: Planner holds",
		},
		"an assertion grants what it asks": {
			func(p *refserver.Policy) {
				p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) { return q.Asked, nil }
			}, "Planner",
			func(p player) {
				p.granted("Ada", both, ra)
				p.issue(p.Assert(p.Context(), actor.Request{Owner: p.owner("Ada"), Scope: raw(both)}, nil))
			}, "ASRT-01: Planner holds",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := faulty(t, c.fault)
			client, err := w.client(t.Context(), c.client)
			if err != nil {
				t.Fatal(err)
			}
			c.play(player{t, w, client})
			var seen []string
			for _, b := range w.Breaches() {
				seen = append(seen, b.Rule+": "+b.Message)
			}
			if all := strings.Join(seen, "\n"); !strings.Contains(all, c.want) || strings.Count(all, "\n") > 1 {
				t.Errorf("got %q, want %q", all, c.want)
			}
		})
	}
}
