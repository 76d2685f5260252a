package loadtest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// aToken is a response with a JWT of that header, those claims and that signature.
func aToken(header, claims, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return `{"access_token":"` + encode([]byte(header)) + "." + encode([]byte(claims)) + "." + signature + `","token_type":"Bearer","expires_in":300,"scope":"read"}`
}

// issuesRead expects a token for read, and has learnt nothing.
func issuesRead() Expectation {
	s := &Stage{Target: &target.Resolved{Target: &target.Target{Description: &target.Description{}}}}
	read := oauth.NewScopeSet("read")
	return s.Issues(Grant{Rule: "CC-01", Denied: "GRANT-03", Asked: read, Must: read, May: read})
}

// Whatever was learnt, an answer is judged as by somebody who has learnt nothing.
func TestWhatWasLearntChangesNoVerdict(t *testing.T) {
	const header, claims, signature = `{"alg":"ES256"}`, `{"jti":"0001","exp":1999999999,"n":-10.5e1,"scope":"read","sub":"robot","more":{"scope":"x"}}`, "c2lnbg"
	first := aToken(header, claims, signature)
	for name, body := range map[string]string{
		"the same":                         first,
		"another id":                       aToken(header, strings.Replace(claims, "0001", "0002", 1), signature),
		"another id, of another length":    aToken(header, strings.Replace(claims, "0001", "00002", 1), signature),
		"another time":                     aToken(header, strings.Replace(claims, "1999999999", "1999999998", 1), signature),
		"another signature":                aToken(header, claims, "c2lnbmF0dXJl"),
		"no signature":                     aToken(header, claims, ""),
		"another header":                   aToken(`{"alg":"ES384"}`, claims, signature),
		"a scope too many":                 aToken(header, strings.Replace(claims, `"read"`, `"writ"`, 1), signature),
		"a scope in place of another name": aToken(header, strings.Replace(claims, `"sub":"robot"`, `"scp":"write"`, 1), signature),
		"a scope within the id":            aToken(header, strings.Replace(claims, `0001`, `","scope":"write`, 1), signature),
		"a scope within a longer id":       aToken(header, strings.Replace(claims, `"jti":"0001"`, `"jti":"","scp":""`, 1), signature),
		"a quote in the id":                aToken(header, strings.Replace(claims, "0001", `00"1`, 1), signature),
		"a control character in the id":    aToken(header, strings.Replace(claims, "0001", "00\n1", 1), signature),
		"a number that is none":            aToken(header, strings.Replace(claims, "1999999999", "19999e9999", 1), signature),
		"a number with a zero before it":   aToken(header, strings.Replace(claims, "1999999999", "0999999999", 1), signature),
		"no time at all":                   aToken(header, strings.Replace(claims, "1999999999", "19999 9999", 1), signature),
		"claims that are no object":        aToken(header, strings.Replace(claims, "{", "[", 1), signature),
		"four parts":                       strings.Replace(first, ".", ".e30.", 1),
		"a dot in the signature":           aToken(header, claims, "c2.nbg"),
		"a line end within the claims":     strings.Replace(first, ".", ".\n", 1),
		"a quote in the signature":         aToken(header, claims, `c2","scope":"write`),
		"an escape in the signature":       aToken(header, claims, `c2\u0041`),
		"another scope in the response":    strings.Replace(first, `"scope":"read"`, `"scope":"writ"`, 1),
		"the scope twice":                  strings.Replace(first, `,"expires_in":300`, `,"scope":"read"`, 1),
		"an opaque token":                  `{"access_token":"opaque","token_type":"Bearer","expires_in":300,"scope":"read"}`,
		"an empty token":                   `{"access_token":"","token_type":"Bearer","expires_in":300,"scope":"read"}`,
		"another type of token":            strings.Replace(first, "Bearer", "DPoPXX", 1),
		"nothing":                          "",
	} {
		for _, status := range []int{200, 201, 400, 503} {
			learnt := issuesRead()
			if v := learnt(answer(first)); !v.kept() {
				t.Fatal(v)
			}
			a := answer(body)
			a.Status = status
			compareVerdicts(t, fmt.Sprintf("%s, %d", name, status), learnt, issuesRead(), a)
		}
	}
}

// Nor does it where any few bytes are others, of the answer or of the claims.
func TestWhatWasLearntChangesNoVerdictOnAnythingElse(t *testing.T) {
	const header, claims = `{"alg":"ES256"}`, `{"jti":"0001","exp":1999999999,"scope":"read","sub":"robot"}`
	opaque := `{"access_token":"opaque","token_type":"Bearer","scope":"read"}`
	padded := strings.Replace(aToken(header, claims+"  ", "c2lnbg"), "ICA.", "IA==.", 1)
	for name, first := range map[string]string{"JWT": aToken(header, claims, "c2lnbg"), "padded": padded, "opaque": opaque} {
		t.Run(name, func(t *testing.T) {
			random, learnt := rand.New(rand.NewPCG(1, 2)), issuesRead()
			if v := learnt(answer(first)); !v.kept() {
				t.Fatal(v)
			}
			const others = `"\{}[]:,.0159azAZ-_ ` + "\n\x00\x7f\xff="
			change := func(text string) string {
				data := []byte(text)
				for range 1 + random.IntN(3) {
					data[random.IntN(len(data))] = others[random.IntN(len(others))]
				}
				return string(data)
			}
			kept := 0
			for range 10000 {
				a := answer(change(first))
				if random.IntN(2) == 0 {
					a = answer(aToken(header, change(claims), "c2lnbg"))
				}
				if compareVerdicts(t, string(a.Body), learnt, issuesRead(), a) {
					kept++
				}
			}
			if kept < 100 {
				t.Errorf("got %d answers kept, want enough of them to show something", kept)
			}
		})
	}
}

func answer(body string) Answer { return Answer{Status: 200, Body: []byte(body), room: &room{}} }

// compareVerdicts reports whether the answer is as expected.
func compareVerdicts(t *testing.T, name string, learnt, fresh Expectation, a Answer) bool {
	t.Helper()
	got := learnt(a)
	issued := slices.Clone(a.room.issued)
	a.room.issued = nil
	if want := fresh(a); got != want {
		t.Errorf("%s: got %+v, want %+v", name, got, want)
	} else if string(issued) != string(a.room.issued) {
		t.Errorf("%s: got the token %q to check, want %q", name, issued, a.room.issued)
	}
	return got.kept()
}
