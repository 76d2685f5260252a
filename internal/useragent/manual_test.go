package useragent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// person reads what is written and acts on it in a browser.
type person func(text string)

func (p person) Write(text []byte) (int, error) {
	p(string(text))
	return len(text), nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func manual(t *testing.T, p person) target.UserAgent {
	t.Helper()
	agent, err := New(&target.Target{Description: &target.Description{Login: target.Login{Driver: "manual"}}}, Output(p))
	if err != nil {
		t.Fatal(err)
	}
	return agent
}

func TestAPersonIsAskedAndAwaited(t *testing.T) {
	at := "http://" + freeAddress(t) + "/cb"
	asks := func(d oauth.ConsentDecision) func(target.ConsentPage) oauth.ConsentDecision {
		return func(target.ConsentPage) oauth.ConsentDecision { return d }
	}
	tests := []struct {
		name   string
		decide func(target.ConsentPage) oauth.ConsentDecision
		act    func() (*http.Response, error)
		says   string
		want   string
	}{
		{"granting", nil, func() (*http.Response, error) { return http.Get(at + "?code=1") }, "grant everything that is asked", "code=1"},
		{"narrowing", asks(only("read")), func() (*http.Response, error) { return http.Get(at + "?code=2") }, `grant only "read"`, "code=2"},
		{"granting nothing", asks(only("")), func() (*http.Response, error) { return http.Get(at + "?code=3") }, "untick every scope", "code=3"},
		{"by form post", asks(oauth.ConsentDecision{Deny: true}), func() (*http.Response, error) {
			return http.PostForm(at, url.Values{"error": {"access_denied"}})
		}, "deny the request", "error=access_denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var said string
			done := make(chan error, 1)
			agent := manual(t, func(text string) {
				said = text
				go func() {
					stray, err := http.Get(strings.TrimSuffix(at, "/cb") + "/favicon.ico")
					if err == nil {
						stray.Body.Close()
						var resp *http.Response
						if resp, err = test.act(); err == nil {
							resp.Body.Close()
						}
					}
					done <- err
				}()
			})
			got, err := agent.Visit(t.Context(), target.Visit{URL: "http://as.example/auth?scope=read", RedirectURI: at, Owner: ada, Decide: test.decide})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got.Redirect.String() != at+"?"+test.want {
				t.Errorf("got %s, want %s?%s", got.Redirect, at, test.want)
			}
			for _, want := range []string{"sign in as Ada (ada@example.org)", test.says, "http://as.example/auth?scope=read"} {
				if !strings.Contains(said, want) {
					t.Errorf("got %q, want it to say %q", said, want)
				}
			}
			if strings.Contains(said, ada.Password.Reveal()) {
				t.Error("got the password in the instruction")
			}
		})
	}
}

func TestNobodyIsAwaitedForEver(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	at := "http://" + freeAddress(t) + "/cb"
	_, err := manual(t, func(string) {}).Visit(ctx, target.Visit{URL: "http://as.example/", RedirectURI: at})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
	for _, visit := range []target.Visit{
		{RedirectURI: "https://app.example/cb"}, {RedirectURI: "app:/cb"}, {RedirectURI: at, StopAtConsent: true},
	} {
		if _, err := manual(t, func(string) {}).Visit(t.Context(), visit); err == nil {
			t.Errorf("got no error for %+v", visit)
		}
	}
}
