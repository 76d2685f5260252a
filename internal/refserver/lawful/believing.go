package lawful

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// believing are choices about which tokens an API takes, and where they may
// stand.
var believing = []Choice{
	{
		ID: "token-in-query-and-form", Text: "A token may stand in the query or in a form as well; two of them are refused.",
		Source: "RFC 6750 sections 2.2 and 2.3 (MAY support)",
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				all := append(append(bearers(at.Headers), at.Form...), at.Query...)
				switch {
				case len(all) == 0:
					return "", ""
				case len(all) > 1:
					return "", refserver.InvalidRequest
				}
				return all[0], ""
			}
		},
	},
	{
		ID: "token-as-password", Text: "A token may stand for the password or the name of a user, and is worth what it always is.",
		Source: "RFC 6749 section 7 (how a token is used is defined by its type), RFC 7617 section 2",
		Apply: func(p *refserver.Policy) {
			presented := p.API.Tokens.Presented
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				for _, header := range at.Headers {
					user, password, ok := (&http.Request{Header: http.Header{"Authorization": {header}}}).BasicAuth()
					switch {
					case ok && password == "x-oauth-basic":
						at.Headers = []string{"Bearer " + user}
					case ok:
						at.Headers = []string{"Bearer " + password}
					}
				}
				return presented(at)
			}
		},
	},
	{
		ID: "only-the-header-counts", Text: "The API looks at the Authorization header and nowhere else.",
		Source: "RFC 6750 section 2 (other places are optional)",
		Apply: func(p *refserver.Policy) {
			presented := p.API.Tokens.Presented
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				return presented(refserver.Presentation{Headers: at.Headers[:min(1, len(at.Headers))]})
			}
		},
	},
	{
		ID: "scope-array-refused", Text: "A token whose scope is an array is not valid.",
		Source: "RFC 8693 section 4.2, RFC 9068 section 2.2.3 (scope is a string)",
		Apply: func(p *refserver.Policy) {
			claimed := p.API.ClaimedScope
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				if _, array := claims["scope"].([]any); array {
					return claimed(map[string]any{"scope": 0}) // neither is a string
				}
				return claimed(claims)
			}
		},
	},
	{
		ID: "scope-of-another-form-is-none", Text: "A scope that is not a string counts as none.",
		Source: "RFC 8693 section 4.2, RFC 6749 section 7",
		Apply: func(p *refserver.Policy) {
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				text, _ := claims["scope"].(string)
				return refserver.NewScopeSet(strings.Split(text, " ")...).Without(""), nil
			}
		},
	},
	{
		ID: "five-minutes-of-leeway", Text: "A token counts for five minutes after it has expired, as clocks differ.",
		Source: "RFC 9068 section 4 (some small leeway, usually no more than a few minutes)",
		Apply: func(p *refserver.Policy) {
			in := p.API.Tokens.InTime
			p.API.Tokens.InTime = func(begins, expires, now time.Time) bool {
				const leeway = 5 * time.Minute
				return in(begins, expires, now) || in(begins, expires.Add(leeway), now) || in(begins.Add(-leeway), expires, now)
			}
		},
	},
	{
		ID: "type-unchecked", Text: "Tokens have no type of their own; the API knows its tokens by their audience.",
		Source: "RFC 7519 section 5.1 (typ is optional), RFC 9068 is a profile",
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.TypeFits = func(t refserver.TokenType) bool { return t.Kind == refserver.KindAccessToken }
		},
	},
	{
		ID: "session-that-adds-nothing", Text: "The API sets a cookie with each answer, for its logs, and never takes it for anything else.",
		Source: "RFC 6265 section 3",
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Cookie = func(refserver.Principal) *http.Cookie { return &http.Cookie{Name: "visit", Value: "1"} }
		},
	},
	{
		ID: "session-of-the-token", Text: "A browser that showed a token goes on with a cookie, which is good for what the token is good for.",
		Source: "RFC 6749 section 7 (other ways to authenticate are beyond its scope)",
		Apply: func(p *refserver.Policy) {
			var sessions sync.Map
			p.API.Tokens.Cookie = func(by refserver.Principal) *http.Cookie {
				id := rand.Text()
				sessions.Store(id, by)
				return &http.Cookie{Name: "session", Value: id}
			}
			p.API.Tokens.Ambient = func(r *http.Request) (refserver.Principal, bool) {
				cookie, err := r.Cookie("session")
				if err != nil {
					return refserver.Principal{}, false
				}
				by, ok := sessions.Load(cookie.Value)
				if !ok {
					return refserver.Principal{}, false
				}
				return by.(refserver.Principal), true
			}
		},
	},
	{
		ID: "nonces-in-proofs", Text: "A proof of a key has to have the server's nonce in it; whoever has none is told it, and asks again.",
		Source: "RFC 9449 sections 8 and 9",
		Apply:  func(p *refserver.Policy) { p.API.Tokens.Nonce = func() string { return "n-7Zq3" } },
	},
	{
		ID: "no-scopes-in-metadata", Text: "The metadata of an API does not list scopes.",
		Source: "RFC 9728 section 2 (scopes_supported is RECOMMENDED)",
		Apply: func(p *refserver.Policy) {
			supported := p.Metadata.ScopesSupported
			p.Metadata.ScopesSupported = func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ResourceMetadata {
					return nil
				}
				return supported(document, scopes)
			}
		},
	},
	{
		ID: "challenge-names-no-metadata", Text: "A challenge does not name the metadata of the API.",
		Source: "RFC 9728 section 5 (MAY use)",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Metadata = func(refserver.Refusal, string) string { return "" }
		},
	},
	{
		ID: "audience-in-a-list", Text: "The audience of a token is a list, also of one API, and names the server's UserInfo endpoint as well.",
		Source:   "RFC 7519 section 4.1.3, RFC 9068 section 3 (SHOULD have the value of the resource parameter)",
		Deviates: []string{"RES-07"},
		Apply: func(p *refserver.Policy) {
			audience := p.Resources.Audience
			p.Resources.Audience = func(i refserver.Issue, resource string, served []string) []string {
				all := audience(i, resource, served)
				return append(all[:len(all):len(all)], "urn:example:userinfo")
			}
		},
	},
}

// bearers are the tokens in Authorization header fields.
func bearers(headers []string) []string {
	var all []string
	for _, header := range headers {
		scheme, token, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP") {
			all = append(all, token)
		}
	}
	return all
}
