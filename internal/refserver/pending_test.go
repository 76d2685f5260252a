package refserver_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// device is a device that waits.
type device struct {
	rig
	client
	answer map[string]any
}

func (r rig) device(c client, scope string, more ...string) (int, device) {
	r.Helper()
	form := url.Values{}
	if scope != "" {
		form.Set("scope", scope)
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	status, answer := r.post("/device_authorization", c, form)
	return status, device{r, c, answer}
}

func (r rig) poll(c client, grantType, name string, handle any, scope string) (int, map[string]any) {
	r.Helper()
	form := url.Values{"grant_type": {grantType}, name: {handle.(string)}}
	if scope != "" {
		form.Set("scope", scope)
	}
	return r.post("/token", c, form)
}

func (d device) poll(scope string) (int, map[string]any) {
	d.Helper()
	return d.rig.poll(d.client, refserver.DeviceCode, "device_code", d.answer["device_code"], scope)
}

// told is what a poll is told.
func told(status int, answer map[string]any) string {
	if status == 200 {
		return pair(status, answer["scope"])
	}
	return pair(status, answer["error"])
}

// enter opens the page of the device and sends the code.
func (b *browser) enter(d device) {
	b.Helper()
	b.answered = nil
	b.open(b.http.Get(d.answer["verification_uri_complete"].(string)))
	want(b.T, "the code is asked for", b.last, "/device")
	b.open(b.http.PostForm(b.Issuer()+"/device", url.Values{
		"csrf": {b.hidden("csrf")}, "complete": {"true"}, "user_code": {strings.ToLower(d.answer["user_code"].(string))},
	}))
}

func TestDeviceIsGrantedWhatTheUserAgreedTo(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		for name, c := range map[string]client{"confidential": planner, "public": {id: "pocket"}} {
			_, d := r.device(c, "openid offline_access "+both)
			want(t, name+": at once", told(d.poll("")), "400 authorization_pending")
			want(t, name+": too soon", told(d.poll("")), "400 slow_down")
			b := r.browser("ada")
			b.enter(d)
			want(t, name+": listed", strings.Join(b.listed(), " "), "openid offline_access "+both)
			want(t, name+": a page alone", told(d.poll("")), "400 slow_down")
			b.decide("allow", wa)
			want(t, name+": a page in the end", strings.Contains(b.page, "has been given access"), true)
			status, token := d.poll(both)
			want(t, name+": scope", pair(status, token["scope"]), "200 openid offline_access "+ra)
			want(t, name+": write", r.api("POST", "/calendar/appointments", token["access_token"].(string), `{"title":"x"}`), 403)
			want(t, name+": twice", told(d.poll("")), "400 invalid_grant")
			status, next := r.refresh(c, token["refresh_token"], wa)
			want(t, name+": refresh wider", told(status, next), "400 invalid_scope")
			status, next = r.refresh(c, token["refresh_token"], "")
			want(t, name+": refresh", told(status, next), "200 openid offline_access "+ra)
			b.enter(d)
			want(t, name+": used code", strings.Contains(b.page, "Allow"), true)
			b.decide("allow")
			want(t, name+": decided twice", strings.Contains(b.page, "sent before"), true)
		}
	})
}

func TestDeviceRequestIsLimited(t *testing.T) {
	r := start(t, refserver.Options{})
	viewer, robot := client{"viewer", "viewer-secret"}, client{"robot", "robot-secret"}
	for name, tc := range map[string]struct {
		client
		scope string
		more  []string
		want  string
	}{
		"too much for the client": {viewer, both, nil, "400 invalid_scope"},
		"nothing that is known":   {planner, "unknown", nil, "400 invalid_scope"},
		"malformed":               {planner, `a"b`, nil, "400 invalid_scope"},
		"not this grant":          {robot, ra, nil, "400 unauthorized_client"},
		"unknown target":          {planner, ra, []string{"resource", "https://elsewhere.example"}, "400 invalid_target"},
		"wrong secret":            {client{"planner", "x"}, ra, nil, "401 invalid_client"},
	} {
		status, d := r.device(tc.client, tc.scope, tc.more...)
		want(t, name, pair(status, d.answer["error"]), tc.want)
	}
	for user, most := range map[string]string{"bo": ra, "ada": both} {
		_, d := r.device(planner, both)
		b := r.browser(user)
		b.enter(d)
		b.decide("allow")
		want(t, user, told(d.poll("")), "200 "+most)
	}
	_, d := r.device(planner, "")
	b := r.browser("ada")
	b.enter(d)
	b.decide("allow")
	want(t, "default", told(d.poll("")), "200 "+ra)
	_, d = r.device(planner, both)
	want(t, "another client", told(r.poll(viewer, refserver.DeviceCode, "device_code", d.answer["device_code"], "")), "400 invalid_grant")
	r.admin("POST", "/admin/clock", map[string]any{"advance_seconds": 601})
	want(t, "late", told(d.poll("")), "400 expired_token")
}

func TestDeniedDeviceStaysDenied(t *testing.T) {
	r := start(t, refserver.Options{})
	_, d := r.device(planner, both)
	stale, b := r.browser("ada"), r.browser("ada")
	stale.enter(d)
	b.enter(d)
	b.decide("deny")
	want(t, "denied", told(d.poll("")), "400 access_denied")
	stale.decide("allow")
	want(t, "stale page", strings.Contains(stale.page, "sent before"), true)
	want(t, "after all", told(d.poll("")), "400 access_denied")

	_, d = r.device(planner, both)
	b.enter(d)
	b.decide("allow", ra, wa)
	want(t, "nothing ticked", told(d.poll("")), "400 access_denied")
}

func TestEditReachesTheDeviceThatHasNotPolled(t *testing.T) {
	r := start(t, refserver.Options{})
	b := r.browser("ada")
	for path, wanted := range map[string]string{
		"POST /account/api/grants/planner/remove": "200 " + ra,
		"DELETE /account/api/grants/planner":      "400 invalid_grant",
	} {
		_, d := r.device(planner, both)
		b.enter(d)
		b.decide("allow")
		method, path, _ := strings.Cut(path, " ")
		r.call(method, path, basic("ada"), strings.NewReader(`{"scope":"`+wa+`"}`))
		want(t, method, told(d.poll("")), wanted)
	}
}

func (b *browser) review(message string) {
	b.Helper()
	b.answered = nil
	b.open(b.http.Get(b.Issuer() + "/backchannel?message=" + message))
	want(b.T, "the request waits", b.last, "/backchannel")
	b.open(b.http.PostForm(b.Issuer()+"/backchannel", url.Values{"csrf": {b.hidden("csrf")}, "request": {b.hidden("request")}}))
}

func TestBackchannelIsGrantedWhatTheUserAgreedTo(t *testing.T) {
	eachFormat(t, func(t *testing.T, r rig) {
		ask := func(scope, hint, message string) (int, map[string]any) {
			return r.post("/backchannel_authentication", planner, url.Values{
				"scope": {scope}, "login_hint": {hint}, "binding_message": {message},
			})
		}
		poll := func(request map[string]any, scope string) string {
			return told(r.poll(planner, refserver.CIBA, "auth_req_id", request["auth_req_id"], scope))
		}
		for name, tc := range map[string]struct{ scope, hint, want string }{
			"without openid":  {ra, "ada", "400 invalid_scope"},
			"without scope":   {"", "ada", "400 invalid_scope"},
			"nobody":          {"openid", "", "400 invalid_request"},
			"somebody":        {"openid", "x", "400 unknown_user_id"},
			"what is unknown": {`openid a"b`, "ada", "400 invalid_scope"},
		} {
			status, answer := ask(tc.scope, tc.hint, "")
			want(t, name, pair(status, answer["error"]), tc.want)
		}
		_, other := ask("openid "+both, "ada", "one")
		_, request := ask("openid "+both, "ada", "two")
		want(t, "at once", poll(request, ""), "400 authorization_pending")
		ada, bo := r.browser("ada"), r.browser("bo")
		ada.review("two")
		want(t, "listed", strings.Join(ada.listed(), " "), "openid "+both)
		ada.decide("allow", wa)
		want(t, "scope", poll(request, "openid "+both), "200 openid "+ra)
		want(t, "the other", poll(other, ""), "400 authorization_pending")
		ada.review("one")
		ada.decide("deny")
		want(t, "denied", poll(other, ""), "400 access_denied")
		bo.open(bo.http.Get(r.Issuer() + "/backchannel"))
		want(t, "of another user", strings.Contains(bo.page, "No application waits"), true)
	})
}
