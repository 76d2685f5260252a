package defect

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// believing are faults of which tokens the API takes for good, and of what else
// counts beside them.
var believing = []Defect{
	{
		ID:     "audience-unchecked",
		Text:   "The API checks signature and scope of a token, and not for which API it is.",
		Breaks: []string{"RST-01", "RES-08", "RSC-07", "RST-09"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			p.API.AudienceFits = func([]string, string) bool { return true }
		},
	},
	{
		ID:     "issuer-unchecked",
		Text:   "A token is good if any of the keys verifies it, whoever it says that its issuer is.",
		Breaks: []string{"RST-02", "RSC-07"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.IssuerFits = func(string, string) bool { return true }
		},
	},
	{
		ID:     "unsigned-tokens-accepted",
		Text:   "A token with the algorithm none passes, because the library was left at its defaults.",
		Breaks: []string{"RST-03"},
		Shows:  `"create" was served: got 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.SignatureFits = func(s refserver.Signature) bool { return s.Verified || s.Algorithm == "none" }
		},
	},
	{
		ID:     "refresh-tokens-open-the-api",
		Text:   "The API asks whether a token is active, and does not look at what kind of token it is: refresh tokens are.",
		Breaks: []string{"RST-04"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			fits := p.API.Tokens.TypeFits
			p.API.Tokens.TypeFits = func(t refserver.TokenType) bool { return t.Kind == refserver.KindRefreshToken || fits(t) }
		},
	},
	{
		ID:     "revoked-token-active",
		Text:   "Revoking an access token is acknowledged, and the token stays active until it expires.",
		Breaks: []string{"RST-05"},
		Shows:  `Planner's token is still active with "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			active := p.TokenActive
			p.TokenActive = func(l refserver.Live) bool {
				l.TokenRevoked = false
				return active(l)
			}
		},
	},
	{
		ID:     "expiry-unchecked",
		Text:   "The API never looks at exp.",
		Breaks: []string{"RST-06", "EDIT-12", "RSC-07"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.InTime = func(begins, _, now time.Time) bool { return begins.IsZero() || !now.Before(begins) }
		},
	},
	{
		ID:     "an-hour-of-leeway",
		Text:   "The API takes tokens for an hour after they have expired, as clocks may differ.",
		Breaks: []string{"RST-06", "EDIT-12"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			in := p.API.Tokens.InTime
			p.API.Tokens.InTime = func(begins, expires, now time.Time) bool { return in(begins, expires.Add(time.Hour), now) }
		},
	},
	{
		ID:     "decision-cached-by-client",
		Text:   "What was decided ten times is kept, by client, resource owner and route: it counts for every token of theirs.",
		Breaks: []string{"RST-07", "CONC-03", "CONC-06", "CONC-10"},
		Shows:  `"list" was served: got 200`,
		Apply: func(p *refserver.Policy) {
			type key struct{ client, subject, method, route string }
			var mu sync.Mutex
			admitted := map[key]int{}
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				mu.Lock()
				defer mu.Unlock()
				k := key{by.ClientID, by.Subject, op.Method, op.Route}
				if admitted[k] >= 10 {
					return true
				}
				ok := admits(by, op, need, covered)
				if ok {
					admitted[k]++
				}
				return ok
			}
		},
	},
	{
		ID:     "decision-cached-by-token",
		Text:   "A token that a route served ten times is not looked at again there, whatever the method.",
		Breaks: []string{"RST-11", "CONC-03", "CONC-10"},
		Shows:  `Planner can create an appointment of Ada without "write:appointments": create got 201`,
		Apply: func(p *refserver.Policy) {
			type key struct{ client, subject, scope, route string }
			var mu sync.Mutex
			served := map[key]int{}
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				mu.Lock()
				defer mu.Unlock()
				k := key{by.ClientID, by.Subject, by.Scope.String(), op.Route}
				if served[k] >= 10 {
					return true
				}
				ok := admits(by, op, need, covered)
				if ok {
					served[k]++
				}
				return ok
			}
		},
	},
	{
		ID:     "session-keeps-scope",
		Text:   "The API opens a session with the first token, and what that token may do is added to later ones.",
		Breaks: []string{"RST-08"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Cookie = func(by refserver.Principal) *http.Cookie {
				return &http.Cookie{Name: "session", Value: url.QueryEscape(by.Scope.String())}
			}
			p.API.Tokens.Added = func(r *http.Request, _ refserver.Principal) refserver.ScopeSet {
				session, err := r.Cookie("session")
				if err != nil {
					return nil
				}
				text, _ := url.QueryUnescape(session.Value) // what is no session adds nothing
				return refserver.NewScopeSet(strings.Fields(text)...)
			}
		},
	},
	{
		ID:     "audience-of-both-apis",
		Text:   "Tokens for the calendar name both APIs as audience, so that clients need one only.",
		Breaks: []string{"RST-09", "JWT-06", "RES-05", "RES-06", "RES-07", "RES-08", "RST-01"},
		Shows:  `Planner's token opens the other API`,
		Apply: func(p *refserver.Policy) {
			audience := p.Resources.Audience
			p.Resources.Audience = func(i refserver.Issue, resource string, served []string) []string {
				if resource == served[0] {
					return served
				}
				return audience(i, resource, served)
			}
		},
	},
	{
		ID:     "open-when-cut-off",
		Text:   "While the authorization server cannot be reached the API lets everybody in, so that nobody notices.",
		Breaks: []string{"RST-10"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Unchecked = func(string) (refserver.Principal, bool) {
				return refserver.Principal{Subject: "ada", Scope: refserver.AllScopes()}, true
			}
		},
	},
	{
		ID:     "scope-from-a-header",
		Text:   "The scope in X-Forwarded-Scopes counts besides the token's, as if the gateway had put it there.",
		Breaks: []string{"RSM-14"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.Added = func(r *http.Request, _ refserver.Principal) refserver.ScopeSet {
				return refserver.NewScopeSet(strings.Fields(r.Header.Get("X-Forwarded-Scopes"))...)
			}
		},
	},
	{
		ID:     "id-tokens-open-the-api",
		Text:   "The API checks signature and issuer of a JWT, and takes the ID token of any client for an access token.",
		Breaks: []string{"JWT-03"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			fits, audience := p.API.Tokens.TypeFits, p.API.AudienceFits
			p.API.Tokens.TypeFits = func(t refserver.TokenType) bool { return t.Kind == refserver.KindIDToken || fits(t) }
			p.API.AudienceFits = func(named []string, own string) bool {
				return audience(named, own) || len(named) == 1 && !strings.Contains(named[0], "://") // a client's id
			}
		},
	},
	{
		ID:     "permissions-count-as-scope",
		Text:   "The API decides by the permissions of the user that the token lists, whatever the scope.",
		Breaks: []string{"JWT-04"},
		Shows:  `Planner's request was answered with 201`,
		Apply:  func(p *refserver.Policy) { listCounts(p, "permissions") },
	},
	{
		ID:     "high-level-is-enough",
		Text:   "Where an operation needs a high level of authentication, that is checked in place of the scope.",
		Breaks: []string{"STEP-01"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				return need.ACR != "" || admits(by, op, need, covered)
			}
		},
	},
	{
		ID:     "high-level-grants-everything",
		Text:   "A user who signs in anew for a high level grants all that the client may have.",
		Breaks: []string{"STEP-02", "GRANT-01"},
		Shows:  `Planner holds "READ:APPOINTMENTS address `,
		Apply: func(p *refserver.Policy) {
			combine := p.Combine
			p.Combine = func(c refserver.Combination, all refserver.Grants) refserver.ScopeSet {
				if c.ACR != "" {
					return c.Client.Scope
				}
				return combine(c, all)
			}
		},
	},
}

// listCounts adds what a claim of the token lists to its scope.
func listCounts(p *refserver.Policy, claim string) {
	claimed := p.API.ClaimedScope
	p.API.ClaimedScope = func(claims map[string]any) (refserver.ScopeSet, error) {
		scope, err := claimed(claims)
		list, _ := claims[claim].([]any)
		for _, item := range list {
			if name, ok := item.(string); ok {
				scope = scope.Or(refserver.NewScopeSet(name))
			}
		}
		return scope, err
	}
}
