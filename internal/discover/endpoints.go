package discover

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/target"
)

// usual are places of the authorization, token, introspection and revocation endpoints
// where frameworks put them unless they are told otherwise.
var usual = [][4]string{
	{"/oauth/authorize", "/oauth/token", "/oauth/introspect", "/oauth/revoke"}, // doorkeeper, Laravel Passport, Auth0
	{"/oauth2/authorize", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"},
	{"/oauth2/auth", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"},
	{"/o/authorize/", "/o/token/", "/o/introspect/", "/o/revoke_token/"}, // django-oauth-toolkit
	{"/connect/authorize", "/connect/token", "/connect/introspect", "/connect/revocation"},
	{"/authorize", "/token", "/introspect", "/revoke"},
	{"/auth", "/token", "/token/introspection", "/token/revocation"},
	{"/dialog/authorize", "/oauth/token", "/oauth/introspect", "/oauth/revoke"}, // oauth2orize
	{"/login/oauth/authorize", "/login/oauth/access_token", "/login/oauth/introspect", "/login/oauth/revoke"},
}

// Endpoint is one that the file names, by its member in a metadata document.
type Endpoint struct{ Name, URL string }

// lookAround finds the endpoints of a server that publishes no metadata, by what answers
// at the usual places; nil: none was found, or the server answers alike wherever it is
// asked.
func lookAround(ctx context.Context, issuer string) []Endpoint {
	l := looker{
		base: strings.TrimSuffix(issuer, "/"),
		client: &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	if l.refuses(ctx, "/no-endpoint-is-here") {
		return nil
	}
	for _, at := range usual {
		if !l.refuses(ctx, at[1]) || !l.answers(ctx, http.MethodGet, at[0]) {
			continue
		}
		found := []Endpoint{{"authorization_endpoint", l.base + at[0]}, {"token_endpoint", l.base + at[1]}}
		for i, name := range []string{"introspection_endpoint", "revocation_endpoint"} {
			if l.answers(ctx, http.MethodPost, at[2+i]) {
				found = append(found, Endpoint{name, l.base + at[2+i]})
			}
		}
		return found
	}
	return nil
}

type looker struct {
	base   string
	client *http.Client
}

// refuses reports whether a request with nothing in it is refused as a token endpoint
// does (RFC 6749 section 5.2), or as whatever authenticates clients in front of it.
func (l looker) refuses(ctx context.Context, path string) bool {
	status, body := l.ask(ctx, http.MethodPost, path)
	if status == http.StatusUnauthorized {
		return true
	}
	var refusal struct{ Error string }
	return there(status) && status >= 400 && status < 500 && json.Unmarshal(body, &refusal) == nil && refusal.Error != ""
}

func (l looker) answers(ctx context.Context, method, path string) bool {
	status, _ := l.ask(ctx, method, path)
	return there(status)
}

// there reports whether a status speaks of something at the place that was asked.
func there(status int) bool {
	return status != 0 && status != http.StatusNotFound && status != http.StatusMethodNotAllowed && status != http.StatusGone && status < 500
}

// ask returns a status, 0 for no answer.
func (l looker) ask(ctx context.Context, method, path string) (status int, body []byte) {
	request, err := http.NewRequestWithContext(ctx, method, l.base+path, nil)
	if err != nil {
		return 0, nil
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header.Set("Accept", "application/json, text/html;q=0.9")
	response, err := l.client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	body, err = target.ReadAnswer(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, body
}
