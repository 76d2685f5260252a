package refserver_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// TestFaultsOfTheServerAreOneFunctionEach replaces one decision at a time and
// looks for what a client then gets.
func TestFaultsOfTheServerAreOneFunctionEach(t *testing.T) {
	introspected := func(r rig, c client, token any) string {
		_, view := r.post("/introspect", c, url.Values{"token": {fmt.Sprint(token)}})
		return fmt.Sprint(view["active"], " ", view["scope"])
	}
	full := func(r rig) map[string]any { return r.browser("ada").grant(planner, "offline_access "+both) }
	revoke := func(r rig, c client, token any) { r.post("/revoke", c, url.Values{"token": {fmt.Sprint(token)}}) }
	for name, row := range map[string]struct {
		spoil func(p *refserver.Policy)
		see   func(r rig) string
		want  string
	}{
		"only the latest access token ends": {
			func(p *refserver.Policy) {
				active := p.TokenActive
				p.TokenActive = func(l refserver.Live) bool {
					l.Authorization.Revoked = l.Authorization.Revoked && (!l.Authorization.ByClient || l.Latest)
					return active(l)
				}
			},
			func(r rig) string {
				token := full(r)
				_, next := r.refresh(planner, token["refresh_token"], ra)
				revoke(r, planner, next["refresh_token"])
				return introspected(r, planner, token["access_token"]) + ", " + introspected(r, planner, next["access_token"])
			}, "true offline_access " + both + ", false <nil>",
		},
		"a revoked token takes its scopes along": {
			func(p *refserver.Policy) {
				p.Revocation.Left = func(a refserver.Authorization, token refserver.ScopeSet) refserver.ScopeSet {
					return a.Current.Minus(token)
				}
			},
			func(r rig) string {
				_, next := r.refresh(planner, full(r)["refresh_token"], ra)
				revoke(r, planner, next["access_token"])
				_, left := r.refresh(planner, next["refresh_token"], "")
				return fmt.Sprint(left["scope"])
			}, "offline_access " + wa,
		},
		"anybody revokes": {
			func(p *refserver.Policy) { p.Revocation.MayRevoke = func(_, _ refserver.Client) bool { return true } },
			func(r rig) string {
				token := full(r)
				revoke(r, client{"robot", "robot-secret"}, token["refresh_token"])
				_, refused := r.refresh(planner, token["refresh_token"], "")
				return fmt.Sprint(refused["error"])
			}, "invalid_grant",
		},
		"revocation allows everything": {
			func(p *refserver.Policy) {
				p.Revocation.Remembered = func(_, known refserver.ScopeSet) refserver.ScopeSet { return known }
			},
			func(r rig) string {
				b := r.browser("ada")
				revoke(r, planner, b.grant(planner, "offline_access "+ra)["refresh_token"])
				b.authorize(planner, both, "prompt", "none")
				return fmt.Sprint(b.redeem(planner)["scope"])
			}, both,
		},
		"an inactive token tells its scope": {
			func(p *refserver.Policy) {
				p.Introspection.View = func(_ refserver.Client, _ bool, all map[string]any) map[string]any { return all }
			},
			func(r rig) string {
				return introspected(r, client{"contacts-api", "contacts-api-secret"}, full(r)["access_token"])
			},
			"false offline_access " + both,
		},
		"anybody introspects": {
			func(p *refserver.Policy) {
				p.Introspection.Caller = func(refserver.Client, error) error { return nil }
				p.MayIntrospect = func(refserver.Client, string, string) bool { return true }
			},
			func(r rig) string { return introspected(r, client{id: "nobody"}, full(r)["access_token"]) },
			"true offline_access " + both,
		},
		"a withdrawn scope lives on": {
			func(p *refserver.Policy) {
				p.StillKnown = func(scope, _ refserver.ScopeSet) refserver.ScopeSet { return scope }
			},
			func(r rig) string {
				token := full(r)
				r.admin("POST", "/admin/scopes", map[string]any{"scope": wa, "known": false})
				_, next := r.refresh(planner, token["refresh_token"], "")
				return fmt.Sprint(next["scope"])
			}, "offline_access " + both,
		},
		"stepping up grants everything": {
			func(p *refserver.Policy) {
				combine := p.Combine
				p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
					if c.ACR != "" {
						return c.Client.Scope
					}
					return combine(c, all)
				}
			},
			func(r rig) string {
				b := r.browser("ada")
				b.authorize(planner, ra, "acr_values", "high", "prompt", "consent")
				b.decide("allow")
				return fmt.Sprint(strings.Contains(fmt.Sprint(b.redeem(planner)["scope"]), wa))
			}, "true",
		},
		"scopes as one string": {
			func(p *refserver.Policy) {
				p.Metadata.ScopesSupported = func(_ string, scopes refserver.ScopeSet) any { return scopes.String() }
			},
			func(r rig) string {
				_, m, _ := r.call("GET", "/.well-known/openid-configuration", nil, nil)
				return fmt.Sprintf("%T", m["scopes_supported"])
			}, "string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := refserver.Conformant()
			row.spoil(&p)
			want(t, name, row.see(start(t, refserver.Options{Policy: p})), row.want)
		})
	}
}

// TestFaultsOfRegistrationAreOneFunctionEach does the same for registration.
func TestFaultsOfRegistrationAreOneFunctionEach(t *testing.T) {
	const admin = "appointments-admin"
	asked := func(asked, _ refserver.ScopeSet) refserver.ScopeSet { return asked }
	granted := func(r rig, answer map[string]any, scope string) string {
		b := r.browser("ada")
		own := client{fmt.Sprint(answer["client_id"]), fmt.Sprint(answer["client_secret"])}
		if b.authorize(own, scope); b.last != "/consent" {
			return b.answered.Get("error")
		}
		b.decide("allow")
		return fmt.Sprint(b.redeem(own)["scope"])
	}
	for name, row := range map[string]struct {
		spoil func(p *refserver.RegistrationPolicy)
		see   func(r rig) string
		want  string
	}{
		"reports what was asked": {
			func(p *refserver.RegistrationPolicy) { p.ReportedScope = asked },
			func(r rig) string {
				_, answer := r.registers(map[string]any{"scope": ra + " " + admin})
				return fmt.Sprint(answer["scope"], ", ", granted(r, answer, admin))
			}, ra + " " + admin + ", invalid_scope",
		},
		"enforces what was asked": {
			func(p *refserver.RegistrationPolicy) { p.EnforcedScope = asked },
			func(r rig) string {
				_, answer := r.registers(map[string]any{"scope": ra + " " + admin})
				return fmt.Sprint(answer["scope"], ", ", granted(r, answer, admin))
			}, ra + ", " + admin,
		},
		"an update is not checked": {
			func(p *refserver.RegistrationPolicy) {
				p.UpdatedScope = func(u refserver.RegistrationUpdate) (refserver.ScopeSet, error) { return u.Asked, nil }
			},
			func(r rig) string {
				_, made := r.registers(map[string]any{"scope": ra})
				body, _ := json.Marshal(map[string]any{"client_id": made["client_id"], "redirect_uris": made["redirect_uris"], "scope": admin})
				r.call("PUT", fmt.Sprint(made["registration_client_uri"]), bearing(made["registration_access_token"]), strings.NewReader(string(body)))
				return granted(r, made, admin)
			}, admin,
		},
		"a list is no limit": {
			func(p *refserver.RegistrationPolicy) {
				read := p.ReadScope
				p.ReadScope = func(member json.RawMessage, parse func(string) (refserver.ScopeSet, error)) (refserver.ScopeSet, error) {
					if strings.HasPrefix(string(member), "[") {
						return refserver.AllScopes(), nil
					}
					return read(member, parse)
				}
			},
			func(r rig) string {
				_, answer := r.registers(map[string]any{"scope": []string{ra}})
				return granted(r, answer, both)
			}, both,
		},
		"the type of a client does not matter": {
			func(p *refserver.RegistrationPolicy) {
				p.PublicScope = func(_ refserver.Client, scope refserver.ScopeSet) refserver.ScopeSet { return scope }
			},
			func(r rig) string {
				_, answer := r.registers(map[string]any{"scope": "export:appointments", "token_endpoint_auth_method": "none"})
				return fmt.Sprint(answer["scope"])
			}, "export:appointments",
		},
		"the request beats the statement": {
			func(p *refserver.RegistrationPolicy) {
				p.StatementScope = func(sent, _ refserver.ScopeSet) refserver.ScopeSet { return sent }
			},
			func(r rig) string {
				key, sign := harnessKey(t)
				r.admin("POST", "/admin/statement-key", raw(key))
				_, answer := r.registers(map[string]any{"scope": both, "software_statement": sign("x", ra)})
				return fmt.Sprint(answer["scope"])
			}, both,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := refserver.Conformant()
			row.spoil(&p.Registration)
			want(t, name, row.see(start(t, refserver.Options{Policy: p})), row.want)
		})
	}
}
