package refserver_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

const (
	ra   = "read:appointments"
	wa   = "write:appointments"
	both = ra + " " + wa
)

func eachFormat(t *testing.T, run func(t *testing.T, r rig)) {
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			run(t, start(t, refserver.Options{TokenFormat: format}))
		})
	}
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// pair is a status and what came with it.
func pair(status int, with any) string { return fmt.Sprintf("%d %v", status, with) }

func TestConsentNarrowsTheGrant(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		b.authorize(planner, "openid "+both)
		want(t, "listed", b.listed(), []string{"openid", ra, wa})
		b.decide("allow", wa)
		want(t, "state", b.answered.Get("state"), "s")
		token := b.redeem(planner)
		want(t, "scope", token["scope"], "openid "+ra)
		want(t, "has ID token", token["id_token"] != nil, true)
		want(t, "has refresh token", token["refresh_token"] != nil, false)
		access := token["access_token"].(string)
		want(t, "read", r.api("GET", "/calendar/appointments", access, ""), 200)
		want(t, "write", r.api("POST", "/calendar/appointments", access, `{"title":"x"}`), 403)

		b.authorize(planner, ra)
		want(t, "silent", b.redeem(planner)["scope"], ra)
		b.authorize(planner, both)
		want(t, "asked again", b.last+" "+strings.Join(b.listed(), " "), "/consent "+both)
		b.decide("deny")
		want(t, "denied", b.answered.Get("error"), "access_denied")
		b.authorize(planner, both, "prompt", "none")
		want(t, "silent superset", b.answered.Get("error"), "consent_required")
	})
}

func TestConsentFormCounts(t *testing.T) {
	r := start(t, refserver.Options{})
	ada, bo := r.browser("ada"), r.browser("bo")
	ada.authorize(planner, ra)
	bo.authorize(planner, ra)
	stolen := url.Values{"tx": {ada.hidden("tx")}, "csrf": {ada.hidden("csrf")}, "decision": {"allow"}, "scope": {ra}}
	bo.open(bo.http.PostForm(r.Issuer()+"/consent", stolen))
	want(t, "another session", bo.answered, url.Values(nil))
	tampered := url.Values{"tx": stolen["tx"], "csrf": stolen["csrf"], "decision": {"allow"}, "scope": {ra, wa, "x"}}
	ada.open(ada.http.PostForm(r.Issuer()+"/consent", tampered))
	want(t, "tampered", ada.redeem(planner)["scope"], ra)
	ada.answered = nil
	ada.open(ada.http.PostForm(r.Issuer()+"/consent", stolen))
	want(t, "used form", ada.answered, url.Values(nil))

	ada.authorize(planner, ra+" basic:appointments")
	ada.decide("allow", "basic:appointments")
	want(t, "required scope declined", ada.answered.Get("error"), "access_denied")
	ada.authorize(client{"house", "house-secret"}, both)
	want(t, "first party", ada.redeem(client{"house", "house-secret"})["scope"], both)
	pocket := client{id: "pocket"}
	for range 2 {
		ada.authorize(pocket, ra)
		want(t, "public client", ada.last, "/consent")
		ada.decide("allow")
		want(t, "public client", ada.redeem(pocket)["scope"], ra)
	}
}

func TestRefresh(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		token := r.browser("ada").grant(planner, "openid offline_access "+both, "openid")
		want(t, "scope", token["scope"], "offline_access "+both)
		for _, asked := range []string{ra, "", wa, "offline_access " + both} {
			status, next := r.refresh(planner, token["refresh_token"], asked)
			full := asked
			if asked == "" {
				full = "offline_access " + both
			}
			want(t, "refresh "+asked, pair(status, next["scope"]), "200 "+full)
			token = next
		}
		for _, asked := range []string{"openid", "unknown", `a"b`, "read:contacts", "READ:APPOINTMENTS"} {
			status, next := r.refresh(planner, token["refresh_token"], asked)
			want(t, "refresh "+asked, pair(status, next["error"]), "400 invalid_scope")
		}
		other := r.register(both, nil)
		_, refused := r.refresh(other, token["refresh_token"], "")
		want(t, "another client", refused["error"], "invalid_grant")
		_, next := r.refresh(planner, token["refresh_token"], "")
		_, reused := r.refresh(planner, token["refresh_token"], "")
		want(t, "reuse", reused["error"], "invalid_grant")
		_, after := r.refresh(planner, next["refresh_token"], "")
		want(t, "after reuse", after["error"], "invalid_grant")
	})
}

func TestEditAndRevoke(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		token := b.grant(planner, "openid email offline_access "+both)
		access := token["access_token"].(string)
		b.authorize(planner, both)
		early := b.answered
		status, answer, _ := r.call("POST", "/account/api/grants/planner/remove", basic("ada"), strings.NewReader(`{"scope":"`+wa+` email"}`))
		want(t, "edit", pair(status, answer["scope"]), "200 openid offline_access "+ra)
		_, seen := r.post("/introspect", planner, url.Values{"token": {access}})
		want(t, "introspected", seen["scope"], "openid offline_access "+ra)
		_, claims, _ := r.call("GET", "/userinfo", map[string][]string{"Authorization": {"Bearer " + access}}, nil)
		want(t, "claims", claims, map[string]any{"sub": "ada"})
		_, next := r.refresh(planner, token["refresh_token"], "")
		want(t, "refreshed", next["scope"], "openid offline_access "+ra)
		b.answered = early
		want(t, "redeemed", b.redeem(planner)["scope"], ra)
		_, refused := r.refresh(planner, next["refresh_token"], wa)
		want(t, "refresh wider", refused["error"], "invalid_scope")
		b.authorize(planner, both)
		want(t, "asked again", b.last, "/consent")
		status, answer, _ = r.call("PUT", "/account/api/grants/planner", basic("ada"), strings.NewReader(`{"scope":"`+both+`"}`))
		want(t, "adding", pair(status, answer["scope"]), "200 "+ra)

		status, _, _ = r.call("DELETE", "/account/api/grants/planner", basic("ada"), nil)
		want(t, "revoke", status, 204)
		_, gone := r.refresh(planner, next["refresh_token"], "")
		want(t, "refresh after revocation", gone["error"], "invalid_grant")
		_, seen = r.post("/introspect", planner, url.Values{"token": {access}})
		want(t, "introspected", seen, map[string]any{"active": false})
		b.authorize(planner, ra, "prompt", "none")
		want(t, "silent", b.answered.Get("error"), "consent_required")
		_, listed, _ := r.call("GET", "/account/api/grants", basic("ada"), nil)
		want(t, "grants", strings.TrimSpace(listed["raw"].(string)), "[]")
	})
}

func TestRoles(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("bo")
	token := b.grant(planner, "offline_access "+both)
	want(t, "bo", token["scope"], "offline_access "+ra)
	r.admin("PUT", "/admin/users/bo/permissions", map[string]any{"permissions": []string{ra, wa}})
	_, next := r.refresh(planner, token["refresh_token"], "")
	want(t, "not widened", next["scope"], "offline_access "+ra)
	r.admin("PUT", "/admin/users/bo/permissions", map[string]any{"permissions": []string{}})
	_, next = r.refresh(planner, next["refresh_token"], "")
	want(t, "narrowed", next["scope"], "offline_access")
	cy := r.browser("cy")
	cy.authorize(planner, ra)
	want(t, "cy", cy.answered.Get("error"), "access_denied")
	want(t, "code", cy.answered.Get("code"), "")
	ada := r.browser("ada").grant(planner, ra)
	want(t, "ada", ada["scope"], ra)
	r.admin("PUT", "/admin/clients/planner/scope", map[string]any{"scope": ra})
	ada2 := r.browser("ada")
	ada2.authorize(planner, both)
	want(t, "client excess", ada2.answered.Get("error"), "invalid_scope")
}

func TestClientCredentials(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		for _, test := range []struct {
			c           client
			asked, want string
		}{
			{client{"robot", "robot-secret"}, ra, ra},
			{client{"robot", "robot-secret"}, "", ra},
			{client{"robot", "robot-secret"}, "x-unknown " + ra, ra},
			{client{"robot", "robot-secret"}, both, "invalid_scope"},
			{client{"robot", "robot-secret"}, "openid", "invalid_scope"},
			{planner, "openid offline_access share:appointments " + both, both},
			{client{id: "pocket"}, ra, "unauthorized_client"},
			{client{"viewer", "viewer-secret"}, ra, "unauthorized_client"},
		} {
			_, answer := r.post("/token", test.c, url.Values{"grant_type": {"client_credentials"}, "scope": {test.asked}})
			got := answer["scope"]
			if got == nil {
				got = answer["error"]
			}
			want(t, test.c.id+" "+test.asked, got, test.want)
			if answer["refresh_token"] != nil || answer["id_token"] != nil {
				t.Errorf("%s %s: got %v, want an access token only", test.c.id, test.asked, answer)
			}
			if token, ok := answer["access_token"].(string); ok {
				want(t, "list", r.api("GET", "/calendar/appointments", token, ""), 200)
				want(t, "me", r.api("GET", "/calendar/me", token, ""), 403)
				want(t, "userinfo", r.api("GET", "/userinfo", token, ""), 403)
			}
		}
	})
}

func TestClaimsFollowTheScope(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		count := map[string]int{"profile": 15, "email": 2, "address": 1, "phone": 2}
		for scope, names := range count {
			token := r.browser("ada").grant(planner, "openid "+scope)
			_, claims, _ := r.call("GET", "/userinfo", map[string][]string{"Authorization": {"Bearer " + token["access_token"].(string)}}, nil)
			want(t, scope, len(claims), names+1)
		}
		token := r.browser("ada").grant(planner, "profile "+ra)
		want(t, "without openid", r.api("GET", "/userinfo", token["access_token"].(string), ""), 403)
		want(t, "ID token without openid", token["id_token"], nil)
		b := r.browser("ada")
		b.authorize(planner, "openid offline_access")
		want(t, "offline without prompt=consent", b.redeem(planner)["scope"], "openid")
	})
}

func TestIncrementalAuthorization(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	first := b.grant(planner, "offline_access "+ra)
	b.authorize(planner, wa)
	b.decide("allow")
	want(t, "separate", b.redeem(planner)["scope"], wa)
	b.authorize(planner, wa, "include_granted_scopes", "true")
	want(t, "union", b.redeem(planner)["scope"], wa+" "+ra)
	_, next := r.refresh(planner, first["refresh_token"], "")
	want(t, "earlier refresh token", next["scope"], "offline_access "+ra)
	pocket := client{id: "pocket"}
	b.grant(pocket, ra)
	b.authorize(pocket, "openid", "include_granted_scopes", "true")
	b.decide("allow")
	want(t, "public client", b.redeem(pocket)["scope"], "openid")
}

func TestCalendarMatrix(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		token := func(scope string) string { return b.grant(planner, scope)["access_token"].(string) }
		reads, writes, full, none := token(ra), token(wa), token(both), token("openid")
		_, made, _ := r.call("POST", "/calendar/appointments", map[string][]string{"Authorization": {"Bearer " + full}}, strings.NewReader(`{"title":"t"}`))
		id := made["id"].(string)
		item := "/calendar/appointments/" + id
		for _, test := range []struct {
			method, path string
			want         [4]int // reads, writes, full, none
		}{
			{"GET", "/calendar/appointments", [4]int{200, 403, 200, 403}},
			{"HEAD", "/calendar/appointments", [4]int{200, 403, 200, 403}},
			{"GET", item, [4]int{200, 403, 200, 403}},
			{"HEAD", item, [4]int{200, 403, 200, 403}},
			{"POST", "/calendar/appointments", [4]int{403, 201, 201, 403}},
			{"PUT", item, [4]int{403, 200, 200, 403}},
			{"PATCH", item, [4]int{403, 200, 200, 403}},
			{"POST", "/calendar/appointments/move", [4]int{403, 403, 200, 403}},
			{"GET", "/calendar/me", [4]int{200, 403, 200, 403}},
			{"OPTIONS", item, [4]int{204, 204, 204, 204}},
			{"get", item, [4]int{405, 405, 405, 405}},
			{"PROPFIND", item, [4]int{405, 405, 405, 405}},
			{"GET", item + "/", [4]int{404, 404, 404, 404}},
			{"GET", "/calendar//appointments", [4]int{404, 404, 404, 404}},
			{"GET", "/calendar/Appointments", [4]int{404, 404, 404, 404}},
			{"GET", "/calendar/%61ppointments", [4]int{404, 404, 404, 404}},
			{"GET", "/calendar/appointments;x=1", [4]int{404, 404, 404, 404}},
			{"DELETE", item, [4]int{403, 204, 404, 403}},
		} {
			for i, held := range []string{reads, writes, full, none} {
				body := `{"id":"` + id + `","title":"n","to":"2030-01-01"}`
				want(t, fmt.Sprint(test.method, " ", test.path, " #", i), r.api(test.method, test.path, held, body), test.want[i])
			}
		}
		_, _, header := r.call("POST", "/calendar/appointments", map[string][]string{"Authorization": {"Bearer " + reads}}, nil)
		place := `, resource_metadata="` + r.Issuer() + `/.well-known/oauth-protected-resource/calendar"`
		want(t, "challenge", header.Get("WWW-Authenticate"), `Bearer realm="scopeproof", error="insufficient_scope", scope="write:appointments"`+place)
		status, _, header := r.call("GET", "/calendar/appointments", nil, nil)
		want(t, "no token", pair(status, header.Get("WWW-Authenticate")), `401 Bearer realm="scopeproof"`+place)
		want(t, "other API", r.api("GET", "/contacts/appointments", reads, ""), 401)
		bo := r.browser("bo").grant(planner, ra)["access_token"].(string)
		_, made, _ = r.call("POST", "/calendar/appointments", map[string][]string{"Authorization": {"Bearer " + full}}, strings.NewReader(`{"title":"t"}`))
		want(t, "somebody else's", r.api("GET", "/calendar/appointments/"+made["id"].(string), bo, ""), 404)
		b.authorize(planner, ra, "resource", r.Issuer()+"/contacts")
		b.decide("allow")
		contacts := b.redeem(planner)["access_token"].(string)
		want(t, "contacts", r.api("GET", "/contacts/appointments", contacts, ""), 200)
		want(t, "contacts", r.api("GET", "/contacts/contacts", contacts, ""), 403)
		want(t, "calendar with contacts token", r.api("GET", "/calendar/appointments", contacts, ""), 401)
	})
}

func TestClockAndRevocation(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		token := r.browser("ada").grant(planner, "offline_access "+ra)
		access := token["access_token"].(string)
		r.admin("POST", "/admin/clock", map[string]any{"advance_seconds": 301})
		want(t, "expired", r.api("GET", "/calendar/appointments", access, ""), 401)
		r.admin("POST", "/admin/clock", map[string]any{"reset": true})
		r.post("/revoke", planner, url.Values{"token": {access}})
		_, seen := r.post("/introspect", planner, url.Values{"token": {access}})
		want(t, "revoked", seen, map[string]any{"active": false})
		_, next := r.refresh(planner, token["refresh_token"], "")
		want(t, "refresh after it", next["scope"], "offline_access "+ra)
		other := r.register(ra, nil)
		r.post("/revoke", other, url.Values{"token": {next["refresh_token"].(string)}})
		_, next = r.refresh(planner, next["refresh_token"], "")
		want(t, "revoked by another client", next["scope"], "offline_access "+ra)
		_, seen = r.post("/introspect", other, url.Values{"token": {next["access_token"].(string)}})
		want(t, "introspected by another client", seen, map[string]any{"active": false})
		_, seen = r.post("/introspect", client{"calendar-api", "calendar-api-secret"}, url.Values{"token": {next["access_token"].(string)}})
		want(t, "introspected by the API", seen["scope"], "offline_access "+ra)
		r.post("/revoke", planner, url.Values{"token": {next["refresh_token"].(string)}})
		_, gone := r.refresh(planner, next["refresh_token"], "")
		want(t, "revoked", gone["error"], "invalid_grant")
	})
}

func TestAPIAlone(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		key, sign := harnessKey(t)
		api, err := refserver.StartAPI(context.Background(), refserver.APIOptions{
			Issuer: r.Issuer(), JWKSURI: r.Issuer() + "/jwks", TrustedKey: key,
			IntrospectionEndpoint: r.Issuer() + "/introspect", IntrospectionUser: "calendar-api", IntrospectionPassword: "calendar-api-secret",
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(api.Close)
		token := r.browser("ada").grant(planner, "openid offline_access "+ra)
		access := token["access_token"].(string)
		list := api.URL() + "/appointments"
		want(t, "read", r.api("GET", list, access, ""), 200)
		want(t, "write", r.api("POST", list, access, "{}"), 403)
		want(t, "ID token", r.api("GET", list, token["id_token"].(string), ""), 401)
		want(t, "refresh token", r.api("GET", list, token["refresh_token"].(string), ""), 401)
		want(t, "garbage", r.api("GET", list, "garbage", ""), 401)
		for _, base := range []string{api.URL(), r.Issuer() + "/calendar"} {
			if base != api.URL() {
				r.admin("POST", "/admin/trusted-key", raw(key))
			}
			for _, test := range []struct {
				scope any
				want  int
			}{
				{ra, 200}, {wa + " " + ra, 200}, {[]string{ra}, 200}, {"", 403}, {missing{}, 403}, {1, 401}, {nil, 401}, {true, 401},
				{[][]string{{ra}}, 401}, {"x," + ra, 403}, {"x\t" + ra, 403}, {"READ:APPOINTMENTS", 403}, {ra + ":all", 403}, {"read:appointment", 403},
			} {
				want(t, fmt.Sprintf("scope %#v", test.scope), r.api("GET", base+"/appointments", sign(base, test.scope), ""), test.want)
			}
			want(t, "wrong audience", r.api("GET", base+"/appointments", sign("urn:other", ra), ""), 401)
		}
	})
}

func TestMetadataNamesEveryScopeThatIsNotPrivileged(t *testing.T) {
	r := start(t, refserver.Options{})
	_, oauth, _ := r.call("GET", "/.well-known/oauth-authorization-server", nil, nil)
	_, oidc, _ := r.call("GET", "/.well-known/openid-configuration", nil, nil)
	want(t, "documents", oauth, oidc)
	want(t, "issuer", oauth["issuer"], r.Issuer())
	var listed []string
	for _, scope := range oauth["scopes_supported"].([]any) {
		listed = append(listed, scope.(string))
	}
	for _, scope := range refserver.AllScopes() {
		if privileged := scope == "appointments-admin"; slices.Contains(listed, scope) == privileged {
			t.Errorf("scopes_supported: got %q listed %v, want %v", scope, privileged, !privileged)
		}
	}
}
