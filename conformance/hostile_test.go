package conformance_test

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/external"
)

// behind is the reference server behind a proxy that answers some paths itself,
// badly. A path that ends in "/" stands for all below it.
func behind(t *testing.T, bad map[string]http.HandlerFunc) target.Source {
	t.Helper()
	return behindWith(t, "jwt", `
api:
  base_url: ${issuer}/calendar
  operations:
    - {name: list, method: GET, path: /appointments, all_of: "read:appointments"}
    - {name: read, method: GET, path: "/appointments/${id}", all_of: "read:appointments"}
    - {name: create, method: POST, path: /appointments, all_of: "write:appointments", json: {title: "${marker}", start: "2030-01-01T10:00:00Z"}, id: /id}
`, bad)
}

// behindWith is behind with a format of tokens, and an API or, without one, our
// calendar.
func behindWith(t *testing.T, tokens, api string, bad map[string]http.HandlerFunc) target.Source {
	t.Helper()
	if testing.Short() {
		t.Skip("to wait for what does not come takes its time")
	}
	var upstream *url.URL
	mux := http.NewServeMux()
	mux.Handle("/", &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
	})
	for path, handler := range bad {
		mux.HandleFunc(path, handler)
	}
	proxy := httptest.NewServer(mux)
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	server, err := refserver.Start(t.Context(), refserver.Options{Issuer: proxy.URL, TokenFormat: tokens})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	if upstream, err = url.Parse(server.URL()); err != nil {
		t.Fatal(err)
	}
	d, err := target.Parse("hostile.yaml", []byte(`
name: hostile
external: {issuer: "`+proxy.URL+`"}
authorization_server: {refresh: {scope: offline_access, prompt: consent}}
clients: {register: {dynamic: {}}}
users:
  Ada: {username: ada, password: ada-password}
  Bo: {username: bo, password: bo-password, permissions: "read:appointments"}
capabilities: {token.format: `+tokens+`, consent.ui: granular, as.introspection: true, rs.user_bound: true, consent.remembered: true}
choices:
  unknown_scope: ignore
  omitted_scope: default
  empty_grant: error
  client_excess: reject
  user_excess: drop
  scope_in_response: always
  scope_in_redirect: absent
  refresh_narrowing: honours
  refresh_widening: rejects
  refresh_without_offline: not_issued
  incremental: union
  deselected_memory: reprompt
  without_openid: oauth
  id_token_claims: userinfo_only
  claims_parameter: ignored
  scope_array: understood
`+api))
	if err != nil {
		t.Fatal(err)
	}
	return external.Description(d)
}

// says answers with a body.
func says(media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		_, _ = io.WriteString(w, body)
	}
}

// endless answers with so many MiB, or until nobody listens.
func endless(mebibytes int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range mebibytes {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
}

// loop redirects to itself, each time with another query.
func loop(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.Path+"?again="+rand.Text(), http.StatusFound)
}

// drip sends one byte now and then, and never comes to an end.
func drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

// raw writes what is no HTTP, and hangs up, or keeps the line.
func raw(text string, hold bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, text)
		if hold {
			_, _ = io.Copy(io.Discard, conn) // until the other side hangs up
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(w)
	zeros := make([]byte, 1<<20)
	for range 100 {
		if _, err := packed.Write(zeros); err != nil {
			return
		}
	}
	_ = packed.Close()
}

// oneToken answers with a token response that has an ID token.
func oneToken(idToken string) http.HandlerFunc {
	return says("application/json", `{"access_token":"opaque-1","token_type":"Bearer","expires_in":300,"scope":"openid","id_token":"`+idToken+`"}`)
}

func compact(payload string, signature int) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(payload)) + "." + part(make([]byte, signature))
}

func modulus(bytes int) string {
	n := []byte(strings.Repeat("\xff", bytes))
	key, _ := json.Marshal(map[string]any{"kty": "RSA", "e": "AQAB", "alg": "RS256", "n": base64.RawURLEncoding.EncodeToString(n)})
	return string(key)
}

func consentForever(again func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		says("text/html", `<p>`+again()+`<form method=post action="/consent"><input type=checkbox name=scope value="read:appointments">`+
			`<input type=checkbox name=scope value="`+again()+`"><button name=decision value=allow>Allow</button></form>`)(w, r)
	}
}

// A server that misbehaves is never judged: what it did is the reason.
func TestAHostileServerIsNotJudged(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct {
		what string
		at   string
		does http.HandlerFunc
		rule string
		says string
	}{
		{"100 MiB at the token endpoint", "/token", endless(100), "GRANT-01", "the answer is longer than 1 MiB"},
		{"an endless body at the authorization endpoint", "/authorize", endless(1 << 30), "GRANT-01", "the answer is longer than 1 MiB"},
		{"an endless body at the API", "/calendar/", endless(1 << 30), "RSM-01", "the answer is longer than 1 MiB"},
		{"an endless body at introspection", "/introspect", endless(1 << 30), "GRANT-01", "the answer is longer than 1 MiB"},
		{"an endless body at registration", "/register", endless(1 << 30), "GRANT-01", "the answer is longer than 1 MiB"},
		{"an endless body at UserInfo", "/userinfo", endless(1 << 30), "CLM-01", "the answer is longer than 1 MiB"},
		{"what unpacks to 100 MiB", "/token", bomb, "GRANT-01", "the answer is longer than 1 MiB"},
		{"a redirect loop at the authorization endpoint", "/authorize", loop, "GRANT-01", "got 20 redirects without a page"},
		{"a redirect loop at the token endpoint", "/token", loop, "GRANT-01", "token response: got 302"},
		{"a redirect loop at the API", "/calendar/", loop, "RSM-01", "got 302"},
		{"a redirect loop at introspection", "/introspect", loop, "GRANT-01", "introspects a token: got 302"},
		{"UserInfo that is null", "/userinfo", says("application/json", "null"), "CLM-01", "not a JSON object"},
		{"UserInfo that is no JWT", "/userinfo", says("application/jwt", "opaque"), "CLM-01", "which cannot be read"},
		{"a redirect loop at UserInfo", "/userinfo", loop, "CLM-01", "UserInfo: got 302"},
		{"a drip at the token endpoint", "/token", drip, "GRANT-01", "no whole answer within 500ms"},
		{"a drip at the authorization endpoint", "/authorize", drip, "GRANT-01", "no whole answer within 500ms"},
		{"a drip at the API", "/calendar/", drip, "RSM-01", "no whole answer within 500ms"},
		{"a header without end", "/token", raw("HTTP/1.1 200 OK\r\nContent-Type: appli", true), "GRANT-01", "no whole answer within 500ms"},
		{"a header of 1 MiB", "/token", raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n{}", false), "GRANT-01", "exceeded 262144 bytes"},
		{"what is not UTF-8", "/token", says("application/json", "{\"access_token\":\"\xff\xfe\",\"token_type\":\"Bearer\"}"), "GRANT-01", "not UTF-8"},
		{"a token that no header can carry", "/token", says("application/json", `{"access_token":"a\r\nX: y","token_type":"Bearer"}`), "RSM-01", "invalid header field value"},
		{"deep JSON at the token endpoint", "/token", says("application/json", `{"scope":`+strings.Repeat("[", 1_000_000)), "GRANT-01", "not a JSON object"},
		{"deep JSON at introspection", "/introspect", says("application/json", `{"active":true,"scope":`+strings.Repeat("[", 1_000_000)), "GRANT-01", "want a JSON object with active"},
		{"introspection that says nothing", "/introspect", says("application/json", `{"scope":"read:appointments"}`), "GRANT-01", "want a JSON object with active"},
		{"deep HTML", "/authorize", says("text/html", strings.Repeat("<div>", 100_000)), "GRANT-01", "open stack of elements exceeds 512 nodes"},
		{"50000 forms", "/authorize", says("text/html", strings.Repeat("<form><input></form>", 25_000)), "GRANT-01", "got a page with 50000 forms, fields and buttons, want at most 2000"},
		{"a consent page that never ends", "/consent", consentForever(rand.Text), "GRANT-01", "got more than 12 pages"},
		{"a login that never ends", "/login", says("text/html", `<form method=post><input name=username><input type=password name=password><button>Go`), "GRANT-01", "shown again after signing in"},
		{"an answer that breaks off", "/token", raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"access_token\":\"a\"", false), "GRANT-01", "the answer broke off after 19 bytes"},
		{"a Content-Length that is too small", "/token", raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"access_token\":\"a\",\"scope\":\"read:appointments\"}", false), "GRANT-01", "not a JSON object"},
		{"chunks that are none", "/token", raw(chunked+"ZZZ\r\n{}\r\n", false), "GRANT-01", "invalid byte in chunk length"},
		{"no HTTP at all", "/token", raw("SSH-2.0-OpenSSH_9.6\r\n", false), "GRANT-01", "malformed HTTP"},
		{"nothing at all", "/token", raw("", false), "GRANT-01", "EOF"},
		{"an ID token of 10 MiB", "/token", oneToken(compact(`{"sub":"`+strings.Repeat("a", 10<<20)+`"}`, 256)), "OIDC-01", "the answer is longer than 1 MiB"},
		{"5000 keys", "/jwks", says("application/json", `{"keys":[`+strings.Repeat(`{"kty":"oct"},`, 4999)+`{"kty":"oct"}]}`), "OIDC-01", "got 5000 keys, want at most 100"},
		{"a key set of 2 MiB", "/jwks", endless(2), "OIDC-01", "the answer is longer than 1 MiB"},
		{"a key of 256 thousand bits", "/jwks", says("application/json", `{"keys":[`+modulus(32<<10)+`]}`), "OIDC-01", "want at most 16384"},
		{"a key of 2 million bits", "/jwks", says("application/json", `{"keys":[`+modulus(256<<10)+`]}`), "OIDC-01", "want at most 131072"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			source := behind(t, map[string]http.HandlerFunc{c.at: c.does})
			o := conformance.Options{Rules: []string{c.rule}}
			if strings.HasPrefix(c.says, "no whole answer") {
				o.RequestTimeout = 500 * time.Millisecond
			}
			rep := run(t, source, o)
			v := verdict(t, rep, c.rule)
			if v.Outcome != conformance.Inconclusive || !strings.Contains(v.Reason, c.says) {
				t.Errorf("got %s (%.600s), want inconclusive: %s", v.Outcome, v.Reason, c.says)
			}
			for _, s := range v.Scenarios {
				if s.Outcome == conformance.Violates || s.Outcome == conformance.Deviates {
					t.Errorf("%s: got %s (%.600s)", s.Name, s.Outcome, s.Message)
				}
			}
			if len(v.Reason) > 8<<10 {
				t.Errorf("got a reason of %d bytes", len(v.Reason))
			}
		})
	}
}

// Our own calendar asks the server about tokens: where it is not answered, nothing
// follows from what it refuses.
func TestWhatOurCalendarCannotLearnIsNotJudged(t *testing.T) {
	for _, c := range []struct {
		what, tokens, at string
		does             http.HandlerFunc
	}{
		{"introspection without active", "opaque", "/introspect", says("application/json", `{"scope":"read:appointments"}`)},
		{"introspection that is null", "opaque", "/introspect", says("application/json", `null`)},
		{"introspection without end", "opaque", "/introspect", endless(1 << 30)},
		{"introspection that loops", "opaque", "/introspect", loop},
		{"keys without end", "jwt", "/jwks", endless(1 << 30)},
		{"deep keys", "jwt", "/jwks", says("application/json", `{"keys":`+strings.Repeat("[", 1_000_000))},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			source := behindWith(t, c.tokens, "", map[string]http.HandlerFunc{c.at: c.does})
			if v := verdict(t, run(t, source, conformance.Options{Rules: []string{"RSM-01"}}), "RSM-01"); v.Outcome != conformance.Inconclusive {
				t.Errorf("got %s (%s), want inconclusive", v.Outcome, v.Reason)
			}
		})
	}
}

// A server that sends 100 MiB, or packs them, costs no more than what is read.
func TestAHostileServerDoesNotFillMemory(t *testing.T) {
	for what, does := range map[string]http.HandlerFunc{"100 MiB": endless(100), "packed": bomb} {
		source := behind(t, map[string]http.HandlerFunc{"/token": does})
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var peak atomic.Uint64
		ctx, stop := context.WithCancel(t.Context())
		sampled := make(chan struct{})
		go func() {
			defer close(sampled)
			for ctx.Err() == nil {
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak.Store(max(peak.Load(), now.HeapAlloc))
				time.Sleep(5 * time.Millisecond)
			}
		}()
		rep := run(t, source, conformance.Options{Rules: []string{"GRANT-01"}, Parallel: 1})
		stop()
		<-sampled
		if v := verdict(t, rep, "GRANT-01"); v.Outcome != conformance.Inconclusive {
			t.Errorf("%s: got %s (%s), want inconclusive", what, v.Outcome, v.Reason)
		}
		grown := int64(peak.Load()) - int64(before.HeapAlloc)
		t.Logf("%s: the heap grew by %d MiB at most", what, grown>>20)
		if grown > 64<<20 {
			t.Errorf("%s: the heap grew by %d MiB, want at most 64", what, grown>>20)
		}
	}
}

// Where each answer comes in time, a scenario ends all the same.
func TestAScenarioEndsInItsTime(t *testing.T) {
	var slow atomic.Bool
	source := behind(t, map[string]http.HandlerFunc{"/authorize": func(w http.ResponseWriter, r *http.Request) {
		if !slow.Load() {
			says("text/html", "<p>Later")(w, r)
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(100 * time.Millisecond):
			loop(w, r)
		}
	}})
	rep := run(t, source, conformance.Options{
		Rules: []string{"GRANT-01"}, Timeout: 500 * time.Millisecond,
		Narrow: func(_ string, all []*conformance.Rule) []*conformance.Rule {
			slow.Store(true) // after what was learned
			return all
		},
	})
	if v := verdict(t, rep, "GRANT-01"); v.Outcome != conformance.Inconclusive || !strings.Contains(v.Reason, "the scenario took longer than 500ms") {
		t.Errorf("got %s (%s), want inconclusive: it took too long", v.Outcome, v.Reason)
	}
}

// What is learned before the first rule ends in time, too.
func TestLearningEndsInItsTime(t *testing.T) {
	opened := behind(t, map[string]http.HandlerFunc{"/authorize": drip})
	up, err := opened.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := *up.Description
	if err := up.Close(); err != nil {
		t.Fatal(err)
	}
	d.Choices, d.Capabilities = nil, nil
	rep := run(t, external.Description(&d), conformance.Options{Rules: []string{"CC-01", "GRANT-03"}, RequestTimeout: time.Minute, Timeout: 300 * time.Millisecond})
	if v := verdict(t, rep, "CC-01"); v.Outcome == conformance.Violates {
		t.Errorf("CC-01: got %s (%s)", v.Outcome, v.Reason)
	}
	if v := verdict(t, rep, "GRANT-03"); v.Outcome != conformance.Inconclusive {
		t.Errorf("GRANT-03: got %s (%s), want inconclusive: what it needs could not be learned", v.Outcome, v.Reason)
	}
}

// elsewhere serves the metadata with one endpoint changed.
func elsewhere(endpoint, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		issuer := "http://" + r.Host
		document := map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"registration_endpoint": issuer + "/register", "introspection_endpoint": issuer + "/introspect", "jwks_uri": issuer + "/jwks",
			"userinfo_endpoint":     issuer + "/userinfo",
			"grant_types_supported": []string{"authorization_code", "refresh_token", "client_credentials"},
			"scopes_supported":      []string{"openid", "profile", "offline_access"},
		}
		document[endpoint] = to
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	}
}

func TestEndpointsThatLeadElsewhereAreNotJudged(t *testing.T) {
	for _, c := range []struct{ endpoint, to, rule, says string }{
		{"token_endpoint", "file:///etc/passwd", "GRANT-01", `unsupported protocol scheme "file"`},
		{"token_endpoint", "javascript:alert(1)", "GRANT-01", `unsupported protocol scheme "javascript"`},
		{"token_endpoint", "http://127.0.0.1:9/token", "GRANT-01", "connection refused"},
		{"token_endpoint", "http://[::1", "GRANT-01", "missing ']' in host"},
		{"token_endpoint", "/token", "GRANT-01", `unsupported protocol scheme ""`},
		{"authorization_endpoint", "javascript:alert(1)", "GRANT-01", "want an http or https URL"},
		{"authorization_endpoint", "file:///etc/passwd", "GRANT-01", "want an http or https URL"},
		{"introspection_endpoint", "file:///etc/passwd", "GRANT-01", `unsupported protocol scheme "file"`},
		{"registration_endpoint", "data:text/plain,x", "GRANT-01", `unsupported protocol scheme "data"`},
		{"jwks_uri", "file:///etc/passwd", "OIDC-01", `unsupported protocol scheme "file"`},
		{"userinfo_endpoint", "file:///etc/passwd", "CLM-01", `unsupported protocol scheme "file"`},
	} {
		t.Run(c.endpoint+" "+c.to, func(t *testing.T) {
			t.Parallel()
			source := behind(t, map[string]http.HandlerFunc{"/.well-known/": elsewhere(c.endpoint, c.to)})
			v := verdict(t, run(t, source, conformance.Options{Rules: []string{c.rule}}), c.rule)
			if v.Outcome != conformance.Inconclusive || !strings.Contains(v.Reason, c.says) {
				t.Errorf("got %s (%s), want inconclusive: %s", v.Outcome, v.Reason, c.says)
			}
		})
	}
}

// A target whose metadata cannot be read does not come up.
func TestHostileMetadataKeepsATargetDown(t *testing.T) {
	for _, c := range []struct {
		what string
		does http.HandlerFunc
		says string
	}{
		{"100 MiB", endless(100), "200 with more than 1 MiB"},
		{"packed", bomb, "200 with more than 1 MiB"},
		{"a redirect loop", loop, "stopped after 10 redirects"},
		{"deep", says("application/json", `{"issuer":`+strings.Repeat("[", 1_000_000)), "that is not a JSON object"},
		{"a header of 11 MiB", raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 11<<20)+"\r\n\r\n{}", false), "exceeded"},
		{"it breaks off", raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", false), "the answer broke off after 1 bytes"},
		{"another issuer", says("application/json", `{"issuer":"https://elsewhere.example"}`), "https://elsewhere.example"},
		{"an issuer that is none", says("application/json", `{"issuer":["a"]}`), "issuer: got"},
		{"not HTTP", raw("220 ready\r\n", false), "malformed HTTP"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			rep, err := conformance.Run(t.Context(), behind(t, map[string]http.HandlerFunc{"/.well-known/": c.does}), conformance.Rules("GRANT-01"))
			if err == nil || rep != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v and %v, want an error: %s", rep, err, c.says)
			}
			var down *target.Unavailable
			var other *target.IssuerMismatch
			if !errors.As(err, &down) && !errors.As(err, &other) {
				t.Errorf("got %T, want one that says that the target is not there", err)
			}
			if len(err.Error()) > 8<<10 {
				t.Errorf("got an error of %d bytes", len(err.Error()))
			}
		})
	}
}
