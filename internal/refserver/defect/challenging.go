package defect

import (
	"net/http"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// challenging are faults of how the API refuses.
var challenging = []Defect{
	{
		ID:     "no-challenge-without-token",
		Text:   "A request without a token is answered 401 by the framework, which sends no WWW-Authenticate.",
		Breaks: []string{"RSC-01"},
		Shows:  `the answer (401) to "list" carries no Bearer challenge: got []`,
		Apply: func(p *refserver.Policy) {
			sent := p.API.Challenge.Sent
			p.API.Challenge.Sent = func(r refserver.Refusal) bool { return r.Reason != refserver.NoToken && sent(r) }
		},
	},
	{
		ID:     "no-challenge-for-lack-of-scope",
		Text:   "Where the scope is not enough the API answers 403 and sends no WWW-Authenticate.",
		Breaks: []string{"RSC-02", "RSC-04", "RSC-10"},
		Shows:  `the answer (403) to "create" carries no Bearer challenge: got []`,
		Apply: func(p *refserver.Policy) {
			sent := p.API.Challenge.Sent
			p.API.Challenge.Sent = func(r refserver.Refusal) bool { return r.Reason != refserver.InsufficientScope && sent(r) }
		},
	},
	{
		ID:     "lack-of-scope-is-invalid-scope",
		Text:   "For a lack of scope the challenge borrows invalid_scope from the token endpoint.",
		Breaks: []string{"RSC-03", "RSC-02", "RSC-10", "STEP-01"},
		Shows:  `the challenge to "create" has the error "invalid_scope"`,
		Apply:  func(p *refserver.Policy) { refusedWith(p, "invalid_scope") },
	},
	{
		ID:     "challenge-names-held-scope",
		Text:   "The scope attribute of the challenge is filled with what the token has.",
		Breaks: []string{"RSC-04", "RSC-06", "STEP-01"},
		Shows:  `the challenge to "create" names the scope "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.API.ChallengedScope = func(held, _ refserver.ScopeSet) refserver.ScopeSet { return held }
		},
	},
	{
		ID:     "scope-attribute-each",
		Text:   "The challenge has a scope attribute for each scope that would help.",
		Breaks: []string{"RSC-05"},
		Shows:  `the challenge to "create" says "scope" more than once`,
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Scopes = func(_ refserver.Refusal, scope refserver.ScopeSet) []string {
				return append([]string(scope), scope...)
			}
		},
	},
	{
		ID:     "held-scope-in-description",
		Text:   "error_description repeats the scope of the token as it is.",
		Breaks: []string{"RSC-06"},
		Shows:  `the challenge to "list" has the byte 0xc3 in error_description, which may not stand there`,
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Description = func(r refserver.Refusal) string {
				if r.Reason != refserver.InsufficientScope {
					return ""
				}
				return "the token is only good for " + strings.Join(r.Held, " ")
			}
		},
	},
	{
		ID:     "scope-before-validity",
		Text:   "The scope is looked at before the token is checked, so that one that has expired is refused for its scope.",
		Breaks: []string{"RSC-07"},
		Shows:  `the challenge to "create" has the error "insufficient_scope"`,
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Reason = func(r refserver.Refusal) string {
				if r.Reason == refserver.InvalidToken && !r.Held.IsEmpty() && !r.Held.Covers(r.Need.Scope) {
					return refserver.InsufficientScope
				}
				return r.Reason
			}
		},
	},
	{
		ID:     "query-token-wins",
		Text:   "A token in the query is taken in place of the one in the header.",
		Breaks: []string{"RSC-08"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			presented := p.API.Tokens.Presented
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				if len(at.Headers) == 1 && len(at.Query) == 1 {
					return at.Query[0], ""
				}
				return presented(at)
			}
		},
	},
	{
		ID:     "challenge-without-scheme",
		Text:   "The challenge for a lack of scope begins with its parameters, without a scheme.",
		Breaks: []string{"RSC-09"},
		Shows:  `the challenge to "list" cannot be read: got "realm=\"scopeproof\", error=\"invalid_token\", resource_metadata=`,
		Apply: func(p *refserver.Policy) {
			scheme := p.API.Challenge.Scheme
			p.API.Challenge.Scheme = func(r refserver.Refusal) string {
				if r.Reason == refserver.InvalidToken {
					return ""
				}
				return scheme(r)
			}
		},
	},
	{
		ID:     "bound-tokens-unrestricted",
		Text:   "The path for tokens that are bound to a key checks the proof, and not the scope.",
		Breaks: []string{"RSC-10", "CONS-02", "GRANT-01", "GRANT-03", "REF-01", "REF-12", "ROLE-06"},
		Shows:  `Planner's request was answered with 201`,
		Apply: func(p *refserver.Policy) {
			admits := p.API.Admits
			p.API.Admits = func(by refserver.Principal, op refserver.Operation, need refserver.Requirement, covered bool) bool {
				return by.Key != "" || admits(by, op, need, covered)
			}
		},
	},
	{
		ID:     "not-found-before-scope",
		Text:   "The appointment is loaded before the scope is checked: 404 where there is none, 403 where there is one.",
		Breaks: []string{"RSC-11"},
		Shows:  `what is there and what is not are told apart: got 403 insufficient_scope and 404 insufficient_scope`,
		Apply: func(p *refserver.Policy) {
			status := p.API.Challenge.Status
			p.API.Challenge.Status = func(r refserver.Refusal) int {
				if r.Reason == refserver.InsufficientScope && r.Op.ID != "" && !r.Exists() {
					return http.StatusNotFound
				}
				return status(r)
			}
		},
	},
	{
		ID:     "query-token-unrestricted",
		Text:   "A token in the query is accepted, for links in calendars, and its scope is not loaded: it may do everything.",
		Breaks: []string{"RSC-12"},
		Shows:  `Planner's request was answered with 200`,
		Apply: func(p *refserver.Policy) {
			presented := p.API.Tokens.Presented
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				if len(at.Headers) == 0 && len(at.Query) == 1 {
					return at.Query[0], ""
				}
				return presented(at)
			}
			p.API.Tokens.Added = func(r *http.Request, _ refserver.Principal) refserver.ScopeSet {
				if r.Header.Get("Authorization") == "" {
					return refserver.AllScopes()
				}
				return nil
			}
		},
	},
}

// refusedWith makes a lack of scope another error.
func refusedWith(p *refserver.Policy, code string) {
	p.API.Challenge.Code = func(r refserver.Refusal) string {
		if r.Reason == refserver.InsufficientScope {
			return code
		}
		return r.Reason
	}
}
