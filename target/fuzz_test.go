package target

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzMetadata(f *testing.F) {
	for _, seed := range []struct{ media, body string }{
		{"application/json", `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token",` +
			`"scopes_supported":["openid","read:appointments"],"grant_types_supported":["authorization_code"],"claims_parameter_supported":true}`},
		{"application/json; charset=utf-8", `{"issuer":"https://as.example","token_endpoint":"javascript:alert(1)","jwks_uri":["a"],"scopes_supported":"openid"}`},
		{"text/html", `{"issuer":"https://as.example"}`}, {"", `{"issuer":null}`}, {"application/json", `{"Issuer":"https://as.example"}`},
		{"application/json", `null`}, {"application/json", `[{"issuer":"a"}]`}, {"application/json", `{"issuer":"a"}{}`}, {"a;b;c", "\xff"},
		{"application/json", strings.Repeat(`{"issuer":`, 20000)}, {strings.Repeat("x/y", 1000), ``},
	} {
		f.Add(seed.media, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		document, seen := parseDocument(media, body)
		if (document == nil) == (seen == "") {
			t.Fatalf("got %v and %q, want one of them", document, seen)
		}
		if len(seen) > 4<<10 || !utf8.ValidString(seen) {
			t.Errorf("got %d bytes of what was seen: %q", len(seen), seen)
		}
		if document == nil {
			return
		}
		if _, ok := document["issuer"]; !ok {
			t.Error("got a document without an issuer")
		}
		written, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := parseDocument("application/json", written); !reflect.DeepEqual(again, document) {
			t.Errorf("got %v, then %v", document, again)
		}
	})
}

func FuzzIssuers(f *testing.F) {
	for _, seed := range []string{
		"https://as.example", "https://as.example/", "https://as.example/realms/a", "http://127.0.0.1:8080", "", "https://[::1", "urn:x", "//h", "https://u:p@h/%2F?q#f", "\x7f",
	} {
		f.Add(seed, "https://as.example/a")
	}
	f.Fuzz(func(t *testing.T, got, want string) {
		places := MetadataURLs(want)
		if len(places) > 4 {
			t.Errorf("got %d places", len(places))
		}
		for _, at := range places {
			if !strings.Contains(at, "/.well-known/") {
				t.Errorf("%q: got %q", want, at)
			}
		}
		mismatch := &IssuerMismatch{URL: "https://as.example/.well-known/x", Got: got, Want: want}
		if text := mismatch.Error(); !strings.Contains(text, "hint:") || !strings.Contains(text, fmt.Sprintf("%q", got)) {
			t.Errorf("got %q", text)
		}
	})
}

func FuzzCapture(f *testing.F) {
	for _, seed := range []struct{ body, pointer string }{
		{`{"client_id":"c-1","client_secret":"s"}`, "/client_id"}, {`{"data":{"items":[{"id":7}]}}`, "/data/items/0/id"}, {`{"a/b":{"m~n":true}}`, "/a~1b/m~0n"},
		{`{"":"empty"}`, "/"}, {`"whole"`, ""}, {`[1,2]`, "/-"}, {`[1,2]`, "/01"}, {`[1,2]`, "/+1"}, {`[1,2]`, "/99999999999999999999"}, {`{"a":null}`, "/a"}, {`{"a":{}}`, "/a"},
		{`{"a":1e400}`, "/a"}, {`{"a":12345678901234567890}`, "/a"}, {"\xff", "/a"}, {`{"a":1} trailing`, "/a"}, {strings.Repeat("[", 20000), "/0/0"}, {`{"~2":1}`, "/~2"}, {`{"a":1}`, "a"},
	} {
		f.Add([]byte(seed.body), seed.pointer)
	}
	f.Fuzz(func(t *testing.T, body []byte, pointer string) {
		call := Call{Capture: map[string]string{"id": pointer}}
		captured, err := call.Captured(&Reply{Body: body})
		if err != nil {
			if captured != nil || len(err.Error()) > len(pointer)*4+500 {
				t.Errorf("got %v and %v", captured, err)
			}
			return
		}
		if pointer != "" && !strings.HasPrefix(pointer, "/") {
			if len(captured) > 0 {
				t.Errorf("%q: got %q, want nothing: there is no such header field", pointer, captured)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q: got %v, want an error: it is not JSON", body, captured)
		}
		got, found := captured["id"]
		if len(captured) > 1 || !found && len(captured) > 0 {
			t.Fatalf("got %v", captured)
		}
		var whole any
		if json.Unmarshal(body, &whole) != nil {
			return // a number too large for encoding/json
		}
		if object, ok := whole.(map[string]any); ok && strings.HasPrefix(pointer, "/") && !strings.ContainsAny(pointer[1:], "/~") {
			if text, ok := object[pointer[1:]].(string); ok && got != text {
				t.Errorf("%q at %q: got %q, want %q", body, pointer, got, text)
			}
		}
	})
}
