package actor

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// lawfulSet fails the test where a set of scopes has an empty token or one with a
// space in it.
func lawfulSet(t *testing.T, set oauth.ScopeSet) {
	t.Helper()
	if again := oauth.FieldsScope(set.String()); !again.Equal(set) || set.Has("") {
		t.Errorf("got the scopes %q", set.Tokens())
	}
}

func FuzzJWT(f *testing.F) {
	part := base64.RawURLEncoding.EncodeToString
	for _, payload := range []string{
		`{"iss":"https://as.example","scope":"read:appointments openid","sub":"ada","exp":1893456000}`, `{"scp":["read:appointments",""]}`, `{}`, `null`, `[]`,
		`{"scope":"a","scope":"b"}`, `{"sub":1e400}`, "{\"sub\":\"\xff\"}", strings.Repeat(`{"a":`, 20000),
	} {
		f.Add(part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(payload)) + "." + part([]byte("signature")))
	}
	for _, seed := range []string{"", "..", "a.b", "a.b.c.d.e", "eyJhbGciOiJub25lIn0.e30=.", "e30.e30.e30", "e30.e30\n.e30"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, ok := decodeJWT(oauth.Secret(token))
		if ok != (claims != nil) {
			t.Fatalf("got %v and %t", claims, ok)
		}
		if !ok {
			return
		}
		if strings.Count(token, ".") != 2 {
			t.Errorf("%q: got claims, want none: it is no compact JWS", token)
		}
		lawfulSet(t, oauth.ParseScopeMember(claims["scope"]).Set)
		lawfulSet(t, oauth.ParseScopeMember(claims["scp"]).Set)
		payload, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		again, ok := decodeJWT(oauth.Secret("e30." + base64.RawURLEncoding.EncodeToString(payload) + ".e30"))
		if !ok || len(again) != len(claims) {
			t.Errorf("got %v, then %v", claims, again)
		}
	})
}

func FuzzKeySet(f *testing.F) {
	const (
		rsa = `{"kty":"RSA","kid":"1","alg":"RS256","use":"sig","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}`
		ec  = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
		okp = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	)
	for _, seed := range []string{
		`{"keys":[` + rsa + `,` + ec + `,` + okp + `]}`, `{"keys":[]}`, `{"keys":null}`, `{}`, rsa, `[` + rsa + `]`, `{"keys":[{"kty":"new"},` + ec + `]}`, `{"keys":[` + ec + `,` + ec + `]}`,
		`{"keys":[null,1,"a",{}]}`, `{"keys":[{"kty":"RSA","e":"AQAB","n":""}]}`, `{"keys":[{"kty":"RSA","e":"","n":"AQAB"}]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}`, `{"keys":[` + strings.Repeat(ec+",", 100) + ec + `]}`, "\xff", `{"keys":[` + strings.Repeat("[", 20000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := parseKeySet(body)
		if (set == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", set, err)
		}
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("got an error of %d bytes", len(err.Error()))
			}
			return
		}
		if set.Len() == 0 || set.Len() > maxKeys {
			t.Errorf("got %d keys", set.Len())
		}
		written, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseKeySet(written); err != nil || again.Len() != set.Len() {
			t.Errorf("%s: got %v and %v, want %d keys again", written, again, err, set.Len())
		}
		// A signature that is none is never taken for one.
		k := &keySet{set: set}
		if err := k.verify(t.Context(), nil, "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"); err == nil {
			t.Error("got a signature verified, want an error")
		}
	})
}

func FuzzIntrospection(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"scope":"read:appointments openid","client_id":"planner","username":"ada","token_type":"Bearer","exp":1893456000,"sub":"ada"}`, `{"active":false}`,
		`{"active":true,"scope":["a",""]}`, `{}`, `null`, `{"active":"true"}`, `{"active":null}`, `{"Active":true}`, `{"active":true,"ACTIVE":false}`, `{"active":true,"active":false}`, `{"active":1}`,
		`{"active":true,"exp":1e400}`, `{"active":true}{"active":false}`, "{\"active\":true,\"sub\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := parseIntrospection(body)
		if (in == nil) == (err == nil) {
			t.Fatalf("%q: got %v and %v, want one of them", body, in, err)
		}
		if err != nil {
			return
		}
		lawfulSet(t, in.Scope.Set)
		if active, ok := in.Claims["active"].(bool); !ok || active != in.Active {
			t.Errorf("%q: got active %t, want %v", body, in.Active, in.Claims["active"])
		}
		written, err := json.Marshal(in.Claims)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseIntrospection(written)
		if err != nil || again.Active != in.Active || again.Scope.Present != in.Scope.Present || !again.Scope.Set.Equal(in.Scope.Set) {
			t.Errorf("%q: got %+v, then %+v and %v", body, in, again, err)
		}
	})
}

func FuzzUserInfo(f *testing.F) {
	for _, seed := range []struct{ media, body string }{
		{"application/json", `{"sub":"ada","name":"Ada","email":"ada@example.org","email_verified":true,"address":{"locality":"London"}}`}, {"application/jwt", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."},
		{"application/jwt;charset=utf-8", `{"sub":"ada"}`}, {"application/jwt", ""}, {"", `null`}, {"application/json", `[]`}, {"application/json", `{}`}, {"application/json", `{"sub":"a","sub":"b"}`},
		{"application/jwt", "a.b.c.d.e"}, {"text/html", `<p>`}, {"application/json", `{"n":1e400}`},
	} {
		f.Add(seed.media, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		claims, err := parseUserInfo(media, body)
		if (claims == nil) == (err == nil) {
			t.Fatalf("%q %q: got %v and %v, want one of them: a refusal is told by the status", media, body, claims, err)
		}
		if err != nil {
			return
		}
		written, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseUserInfo("application/json", written); err != nil || len(again) != len(claims) {
			t.Errorf("got %v, then %v and %v", claims, again, err)
		}
	})
}

func FuzzRegistration(f *testing.F) {
	for _, seed := range []string{
		`{"client_id":"s6BhdRkqt3","client_secret":"cf136dc3c1fc93f31185e5885805d","scope":"read:appointments","grant_types":["authorization_code"],"client_secret_expires_at":0}`,
		`{"client_id":"public"}`, `{"client_id":""}`, `{"client_id":7}`, `{"CLIENT_ID":"a"}`, `{"client_id":"a","client_secret":null}`, `{"client_id":"a","scope":["a",""]}`, `null`, ``, `{"client_id":"a","client_id":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := parseRegistration(body)
		if (reply.id == "") == (err == nil) || err != nil && reply.secret != "" {
			t.Fatalf("%q: got %v and %v, want a client or an error", body, reply, err)
		}
		cast := &Cast{Stage: &Stage{Target: &target.Resolved{Target: &target.Target{Description: &target.Description{}}}}, Recorder: &Recorder{}}
		client := &oauth.Client{Scope: oauth.NewScopeSet("read:appointments")}
		cast.told(client, body)
		lawfulSet(t, client.Scope)
		if client.Scope.IsEmpty() {
			t.Errorf("%q: got no scope, want at least what was there", body)
		}
	})
}

// FuzzRedactionOfAnything puts a secret that is known wherever a server can put
// it, in every way of writing it: it is in nothing that is shown.
func FuzzRedactionOfAnything(f *testing.F) {
	f.Add("pass word&more=1", "application/json", `{"password":"`, `","x":[{"token":1}]}`)
	f.Add(`quote"back\slash/<&>'+`, "text/html", `<input name=code value="`, `">`)
	f.Add("ünïcode-ﬁ", "", "a%3Dcode%3D", "%26http://u:p@h")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.sig", "application/x-www-form-urlencoded", "token=", "&token=x")
	f.Add("plain", "text/plain", "password: ", "\nnext: line")
	f.Fuzz(func(t *testing.T, rest, media, before, after string) {
		rest = strings.ToValidUTF8(rest, "")
		if len(rest) > 100 {
			return
		}
		value := "Zq7-known-secret-9" + rest + "-Xk4-its-end-2"
		inJSON, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), string(inJSON[1 : len(inJSON)-1])} {
			text := before + form + after
			r := &Recorder{}
			r.keep(oauth.Secret(value))
			r.records = []*record{{
				purpose: text, url: text, failure: text, method: "POST", reqBody: []byte(text), respBody: []byte(text),
				reqHeader:  http.Header{"Authorization": {text}, "Cookie": {text}, "X-Any": {text}, "Content-Type": {media}},
				respHeader: http.Header{"Location": {text}, "Set-Cookie": {text}, "Www-Authenticate": {text}, "Content-Type": {media}},
			}}
			e := r.Exchanges()[0]
			shown := []string{e.Purpose, e.URL, e.Failure, e.Request.Body, e.Response.Body, r.Redact(text)}
			for _, m := range []oauth.Message{e.Request, e.Response} {
				for _, h := range m.Header {
					if h.Name != "Content-Type" {
						shown = append(shown, h.Value)
					}
				}
			}
			for _, s := range shown {
				if strings.Contains(s, value) || strings.Contains(s, form) || strings.Contains(s, "known-secret") || strings.Contains(s, "its-end") {
					t.Errorf("%q in %q: got %q", form, text, s)
				}
			}
			if len(e.Response.Body) > shownBody+len("…") {
				t.Errorf("got a body of %d bytes", len(e.Response.Body))
			}
		}
	})
}
