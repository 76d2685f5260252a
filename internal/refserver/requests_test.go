package refserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

const rc = "read:contacts"

func (r rig) push(c client, form url.Values) (string, map[string]any) {
	r.Helper()
	form.Del("client_id")
	_, answer := r.post("/par", c, form)
	uri, _ := answer["request_uri"].(string)
	return uri, answer
}

func brought(c client, uri string, more ...string) url.Values {
	query := url.Values{"client_id": {c.id}, "request_uri": {uri}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return query
}

func TestPushedRequests(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	uri, answer := r.push(planner, request(planner, ra))
	want(t, "lifetime", answer["expires_in"], 60)
	b.visit(brought(planner, uri, "scope", both))
	want(t, "listed", b.listed(), []string{ra})
	b.decide("allow")
	want(t, "state", b.answered.Get("state"), "s")
	want(t, "scope", b.redeem(planner)["scope"], ra)
	b.visit(brought(planner, uri))
	want(t, "used", b.answered, url.Values(nil))

	other := r.register(both, nil)
	uri, _ = r.push(planner, request(planner, ra))
	b.visit(brought(other, uri))
	want(t, "another client", b.answered, url.Values(nil))
	b.visit(brought(planner, uri))
	want(t, "its own afterwards", b.redeem(planner)["scope"], ra)

	uri, _ = r.push(planner, request(planner, ra))
	r.admin("POST", "/admin/clock", map[string]any{"advance_seconds": 61})
	b.visit(brought(planner, uri))
	want(t, "expired", b.answered, url.Values(nil))

	_, answer = r.push(client{"viewer", "viewer-secret"}, request(planner, wa))
	want(t, "client excess", answer["error"], "invalid_scope")
	_, answer = r.push(planner, request(planner, "", "scope", ra, "scope", wa))
	want(t, "repeated", answer["error"], "invalid_request")
	_, answer = r.push(client{"planner", "wrong"}, request(planner, ra))
	want(t, "wrong secret", answer["error"], "invalid_client")

	strict := r.register(both, map[string]any{"require_pushed_authorization_requests": true})
	b.authorize(strict, ra)
	want(t, "not pushed", b.answered.Get("error"), "invalid_request")
	uri, _ = r.push(strict, request(strict, ra))
	b.visit(brought(strict, uri))
	want(t, "pushed", b.last, "/consent")
}

func TestRepeatedAndEmptyScope(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	b.authorize(planner, "", "scope", ra, "scope", wa)
	want(t, "repeated", b.answered.Get("error"), "invalid_request")
	b.answered = nil
	b.open(b.http.PostForm(r.Issuer()+"/authorize?scope=x", request(planner, ra)))
	want(t, "one in each", b.answered.Get("error"), "invalid_request")
	b.authorize(planner, "", "scope", "")
	want(t, "empty", b.listed(), []string{ra})
	b.authorize(planner, "read:appointments%20write:appointments")
	want(t, "encoded twice", b.answered.Get("error"), "access_denied")
}

func TestRequestObjects(t *testing.T) {
	r := start(t, refserver.Options{})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("oauth-authz-req+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	object := func(c client, scope string) string {
		claims := map[string]any{"iss": c.id, "aud": r.Issuer()}
		for name, values := range request(c, scope) {
			claims[name] = values[0]
		}
		text, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	signing := r.register(both+" openid", map[string]any{
		"jwks":                       map[string]any{"keys": []any{jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}}},
		"request_object_signing_alg": "ES256",
	})
	unsigned := func(c client) string {
		parts := strings.Split(object(c, ra), ".")
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	}
	b := r.browser("ada")
	b.authorize(signing, both, "request", object(signing, ra))
	want(t, "listed", b.listed(), []string{ra})
	b.decide("allow")
	want(t, "object narrow", b.redeem(signing)["scope"], ra)
	b.visit(url.Values{"client_id": {signing.id}, "request": {object(signing, both)}})
	want(t, "object alone", b.listed(), []string{ra, wa})
	tampered := strings.Split(object(signing, ra), ".")
	tampered[1] = strings.Split(object(signing, both), ".")[1]
	for what, text := range map[string]string{
		"tampered": strings.Join(tampered, "."), "unsigned": unsigned(signing), "of another": object(planner, ra), "garbage": "x",
	} {
		b.authorize(signing, both, "request", text)
		want(t, what, b.answered.Get("error"), "invalid_request_object")
	}
	b.authorize(planner, both, "request", unsigned(planner))
	want(t, "unsigned, nothing registered", b.listed(), []string{ra})
	uri, _ := r.push(signing, url.Values{"request": {object(signing, ra)}})
	b.visit(brought(signing, uri))
	want(t, "pushed", b.redeem(signing)["scope"], ra)
	_, answer := r.push(signing, url.Values{"request": {unsigned(signing)}})
	want(t, "pushed, unsigned", answer["error"], "invalid_request_object")
}

func TestSeveralResources(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		calendar, contacts := r.Issuer()+"/calendar", r.Issuer()+"/contacts"
		b := r.browser("ada")
		two := []string{"resource", calendar, "resource", contacts, "prompt", "consent"}
		b.authorize(planner, "offline_access "+ra+" "+wa+" "+rc, two...)
		want(t, "listed", b.listed(), []string{"offline_access", ra, wa, rc})
		b.decide("allow", wa)
		token := b.redeem(planner, "resource", calendar)
		want(t, "calendar", token["scope"], "offline_access "+ra)
		access := token["access_token"].(string)
		want(t, "calendar token there", r.api("GET", "/calendar/appointments", access, ""), 200)
		want(t, "calendar token elsewhere", r.api("GET", "/contacts/appointments", access, ""), 401)
		_, seen := r.post("/introspect", client{"contacts-api", "contacts-api-secret"}, url.Values{"token": {access}})
		want(t, "introspected by the other API", seen["active"], false)
		_, next := r.refresh(planner, token["refresh_token"], "", "resource", contacts)
		want(t, "contacts", next["scope"], "offline_access "+ra+" "+rc)
		want(t, "contacts token there", r.api("GET", "/contacts/contacts", next["access_token"].(string), ""), 200)
		_, refused := r.refresh(planner, next["refresh_token"], "", "resource", "https://unknown.example")
		want(t, "unknown", refused["error"], "invalid_target")
		_, refused = r.refresh(planner, next["refresh_token"], "", "resource", calendar, "resource", contacts)
		want(t, "both at once", refused["error"], "invalid_target")

		r.call("POST", "/account/api/grants/planner/remove", basic("ada"), strings.NewReader(`{"scope":"`+ra+`","resource":"`+contacts+`"}`))
		_, next = r.refresh(planner, next["refresh_token"], "", "resource", contacts)
		want(t, "edited", next["scope"], "offline_access "+rc)
		_, next = r.refresh(planner, next["refresh_token"], "", "resource", calendar)
		want(t, "not edited", next["scope"], "offline_access "+ra)
		b.authorize(planner, ra+" "+rc, "resource", calendar, "resource", contacts)
		want(t, "asked again for what was taken back", b.last, "/consent")
		b.decide("allow")
		b.authorize(planner, ra+" "+rc, "resource", calendar, "resource", contacts)
		want(t, "remembered", b.redeem(planner, "resource", contacts)["scope"], ra+" "+rc)
		b.authorize(planner, ra, "resource", "https://unknown.example")
		want(t, "unknown at the start", b.answered.Get("error"), "invalid_target")
		_, refused = r.refresh(planner, token["refresh_token"], "")
		want(t, "reuse", refused["error"], "invalid_grant")
		_, refused = r.refresh(planner, next["refresh_token"], "", "resource", contacts)
		want(t, "after reuse", refused["error"], "invalid_grant")
	})
}

func TestFrontChannel(t *testing.T) {
	r := start(t, refserver.Options{})
	types := []string{"code", "token", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
	legacy := r.register(everything, map[string]any{"response_types": types, "grant_types": []string{"authorization_code", "implicit", "refresh_token"}})
	b := r.browser("ada")
	ask := func(kind, scope string, more ...string) {
		t.Helper()
		b.authorize(legacy, scope, append(more, "response_type", kind, "nonce", "n")...)
	}
	for _, kind := range types[1:] {
		ask(kind, "openid email offline_access "+both, "prompt", "consent")
		b.decide("allow", wa)
		got := b.answered
		want(t, kind+": fragment and state", pair(200, b.fragment)+got.Get("state"), "200 trues")
		for name, part := range map[string]string{"code": "code", "access_token": "token", "id_token": "id_token"} {
			want(t, kind+": "+name, got.Has(name), slices.Contains(strings.Fields(kind), part))
		}
		want(t, kind+": scope", got.Get("scope"), "openid email "+ra)
		want(t, kind+": refresh token", got.Has("refresh_token"), false)
		claims := payload(t, got.Get("id_token"))
		want(t, kind+": email", claims["email"] != nil, kind == "id_token")
		want(t, kind+": hashes", pair(0, []bool{claims["at_hash"] != nil, claims["c_hash"] != nil}),
			pair(0, []bool{got.Has("access_token") && got.Has("id_token"), got.Has("code") && got.Has("id_token")}))
		if token := got.Get("access_token"); token != "" {
			want(t, kind+": read", r.api("GET", "/calendar/appointments", token, ""), 200)
			want(t, kind+": write", r.api("POST", "/calendar/appointments", token, "{}"), 403)
		}
		if got.Has("code") {
			want(t, kind+": redeemed", b.redeem(legacy)["scope"], "openid email offline_access "+ra)
		}
	}
	for what, test := range map[string][3]string{
		"malformed scope":        {"token", `a"b`, "invalid_scope"},
		"ID token, no openid":    {"id_token", "profile", "invalid_scope"},
		"denied":                 {"id_token token", "openid " + both, "access_denied"},
		"an unknown combination": {"token x", ra, "unsupported_response_type"},
	} {
		ask(test[0], test[1], "prompt", "consent")
		if test[2] == "access_denied" {
			b.decide("deny")
		}
		want(t, what, b.answered.Get("error"), test[2])
		want(t, what+": fragment", b.fragment, test[2] != "unsupported_response_type")
		want(t, what+": tokens", b.answered.Has("id_token") || b.answered.Has("access_token"), false)
	}
	b.authorize(planner, ra, "response_type", "token")
	want(t, "a client that is not registered for it", b.answered.Get("error"), "unauthorized_client")
}

func TestAuthorizationDetails(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		one, more := `[{"type":"calendar_access","actions":["list"],"limit":5}]`, `[{"type":"calendar_access","actions":["list"],"limit":9}]`
		text := func(value any) string { raw, _ := json.Marshal(value); return string(raw) }
		ask := func(declined ...string) map[string]any {
			b := r.browser("ada")
			b.authorize(planner, "offline_access "+both, "authorization_details", one, "prompt", "consent")
			want(t, "shown", strings.Contains(b.page, "at most 5 appointments"), true)
			b.decide("allow", declined...)
			return b.redeem(planner)
		}
		granted := `[{"actions":["list"],"limit":5,"type":"calendar_access"}]`
		token := ask()
		want(t, "both", pair(0, token["scope"])+text(token["authorization_details"]), "0 offline_access "+both+granted)
		_, seen := r.post("/introspect", planner, url.Values{"token": {token["access_token"].(string)}})
		want(t, "introspected", text(seen["authorization_details"]), granted)
		_, next := r.refresh(planner, token["refresh_token"], ra)
		want(t, "narrowed scope", pair(0, next["scope"])+text(next["authorization_details"]), "0 "+ra+granted)
		_, refused := r.refresh(planner, next["refresh_token"], "", "authorization_details", more)
		want(t, "wider", refused["error"], "invalid_authorization_details")
		narrow := strings.Replace(one, "5", "2", 1)
		_, next = r.refresh(planner, next["refresh_token"], "", "authorization_details", narrow)
		want(t, "narrowed detail", pair(0, next["scope"])+text(next["authorization_details"]), "0 offline_access "+both+strings.Replace(granted, "5", "2", 1))
		_, next = r.refresh(planner, next["refresh_token"], "")
		want(t, "the whole again", text(next["authorization_details"]), granted)
		want(t, "detail declined", ask("detail 0")["authorization_details"], nil)
		alone := ask("offline_access", ra, wa)
		want(t, "scope declined", pair(0, alone["scope"])+text(alone["authorization_details"]), "0 "+granted)
		want(t, "read with it", r.api("GET", "/calendar/appointments", alone["access_token"].(string), ""), 403)
		b := r.browser("ada")
		b.authorize(planner, ra, "authorization_details", `[{"type":"unknown"}]`)
		want(t, "unknown type", b.answered.Get("error"), "invalid_authorization_details")
	})
}

func TestGrantManagement(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		steward := r.register(everything+" share:appointments grant_management_query grant_management_revoke", nil)
		b := r.browser("ada")
		ask := func(scope, action, id string, declined ...string) map[string]any {
			more := []string{"grant_management_action", action, "prompt", "consent"}
			if id != "" {
				more = append(more, "grant_id", id)
			}
			b.authorize(steward, "offline_access "+scope, more...)
			if b.last != "/consent" || b.answered != nil {
				return map[string]any{"error": b.answered.Get("error")}
			}
			b.decide("allow", declined...)
			return b.redeem(steward)
		}
		_, tokens := r.post("/token", steward, url.Values{"grant_type": {"client_credentials"}, "scope": {"grant_management_query"}})
		query := tokens["access_token"].(string)
		_, tokens = r.post("/token", steward, url.Values{"grant_type": {"client_credentials"}, "scope": {"grant_management_revoke"}})
		revoke := tokens["access_token"].(string)
		held := func(id any) any {
			_, view, _ := r.call("GET", "/grants/"+id.(string), map[string][]string{"Authorization": {"Bearer " + query}}, nil)
			list, _ := view["scopes"].([]any)
			if len(list) == 0 {
				return view["error"]
			}
			return list[0].(map[string]any)["scope"]
		}
		first := ask(both, "create", "", wa)
		id := first["grant_id"].(string)
		second := ask(wa, "create", "")
		want(t, "query", held(id), "offline_access "+ra)
		want(t, "separate", held(second["grant_id"]), "offline_access "+wa)
		b.authorize(steward, ra)
		want(t, "not remembered elsewhere", b.last, "/consent")

		merged := ask(wa, "merge", id)
		want(t, "same id", merged["grant_id"], id)
		want(t, "merged", merged["scope"], "offline_access "+ra+" "+wa)
		want(t, "held", held(id), "offline_access "+ra+" "+wa)
		_, old := r.refresh(steward, first["refresh_token"], "")
		want(t, "old refresh token", old["error"], "invalid_grant")
		want(t, "old access token", r.api("GET", "/calendar/appointments", first["access_token"].(string), ""), 200)

		b.authorize(steward, "share:appointments", "grant_management_action", "merge", "grant_id", id)
		b.decide("deny")
		want(t, "denied", held(id), "offline_access "+ra+" "+wa)
		_, next := r.refresh(steward, merged["refresh_token"], "")
		want(t, "refresh after denial", next["scope"], "offline_access "+ra+" "+wa)

		replaced := ask(ra, "replace", id)
		want(t, "replaced", pair(0, replaced["scope"])+held(id).(string), "0 offline_access "+ra+"offline_access "+ra)
		_, old = r.refresh(steward, next["refresh_token"], "")
		want(t, "refresh token before replacing", old["error"], "invalid_grant")

		for what, test := range map[string][3]string{
			"create with id": {"create", id, "invalid_request"}, "id alone": {"", id, "invalid_request"},
			"unknown action": {"x", "", "invalid_request"}, "merge without id": {"merge", "", "invalid_request"},
			"unknown id": {"merge", "x", "invalid_grant_id"},
		} {
			want(t, what, ask(ra, test[0], test[1])["error"], test[2])
		}
		bo := r.browser("bo")
		bo.authorize(steward, ra, "grant_management_action", "merge", "grant_id", id)
		want(t, "another user", bo.answered.Get("error"), "invalid_grant_id")
		b.authorize(planner, ra, "grant_management_action", "merge", "grant_id", id)
		want(t, "another client", b.answered.Get("error"), "invalid_grant_id")

		want(t, "query token revokes", r.api("DELETE", "/grants/"+id, query, ""), 403)
		want(t, "revoke token queries", r.api("GET", "/grants/"+id, revoke, ""), 403)
		want(t, "another token", r.api("GET", "/grants/"+id, replaced["access_token"].(string), ""), 403)
		want(t, "no token", r.api("GET", "/grants/"+id, "x", ""), 401)
		want(t, "revoke", r.api("DELETE", "/grants/"+id, revoke, ""), 204)
		want(t, "gone", r.api("GET", "/grants/"+id, query, ""), 404)
		_, old = r.refresh(steward, replaced["refresh_token"], "")
		want(t, "refresh after revocation", old["error"], "invalid_grant")
		_, next = r.refresh(steward, second["refresh_token"], "")
		want(t, "the other grant", next["scope"], "offline_access "+wa)
		r.call("POST", "/account/api/grants/"+steward.id+"/remove", basic("ada"), strings.NewReader(`{"scope":"offline_access"}`))
		want(t, "edited", held(second["grant_id"]), wa)
	})
}

func TestFeaturesThatAreLeftOutDoNotExist(t *testing.T) {
	r := start(t, refserver.Options{Without: []refserver.Feature{
		"par", "request_object", "multi_resource", "front_channel", "authorization_details", "grant_management",
	}})
	_, m, _ := r.call("GET", "/.well-known/oauth-authorization-server", nil, nil)
	for _, name := range []string{"pushed_authorization_request_endpoint", "authorization_details_types_supported", "grant_management_endpoint"} {
		want(t, name, m[name], nil)
	}
	b := r.browser("ada")
	for what, test := range map[string][]string{
		"request_not_supported":     {"request", "x"},
		"request_uri_not_supported": {"request_uri", "urn:ietf:params:oauth:request_uri:x"},
		"invalid_target":            {"resource", r.Issuer() + "/calendar", "resource", r.Issuer() + "/contacts"},
		"unsupported_response_type": {"response_type", "token"},
	} {
		b.authorize(planner, ra, test...)
		want(t, what, b.answered.Get("error"), what)
	}
	b.authorize(planner, ra, "grant_management_action", "create", "authorization_details", "x")
	b.decide("allow")
	token := b.redeem(planner)
	want(t, "ignored", pair(0, token["scope"]), "0 "+ra)
	want(t, "grant_id", token["grant_id"], nil)
}

func TestClaimsByName(t *testing.T) {
	r := start(t, refserver.Options{With: []refserver.Feature{"claims_parameter"}})
	_, m, _ := r.call("GET", "/.well-known/openid-configuration", nil, nil)
	want(t, "metadata", m["claims_parameter_supported"], true)
	b := r.browser("ada")
	for what, test := range map[string]struct {
		declined []string
		want     map[string]any
	}{
		"granted":  {nil, map[string]any{"sub": "ada", "email": "ada@scopeproof.example"}},
		"declined": {[]string{"claim email"}, map[string]any{"sub": "ada"}},
	} {
		for range 2 {
			b.authorize(planner, "openid", "claims", `{"userinfo":{"email":null,"password":null},"id_token":{"phone_number":{"essential":true}}}`)
			want(t, what+": asked", b.last, "/consent")
			b.decide("allow", test.declined...)
			token := b.redeem(planner)
			_, claims := r.userInfo(token["access_token"])
			want(t, what, claims, test.want)
			want(t, what+": ID token", payload(t, token["id_token"])["phone_number"] != nil, true)
		}
	}
}
