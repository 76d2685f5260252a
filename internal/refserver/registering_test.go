package refserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// registers sends client metadata to the registration endpoint.
func (r rig) registers(more map[string]any) (int, map[string]any) {
	r.Helper()
	m := map[string]any{"redirect_uris": []string{"http://127.0.0.1:9/cb"}, "client_name": "New"}
	for name, value := range more {
		m[name] = value
	}
	body, _ := json.Marshal(m)
	status, answer, _ := r.call("POST", "/register", nil, strings.NewReader(string(body)))
	return status, answer
}

func TestOpenRegistration(t *testing.T) {
	r := start(t, refserver.Options{})
	for name, row := range map[string]struct {
		sent map[string]any
		want string
	}{
		"unknown scope":                {map[string]any{"scope": both + " x-unknown"}, "201 " + both},
		"no scope":                     {nil, "201 openid " + ra},
		"privileged scope":             {map[string]any{"scope": ra + " appointments-admin"}, "201 " + ra},
		"list":                         {map[string]any{"scope": []string{ra, wa}}, "400 <nil>"},
		"forbidden octet":              {map[string]any{"scope": `a"b`}, "400 <nil>"},
		"commas":                       {map[string]any{"scope": ra + "," + wa}, "201 <nil>"},
		"public client":                {map[string]any{"scope": ra + " export:appointments", "token_endpoint_auth_method": "none"}, "201 " + ra},
		"confidential":                 {map[string]any{"scope": ra + " export:appointments"}, "201 " + ra + " export:appointments"},
		"exotic scope":                 {map[string]any{"scope": refserver.ExoticScope}, "201 " + refserver.ExoticScope},
		"software statement of nobody": {map[string]any{"software_statement": "e30.e30."}, "400 <nil>"},
	} {
		status, answer := r.registers(row.sent)
		want(t, name, pair(status, answer["scope"]), row.want)
		if status == http.StatusBadRequest && name != "software statement of nobody" {
			want(t, name, answer["error"], "invalid_client_metadata")
		}
	}
}

func TestRegisteredScopeIsEnforced(t *testing.T) {
	r := start(t, refserver.Options{})
	_, answer := r.registers(map[string]any{"scope": ra + " appointments-admin"})
	own := client{fmt.Sprint(answer["client_id"]), fmt.Sprint(answer["client_secret"])}
	b := r.browser("ada")
	b.authorize(own, ra+" appointments-admin")
	want(t, "privileged", b.answered.Get("error"), "invalid_scope")
	want(t, "registered", b.grant(own, ra)["scope"], ra)
}

func TestRegistrationManagement(t *testing.T) {
	r := start(t, refserver.Options{})
	_, made := r.registers(map[string]any{"scope": ra})
	place, token := fmt.Sprint(made["registration_client_uri"]), made["registration_access_token"]
	put := func(scope any) string {
		m := map[string]any{"client_id": made["client_id"], "client_secret": made["client_secret"], "redirect_uris": made["redirect_uris"]}
		if scope != nil {
			m["scope"] = scope
		}
		body, _ := json.Marshal(m)
		status, answer, _ := r.call("PUT", place, bearing(token), strings.NewReader(string(body)))
		return pair(status, answer["scope"])
	}
	want(t, "wider", put(both+" appointments-admin"), "200 "+both)
	_, shown, _ := r.call("GET", place, bearing(token), nil)
	want(t, "shown", shown["scope"], both)
	want(t, "narrower", put(ra), "200 "+ra)
	b := r.browser("ada")
	b.authorize(client{fmt.Sprint(made["client_id"]), ""}, both)
	want(t, "enforced", b.answered.Get("error"), "invalid_scope")
	want(t, "no scope", put(nil), "200 openid "+ra)
	status, _, _ := r.call("GET", place, bearing("x"), nil)
	want(t, "another token", status, 401)
	status, _, _ = r.call("DELETE", place, bearing(token), nil)
	want(t, "deleted", status, 204)
	status, _, _ = r.call("GET", place, bearing(token), nil)
	want(t, "gone", status, 401)
}

func TestSoftwareStatement(t *testing.T) {
	r := start(t, refserver.Options{})
	key, sign := harnessKey(t)
	status, _ := r.registers(map[string]any{"scope": both, "software_statement": sign("x", ra)})
	want(t, "not trusted", status, 400)
	r.admin("POST", "/admin/statement-key", raw(key))
	status, answer := r.registers(map[string]any{"scope": both, "software_statement": sign("x", ra)})
	want(t, "trusted", pair(status, answer["scope"]), "201 "+ra)
}
