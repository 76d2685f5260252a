package actor

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// d stands for a digest in what is wanted.
func d(text string) string {
	for {
		head, rest, found := strings.Cut(text, "<<")
		if !found {
			return text
		}
		value, rest, _ := strings.Cut(rest, ">>")
		text = head + oauth.Digest(value) + rest
	}
}

func TestBodiesAreRedactedByPlace(t *testing.T) {
	const form, json, page, plain = "application/x-www-form-urlencoded", "application/json", "text/html", "text/plain"
	for _, c := range []struct{ what, media, body, want string }{
		{"short values of a form", form, "grant_type=password&password=pw&code=a+b%2F&scope=a", "grant_type=password&password=<<pw>>&code=<<a b/>>&scope=a"},
		{"a name that is escaped", form, "client%5Fsecret=x&user[password]=y", "client%5Fsecret=<<x>>&user[password]=<<y>>"},
		{"names that speak about secrets", form, "code_challenge=abc&code_challenge_method=S256&token_type_hint=access_token&redirect_uri=r&error_code=e", "code_challenge=abc&code_challenge_method=S256&token_type_hint=access_token&redirect_uri=r&error_code=e"},
		{"a URL within a form", form, "return_to=http%3A%2F%2Fh%2Fcb%3Fcode%3Dab%26state%3Ds", "return_to=http%3A%2F%2Fh%2Fcb%3Fcode%3D<<ab>>%26state%3Ds"},
		{"an empty value", form, "password=&x=1", "password=&x=1"},
		{"members", json, `{"access_token": "a\"b", "token_type":"Bearer","expires_in":300,"n":{"apiKey":"k1"}}`, `{"access_token": "<<a"b>>", "token_type":"Bearer","expires_in":300,"n":{"apiKey":"<<k1>>"}}`},
		{"numbers, words and lists", json, `{"password":1234,"token":null,"secrets":["a",["b"],2],"scopes":["c"],"code":403}`, `{"password":"<<1234>>","token":null,"secrets":["<<a>>",["<<b>>"],"<<2>>"],"scopes":["c"],"code":403}`},
		{"an object of a secret's name", json, `{"credentials":[{"type":"password","value":"pw","temporary":false}],"id":"u"}`, `{"credentials":[{"type":"password","value":"<<pw>>","temporary":false}],"id":"u"}`},
		{"metadata", json, `{"token_endpoint":"http://h/t","token_endpoint_auth_methods_supported":["none"],"client_secret_expires_at":0}`, `{"token_endpoint":"http://h/t","token_endpoint_auth_methods_supported":["none"],"client_secret_expires_at":0}`},
		{"a name that is escaped in JSON", json, `{"pass\u0077ord":"pw"}`, `{"pass\u0077ord":"<<pw>>"}`},
		{"JSON within JSON", json, `{"log":"{\"client_secret\":\"pw\"}"}`, `{"log":"{\"client_secret\":\"<<pw>>\"}"}`},
		{"a redirect in JSON", json, `{"redirect_to":"http://h/a?x=1\u0026login_verifier=v1\u0026y=2"}`, `{"redirect_to":"http://h/a?x=1\u0026login_verifier=<<v1>>\u0026y=2"}`},
		{"JSON that is cut", json, `{"access_token":"abc`, `{"access_token":"<<abc>>`},
		{"JSON with other quotation marks", json, `{'password': 'pw', token: x}`, `{'password': '<<pw>>', token: <<x>>}`},
		{"a private key", json, `{"kty":"EC","x":"xxxxxxxxxxxxxxxxxxxxx","d":"ddddddddddddddddddddd"}`, `{"kty":"EC","x":"xxxxxxxxxxxxxxxxxxxxx","d":"<<ddddddddddddddddddddd>>"}`},
		{"hidden fields", page, `<input type="hidden" value="v1" name="csrf_token"><input name=tx type=hidden value=v2><INPUT VALUE='v3' NAME='id_token'><input name="scope" value="read">`, `<input type="hidden" value="<<v1>>" name="csrf_token"><input name=tx type=hidden value=<<v2>>><INPUT VALUE='<<v3>>' NAME='id_token'><input name="scope" value="read">`},
		{"a password field and a meta", page, `<input type=password name=p value="a&amp;b"><meta content="m1" name="csrf-token">`, `<input type=password name=p value="<<a&b>>"><meta content="<<m1>>" name="csrf-token">`},
		{"a link", page, `<a href="http://h/cb?state=s&amp;code=c1&amp;x=1">`, `<a href="http://h/cb?state=s&amp;code=<<c1>>&amp;x=1">`},
		{"JSON in a page", page, `<div data-x="{&#34;access_token&#34;:&#34;t1&#34;}"><script>var t = {"code":"c1"}</script>`, `<div data-x="{&#34;access_token&#34;:&#34;<<t1>>&#34;}"><script>var t = {"code":"<<c1>>"}</script>`},
		{"lines", plain, "user: ada\npassword: a b\nstatus code: 403\n", "user: ada\npassword: <<a b>>\nstatus code: 403\n"},
	} {
		t.Run(c.what, func(t *testing.T) {
			v := &vault{}
			if got, want := v.body(c.media, c.body), d(c.want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestHeadersAndURLsAreRedactedByPlace(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("id:pw"))
	for _, c := range []struct{ name, value, want string }{
		{"Authorization", "Bearer t", "Bearer <<t>>"},
		{"Authorization", "Basic " + basic, "Basic <<" + basic + ">>"},
		{"Authorization", "opaque", "<<opaque>>"},
		{"Cookie", "a=1; b=x=y", "a=<<1>>; b=<<x=y>>"},
		{"Set-Cookie", "path=p; Path=/; HttpOnly; SameSite=Lax", "path=<<p>>; Path=/; HttpOnly; SameSite=Lax"},
		{"X-Api-Key", "k", "<<k>>"},
		{"X-Csrf-Token", "k", "<<k>>"},
		{"Www-Authenticate", `Bearer realm="r", error="invalid_token", scope="a"`, `Bearer realm="r", error="invalid_token", scope="a"`},
		{"Location", "http://127.0.0.1:9/cb?code=c1&state=s", "http://127.0.0.1:9/cb?code=<<c1>>&state=s"},
		{"Location", "/cb#access_token=a1&token_type=bearer&id_token=i1&expires_in=3", "/cb#access_token=<<a1>>&token_type=bearer&id_token=<<i1>>&expires_in=3"},
		{"Location", "/login?login_challenge=l1&x=1", "/login?login_challenge=<<l1>>&x=1"},
		{"Location", "/consent?consent_challenge=l1", "/consent?consent_challenge=<<l1>>"},
		{"Location", "http://ada:pw@h/p", "http://ada:<<pw>>@h/p"},
		{"Location", "http://ghp1@h?code_challenge=x", "http://<<ghp1>>@h?code_challenge=x"},
		{"Content-Type", "application/json", "application/json"},
	} {
		v := &vault{}
		if got, want := v.header(c.name, c.value), d(c.want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

func TestMessagesStayReadable(t *testing.T) {
	v := &vault{}
	v.body("application/json", `{"code":"not_found","session":"read:appointments","error":"invalid_token"}`)
	v.cookies("theme=dark-mode", false)
	for _, text := range []string{
		"POST http://h/token: got the status code: 403, want 400 (RFC 6749 section 5.2): not_found",
		`Planner's access token: got scope "read:appointments", want dark-mode`,
		"got code=403, token_type=Bearer, token_endpoint=http://h, expires_in=3",
		`error="invalid_token", code_challenge="abcdef"`,
	} {
		if got := v.clean(text); got != text {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
	}
	once := v.clean("Get http://h/cb?code=abcdef#x failed")
	if want := d("Get http://h/cb?code=<<abcdef>>#x failed"); once != want || v.clean(once) != want {
		t.Errorf("got\n%s and\n%s, want\n%s", once, v.clean(once), want)
	}
}

func TestSecretsAreRedactedByValueHoweverTheyAreWritten(t *testing.T) {
	r := &Recorder{}
	const value = `pä ss/w+o"r<d>&'=~%`
	r.keep(value, "plain-secret", "12345")
	for what, form := range map[string]string{
		"plain": value, "query": url.QueryEscape(value), "path": url.PathEscape(value), "lower": strings.ToLower(url.QueryEscape(value)),
		"go JSON": `pä ss/w+o\"r\u003cd\u003e\u0026'=~%`, "JSON": `pä ss/w+o\"r<d>&'=~%`, "JSON with slashes": `pä ss\/w+o\"r<d>&'=~%`,
		"HTML": html.EscapeString(value), "quot": strings.ReplaceAll(html.EscapeString(value), "&#34;", "&quot;"), "quoted": fmt.Sprintf("%q", value)[1 : len(fmt.Sprintf("%q", value))-1],
	} {
		if got, want := r.Redact("x "+form+" y"), "x "+oauth.Digest(value)+" y"; got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	for _, user := range []string{"", "a", "ab", "abc", "planner-1"} {
		encoded := base64.StdEncoding.EncodeToString([]byte(user + ":plain-secret"))
		got := r.Redact("echo " + encoded)
		if !strings.Contains(got, oauth.Digest("plain-secret")) {
			t.Errorf("Basic of %q: got %s", user, got)
		}
	}
	if got := r.Redact("12345"); got != "12345" {
		t.Errorf("a short secret is replaced only where secrets stand: got %s", got)
	}
}

func TestWhatOneExchangeTeachesHoldsInAll(t *testing.T) {
	r := &Recorder{}
	basic := base64.StdEncoding.EncodeToString([]byte("planner:client-pw-1"))
	r.records = []*record{
		{method: "GET", url: "http://h/echo", respBody: []byte("you are session-77x, pw client-pw-1, opaque-token-1, " + basic), failure: "dial opaque-token-1"},
		{method: "POST", url: "http://h/token", reqHeader: http.Header{"Authorization": {"Basic " + basic}, "Cookie": {"sid=session-77x"}},
			respHeader: http.Header{"Content-Type": {"application/json"}}, respBody: []byte(`{"access_token":"opaque-token-1"}`)},
	}
	first := r.Exchanges()[0]
	if shown := first.Response.Body + first.Failure; strings.Contains(shown, "77x") || strings.Contains(shown, "pw-1") || strings.Contains(shown, "token-1") || strings.Contains(shown, basic) {
		t.Errorf("got %s", shown)
	}
	if got := r.Secrets()[oauth.Digest(basic)]; got != basic {
		t.Errorf("got %q for who repeats the request, want the credentials", got)
	}
}

func TestABodyIsNotCutWithinADigest(t *testing.T) {
	for before := shownBody - 30; before < shownBody+2; before++ {
		r := &Recorder{records: []*record{{respBody: []byte(strings.Repeat("x", before) + " access_token=opaque-token-1 and more")}}}
		got := r.Exchanges()[0].Response.Body
		if i := strings.Index(got, "‹"); strings.Contains(got, "opaque") || i >= 0 && !strings.Contains(got[i:], "›") {
			t.Errorf("got a body that ends in %q", got[len(got)-40:])
		}
	}
}

func TestSecretsOfTheTargetFileAreKept(t *testing.T) {
	t.Setenv("SP_KEY", "from-environment")
	calendar := &target.Target{Variables: map[string]string{"admin_key": "the-admin-key"}, Description: &target.Description{
		Users:     map[string]target.User{"Ada": {Username: "ada", Password: "ada-password"}},
		Clients:   target.Clients{Actors: map[string]target.ClientDescription{"Planner": {ID: "planner", Secret: "planner-secret"}}},
		Container: &target.Container{Env: map[string]string{"DB_PASSWORD": "db-password", "LOG_FORMAT": "readable"}},
	}}
	r := newRecorder(nil, 0, nil, secretsOf(calendar))
	call := &target.Call{
		URL: "http://h/", Headers: map[string]string{"Authorization": "Bearer ${env.SP_KEY}", "X-Odd": "odd-header-value", "Accept": "text/readable"},
		JSON: map[string]any{"list": []any{"${client.secret}"}, "name": "readable"},
	}
	expand := func(text string) (string, error) {
		return calendar.Expand(text, map[string]string{"client.secret": "from-variable"})
	}
	req, err := call.Request(t.Context(), expand)
	if err != nil {
		t.Fatal(err)
	}
	r.keepCall(call, req, expand)
	form := &target.Call{URL: "http://h/", Basic: "ada:basic-password", Form: map[string]string{"client_secret": "form-secret", "grant_type": "readable"}}
	if req, err = form.Request(t.Context(), expand); err != nil {
		t.Fatal(err)
	}
	r.keepCall(form, req, expand)
	for _, value := range []string{
		"the-admin-key", "ada-password", "planner-secret", "db-password", "from-environment", "odd-header-value", "from-variable", "basic-password", "form-secret",
	} {
		if got := r.Redact(value); got != oauth.Digest(value) {
			t.Errorf("got %s for %s", got, value)
		}
	}
	if got := r.Redact("readable text/readable"); got != "readable text/readable" {
		t.Errorf("got %s", got)
	}
}

// long is a run of 200 exchanges of 8 KiB with 300 secrets.
func long() *Recorder {
	r := &Recorder{}
	for i := range 100 {
		r.keep(oauth.Secret(fmt.Sprintf("client-secret-%08d", i*7919)))
	}
	filler := strings.Repeat(`{"id":"appointment-17","title":"Check-up","start":"2030-01-01T10:00:00Z","owner":"ada"},`, 100)
	for i := range 200 {
		r.records = append(r.records, &record{
			method: "POST", url: fmt.Sprintf("http://127.0.0.1:8080/token?state=%d", i),
			reqHeader:  http.Header{"Authorization": {fmt.Sprintf("Bearer opaque-access-token-%08d", i)}},
			respHeader: http.Header{"Content-Type": {"application/json"}}, respBody: []byte("[" + filler[:8<<10] + "]"),
		})
	}
	return r
}

func TestRedactionIsQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	best := time.Hour
	for range 5 {
		r := long()
		started := time.Now()
		r.Exchanges()
		best = min(best, time.Since(started))
	}
	t.Logf("200 exchanges of 8 KiB with 300 secrets: %v", best)
	if best > time.Second { // some 40 ms on an idle machine
		t.Errorf("took %v", best)
	}
}

func BenchmarkExchanges(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := long()
		b.StartTimer()
		r.Exchanges()
	}
}

func FuzzRedaction(f *testing.F) {
	f.Add("application/json", `{"password":"`, `","x":[{"token":1}]}`)
	f.Add("text/html", `<input name=code value="`, `">`)
	f.Add("", "a%3Dcode%3D", "%26http://u:p@h")
	f.Fuzz(func(t *testing.T, media, before, after string) {
		const value = "Zq7-known-secret-9"
		r := &Recorder{}
		r.keep(value)
		r.records = []*record{{url: before, respHeader: http.Header{"Content-Type": {media}}, respBody: []byte(before + value + after)}}
		if body := r.Exchanges()[0].Response.Body; strings.Contains(body, value) {
			t.Errorf("got %q", body)
		}
	})
}

func TestWhereAServerSendsTooManySecretsNothingIsShown(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"tokens":[`)
	for i := range 50_000 {
		fmt.Fprintf(&body, `"s&<%07d",`, i)
	}
	r := &Recorder{}
	r.keep("kept-before-them")
	r.records = []*record{{url: "http://h/p?code=c-0", respHeader: http.Header{"Content-Type": {"application/json"}, "X-Echo": {"s&<0049999"}}, respBody: []byte(body.String())}}
	r.keep("kept-after-them")
	e := r.Exchanges()[0]
	shown := fmt.Sprint(e, r.Redact("got s&<0049999, kept-before-them and kept-after-them"))
	if strings.Contains(shown, "s&<") || strings.Contains(shown, "kept-") || strings.Contains(shown, "c-0") || !strings.Contains(shown, "too many different secrets") {
		t.Errorf("got %.500s", shown)
	}
	if len(r.secrets.spread) > maxSpread || len(r.secrets.values) > 2*maxSpread {
		t.Errorf("got %d secrets learned", len(r.secrets.values))
	}
}
