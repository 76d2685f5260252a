package defect

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// forging are faults of an API that lets a token pass which only looks like a good
// one, or like one that it has seen.
var forging = []Defect{
	{
		ID:     "none-in-capitals",
		Text:   "Tokens with the algorithm none are filtered out in front of a library that would take them; the filter knows one spelling.",
		Breaks: []string{"RST-03"},
		Shows:  `"create" was served: got 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.SignatureFits = func(s refserver.Signature) bool {
				return s.Verified || strings.EqualFold(s.Algorithm, "none") && s.Algorithm != "none"
			}
		},
	},
	{
		ID:     "zeros-as-signature",
		Text:   "The library for elliptic curves does not check that the numbers of a signature are not zero: such a signature fits every token.",
		Breaks: []string{"RST-03"},
		Shows:  `"create" was served: got 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.SignatureFits = func(s refserver.Signature) bool {
				return s.Verified || s.Value != "" && strings.Trim(s.Value, "A") == "" // zeros, in base64
			}
		},
	},
	{
		ID:     "signatures-remembered",
		Text:   "To save work the API remembers the signatures that it has verified, and not what they were for.",
		Breaks: []string{"RST-03"},
		Shows:  `"create" was served: got 201`,
		Apply: func(p *refserver.Policy) {
			var known sync.Map
			p.API.Tokens.SignatureFits = func(s refserver.Signature) bool {
				if s.Verified {
					known.Store(s.Value, true)
				}
				_, seen := known.Load(s.Value)
				return seen
			}
		},
	},
	{
		ID:     "verified-tokens-kept",
		Text:   "A token that was good once is kept as good, and its exp not looked at again.",
		Breaks: []string{"RST-06", "EDIT-12"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			type span struct{ begins, expires time.Time }
			var good sync.Map
			in := p.API.Tokens.InTime
			p.API.Tokens.InTime = func(begins, expires, now time.Time) bool {
				if in(begins, expires, now) {
					good.Store(span{begins, expires}, true)
				}
				_, was := good.Load(span{begins, expires})
				return was
			}
		},
	},
	{
		ID:     "audience-by-substring",
		Text:   "A token is for the API if its audience contains the name of the API anywhere.",
		Breaks: []string{"RST-01"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.AudienceFits = func(audience []string, own string) bool { return strings.Contains(strings.Join(audience, " "), own) }
		},
	},
	{
		ID:     "session-of-the-user",
		Text:   "A token that is served opens a session, for the API's own pages: it is the user's, and knows no scope.",
		Breaks: []string{"RST-08"},
		Shows:  `Stranger's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Cookie = func(by refserver.Principal) *http.Cookie {
				return &http.Cookie{Name: "session", Value: by.Subject}
			}
			p.API.Tokens.Ambient = func(r *http.Request) (refserver.Principal, bool) {
				session, err := r.Cookie("session")
				if err != nil {
					return refserver.Principal{}, false
				}
				return refserver.Principal{Subject: session.Value, Scope: refserver.AllScopes()}, true
			}
		},
	},
	{
		ID:     "token-cookie-unrestricted",
		Text:   "The web application's tokens come in a cookie, and its part of the API signs users in by them without a look at scope.",
		Breaks: []string{"RSC-12"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Ambient = func(r *http.Request) (refserver.Principal, bool) {
				cookie, err := r.Cookie("access_token")
				return refserver.Principal{Subject: "ada", Scope: refserver.AllScopes()}, err == nil && cookie.Value != ""
			}
		},
	},
	{
		ID:     "token-as-password-unrestricted",
		Text:   "Tools that know passwords alone send a token as one. It signs its user in, and nobody asks for its scope.",
		Breaks: []string{"RSC-12"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Ambient = func(r *http.Request) (refserver.Principal, bool) {
				_, password, ok := r.BasicAuth()
				return refserver.Principal{Subject: "ada", Scope: refserver.AllScopes()}, ok && strings.Count(password, ".") == 2
			}
		},
	},
	{
		ID:     "array-of-nothing-unrestricted",
		Text:   "A scope that is an empty array counts as no restriction.",
		Breaks: []string{"RSM-13"},
		Shows:  `Planner is served "list" without "read:appointments": got 200`,
		Apply: func(p *refserver.Policy) {
			claimed := p.API.ClaimedScope
			p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
				if list, ok := claims["scope"].([]any); ok && len(list) == 0 {
					return refserver.AllScopes(), nil
				}
				return claimed(claims)
			}
		},
	},
	{
		ID:     "roles-count-as-scope",
		Text:   "What a token lists as roles is added to its scope, in one list of authorities.",
		Breaks: []string{"JWT-04"},
		Shows:  `Planner's request was answered with 201`,
		Apply:  func(p *refserver.Policy) { listCounts(p, "roles") },
	},
}
