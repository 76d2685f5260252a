package refserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func TestPasswordGrantIsLimited(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		ask := func(c client, user, password, scope string) (int, map[string]any) {
			return r.post("/token", c, url.Values{
				"grant_type": {"password"}, "username": {user}, "password": {password}, "scope": {scope},
			})
		}
		viewer := client{"viewer", "viewer-secret"}
		for name, tc := range map[string]struct {
			client
			user, password, scope, want string
		}{
			"all":              {planner, "ada", "ada-password", both, "200 " + both},
			"default":          {planner, "ada", "ada-password", "", "200 " + ra},
			"a limited user":   {planner, "bo", "bo-password", both, "200 " + ra},
			"a limited client": {viewer, "ada", "ada-password", both, "400 invalid_scope"},
			"unknown":          {planner, "ada", "ada-password", ra + " unknown", "200 " + ra},
			"wrong password":   {planner, "ada", "bo-password", ra, "400 invalid_grant"},
			"not this grant":   {client{id: "pocket"}, "ada", "ada-password", ra, "400 unauthorized_client"},
		} {
			want(t, name, told(ask(tc.client, tc.user, tc.password, tc.scope)), tc.want)
		}
		_, token := ask(planner, "ada", "ada-password", "offline_access "+both)
		want(t, "refresh wider", told(r.refresh(planner, token["refresh_token"], "openid")), "400 invalid_scope")
		r.call("POST", "/account/api/grants/planner/remove", basic("ada"), strings.NewReader(`{"scope":"`+wa+`"}`))
		want(t, "refresh after an edit", told(r.refresh(planner, token["refresh_token"], "")), "200 offline_access "+ra)
		b := r.browser("ada")
		b.authorize(planner, ra)
		want(t, "is no consent", b.last, "/consent")
	})
}

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

func (r rig) exchange(c client, subject any, scope string, more ...string) (int, map[string]any) {
	r.Helper()
	form := url.Values{
		"grant_type": {refserver.TokenExchange}, "subject_token": {subject.(string)}, "subject_token_type": {accessTokenType},
	}
	if scope != "" {
		form.Set("scope", scope)
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return r.post("/token", c, form)
}

func TestExchangeNeverWidens(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		b := r.browser("ada")
		token := b.grant(planner, "openid offline_access "+both)["access_token"]
		status, narrow := r.exchange(planner, token, ra)
		want(t, "narrower", told(status, narrow), "200 "+ra)
		want(t, "type", narrow["issued_token_type"], accessTokenType)
		want(t, "ID token and refresh token", []any{narrow["id_token"], narrow["refresh_token"]}, []any{nil, nil})
		want(t, "write", r.api("POST", "/calendar/appointments", narrow["access_token"].(string), `{"title":"x"}`), 403)
		want(t, "back again", told(r.exchange(planner, narrow["access_token"], wa)), "400 invalid_scope")
		want(t, "all", told(r.exchange(planner, token, "")), "200 openid "+both)
		want(t, "by another client", told(r.exchange(client{"viewer", "viewer-secret"}, token, ra)), "400 invalid_request")
		want(t, "by the API", told(r.exchange(client{"calendar-api", "calendar-api-secret"}, token, ra)), "400 unauthorized_client")
		want(t, "tampered", told(r.exchange(planner, token.(string)+"x", ra)), "400 invalid_request")
		want(t, "another type", told(r.exchange(planner, token, ra, "subject_token_type", "urn:ietf:params:oauth:token-type:id_token")), "400 invalid_request")

		_, actor := r.post("/token", planner, url.Values{"grant_type": {"client_credentials"}, "scope": {wa}})
		delegate := []string{"actor_token", actor["access_token"].(string), "actor_token_type", accessTokenType}
		status, delegated := r.exchange(planner, narrow["access_token"], "", delegate...)
		want(t, "delegated", told(status, delegated), "200 "+ra)
		_, seen := r.post("/introspect", planner, url.Values{"token": {delegated["access_token"].(string)}})
		want(t, "act", seen["act"], map[string]any{"sub": "planner"})
		want(t, "with the actor's scope", told(r.exchange(planner, narrow["access_token"], wa, delegate...)), "400 invalid_scope")

		r.post("/revoke", planner, url.Values{"token": {narrow["access_token"].(string)}})
		want(t, "revoked", told(r.exchange(planner, narrow["access_token"], ra)), "400 invalid_request")
		r.admin("POST", "/admin/clock", map[string]any{"advance_seconds": 301})
		want(t, "expired", told(r.exchange(planner, token, ra)), "400 invalid_request")
	})
}

func TestExchangeForAnotherAPI(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	token := b.grant(planner, both)["access_token"]
	contacts := r.Issuer() + "/contacts"
	want(t, "without a grant", told(r.exchange(planner, token, "", "audience", contacts)), "400 invalid_target")
	want(t, "nowhere", told(r.exchange(planner, token, "", "audience", "nowhere")), "400 invalid_target")
	want(t, "two targets", told(r.exchange(planner, token, "", "audience", contacts, "resource", r.Issuer()+"/calendar")), "400 invalid_target")
	b.authorize(planner, "read:contacts", "resource", contacts)
	b.decide("allow")
	want(t, "the same name", told(r.exchange(planner, token, ra, "resource", contacts)), "400 invalid_scope")
	b.authorize(planner, ra, "resource", contacts)
	b.decide("allow")
	status, other := r.exchange(planner, token, "", "audience", "contacts")
	want(t, "granted there", told(status, other), "200 "+ra)
	want(t, "good there", r.api("GET", "/contacts/appointments", other["access_token"].(string), ""), 200)
	want(t, "not here", r.api("GET", "/calendar/appointments", other["access_token"].(string), ""), 401)
}

func TestExchangedTokenEndsWithTheGrant(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		token := r.browser("ada").grant(planner, both)["access_token"]
		_, first := r.exchange(planner, token, "")
		_, second := r.exchange(planner, first["access_token"], "")
		seen := func() []any {
			_, view := r.post("/introspect", planner, url.Values{"token": {second["access_token"].(string)}})
			return []any{view["active"], view["scope"]}
		}
		want(t, "before", seen(), []any{true, both})
		r.call("POST", "/account/api/grants/planner/remove", basic("ada"), strings.NewReader(`{"scope":"`+wa+`"}`))
		want(t, "narrowed", seen(), []any{true, ra})
		want(t, "exchanged again", told(r.exchange(planner, second["access_token"], wa)), "400 invalid_scope")
		r.call("DELETE", "/account/api/grants/planner", basic("ada"), nil)
		want(t, "revoked", seen(), []any{false, nil})
	})
}

// signer registers a client with a key of its own.
func (r rig) signer(scope string) (client, func(claims map[string]any) string) {
	r.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	c := r.register(scope, map[string]any{
		"grant_types": []string{"authorization_code", refserver.JWTBearer},
		"jwks":        jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}}},
	})
	sign, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		r.Fatal(err)
	}
	return c, func(own map[string]any) string {
		claims := map[string]any{"iss": c.id, "sub": "ada", "aud": r.Issuer(), "exp": time.Now().Add(time.Minute).Unix()}
		for name, value := range own {
			claims[name] = value
		}
		text, err := jwt.Signed(sign).Claims(claims).Serialize()
		if err != nil {
			r.Fatal(err)
		}
		return text
	}
}

func TestAssertionIsWorthWhatTheClientWasGranted(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		c, sign := r.signer(both)
		other, forge := r.signer(both)
		ask := func(c client, assertion, scope string) string {
			return told(r.post("/token", c, url.Values{"grant_type": {refserver.JWTBearer}, "assertion": {assertion}, "scope": {scope}}))
		}
		want(t, "nothing granted", ask(c, sign(nil), ra), "400 invalid_scope")
		r.browser("ada").grant(c, both, wa)
		for name, tc := range map[string]struct {
			claims      map[string]any
			scope, want string
		}{
			"what was granted":          {nil, ra, "200 " + ra},
			"more":                      {nil, both, "400 invalid_scope"},
			"default":                   {nil, "", "200 " + ra},
			"a claim of scope":          {map[string]any{"scope": both}, "", "200 " + ra},
			"somebody else":             {map[string]any{"sub": "bo"}, ra, "400 invalid_scope"},
			"nobody":                    {map[string]any{"sub": "x"}, ra, "400 invalid_grant"},
			"another issuer":            {map[string]any{"iss": other.id}, ra, "400 invalid_grant"},
			"another audience":          {map[string]any{"aud": "https://elsewhere.example"}, ra, "400 invalid_grant"},
			"expired":                   {map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, ra, "400 invalid_grant"},
			"without end":               {map[string]any{"exp": nil}, ra, "400 invalid_grant"},
			"not good yet, but it ends": {map[string]any{"nbf": time.Now().Add(30 * time.Second).Unix()}, ra, "400 invalid_grant"},
		} {
			want(t, name, ask(c, sign(tc.claims), tc.scope), tc.want)
		}
		want(t, "signed by another", ask(c, forge(map[string]any{"iss": c.id}), ra), "400 invalid_grant")
		want(t, "no key", ask(planner, sign(map[string]any{"iss": "planner"}), ra), "400 invalid_grant")
		r.call("DELETE", "/account/api/grants/"+c.id, basic("ada"), nil)
		want(t, "after revocation", ask(c, sign(nil), ra), "400 invalid_scope")
	})
}
