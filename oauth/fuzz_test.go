package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// lawful reports whether a token is of RFC 6749 section 3.3.
func lawful(token ScopeToken) bool {
	for i := range len(token) {
		if c := token[i]; c < 0x21 || c == '"' || c == '\\' || c > 0x7e {
			return false
		}
	}
	return token != ""
}

// holds fails the test where a set is not what every set is: tokens in order,
// each once, none empty and none with a space, and its text means the same set.
func holds(t *testing.T, what string, set ScopeSet) {
	t.Helper()
	tokens := set.Tokens()
	for i, token := range tokens {
		if token == "" || strings.Contains(string(token), " ") || i > 0 && tokens[i-1] >= token {
			t.Errorf("%s: got the tokens %q", what, tokens)
		}
	}
	if again := FieldsScope(set.String()); !again.Equal(set) {
		t.Errorf("%s: got %q, which is read as %q", what, set, again)
	}
}

func FuzzScope(f *testing.F) {
	for _, seed := range []string{
		"", "read:appointments", "write:appointments read:appointments", "openid openid", " a", "a ", "a  b", "a\tb", `a"b`, `a\b`, "a\x00", "é",
		"https://www.googleapis.com/auth/calendar.readonly", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
	} {
		f.Add(seed, "read:appointments a b")
	}
	f.Fuzz(func(t *testing.T, value, other string) {
		lenient, o := FieldsScope(value), FieldsScope(other)
		holds(t, "lenient", lenient)
		for what, set := range map[string]ScopeSet{"union": lenient.Union(o), "intersection": lenient.Intersect(o), "difference": lenient.Minus(o)} {
			holds(t, what, set)
		}
		if got := lenient.Minus(o).Union(lenient.Intersect(o)); !got.Equal(lenient) {
			t.Errorf("%q and %q: what both and what one alone has come to %q", value, other, got)
		}
		set, err := ParseScope(value)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset >= len(value) || !set.IsEmpty() {
				t.Fatalf("%q: got %q and %v, want nothing, and the byte that is wrong", value, set, err)
			}
			return
		}
		if !set.Equal(lenient) {
			t.Errorf("%q: got %q, a lenient reader %q", value, set, lenient)
		}
		for _, token := range set.Tokens() {
			if !lawful(token) {
				t.Errorf("%q: got the token %q", value, token)
			}
		}
		again, err := ParseScope(set.String())
		if err != nil || !again.Equal(set) || again.String() != set.String() {
			t.Errorf("%q: got %q, then %q and %v", value, set, again, err)
		}
	})
}

func FuzzScopeMember(f *testing.F) {
	for _, seed := range []string{
		``, `null`, ` null `, `"read:appointments openid"`, `""`, `" a  b "`, `["read:appointments","openid"]`, `["", " ", "a b"]`, `[1,null,["a"],{"b":"c"}]`,
		`{"scope":"a"}`, `true`, `1e400`, "\"\xff\"", `"\ud800"`, `"a\u0020b"`, `[`, `"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		member := ParseScopeMember(raw)
		holds(t, string(raw), member.Set)
		if !member.Present && (member.Text != "" && !member.Odd || !member.Set.IsEmpty()) {
			t.Errorf("%q: got %+v, want nothing where nothing is", raw, member)
		}
		var value any
		if json.Unmarshal(raw, &value) != nil {
			return
		}
		if member.Present != (value != nil) {
			t.Errorf("%s: got present: %t", raw, member.Present)
		}
		switch v := value.(type) {
		case string:
			if member.Text != v || !member.Set.Equal(FieldsScope(v)) {
				t.Errorf("%s: got %+v", raw, member)
			}
		case []any: // it names what its texts name, one by one
			for _, item := range v {
				if s, ok := item.(string); ok && !FieldsScope(s).SubsetOf(member.Set) {
					t.Errorf("%s: got %q without %q", raw, member.Set, s)
				}
			}
		default:
			if !member.Set.IsEmpty() {
				t.Errorf("%s: got %q, want no scope", raw, member.Set)
			}
		}
	})
}

// FuzzObject holds the reader against encoding/json: what it reads is what
// encoding/json reads, and it refuses nothing else than members that are there twice.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"A":2}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, ` {"a" : [1,{"a":2}] } `, `null`, `[]`, `{"a":1}{"b":2}`, `{"a":1}]`, `{"a"}`, `{"a":1,}`, "{\"\xff\":1}",
		strings.Repeat(`{"a":`, 20000), `{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := ParseObject(body)
		var want map[string]json.RawMessage
		known := json.Unmarshal(body, &want) == nil && want != nil
		switch {
		case err == nil && !known:
			t.Fatalf("%q: got %v, but encoding/json refuses it", body, object)
		case err != nil && errors.Is(err, ErrNotJSON) && known:
			t.Fatalf("%q: got %v, but encoding/json reads %v", body, err, want)
		case err != nil:
			if len(err.Error()) > 2000 || object != nil {
				t.Errorf("got %v and an error of %d bytes", object, len(err.Error()))
			}
			return
		}
		if len(object) != len(want) {
			t.Fatalf("%q: got %d members, want %d", body, len(object), len(want))
		}
		for name, raw := range want {
			if !bytes.Equal(bytes.TrimSpace(object[name]), bytes.TrimSpace(raw)) {
				t.Errorf("%q: %q: got %q, want %q", body, name, object[name], raw)
			}
		}
	})
}

func FuzzTokenResponse(f *testing.F) {
	const media = "application/json;charset=UTF-8"
	for _, seed := range []struct {
		status int
		body   string
	}{
		{200, `{"access_token":"t","token_type":"Bearer","expires_in":300,"scope":"read:appointments","refresh_token":"r","id_token":"a.b.c"}`},
		{200, `{"access_token":"t","token_type":"Bearer","expires_in":"3600","scope":["read:appointments",""]}`},
		{400, `{"error":"invalid_scope","error_description":"no such scope"}`}, {401, `{"error":"invalid_client"}`}, {400, ``}, {404, `<html>`},
		{200, `{"error":"invalid_grant","access_token":"t"}`}, {400, `{"access_token":"t"}`}, {400, `{"error":5,"refresh_token":"t"}`},
		{200, `{"access_token":7}`}, {200, `{"Access_Token":"t","SCOPE":"admin"}`}, {200, `{"access_token":"t","expires_in":1e300}`}, {200, `{"access_token":"t","expires_in":-1}`},
		{200, `{"access_token":"t","access_token":"u"}`}, {200, "{\"access_token\":\"\xff\"}"}, {302, `{"access_token":"t"}`}, {503, `busy`}, {429, `{"error":"slow_down"}`}, {200, `null`},
		{200, `{"access_token":null,"error":null}`}, {200, `{"access_token":"t","error":""}`}, {200, `{"access_token":"t","error":{"code":"x"}}`},
	} {
		f.Add(seed.status, media, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		response, refused, err := ParseTokenResponse(status, contentType, body)
		said := 0
		for _, is := range []bool{response != nil, refused != nil, err != nil} {
			if is {
				said++
			}
		}
		if said != 1 {
			t.Fatalf("%d %q: got %v, %v and %v, want one of them", status, body, response, refused, err)
		}
		if (Unready(status) || status < 200 || status >= 300 && status < 400) && err == nil {
			t.Errorf("%d %q: got an answer", status, body)
		}
		var members map[string]json.RawMessage
		object := json.Unmarshal(body, &members) == nil
		text := func(name string) (value string) { _ = json.Unmarshal(members[name], &value); return }
		switch {
		case response != nil:
			if response.AccessToken == "" || response.AccessToken.Reveal() != text("access_token") || text("error") != "" || status/100 != 2 || response.ExpiresIn < 0 {
				t.Errorf("%d %q: got %+v", status, body, response)
			}
			holds(t, "scope", response.Scope.Set)
			if shown := fmt.Sprintf("%v %+v", response.AccessToken, response.RefreshToken); len(response.AccessToken) > 16 && strings.Contains(shown, response.AccessToken.Reveal()) {
				t.Errorf("got the token in %s", shown)
			}
		case refused != nil:
			leaks := object && (text("access_token") != "" || text("refresh_token") != "" || text("id_token") != "")
			if _, twice := ParseObject(body); twice == nil && refused.Tokens != leaks {
				t.Errorf("%d %q: got tokens: %t, want %t", status, body, refused.Tokens, leaks)
			}
			if status/100 == 2 && refused.Code == "" {
				t.Errorf("%d %q: got a refusal without a code, want one only by status", status, body)
			}
			if shown := refused.Error(); len(shown) > 1000 || !utf8.ValidString(shown) {
				t.Errorf("got %d bytes: %q", len(shown), shown)
			}
		default:
			if len(err.Error()) > 2000 || !utf8.ValidString(err.Error()) {
				t.Errorf("got an error of %d bytes", len(err.Error()))
			}
		}
	})
}

// written is a header that says the same as challenges.
func written(challenges []Challenge) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var parts []string
	for _, c := range challenges {
		if len(c.Params) == 1 && c.Params[0].Name == "" {
			parts = append(parts, c.Scheme+" "+c.Params[0].Value)
			continue
		}
		text := c.Scheme
		for i, p := range c.Params {
			if i > 0 {
				text += ","
			}
			text += " " + p.Name + `="` + escape.Replace(p.Value) + `"`
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{
		`Bearer`, `Bearer realm="calendar", error="insufficient_scope", scope="read:appointments write:appointments"`, `bearer error=invalid_token`,
		`Negotiate YIIGhgYGKwYBBQUCoIIGejCC==, Bearer realm="x"`, `NTLM, Basic realm="a", charset="UTF-8", Bearer`, `Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`,
		`Bearer error="a", error="b"`, `Bearer realm = "x" ,, error="y"`, `Bearer realm="x" error="y"`, `Bearer realm="x`, `realm="x"`, `="x"`, `Bearer "x"`, `Bearer a=b Basic`, "Bearer realm=\"\xff\x00\"", `Bearer error=`,
		`DPoP algs="ES256", Bearer`, `Bearer,`, `,`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		challenges, err := ParseChallenges(header)
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("got an error of %d bytes", len(err.Error()))
		}
		for _, c := range challenges {
			if c.Scheme == "" {
				t.Errorf("%q: got a challenge without a scheme", header)
			}
			first := map[string]string{}
			for _, p := range c.Params {
				name := strings.ToLower(p.Name)
				if name == "" && len(c.Params) > 1 {
					t.Errorf("%q: got %q, want a token68 alone", header, c.Params)
				}
				if _, twice := first[name]; !twice {
					first[name] = p.Value
				}
				if got, ok := c.Get(p.Name); !ok || got != first[name] {
					t.Errorf("%q: got %q for %s, want the first, %q", header, got, p.Name, first[name])
				}
			}
		}
		text := written(challenges)
		again, err := ParseChallenges(text)
		if err != nil || !slices.EqualFunc(challenges, again, func(a, b Challenge) bool { return a.Scheme == b.Scheme && slices.Equal(a.Params, b.Params) }) {
			t.Errorf("%q: got %q, then of %q %q and %v", header, challenges, text, again, err)
		}
		bearer, ok := BearerChallenge([]string{header})
		if ok != slices.ContainsFunc(challenges, func(c Challenge) bool { return strings.EqualFold(c.Scheme, "Bearer") }) || ok && !strings.EqualFold(bearer.Scheme, "Bearer") {
			t.Errorf("%q: got %v", header, bearer)
		}
	})
}
