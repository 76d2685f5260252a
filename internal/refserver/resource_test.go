package refserver_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// bearing is the header that presents a token.
func bearing(token any) http.Header {
	return http.Header{"Authorization": {fmt.Sprint("Bearer ", token)}}
}

func TestEachPartOfABatchIsDecidedByItself(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		full, reads, writes := b.grant(planner, both)["access_token"], b.grant(planner, ra)["access_token"], b.grant(planner, wa)["access_token"]
		_, made, _ := r.call("POST", "/calendar/appointments", bearing(full), strings.NewReader(`{"title":"t"}`))
		batch := func(token any) string {
			body := fmt.Sprintf(`{"operations":[{"method":"GET","id":%q},{"method":"DELETE","id":%q},{"method":"POST","title":"u"}]}`, made["id"], made["id"])
			status, answer, _ := r.call("POST", "/calendar/appointments/batch", bearing(token), strings.NewReader(body))
			got := fmt.Sprint(status)
			results, _ := answer["results"].([]any)
			for _, result := range results {
				got += fmt.Sprint(" ", result.(map[string]any)["status"])
			}
			return got
		}
		want(t, "without a token", batch(""), "401")
		want(t, "reads", batch(reads), "200 200 403 403")
		item := fmt.Sprint("/calendar/appointments/", made["id"])
		want(t, "nothing happened", r.api("GET", item, fmt.Sprint(reads), ""), 200)
		want(t, "notes", r.api("POST", item+"/notes", fmt.Sprint(reads), `{"text":"x"}`), 403)
		want(t, "notes", r.api("POST", item+"/notes", fmt.Sprint(writes), `{"text":"x"}`), 201)
		want(t, "notes", r.api("GET", item+"/notes", fmt.Sprint(writes), ""), 403)
		_, notes, _ := r.call("GET", item+"/notes", bearing(reads), nil)
		want(t, "notes", notes["notes"], []any{"x"})
		want(t, "writes", batch(writes), "200 403 204 201")
	})
}

func TestTokensStandInOneHeaderOnly(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	reads, writes := fmt.Sprint(b.grant(planner, ra)["access_token"]), fmt.Sprint(b.grant(planner, wa)["access_token"])
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	list := "/calendar/appointments"
	send := func(method, address string, header http.Header, body string) int {
		status, _, _ := r.call(method, address, header, strings.NewReader(body))
		return status
	}
	want(t, "query", send("GET", list+"?access_token="+reads, nil, ""), 401)
	want(t, "form", send("POST", list, form, "access_token="+writes), 401)
	want(t, "header and query", send("POST", list+"?access_token="+writes, bearing(reads), "{}"), 400)
	form.Set("Authorization", "Bearer "+reads)
	want(t, "header and form", send("POST", list, form, "access_token="+writes), 400)
	two := http.Header{"Authorization": {"Bearer " + reads, "Bearer " + writes}}
	want(t, "two headers", send("POST", list, two, "{}"), 400)
	forwarded := bearing(reads)
	forwarded["X-Forwarded-Scopes"], forwarded["X-Scope"] = []string{both}, []string{both}
	want(t, "forwarded", send("POST", list+"?scope="+url.QueryEscape(both), forwarded, "{}"), 403)
}

func TestOnlyGenuineAccessTokensOpenTheCalendar(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		token := b.grant(planner, "openid offline_access "+ra)
		list := "/calendar/appointments"
		for _, name := range []string{"refresh_token", "id_token"} {
			status, answer, _ := r.call("GET", list, bearing(token[name]), nil)
			want(t, name, pair(status, answer["error"]), "401 invalid_token")
		}
		b.authorize(planner, ra)
		want(t, "code", r.api("GET", list, b.answered.Get("code"), ""), 401)
		access := fmt.Sprint(token["access_token"])
		want(t, "access token", r.api("GET", list, access, ""), 200)
		want(t, "other API", r.api("GET", "/contacts/appointments", access, ""), 401)
		parts := strings.Split(access, ".")
		if len(parts) == 3 {
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
			for name, forged := range map[string]string{
				"no signature": none + "." + parts[1] + ".", "another's signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86),
			} {
				want(t, name, r.api("GET", list, forged, ""), 401)
			}
		}
		r.admin("POST", "/admin/network", map[string]bool{"reachable": false})
		want(t, "cut off", r.api("GET", list, access, ""), 503)
		r.admin("POST", "/admin/network", map[string]bool{"reachable": true})
		want(t, "back", r.api("GET", list, access, ""), 200)
	})
}

func TestRevocation(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		token := b.grant(planner, "offline_access "+both)
		refresh := fmt.Sprint(token["refresh_token"])
		other := r.register(both, nil)
		active := func(token any) any {
			_, view := r.post("/introspect", planner, url.Values{"token": {fmt.Sprint(token)}})
			return view["active"]
		}
		r.post("/revoke", other, url.Values{"token": {refresh}})
		r.post("/revoke", other, url.Values{"token": {fmt.Sprint(token["access_token"])}})
		want(t, "another client", fmt.Sprint(active(refresh), active(token["access_token"])), "true true")
		_, next := r.refresh(planner, refresh, ra)
		r.post("/revoke", planner, url.Values{"token": {fmt.Sprint(next["access_token"])}})
		want(t, "narrowed token", fmt.Sprint(active(next["access_token"]), active(token["access_token"])), "false true")
		_, again := r.refresh(planner, next["refresh_token"], "")
		want(t, "scope after", again["scope"], "offline_access "+both)
		r.post("/revoke", planner, url.Values{"token": {fmt.Sprint(again["refresh_token"])}})
		want(t, "all", fmt.Sprint(active(again["refresh_token"]), active(again["access_token"]), active(token["access_token"])), "false false false")
		b.authorize(planner, both, "prompt", "none")
		want(t, "consent stays", b.redeem(planner)["scope"], both)
	})
}

func TestUnionIsRevokedAsAWhole(t *testing.T) {
	r := start(t, refserver.Options{})
	one := r.register(everything, nil)
	b := r.browser("ada")
	old := b.grant(one, "offline_access "+ra)
	b.authorize(one, "offline_access "+wa, "include_granted_scopes", "true", "prompt", "consent")
	b.decide("allow")
	union := b.redeem(one)
	want(t, "union", union["scope"], "offline_access "+wa+" "+ra)
	r.post("/revoke", one, url.Values{"token": {fmt.Sprint(union["refresh_token"])}})
	for name, token := range map[string]any{"union": union["refresh_token"], "old": old["refresh_token"]} {
		_, refused := r.refresh(one, token, "")
		want(t, name, refused["error"], "invalid_grant")
	}
}

func TestWhoMayIntrospect(t *testing.T) {
	r := start(t, refserver.Options{})
	token := r.browser("ada").grant(planner, "offline_access "+both)
	_, next := r.refresh(planner, token["refresh_token"], ra)
	ask := func(c client, token any) string {
		status, view := r.post("/introspect", c, url.Values{"token": {fmt.Sprint(token)}})
		return fmt.Sprint(status, " ", view["active"], " ", view["scope"])
	}
	want(t, "its API", ask(client{"calendar-api", "calendar-api-secret"}, next["access_token"]), "200 true "+ra)
	want(t, "its API", ask(client{"calendar-api", "calendar-api-secret"}, next["refresh_token"]), "200 true offline_access "+both)
	want(t, "the other API", ask(client{"contacts-api", "contacts-api-secret"}, next["access_token"]), "200 false <nil>")
	want(t, "a public client", ask(client{id: "pocket"}, next["access_token"]), "401 <nil> <nil>")
	status, _, _ := r.call("POST", "/introspect", http.Header{
		"Authorization": bearing(next["access_token"])["Authorization"], "Content-Type": {"application/x-www-form-urlencoded"},
	}, strings.NewReader("token="+fmt.Sprint(next["access_token"])))
	want(t, "a bearer token", status, 401)
}

func TestWithdrawnScope(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	token := b.grant(planner, "offline_access "+both)
	r.admin("POST", "/admin/scopes", map[string]any{"scope": wa, "known": false})
	_, next := r.refresh(planner, token["refresh_token"], "")
	want(t, "refreshed", next["scope"], "offline_access "+ra)
	want(t, "asked anew", b.grant(planner, both)["scope"], ra)
	r.admin("POST", "/admin/scopes", map[string]any{"scope": wa, "known": true})
	_, back := r.refresh(planner, next["refresh_token"], "")
	want(t, "back", back["scope"], "offline_access "+both)
}

func TestResourceMetadata(t *testing.T) {
	r := start(t, refserver.Options{})
	_, _, header := r.call("GET", "/calendar/appointments", nil, nil)
	place := r.Issuer() + "/.well-known/oauth-protected-resource/calendar"
	want(t, "challenge", header.Get("WWW-Authenticate"), `Bearer realm="scopeproof", resource_metadata="`+place+`"`)
	_, document, _ := r.call("GET", place, nil, nil)
	want(t, "resource", document["resource"], r.Issuer()+"/calendar")
	want(t, "scopes", document["scopes_supported"], []string{"calendar.read", ra, wa})
	without := start(t, refserver.Options{Without: []refserver.Feature{"resource_metadata"}})
	_, _, header = without.call("GET", "/calendar/appointments", nil, nil)
	want(t, "without", header.Get("WWW-Authenticate"), `Bearer realm="scopeproof"`)
}

func TestStepUp(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		low := b.grant(planner, both)["access_token"]
		_, made, _ := r.call("POST", "/calendar/appointments", bearing(low), strings.NewReader(`{"title":"t"}`))
		erase := func(token any) string {
			status, answer, header := r.call("POST", "/calendar/appointments/erase", bearing(token), strings.NewReader(fmt.Sprintf(`{"id":%q}`, made["id"])))
			return fmt.Sprint(status, " ", answer["error"], " ", strings.Contains(header.Get("WWW-Authenticate"), `acr_values="high"`))
		}
		want(t, "low", erase(low), "401 insufficient_user_authentication true")
		b.authorize(planner, ra, "acr_values", "high")
		narrow := b.redeem(planner)
		want(t, "scope", narrow["scope"], ra)
		want(t, "high without scope", erase(narrow["access_token"]), "403 insufficient_scope false")
		want(t, "still low", erase(low), "401 insufficient_user_authentication true")
		b.authorize(planner, both, "acr_values", "high")
		want(t, "high", erase(b.redeem(planner)["access_token"]), "200 <nil> false")
	})
}
