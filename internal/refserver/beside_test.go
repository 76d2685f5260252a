package refserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func TestMintedTokensAreIntrospectedAsTheyWereMade(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			r := start(t, refserver.Options{TokenFormat: format})
			ask := func(claims map[string]any) string {
				token, err := r.Mint("at+jwt", claims)
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Count(token, ".") == 2; got != (format == "jwt") {
					t.Errorf("got a token with dots: %v", got)
				}
				status, view := r.post("/introspect", client{"calendar-api", "calendar-api-secret"}, url.Values{"token": {token}})
				return fmt.Sprint(status, " ", view["active"], " ", view["scope"], " ", view["aud"])
			}
			later, past := time.Now().Add(time.Minute).Unix(), time.Now().Add(-time.Minute).Unix()
			want(t, "a good one", ask(map[string]any{"iss": r.Issuer(), "exp": later, "scope": ra, "aud": "x"}), "200 true "+ra+" x")
			want(t, "a strange scope", ask(map[string]any{"iss": r.Issuer(), "exp": later, "scope": 123}), "200 true 123 <nil>")
			want(t, "an expired one", ask(map[string]any{"iss": r.Issuer(), "exp": past, "scope": ra}), "200 false <nil> <nil>")
			want(t, "another issuer's", ask(map[string]any{"iss": "https://issuer.invalid", "exp": later, "scope": ra}), "200 false <nil> <nil>")
		})
	}
}

func TestASilentServerDropsWhatAPIsAsk(t *testing.T) {
	r := start(t, refserver.Options{})
	r.SetAnswering(false)
	for _, path := range []string{"/jwks", "/introspect"} {
		response, err := http.Post(r.URL()+path, "application/x-www-form-urlencoded", strings.NewReader("token=x"))
		if path == "/jwks" {
			response, err = http.Get(r.URL() + path)
		}
		if err == nil {
			response.Body.Close()
			t.Errorf("%s: got %s, want no answer", path, response.Status)
		}
	}
	r.SetAnswering(true)
	status, _, _ := r.call("GET", "/jwks", nil, nil)
	want(t, "it answers again", status, 200)
}

func TestTheCalendarMayBeKnownByAnotherName(t *testing.T) {
	const name = "https://calendar.example/v1"
	r := start(t, refserver.Options{Calendar: name})
	token := r.browser("ada").grant(planner, both)
	status, view := r.post("/introspect", client{"calendar-api", "calendar-api-secret"}, url.Values{"token": {fmt.Sprint(token["access_token"])}})
	want(t, "its audience", fmt.Sprint(status, " ", view["active"], " ", view["aud"]), "200 true "+name)
}
