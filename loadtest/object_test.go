package loadtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestReadObjectReadsWhatIsWanted(t *testing.T) {
	body := ` { "a\u0062" : "x\"y" , "n":-1.5e+3, "t":true,"o":{"ab":[1,{"ab":2}]},"z":null , "other":"ä" } `
	want := []member{{name: "ab"}, {name: "n"}, {name: "t"}, {name: "o"}, {name: "z"}, {name: "absent"}}
	if err := readObject([]byte(body), want); err != nil {
		t.Fatal(err)
	}
	if got := want[0].text(); got != `x"y` {
		t.Errorf("ab: got %q", got)
	}
	for i, kind := range []byte{'"', '0', 't', '{', 'n', 0} {
		if want[i].kind != kind {
			t.Errorf("%s: got kind %q, want %q", want[i].name, want[i].kind, kind)
		}
	}
}

func TestReadObjectRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, tt := range []struct {
		body string
		want error
	}{
		{``, errObject}, {`null`, errObject}, {`[]`, errObject}, {`{`, errObject}, {`{"a":1`, errObject}, {`{"a":1,}`, errObject},
		{`{"a":1}x`, errObject}, {`{"a":1}{"a":1}`, errObject}, {`{'a':1}`, errObject}, {`{"a" 1}`, errObject}, {`{"a":01}`, errObject},
		{`{"a":1.}`, errObject}, {`{"a":-}`, errObject}, {`{"a":1e}`, errObject}, {`{"a":tru}`, errObject}, {`{"a":"\x"}`, errObject},
		{`{"a":"\u12G4"}`, errObject}, {"{\"a\":\"\n\"}", errObject}, {`{"a":"`, errObject}, {`{"a":[1,]}`, errObject}, {`{"a":{"b"}}`, errObject},
		{`{"a":"\`, errObject}, {`{"a":"\u12`, errObject},
		{`{"a":1,"a":2}`, errTwice}, {`{"a":1,"\u0061":2}`, errTwice}, {deep, errDeep},
	} {
		if err := readObject([]byte(tt.body), []member{{name: "a"}}); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", clip(tt.body), err, tt.want)
		}
	}
}

// FuzzTokenAnswer holds the scanner of token responses against encoding/json:
// both accept the same bodies and read the same values.
func FuzzTokenAnswer(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","token_type":"Bearer","expires_in":300,"scope":"read:appointments"}`))
	f.Add([]byte(`{"error":"invalid_scope","error_description":"\u00fc\\\/"}`))
	f.Add([]byte(`{"access_token":"a.eyJzY29wZSI6IngifQ.b","scope":["a","b"],"x":{"scope":[{}]}}`))
	f.Add([]byte(`{"scope":"a","scope":"b"}`))
	f.Add([]byte(" {\"scope\" :\t-0.1E-7 } "))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a tokenAnswer
		err := a.read(body)
		if errors.Is(err, errDeep) {
			return // bounded on purpose
		}
		object := bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
		if lawful := json.Valid(body) && object; lawful != (err == nil || errors.Is(err, errTwice)) {
			t.Fatalf("%q: got %v, but encoding/json says valid: %v", body, err, lawful)
		}
		if err != nil {
			return
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatal(err)
		}
		for i := range a.members {
			m := &a.members[i]
			raw, present := all[m.name]
			if present != (m.kind != 0) {
				t.Fatalf("%q: %s: got kind %q, but encoding/json says present: %v", body, m.name, m.kind, present)
			}
			if m.kind != '"' {
				if present && !bytes.Equal(raw, m.raw) {
					t.Fatalf("%q: %s: got %q, want %q", body, m.name, m.raw, raw)
				}
				continue
			}
			var want string
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if got := m.text(); got != want && strings.ToValidUTF8(got, "\uFFFD") != strings.ToValidUTF8(want, "\uFFFD") &&
				string([]rune(got)) != want {
				t.Fatalf("%q: %s: got %q, want %q", body, m.name, got, want)
			}
		}
	})
}
