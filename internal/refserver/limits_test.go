package refserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

const everything = "openid profile email offline_access calendar.read appointments-admin read:appointments:own " + both

// payload are the claims of a JWT, unverified.
func payload(t *testing.T, token any) map[string]any {
	t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	claims := map[string]any{}
	if len(parts) == 3 {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		if err := json.Unmarshal(raw, &claims); err != nil {
			t.Fatal(err)
		}
	}
	return claims
}

func (r rig) userInfo(token any) (int, map[string]any) {
	r.Helper()
	status, claims, _ := r.call("GET", "/userinfo", http.Header{"Authorization": {"Bearer " + token.(string)}}, nil)
	return status, claims
}

func TestClaimsStayWhereTheyBelong(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	token := b.grant(planner, "openid profile email offline_access", "email")
	want(t, "email in ID token", payload(t, token["id_token"])["email"], nil)
	_, claims := r.userInfo(token["access_token"])
	want(t, "email in UserInfo", claims["email"], nil)
	_, next := r.refresh(planner, token["refresh_token"], "")
	want(t, "email in refreshed ID token", payload(t, next["id_token"])["email"], nil)
	b.authorize(planner, "openid", "claims", `{"userinfo":{"email":null}}`)
	_, claims = r.userInfo(b.redeem(planner)["access_token"])
	want(t, "claims parameter", claims, map[string]any{"sub": "ada"})
	token = b.grant(planner, "openid email")
	want(t, "email in ID token", payload(t, token["id_token"])["email"], nil)
	token = b.grant(planner, "openid email offline_access "+ra)
	_, next = r.refresh(planner, token["refresh_token"], ra)
	status, _ := r.userInfo(next["access_token"])
	want(t, "UserInfo without openid", status, 403)
	_, next = r.refresh(planner, next["refresh_token"], "openid")
	_, claims = r.userInfo(next["access_token"])
	want(t, "UserInfo with openid", claims, map[string]any{"sub": "ada"})
	for range 2 {
		token = b.grant(planner, ra+" openid")
		want(t, "ID token, openid last", token["id_token"] != nil, true)
		want(t, "refresh token without offline_access", token["refresh_token"], nil)
	}
	token = b.grant(planner, "openid offline_access "+ra, "openid", "offline_access")
	want(t, "ID token, openid declined", token["id_token"], nil)
	want(t, "refresh token, offline_access declined", token["refresh_token"], nil)
}

func TestConsentIsNotShared(t *testing.T) {
	r := start(t, refserver.Options{})
	one, two := r.register(everything, nil), r.register(everything, nil)
	ada, bo := r.browser("ada"), r.browser("bo")
	ada.grant(one, ra)
	ada.authorize(two, ra)
	want(t, "another client", ada.last, "/consent")
	bo.authorize(one, ra)
	want(t, "another user", bo.last, "/consent")
	ada.authorize(one, ra, "resource", r.Issuer()+"/contacts")
	want(t, "another API", ada.last, "/consent")
	pages := map[string]bool{}
	for _, scope := range []string{ra, wa, both} {
		ada.authorize(one, scope, "prompt", "consent")
		_, list, _ := strings.Cut(ada.page, "<ul>")
		for _, value := range ada.listed() {
			list = strings.ReplaceAll(list, `value="`+value+`"`, "")
		}
		pages[strings.ReplaceAll(list, ada.hidden("tx"), "")] = true
	}
	want(t, "different pages", len(pages), 3)
	_, made, _ := r.call("POST", "/register", nil, strings.NewReader(`{"redirect_uris":["`+callback+`"],"scope":"`+ra+`","first_party":true}`))
	ada.authorize(client{id: made["client_id"].(string)}, ra)
	want(t, "registered client", ada.last, "/consent")
	ada.authorize(one, both, "prompt", "consent")
	ada.decide("allow", wa)
	want(t, "scope in the redirect", ada.answered.Has("scope"), false)
}

func TestChangesStayWithinTheirGrant(t *testing.T) {
	r := start(t, refserver.Options{})
	one, two := r.register(everything, nil), r.register(everything, nil)
	ada, bo := r.browser("ada"), r.browser("bo")
	r.admin("PUT", "/admin/users/bo/permissions", map[string]any{"permissions": []string{ra, wa}})
	adaOne, adaTwo := ada.grant(one, "offline_access "+both), ada.grant(two, "offline_access "+both)
	boOne := bo.grant(one, "offline_access "+both)
	ada.authorize(one, "email "+both)
	ada.decide("deny")
	_, adaOne = r.refresh(one, adaOne["refresh_token"], "")
	want(t, "after a denial", adaOne["scope"], "offline_access "+both)
	edit := func(c client, scope string) {
		_, _, _ = r.call("POST", "/account/api/grants/"+c.id+"/remove", basic("ada"), strings.NewReader(`{"scope":"`+scope+`"}`))
	}
	edit(one, wa)
	ada.authorize(one, "email", "include_granted_scopes", "true")
	ada.decide("allow")
	want(t, "union", ada.redeem(one)["scope"], "email "+ra)
	_, boOne = r.refresh(one, boOne["refresh_token"], "")
	want(t, "another user", boOne["scope"], "offline_access "+both)
	edit(one, "offline_access")
	_, gone := r.refresh(one, adaOne["refresh_token"], "")
	want(t, "without offline_access", gone["error"], "invalid_grant")
	_, _, _ = r.call("DELETE", "/account/api/grants/"+one.id, basic("ada"), nil)
	_, adaTwo = r.refresh(two, adaTwo["refresh_token"], "")
	want(t, "another client", adaTwo["scope"], "offline_access "+both)
	r.admin("PUT", "/admin/clients/"+two.id+"/scope", map[string]any{"scope": "offline_access " + ra})
	_, adaTwo = r.refresh(two, adaTwo["refresh_token"], "")
	want(t, "client limit", adaTwo["scope"], "offline_access "+ra)
}

func TestUserLimits(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("bo")
	for range 3 {
		token := b.grant(planner, "appointments-admin "+both)
		want(t, "response", token["scope"], ra)
		want(t, "access token", payload(t, token["access_token"])["scope"], ra)
	}
}

func TestRefreshStandsForItsOwnGrant(t *testing.T) {
	r := start(t, refserver.Options{})
	c := r.register(everything, nil)
	b := r.browser("ada")
	token := b.grant(c, "offline_access read:appointments:own")
	status, refused := r.refresh(c, token["refresh_token"], ra)
	want(t, "substring", pair(status, refused["error"]), "400 invalid_scope")
	b.authorize(c, both, "prompt", "consent")
	b.decide("allow")
	_, next := r.post("/token", c, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token["refresh_token"].(string)}, "code": {b.answered.Get("code")},
	})
	want(t, "with a code", next["scope"], "offline_access read:appointments:own")
	_, refused = r.post("/token", c, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {next["refresh_token"].(string)}, "resource": {r.Issuer() + "/contacts"},
	})
	want(t, "another resource", refused["error"], "invalid_target")
}

func TestEveryTokenHasItsOwnScope(t *testing.T) {
	r := start(t, refserver.Options{})
	one, two := r.register(everything, nil), r.register(everything, nil)
	ada, bo := r.browser("ada"), r.browser("bo")
	for range 12 {
		want(t, "ada", payload(t, ada.grant(one, both)["access_token"])["scope"], both)
		want(t, "bo", payload(t, bo.grant(two, ra)["access_token"])["scope"], ra)
	}
}

func TestUnionStaysWithTheClient(t *testing.T) {
	r := start(t, refserver.Options{})
	one, two := r.register(everything, nil), r.register(everything, nil)
	b := r.browser("ada")
	b.grant(one, wa)
	b.grant(two, ra)
	b.authorize(two, "email", "include_granted_scopes", "true")
	b.decide("allow")
	want(t, "union", b.redeem(two)["scope"], "email "+ra)
}

func TestCalendarIgnoresWhatIsNotTheScope(t *testing.T) {
	r := start(t, refserver.Options{})
	key, sign := harnessKey(t)
	r.admin("POST", "/admin/trusted-key", raw(key))
	audience := r.Issuer() + "/calendar"
	list := audience + "/appointments"
	for scope, status := range map[string]int{"*": 403, "read:*": 403, "x " + ra + " y": 200} {
		want(t, scope, r.api("GET", list, sign(audience, scope), ""), status)
	}
	want(t, "dotted", r.api("GET", audience+"/summary", sign(audience, "calendar.read"), ""), 200)
	want(t, "dot for any character", r.api("GET", audience+"/summary", sign(audience, "calendarXread"), ""), 403)
	full, reads, writes := sign(audience, both), sign(audience, ra), sign(audience, wa)
	_, made, _ := r.call("POST", list, http.Header{"Authorization": {"Bearer " + full}}, strings.NewReader(`{"title":"t"}`))
	item := fmt.Sprint(list, "/", made["id"])
	status, _, _ := r.call("GET", item, http.Header{"Authorization": {"Bearer " + reads}, "X-Http-Method-Override": {"DELETE"}}, nil)
	want(t, "override", status, 200)
	want(t, "still there", r.api("GET", item+"?_method=DELETE", reads, ""), 200)
	want(t, "still there", r.api("GET", item, full, ""), 200)
	status, answer, _ := r.call("GET", item, http.Header{"Authorization": {"Bearer " + writes}, "Accept": {"text/csv"}}, nil)
	want(t, "as CSV", pair(status, answer["error"]), "403 insufficient_scope")
}

// Tokens that are known are not verified again. What was not signed is refused
// all the same, and what is forgotten is verified.
func TestOnlyWhatWasSignedIsTakenForAToken(t *testing.T) {
	r := start(t, refserver.Options{})
	token := func() string {
		_, answer := r.post("/token", planner, url.Values{"grant_type": {"client_credentials"}, "scope": {ra}})
		return answer["access_token"].(string)
	}
	first := token()
	parts := strings.Split(first, ".")
	other := strings.Split(token(), ".")
	for name, forged := range map[string]string{
		"another's signature": parts[0] + "." + parts[1] + "." + other[2],
		"another's claims":    parts[0] + "." + other[1] + "." + parts[2],
		"no signature":        parts[0] + "." + parts[1] + ".",
		"another header":      strings.Join([]string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)), parts[1], parts[2]}, "."),
	} {
		for range 2 { // a refusal is not remembered as anything else
			want(t, name, r.api("GET", "/calendar/appointments", forged, ""), 401)
		}
	}
	for range 1024 { // as many as are known at once
		token()
	}
	for range 2 {
		want(t, "forgotten", r.api("GET", "/calendar/appointments", first, ""), 200)
	}
}
