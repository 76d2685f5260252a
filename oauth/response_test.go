package oauth

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestTroubleOfTheServerIsNoAnswer(t *testing.T) {
	for status, want := range map[int]bool{400: true, 401: true, 404: true, 408: false, 429: false, 500: false, 503: false} {
		for _, body := range []string{`{"error":"invalid_grant"}`, "", "busy"} {
			_, refused, err := ParseTokenResponse(status, "application/json", []byte(body))
			if (refused != nil && err == nil) != want {
				t.Errorf("%d %q: got %v, %v, want a refusal: %t", status, body, refused, err, want)
			}
		}
	}
}

func TestTokenResponsesThatSayTooLittle(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, says string
	}{
		{200, `{"Access_Token":"t"}`, "without access_token and without error"},
		{200, `{"access_token":"t","access_token":"u"}`, `the member "access_token" twice`},
		{200, "{\"access_token\":\"\xff\"}", "not UTF-8"},
		{200, `{"access_token":7}`, "access_token that is not a string"},
		{200, `{"access_token":"t","error":{"code":1}}`, "error that is not a string"},
		{200, `{"access_token":"t"} {}`, "not a JSON object"},
		{200, strings.Repeat(`{"a":`, 1_000_000), "not a JSON object"},
		{302, `{"access_token":"t"}`, "got 302"},
	} {
		response, refused, err := ParseTokenResponse(c.status, "application/json", []byte(c.body))
		if response != nil || refused != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %.60s: got %v, %v and %v, want an error: %s", c.status, c.body, response, refused, err, c.says)
		}
	}
	response, _, err := ParseTokenResponse(200, "application/json", []byte(`{"access_token":"t","SCOPE":"admin","expires_in":1e300}`))
	if err != nil || response.Scope.Present || response.ExpiresIn != math.MaxInt64 {
		t.Errorf("got %+v and %v, want no scope and the longest duration", response, err)
	}
	_, refused, err := ParseTokenResponse(400, "application/json", []byte(`{"error":5,"refresh_token":"t"}`))
	if err != nil || !refused.Tokens || refused.Code != "" {
		t.Errorf("got %+v and %v, want a refusal with a token", refused, err)
	}
}

func TestAScopeMemberNamesNoEmptyScope(t *testing.T) {
	for raw, want := range map[string]string{`["a b",""," ","c"]`: "a b c", `[1,null,["d"]]`: "", `"a  b"`: "a b", ` null `: "", `{"a":"b"}`: ""} {
		if got := ParseScopeMember(json.RawMessage(raw)); got.Set.String() != want || got.Set.Has("") || got.Set.Has("a b") {
			t.Errorf("%s: got %q, want %q", raw, got.Set.Tokens(), want)
		}
	}
}
