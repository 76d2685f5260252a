package refserver_test

import (
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// TestOneFunctionIsOneFault replaces one function of the policy at a time and
// looks at what comes out at the token endpoint: each decision of a grant can go
// wrong by itself.
func TestOneFunctionIsOneFault(t *testing.T) {
	approve := func(r rig, user, scope string) device {
		_, d := r.device(planner, scope)
		b := r.browser(user)
		b.enter(d)
		if b.last == "/consent" {
			b.decide("allow")
		}
		return d
	}
	for name, c := range map[string]struct {
		fault func(*refserver.Policy)
		play  func(r rig) string
		want  string
	}{
		"device: omitted scope is everything": {
			func(p *refserver.Policy) {
				p.Device.Requested = func(c refserver.Client, asked refserver.ScopeSet) (refserver.ScopeSet, error) {
					return asked.Or(refserver.ScopeSet{ra, wa}), nil
				}
			},
			func(r rig) string { return told(approve(r, "ada", "").poll("")) }, "200 " + both,
		},
		"device: the poll widens": {
			func(p *refserver.Policy) {
				p.Device.Scope = func(q refserver.Redemption) (refserver.ScopeSet, error) {
					return q.Authorization.Current.Or(q.Asked), nil
				}
			},
			func(r rig) string { return told(approve(r, "ada", ra).poll(wa)) }, "200 " + both,
		},
		"device: a stale page approves": {
			func(p *refserver.Policy) { p.Device.MayDecide = func(refserver.PendingState) error { return nil } },
			func(r rig) string {
				_, d := r.device(planner, ra)
				stale, b := r.browser("ada"), r.browser("ada")
				stale.enter(d)
				b.enter(d)
				b.decide("deny")
				before := told(d.poll(""))
				stale.decide("allow")
				return before + ", " + told(d.poll(""))
			}, "400 access_denied, 200 " + ra,
		},
		"device: a denial is not told": {
			func(p *refserver.Policy) {
				polled := p.Device.Polled
				p.Device.Polled = func(s refserver.PendingState) error {
					s.Denied = false
					return polled(s)
				}
			},
			func(r rig) string {
				_, d := r.device(planner, ra)
				b := r.browser("ada")
				b.enter(d)
				b.decide("deny")
				return told(d.poll(""))
			}, "400 authorization_pending",
		},
		"device: anybody polls": {
			func(p *refserver.Policy) {
				p.Presenter = func(string, refserver.Client, refserver.Client) error { return nil }
			},
			func(r rig) string {
				d := approve(r, "ada", ra)
				return told(r.poll(client{"viewer", "viewer-secret"}, refserver.DeviceCode, "device_code", d.answer["device_code"], ""))
			}, "200 " + ra,
		},
		"device: nothing is known to be unknown": {
			func(p *refserver.Policy) {
				p.Applies = func(_ refserver.Limit, g string) bool { return g != refserver.DeviceCode }
			},
			func(r rig) string { return told(approve(r, "bo", "unknown "+both).poll("")) }, "200 unknown " + both,
		},
		"device: the address approves": {
			func(p *refserver.Policy) {
				p.Device.PageNeeded = func(_ refserver.ConsentQuestion, complete bool) bool { return !complete }
			},
			func(r rig) string {
				_, d := r.device(planner, both)
				r.browser("ada").enter(d)
				return told(d.poll(""))
			}, "200 " + both,
		},
		"device: the grant's end is not noticed": {
			func(p *refserver.Policy) {
				p.Device.Scope = func(q refserver.Redemption) (refserver.ScopeSet, error) { return q.Authorization.Granted, nil }
			},
			func(r rig) string {
				d := approve(r, "ada", both)
				r.call("DELETE", "/account/api/grants/planner", basic("ada"), strings.NewReader(""))
				return told(d.poll(""))
			}, "200 " + both,
		},
		"device: refresh yields the client's scope": {
			func(p *refserver.Policy) {
				p.RefreshScope = func(q refserver.Refresh) (refserver.ScopeSet, error) {
					if q.Authorization.GrantType == refserver.DeviceCode {
						return q.ClientMay.And(refserver.ScopeSet{ra, wa}), nil
					}
					return q.Authorization.Current, nil
				}
			},
			func(r rig) string {
				_, token := approve(r, "ada", "offline_access "+ra).poll("")
				return told(r.refresh(planner, token["refresh_token"], ""))
			}, "200 " + both,
		},
		"exchange: the audience is stamped": {
			func(p *refserver.Policy) {
				p.Exchange.Target = func(e refserver.Exchange) (refserver.ScopeSet, error) { return e.SubjectScope, nil }
			},
			func(r rig) string {
				token := r.browser("ada").grant(planner, ra)["access_token"]
				_, other := r.exchange(planner, token, "", "audience", r.Issuer()+"/contacts")
				return pair(r.api("GET", "/contacts/appointments", other["access_token"].(string), ""), other["scope"])
			}, "200 " + ra,
		},
		"exchange: only the signature counts": {
			func(p *refserver.Policy) { p.Exchange.TokenUsable = func(refserver.Live) error { return nil } },
			func(r rig) string {
				token := r.browser("ada").grant(planner, ra)["access_token"]
				r.admin("POST", "/admin/clock", map[string]any{"advance_seconds": 301})
				return told(r.exchange(planner, token, ""))
			}, "200 " + ra,
		},
		"exchange: the grant at the beginning counts": {
			func(p *refserver.Policy) {
				p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
					if e.Asked.IsEmpty() {
						return e.SubjectScope, nil
					}
					return e.Asked.And(e.Origin.Current), nil
				}
			},
			func(r rig) string {
				token := r.browser("ada").grant(planner, both)["access_token"]
				_, less := r.exchange(planner, token, ra)
				return told(r.exchange(planner, less["access_token"], wa))
			}, "200 " + wa,
		},
		"exchange: the token outlives the grant": {
			func(p *refserver.Policy) {
				p.Exchange.State = func(d refserver.Derived) refserver.Authorization { return d.Own }
			},
			func(r rig) string {
				_, token := r.exchange(planner, r.browser("ada").grant(planner, ra)["access_token"], "")
				r.call("DELETE", "/account/api/grants/planner", basic("ada"), strings.NewReader(""))
				status, view := r.post("/introspect", planner, map[string][]string{"token": {token["access_token"].(string)}})
				return pair(status, view["active"])
			}, "200 true",
		},
		"assertion: what it claims counts": {
			func(p *refserver.Policy) {
				p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
					return q.Claimed.And(q.ClientMay).And(q.UserMay), nil
				}
			},
			func(r rig) string {
				c, sign := r.signer(both)
				return told(r.post("/token", c, map[string][]string{
					"grant_type": {refserver.JWTBearer}, "assertion": {sign(map[string]any{"scope": both})},
				}))
			}, "200 " + both,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := refserver.Conformant()
			c.fault(&p)
			want(t, "seen", c.play(start(t, refserver.Options{Policy: p})), c.want)
		})
	}
}
