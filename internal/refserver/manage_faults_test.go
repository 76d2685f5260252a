package refserver_test

import (
	"net/url"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// TestEachDecisionAboutAManagedGrantCanGoWrong creates a grant for reading, then
// asks to add, to replace or to deny writing, under one wrong decision each.
func TestEachDecisionAboutAManagedGrantCanGoWrong(t *testing.T) {
	type set = refserver.ScopeSet
	for what, test := range map[string]struct {
		change         func(p *refserver.ManagePolicy)
		action, answer string
		see            string // what is looked at
		want           string
	}{
		"the id changes": {
			func(p *refserver.ManagePolicy) {
				p.GrantID = func(action, id, random string) string {
					if action == refserver.MergeGrant {
						return random
					}
					return id
				}
			},
			"merge", "allow", "same id", "false",
		},
		"the old refresh token lives and has more": {
			func(p *refserver.ManagePolicy) {
				p.Earlier = func(o refserver.ManagedOutcome, current set) (set, bool, bool) {
					return current.Or(o.Accepted), true, false
				}
			}, "merge", "allow", "old refresh token", "offline_access " + both,
		},
		"replace adds": {
			func(p *refserver.ManagePolicy) {
				p.Held = func(_ string, held, accepted set) set { return held.Or(accepted) }
			},
			"replace", "allow", "held", "offline_access " + both,
		},
		"a denial ends refresh tokens": {
			func(p *refserver.ManagePolicy) {
				p.Earlier = func(_ refserver.ManagedOutcome, current set) (set, bool, bool) { return current, false, false }
			}, "merge", "deny", "old refresh token", "invalid_grant",
		},
		"any token manages": {
			func(p *refserver.ManagePolicy) {
				p.Allowed = func(string, set, string, refserver.Grant) error { return nil }
			}, "merge", "allow", "revoked by any token", "204 ",
		},
		"a query shows what was": {
			func(p *refserver.ManagePolicy) { p.Shown = func(g refserver.Grant) set { return g.History } },
			"replace", "allow", "held", "offline_access " + both,
		},
		"anybody's grant is reached": {
			func(p *refserver.ManagePolicy) {
				p.Reaches = func(bool, refserver.Grant, string, string) error { return nil }
			}, "merge", "bo", "page", "/consent",
		},
		"an id alone merges": {
			func(p *refserver.ManagePolicy) {
				p.Asked = func(action, id string) (string, error) {
					if action == "" && id != "" {
						action = refserver.MergeGrant
					}
					return action, nil
				}
			}, "", "allow", "held", "offline_access " + both,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := refserver.Conformant()
			test.change(&p.Manage)
			r := start(t, refserver.Options{Policy: p})
			steward := r.register(everything+" grant_management_query", nil)
			_, tokens := r.post("/token", steward, url.Values{"grant_type": {"client_credentials"}, "scope": {"grant_management_query"}})
			query := tokens["access_token"].(string)
			b := r.browser("ada")
			b.authorize(steward, "offline_access "+ra, "grant_management_action", "create", "prompt", "consent")
			b.decide("allow")
			first := b.redeem(steward)
			id, _ := first["grant_id"].(string)
			if test.answer == "bo" {
				b = r.browser("bo")
				b.authorize(steward, ra, "grant_management_action", test.action, "grant_id", id)
				want(t, test.see, b.last, test.want)
				return
			}
			b.authorize(steward, "offline_access "+wa, "grant_management_action", test.action, "grant_id", id, "prompt", "consent")
			b.decide(test.answer)
			switch test.see {
			case "same id":
				want(t, test.see, b.redeem(steward)["grant_id"] == id, test.want)
			case "old refresh token":
				_, old := r.refresh(steward, first["refresh_token"], "")
				got := old["scope"]
				if got == nil {
					got = old["error"]
				}
				want(t, test.see, got, test.want)
			case "revoked by any token":
				want(t, test.see, pair(r.api("DELETE", "/grants/"+id, first["access_token"].(string), ""), ""), test.want)
			default:
				_, view, _ := r.call("GET", "/grants/"+id, map[string][]string{"Authorization": {"Bearer " + query}}, nil)
				want(t, test.see, view["scopes"].([]any)[0].(map[string]any)["scope"], test.want)
			}
		})
	}
}
