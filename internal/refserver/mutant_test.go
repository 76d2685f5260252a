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

// TestFaultsOfTheAPIAreOneFunctionEach replaces one decision at a time and looks
// for what a client then gets.
func TestFaultsOfTheAPIAreOneFunctionEach(t *testing.T) {
	const list = "/calendar/appointments"
	challenge := func(r rig, token string) string {
		_, _, header := r.call("POST", list, bearing(token), strings.NewReader("{}"))
		return strings.SplitN(header.Get("WWW-Authenticate"), ", resource_metadata", 2)[0]
	}
	insufficient := func(code string) func(refserver.Refusal) string {
		return func(r refserver.Refusal) string {
			if r.Reason == refserver.InsufficientScope {
				return code
			}
			return r.Reason
		}
	}
	for name, row := range map[string]struct {
		spoil func(p *refserver.Policy)
		see   func(r rig, reads string) string
		want  string
	}{
		"no challenge": {
			func(p *refserver.Policy) { p.API.Challenge.Sent = func(refserver.Refusal) bool { return false } },
			func(r rig, _ string) string { return challenge(r, "x") }, "",
		},
		"invalid_scope": {
			func(p *refserver.Policy) { p.API.Challenge.Code = insufficient("invalid_scope") },
			challenge, `Bearer realm="scopeproof", error="invalid_scope", scope="write:appointments"`,
		},
		"invalid_token for want of scope": {
			func(p *refserver.Policy) { p.API.Challenge.Reason = insufficient(refserver.InvalidToken) },
			challenge, `Bearer realm="scopeproof", error="invalid_token"`,
		},
		"a scope attribute each": {
			func(p *refserver.Policy) {
				p.API.Challenge.Scopes = func(r refserver.Refusal, _ refserver.ScopeSet) []string {
					return append([]string(r.Need.Scope), r.Held...)
				}
			},
			challenge, `Bearer realm="scopeproof", error="insufficient_scope", scope="write:appointments", scope="read:appointments"`,
		},
		"a path between quotes": {
			func(p *refserver.Policy) {
				p.API.Challenge.Description = func(r refserver.Refusal) string { return "no access to " + r.Path }
			},
			challenge, `Bearer realm="scopeproof", error="insufficient_scope", error_description="no access to /calendar/appointments", scope="write:appointments"`,
		},
		"no scheme": {
			func(p *refserver.Policy) { p.API.Challenge.Scheme = func(refserver.Refusal) string { return "" } },
			challenge, `realm="scopeproof", error="insufficient_scope", scope="write:appointments"`,
		},
		"404 where there is nothing": {
			func(p *refserver.Policy) {
				p.API.Challenge.Status = func(r refserver.Refusal) int {
					if !r.Exists() {
						return http.StatusNotFound
					}
					return http.StatusForbidden
				}
			},
			func(r rig, reads string) string { return fmt.Sprint(r.api("DELETE", list+"/none", reads, "")) }, "404",
		},
		"scope before validity": {
			func(p *refserver.Policy) {
				p.API.Challenge.Reason = func(r refserver.Refusal) string {
					if r.Reason == refserver.InvalidToken && !r.Held.Covers(r.Need.Scope) {
						return refserver.InsufficientScope
					}
					return r.Reason
				}
			},
			func(r rig, reads string) string {
				r.admin("POST", "/admin/clock", map[string]int{"advance_seconds": 3600})
				return fmt.Sprint(r.api("POST", list, reads, "{}"))
			}, "403",
		},
		"no expiry": {
			func(p *refserver.Policy) { p.API.Tokens.InTime = func(_, _, _ time.Time) bool { return true } },
			func(r rig, reads string) string {
				r.admin("POST", "/admin/clock", map[string]int{"advance_seconds": 3600})
				return fmt.Sprint(r.api("GET", list, reads, ""))
			}, "200",
		},
		"token from the query": {
			func(p *refserver.Policy) {
				p.API.Tokens.Presented = func(p refserver.Presentation) (string, string) { return strings.Join(p.Query, ""), "" }
			},
			func(r rig, reads string) string {
				return fmt.Sprint(r.api("GET", list+"?"+url.Values{"access_token": {reads}}.Encode(), "x", ""))
			}, "200",
		},
		"scope from a header": {
			func(p *refserver.Policy) {
				p.API.Tokens.Added = func(r *http.Request, _ refserver.Principal) refserver.ScopeSet {
					return refserver.NewScopeSet(strings.Fields(r.Header.Get("X-Scope"))...)
				}
			},
			func(r rig, reads string) string {
				header := bearing(reads)
				header["X-Scope"] = []string{wa}
				status, _, _ := r.call("POST", list, header, strings.NewReader("{}"))
				return fmt.Sprint(status)
			}, "201",
		},
		"any signature": {
			func(p *refserver.Policy) { p.API.Tokens.SignatureFits = func(refserver.Signature) bool { return true } },
			func(r rig, reads string) string {
				parts := strings.Split(reads, ".")
				return fmt.Sprint(r.api("GET", list, parts[0]+"."+parts[1]+".", ""))
			}, "200",
		},
		"open when cut off": {
			func(p *refserver.Policy) {
				p.API.Tokens.Unchecked = func(string) (refserver.Principal, bool) {
					return refserver.Principal{Subject: "ada", Scope: refserver.AllScopes()}, true
				}
			},
			func(r rig, reads string) string {
				r.admin("POST", "/admin/network", map[string]bool{"reachable": false})
				return fmt.Sprint(r.api("POST", list, reads, "{}"))
			}, "201",
		},
		"a batch needs to read": {
			func(p *refserver.Policy) {
				p.API.PartRequirement = func(_ refserver.Operation, need refserver.Requirement) refserver.Requirement {
					need.Scope = refserver.ScopeSet{ra}
					return need
				}
			},
			func(r rig, reads string) string {
				_, answer, _ := r.call("POST", list+"/batch", bearing(reads), strings.NewReader(`{"operations":[{"method":"POST"}]}`))
				return fmt.Sprint(answer["results"].([]any)[0].(map[string]any)["status"])
			}, "201",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := refserver.Conformant()
			row.spoil(&p)
			r := start(t, refserver.Options{Policy: p})
			want(t, name, row.see(r, fmt.Sprint(r.browser("ada").grant(planner, ra)["access_token"])), row.want)
		})
	}
}

func TestAPIThatTakesAnyTokenForAnAccessToken(t *testing.T) {
	for _, format := range []string{"jwt", "opaque"} {
		p := refserver.Conformant()
		p.API.Tokens.TypeFits = func(refserver.TokenType) bool { return true }
		p.API.AudienceFits = func([]string, string) bool { return true }
		r := start(t, refserver.Options{Policy: p, TokenFormat: format})
		b := r.browser("ada")
		token := b.grant(planner, "openid offline_access "+ra)
		want(t, "refresh token", r.api("GET", "/calendar/appointments", fmt.Sprint(token["refresh_token"]), ""), 200)
		want(t, "ID token", r.api("GET", "/calendar/appointments", fmt.Sprint(token["id_token"]), ""), 403)
		b.authorize(planner, ra)
		want(t, "code", r.api("GET", "/calendar/appointments", b.answered.Get("code"), ""), 200)
	}
}

func TestAmbientAuthority(t *testing.T) {
	p := refserver.Conformant()
	p.API.Tokens.Cookie = func(by refserver.Principal) *http.Cookie {
		return &http.Cookie{Name: "api", Value: url.QueryEscape(by.Subject + " " + by.Scope.String())}
	}
	p.API.Tokens.Ambient = func(r *http.Request) (refserver.Principal, bool) {
		cookie, err := r.Cookie("api")
		if err != nil {
			return refserver.Principal{}, false
		}
		text, _ := url.QueryUnescape(cookie.Value)
		words := strings.Fields(text)
		return refserver.Principal{Subject: words[0], ClientID: "x", Scope: refserver.NewScopeSet(words[1:]...)}, true
	}
	r := start(t, refserver.Options{Policy: p})
	token := r.browser("ada").grant(planner, ra)["access_token"]
	_, _, header := r.call("GET", "/calendar/appointments", bearing(token), nil)
	status, _, _ := r.call("GET", "/calendar/appointments", http.Header{"Cookie": {strings.SplitN(header.Get("Set-Cookie"), ";", 2)[0]}}, nil)
	want(t, "without a token", status, 200)
}
