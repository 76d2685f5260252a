package lawful

import (
	"net/http"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// challenging are choices about how an API refuses.
var challenging = []Choice{
	{
		ID: "forbidden-hidden", Text: "Where the scope is not enough the API answers 404, as if there were nothing.",
		Source: "RFC 9110 section 15.5.4 (404 in place of 403, to hide what exists)",
		Apply: func(p *refserver.Policy) {
			refused(p, refserver.InsufficientScope, http.StatusNotFound)
			silent(p, refserver.InsufficientScope)
		},
	},
	{
		ID: "everything-hidden", Text: "A request without a token is answered 404 as well: nobody learns that there is an API.",
		Source: "RFC 9110 sections 15.5.4 and 15.5.5",
		Apply: func(p *refserver.Policy) {
			for _, reason := range []string{refserver.NoToken, refserver.InsufficientScope} {
				refused(p, reason, http.StatusNotFound)
				silent(p, reason)
			}
		},
	},
	{
		ID: "lack-of-scope-401", Text: "Where the scope is not enough the API answers 401, with the error insufficient_scope.",
		Source:   "RFC 6750 section 3.1 (SHOULD respond with the 403 status code)",
		Deviates: []string{"RSC-02"},
		Apply:    func(p *refserver.Policy) { refused(p, refserver.InsufficientScope, http.StatusUnauthorized) },
	},
	{
		ID: "challenge-names-no-error", Text: "A challenge has a realm and no error.",
		Source:   "RFC 6750 section 3.1 (SHOULD include the error attribute)",
		Deviates: []string{"RSC-02", "RSC-10", "STEP-01"},
		Apply:    func(p *refserver.Policy) { p.API.Challenge.Code = func(refserver.Refusal) string { return "" } },
	},
	{
		ID: "challenge-names-no-scope", Text: "A challenge says that the scope is not enough, and not which would be.",
		Source: "RFC 6750 section 3.1 (MAY include the scope attribute)",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Scopes = func(refserver.Refusal, refserver.ScopeSet) []string { return nil }
		},
	},
	{
		ID: "challenge-names-held-scope-too", Text: "The scope in a challenge is what is needed and what the token has already, so that the next token does not lose it.",
		Source: "RFC 6750 section 3 (the scope of the token to ask for)",
		Apply: func(p *refserver.Policy) {
			p.API.ChallengedScope = func(held, required refserver.ScopeSet) refserver.ScopeSet {
				return required.Or(held.And(refserver.AllScopes()))
			}
		},
	},
	{
		ID: "challenge-without-realm", Text: "A challenge names the metadata of the API in place of a realm.",
		Source: "RFC 6750 section 3 (a realm MAY be included), RFC 9728 section 5.1",
		Apply:  func(p *refserver.Policy) { p.API.Challenge.Realm = func(refserver.Refusal) string { return "" } },
	},
	{
		ID: "challenge-spelled-otherwise", Text: "The scheme is in small letters, names in capitals, and values that are one word are not quoted.",
		Source: "RFC 9110 sections 11.1 and 11.2",
		Apply: func(p *refserver.Policy) {
			rewriting(p, func(_ refserver.Refusal, own string) []string {
				own = strings.NewReplacer(`realm="scopeproof"`, `Realm = scopeproof`, `error="insufficient_scope"`, `ERROR=insufficient_scope`).Replace(own)
				scheme, rest, _ := strings.Cut(own, " ")
				return []string{strings.ToLower(scheme) + "  " + strings.ReplaceAll(rest, ", ", " ,, ")}
			})
		},
	},
	{
		ID: "challenge-with-more", Text: "A challenge has a description, an address where errors are explained, and an attribute of the API's own.",
		Source: "RFC 6750 section 3 (error_description and error_uri MAY be included, other attributes MAY be used)",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Description = func(r refserver.Refusal) string {
				if r.Reason == refserver.NoToken {
					return ""
				}
				return "this token does not do (see the documentation)"
			}
			rewriting(p, func(_ refserver.Refusal, own string) []string {
				return []string{own + `, error_uri="https://errors.example/oauth", as_uri="https://as.example/\"x\""`}
			})
		},
	},
	{
		ID: "api-knows-no-bound-tokens", Text: "The API knows nothing of tokens that are bound to a key: it takes them as ordinary ones, and no proofs.",
		Source: "RFC 9449 section 7.2: a protected resource that supports only [RFC6750] would most presumably accept a DPoP-bound access token as a bearer token",
		Apply: func(p *refserver.Policy) {
			p.API.Tokens.BindingFits = func(b refserver.Binding) bool { return b.Scheme == "Bearer" }
			rewriting(p, func(r refserver.Refusal, own string) []string {
				if r.Scheme == "DPoP" {
					own = `Bearer realm="scopeproof"`
				}
				return []string{own}
			})
		},
	},
	{
		ID: "several-schemes-in-one-field", Text: "Each challenge offers DPoP beside Bearer, in one field; without a token Bearer stands there by itself.",
		Source: "RFC 9449 section 7.2 (figures 17 and 18)",
		Apply: func(p *refserver.Policy) {
			rewriting(p, func(r refserver.Refusal, own string) []string {
				switch {
				case r.Reason == refserver.NoToken:
					own = `Bearer, DPoP algs="ES256"`
				case r.Scheme == "Bearer":
					own += `, DPoP algs="ES256"`
				default:
					own = `Bearer realm="scopeproof", ` + own
				}
				return []string{own}
			})
		},
	},
	{
		ID: "several-schemes-in-several-fields", Text: "The API can be used with a password or a ticket as well, and offers each in a field of its own.",
		Source: "RFC 9110 section 11.6.1",
		Apply: func(p *refserver.Policy) {
			rewriting(p, func(_ refserver.Refusal, own string) []string {
				return []string{"Negotiate", own, `Basic realm="calendar", charset="UTF-8"`}
			})
		},
	},
	{
		ID: "no-token-is-an-error", Text: "A request without a token is told that it is invalid.",
		Source:   "RFC 6750 section 3.1 (SHOULD NOT include an error code)",
		Deviates: []string{"RSC-01"},
		Apply: func(p *refserver.Policy) {
			code := p.API.Challenge.Code
			p.API.Challenge.Code = func(r refserver.Refusal) string {
				if r.Reason == refserver.NoToken {
					return refserver.InvalidRequest
				}
				return code(r)
			}
			refused(p, refserver.NoToken, http.StatusBadRequest)
		},
	},
	{
		ID: "nonsense-is-a-bad-request", Text: "A token that is not even formed like one is a bad request.",
		Source:   "RFC 6750 section 3.1 (invalid_request: otherwise malformed)",
		Deviates: []string{"RSC-07"},
		Apply: func(p *refserver.Policy) {
			presented := p.API.Tokens.Presented
			p.API.Tokens.Presented = func(at refserver.Presentation) (string, string) {
				token, reason := presented(at)
				if token != "" && strings.Count(token, ".") != 2 {
					return "", refserver.InvalidRequest
				}
				return token, reason
			}
		},
	},
	{
		ID: "bound-tokens-challenged-plainly", Text: "A lack of scope is told under the scheme Bearer, also where the token was bound to a key.",
		Source:   "RFC 6750 section 3 (the scheme of its challenges), RFC 9449 section 7.1",
		Deviates: []string{"RSC-10"},
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Scheme = func(refserver.Refusal) string { return "Bearer" }
		},
	},
	{
		ID: "scope-named-before-level", Text: "Where both scope and level of authentication are missing, the scope is named.",
		Source: "RFC 9470 section 3",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Reason = func(r refserver.Refusal) string {
				if r.Reason == refserver.InsufficientLevel && !r.Held.Covers(r.Need.Scope) {
					return refserver.InsufficientScope
				}
				return r.Reason
			}
		},
	},
	{
		ID: "level-refused-with-403", Text: "A level of authentication that is not enough is answered 403.",
		Source: "RFC 9470 section 3 (the status stands in examples only)",
		Apply:  func(p *refserver.Policy) { refused(p, refserver.InsufficientLevel, http.StatusForbidden) },
	},
	{
		ID: "uncheckable-is-unauthorized", Text: "A token that cannot be checked now is refused like one that is no good.",
		Source: "RFC 6750 section 3.1 (invalid for other reasons)",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Reason = func(r refserver.Refusal) string {
				if r.Reason == refserver.CannotCheck {
					return refserver.InvalidToken
				}
				return r.Reason
			}
		},
	},
}

// refused makes a reason another status.
func refused(p *refserver.Policy, reason string, status int) {
	before := p.API.Challenge.Status
	p.API.Challenge.Status = func(r refserver.Refusal) int {
		if r.Reason == reason {
			return status
		}
		return before(r)
	}
}

// silent leaves the challenge for a reason out.
func silent(p *refserver.Policy, reasons ...string) {
	sent := p.API.Challenge.Sent
	p.API.Challenge.Sent = func(r refserver.Refusal) bool { return !slices.Contains(reasons, r.Reason) && sent(r) }
}

// rewriting changes how challenges are written.
func rewriting(p *refserver.Policy, fields func(r refserver.Refusal, own string) []string) {
	p.API.Challenge.Fields = fields
}
