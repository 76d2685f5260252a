package refserver_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// TestEachDecisionAboutARequestCanGoWrong replaces one decision each time and
// looks at what only that one keeps from happening.
func TestEachDecisionAboutARequestCanGoWrong(t *testing.T) {
	type policy = *refserver.Policy
	scope := func(b *browser, decline ...string) string {
		if b.answered == nil && b.last == "/consent" {
			b.decide("allow", decline...)
		}
		if b.answered.Get("code") == "" {
			return "none"
		}
		text, _ := b.redeem(planner)["scope"].(string)
		return text
	}
	two := func(r rig) []string {
		return []string{"resource", r.Issuer() + "/calendar", "resource", r.Issuer() + "/contacts", "prompt", "consent"}
	}
	for what, test := range map[string]struct {
		change func(p policy)
		play   func(r rig, b *browser) string
		want   string
	}{
		"a repeated scope is joined": {
			func(p policy) {
				p.RepeatedScope = func(values []string) (string, string, error) {
					all := strings.Join(values, " ")
					return all, all, nil
				}
			},
			func(_ rig, b *browser) string {
				b.authorize(planner, "", "scope", ra, "scope", wa)
				return scope(b)
			}, both,
		},
		"an empty scope is not one that is omitted": {
			func(p policy) { p.Omitted = func(sent bool, _ string) bool { return !sent } },
			func(_ rig, b *browser) string { b.authorize(planner, "", "scope", ""); return b.answered.Get("error") }, "access_denied",
		},
		"a pushed scope is not checked at all": {
			func(p policy) {
				p.PAR.ClientExcess = func(_ string, asked, _ refserver.ScopeSet) (refserver.ScopeSet, error) { return asked, nil }
			},
			func(r rig, b *browser) string {
				viewer := client{"viewer", "viewer-secret"}
				uri, _ := r.push(viewer, request(viewer, both))
				b.visit(brought(viewer, uri))
				return strings.Join(b.listed(), " ")
			}, both,
		},
		"the scope beside the request_uri counts": {
			func(p policy) {
				p.PAR.Parameters = func(pushed, sent url.Values) url.Values {
					if sent.Has("scope") {
						pushed.Set("scope", sent.Get("scope"))
					}
					return pushed
				}
			},
			func(r rig, b *browser) string {
				uri, _ := r.push(planner, request(planner, ra))
				b.visit(brought(planner, uri, "scope", both))
				return scope(b)
			}, both,
		},
		"a used request_uri is good": {
			func(p policy) {
				usable := p.PAR.Usable
				p.PAR.Usable = func(u refserver.PushedUse) error { u.Used = false; return usable(u) }
			},
			func(r rig, b *browser) string {
				uri, _ := r.push(planner, request(planner, ra))
				b.visit(brought(planner, uri))
				scope(b)
				b.visit(brought(planner, uri))
				return scope(b)
			}, ra,
		},
		"an object that is no good is left aside": {
			func(p policy) {
				p.JAR.Refused = func(_ error, sent url.Values) (url.Values, error) { return sent, nil }
			},
			func(_ rig, b *browser) string { b.authorize(planner, both, "request", "x.y.z"); return scope(b) }, both,
		},
		"every API's token has every scope": {
			func(p policy) {
				p.Resources.Share = func(asked, _ refserver.ScopeSet) refserver.ScopeSet { return asked }
			},
			func(r rig, b *browser) string { b.authorize(planner, ra+" "+rc, two(r)...); return scope(b) }, ra + " " + rc,
		},
		"any resource is stamped": {
			func(p policy) {
				p.Resources.Chosen = func(granted, asked []string) (string, error) { return append(asked, granted...)[0], nil }
			},
			func(r rig, b *browser) string {
				b.authorize(planner, ra, two(r)...)
				b.decide("allow")
				token := b.redeem(planner, "resource", "https://unknown.example")
				_, seen := r.post("/introspect", planner, url.Values{"token": {token["access_token"].(string)}})
				return seen["aud"].(string)
			}, "https://unknown.example",
		},
		"the refresh token keeps the first API alone": {
			func(p policy) { p.Resources.Bound = func(_ []string, used string) []string { return []string{used} } },
			func(r rig, b *browser) string {
				b.authorize(planner, "offline_access "+ra, two(r)...)
				b.decide("allow")
				token := b.redeem(planner, "resource", r.Issuer()+"/calendar")
				_, next := r.refresh(planner, token["refresh_token"], "", "resource", r.Issuer()+"/contacts")
				return next["error"].(string)
			}, "invalid_target",
		},
		"every token is for every API": {
			func(p policy) {
				p.Resources.Audience = func(_ refserver.Issue, _ string, served []string) []string { return served }
			},
			func(r rig, b *browser) string {
				b.authorize(planner, ra, "prompt", "consent")
				b.decide("allow")
				return pair(r.api("GET", "/contacts/appointments", b.redeem(planner)["access_token"].(string), ""), "")
			}, "200 ",
		},
		"details hide the scope": {
			func(p policy) {
				p.Details.Beside = func(_ refserver.ScopeSet, d refserver.Details) (refserver.ScopeSet, refserver.Details) { return nil, d }
			},
			func(_ rig, b *browser) string {
				b.authorize(planner, ra, "authorization_details", `[{"type":"calendar_access","actions":["list"],"limit":5}]`)
				return scope(b)
			}, "",
		},
		"details are granted with the scope": {
			func(p policy) {
				p.Details.Granted = func(asked, _ refserver.Details, _ refserver.ScopeSet) refserver.Details { return asked }
			},
			func(_ rig, b *browser) string {
				b.authorize(planner, ra, "authorization_details", `[{"type":"calendar_access","actions":["list"],"limit":5}]`)
				b.decide("allow", "detail 0")
				return pair(0, b.redeem(planner)["authorization_details"] != nil)
			}, "0 true",
		},
		"one grant for all": {
			func(p policy) { p.Manage.NewID = func(user, client, _ string) string { return user + client } },
			func(_ rig, b *browser) string {
				var ids []any
				for range 2 {
					b.authorize(planner, ra, "grant_management_action", "create")
					b.decide("allow")
					ids = append(ids, b.redeem(planner)["grant_id"])
				}
				return pair(0, ids[0] == ids[1])
			}, "0 true",
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := refserver.Conformant()
			test.change(&p)
			wrong := start(t, refserver.Options{Policy: p})
			want(t, "replaced", test.play(wrong, wrong.browser("ada")), test.want)
		})
	}
}

// TestEachDecisionAboutARedirectCanGoWrong is the same for tokens in a redirect
// and for managed grants.
func TestEachDecisionAboutARedirectCanGoWrong(t *testing.T) {
	type set = refserver.ScopeSet
	for what, test := range map[string]struct {
		change func(p *refserver.FrontPolicy)
		kind   string
		scope  string
		play   string // "allow", "deny", or the error that comes without a page
		wrong  func(answer url.Values) bool
	}{
		"the scope is not reported": {
			func(p *refserver.FrontPolicy) {
				p.ReportedScope = func(refserver.Issue) (set, bool) { return nil, false }
			}, "token", both, "allow",
			func(a url.Values) bool { return a.Has("access_token") && !a.Has("scope") },
		},
		"a refresh token comes along": {
			func(p *refserver.FrontPolicy) { p.GivesRefreshToken = func(refserver.Issue) bool { return true } }, "token", both, "allow",
			func(a url.Values) bool { return a.Has("refresh_token") },
		},
		"the token has what was declined": {
			func(p *refserver.FrontPolicy) {
				p.Scope = func(i refserver.Issue) set { return i.Authorization.Asked }
			}, "code token", both, "allow",
			func(a url.Values) bool { return a.Has("access_token") && !a.Has("scope") },
		},
		"an error is in the query": {
			func(p *refserver.FrontPolicy) { p.InFragment = func(_ set, refused bool) bool { return !refused } }, "token", both, "deny",
			func(a url.Values) bool { return a.Get("error") == "access_denied" },
		},
		"an error carries an ID token": {
			func(p *refserver.FrontPolicy) { p.ErrorCarriesIDToken = func(set) bool { return true } }, "id_token", "openid", "deny",
			func(a url.Values) bool { return a.Has("error") && a.Has("id_token") },
		},
		"an ID token without openid": {
			func(p *refserver.FrontPolicy) { p.WithoutOpenID = func(_, _ set) error { return nil } }, "id_token", "profile", "allow",
			func(a url.Values) bool { return a.Has("id_token") },
		},
		"offline_access is kept": {
			func(p *refserver.FrontPolicy) {
				p.OfflineAccess = func(_, asked set) set { return asked }
				p.Scope = func(i refserver.Issue) set { return i.Scope }
			}, "token", "offline_access " + both, "allow",
			func(a url.Values) bool { return strings.Contains(a.Get("scope"), "offline_access") },
		},
		"no claims, though there is no UserInfo to ask": {
			func(p *refserver.FrontPolicy) {
				p.IDTokenClaims = func(refserver.ClaimsQuestion, set) map[string]any { return nil }
			}, "id_token", "openid email", "allow",
			func(a url.Values) bool { return payload(t, a.Get("id_token"))["email"] == nil },
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := refserver.Conformant()
			test.change(&p.Front)
			r := start(t, refserver.Options{Policy: p})
			legacy := r.register(everything, map[string]any{
				"response_types": []string{"token", "id_token", "code token"}, "grant_types": []string{"authorization_code", "implicit", "refresh_token"},
			})
			b := r.browser("ada")
			b.authorize(legacy, test.scope, "response_type", test.kind, "nonce", "n", "prompt", "consent")
			b.decide(test.play, wa)
			want(t, "wrong", pair(0, test.wrong(b.answered)), "0 true")
			want(t, "in the fragment", b.fragment, what != "an error is in the query")
		})
	}
}
