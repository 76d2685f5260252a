package lawful

import (
	"net/url"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// requesting are choices about how requests reach the server, which API they are
// about, and what is asked for beside a scope.
var requesting = []Choice{
	{
		ID: "pushed-judged-when-brought", Text: "What is wrong with a pushed request is said when it is brought, and not when it is pushed.",
		Source: "RFC 9126 section 2.1 (checks that are left out MUST be done at the authorization endpoint)",
		Apply:  func(p *refserver.Policy) { p.PAR.Deferred = func(error) error { return nil } },
	},
	{
		ID: "pushing-not-required-of-one", Text: "Clients may push their requests; that one has to is a metadata member that the server does not know.",
		Source: "RFC 9126 section 6, RFC 7591 section 2 (MUST ignore metadata that it does not understand)",
		Apply:  func(p *refserver.Policy) { p.PAR.Registered = func() bool { return false } },
	},
	{
		ID: "pushing-required-of-all", Text: "No authorization request is taken that was not pushed.",
		Source: "RFC 9126 section 5 (require_pushed_authorization_requests)",
		Apply: func(p *refserver.Policy) {
			p.PAR.Required = func(_ refserver.Client, pushed bool) error {
				if !pushed {
					return refserver.Refuse("invalid_request", "authorization requests have to be pushed")
				}
				return nil
			}
		},
	},
	{
		ID: "pushed-reusable", Text: "A request_uri is good until it expires.",
		Source:   "RFC 9126 section 4 (SHOULD treat as one-time use, MAY allow for duplicate requests)",
		Deviates: []string{"CONC-13"},
		Apply: func(p *refserver.Policy) {
			usable := p.PAR.Usable
			p.PAR.Usable = func(u refserver.PushedUse) error {
				u.Used = false
				return usable(u)
			}
		},
	},
	{
		ID: "pushed-refused-in-redirect", Text: "A request_uri that cannot be used is answered at the client's registered redirect URI.",
		Source: "RFC 9126 section 2.3, RFC 9101 section 6.4 (invalid_request_uri), RFC 6749 section 4.1.2.1",
		Apply:  func(p *refserver.Policy) { p.PAR.OnPage = func(error) bool { return false } },
	},
	{
		ID: "pushing-not-for-clients", Text: "The server knows pushed requests, and lets no new client make them.",
		Source: "RFC 9126 section 2.3 (error responses as of RFC 6749 section 5.2: unauthorized_client)",
		Apply: func(p *refserver.Policy) {
			p.PAR.Deferred = func(error) error { return refserver.Refuse("unauthorized_client", "the client may not push requests") }
		},
	},
	{
		ID: "objects-not-for-clients", Text: "The server knows request objects, and takes none of new clients.",
		Source: "OpenID Connect Core section 3.1.2.6 (request_not_supported)",
		Apply: func(p *refserver.Policy) {
			p.JAR.Accept = func(refserver.RequestObject) error {
				return refserver.Refuse("request_not_supported", "the client may not send request objects")
			}
		},
	},
	{
		ID: "object-algorithm-not-registered", Text: "That a client signs its request objects is a metadata member that the server does not know.",
		Source: "RFC 7591 section 2 (MUST ignore metadata that it does not understand), OpenID Connect Core section 6.1 (MAY be signed)",
		Apply:  func(p *refserver.Policy) { p.JAR.Registered = func(string) string { return "" } },
	},
	{
		ID: "objects-with-openid-only", Text: "A request object is looked at where the scope beside it has openid; elsewhere the parameter is not known.",
		Source: "OpenID Connect Core section 6.1 (a scope parameter MUST always be passed), RFC 6749 section 3.1 (MUST ignore unrecognized parameters)",
		Apply: func(p *refserver.Policy) {
			p.JAR.Counts = func(sent url.Values) bool {
				return slices.Contains(strings.Fields(sent.Get("scope")), refserver.OpenID)
			}
		},
	},
	{
		ID: "object-without-scope-beside-refused", Text: "A request object without a scope beside it is refused.",
		Source: "OpenID Connect Core section 6.1 (a scope parameter MUST always be passed using the OAuth 2.0 request syntax)",
		Apply: func(p *refserver.Policy) {
			p.JAR.Counts = func(sent url.Values) bool { return sent.Has("request") } // it does not say that it knows RFC 9101
			p.JAR.Parameters = func(object, sent url.Values) url.Values {
				if !sent.Has("scope") {
					object.Del("response_type") // as a request that lacks something
				}
				return object
			}
		},
	},
	{
		ID: "unknown-resource-ignored", Text: "A resource that the server does not know is not looked at.",
		Source:   "RFC 8707 section 2 (should reject the request)",
		Deviates: []string{"RES-04"},
		Apply: func(p *refserver.Policy) {
			requested, chosen := p.Resources.Requested, p.Resources.Chosen
			p.Resources.Requested = func(sent, served []string) ([]string, error) {
				return requested(slices.DeleteFunc(slices.Clone(sent), func(r string) bool { return !slices.Contains(served, r) }), served)
			}
			p.Resources.Chosen = func(granted, asked []string) (string, error) {
				if len(asked) == 1 && !slices.Contains(granted, asked[0]) {
					return granted[0], nil
				}
				return chosen(granted, asked)
			}
			p.RefreshTarget = func(granted, _ string) (string, error) { return granted, nil }
		},
	},
	{
		ID: "resource-refused-otherwise", Text: "A resource that was not granted is refused as an invalid request.",
		Source:   "RFC 8707 section 2 (should use the error code invalid_target)",
		Deviates: []string{"RES-04"},
		Apply: func(p *refserver.Policy) {
			requested, chosen, target := p.Resources.Requested, p.Resources.Chosen, p.RefreshTarget
			p.Resources.Requested = func(sent, served []string) ([]string, error) {
				found, err := requested(sent, served)
				return found, otherwise(err)
			}
			p.Resources.Chosen = func(granted, asked []string) (string, error) {
				one, err := chosen(granted, asked)
				return one, otherwise(err)
			}
			p.RefreshTarget = func(granted, asked string) (string, error) {
				one, err := target(granted, asked)
				return one, otherwise(err)
			}
		},
	},
	{
		ID: "resource-required", Text: "A request that names no API is refused.",
		Source: "RFC 8707 section 2.1 (may be an error: invalid_target)",
		Apply: func(p *refserver.Policy) {
			requested := p.Resources.Requested
			p.Resources.Requested = func(sent, served []string) ([]string, error) {
				if len(sent) == 0 {
					return nil, refserver.Refuse("invalid_target", "the request names no resource")
				}
				return requested(sent, served)
			}
		},
	},
	{
		ID: "resource-by-scope", Text: "A request that names no API is about the one that knows its scopes; where they are of two APIs, it is refused.",
		Source: "RFC 9068 section 3 (SHOULD infer the resource from the scope, SHOULD reject scopes of different resources)",
		Apply: func(p *refserver.Policy) {
			p.Resources.Unnamed = func(asked refserver.ScopeSet, served []string, knows func(resource, token string) bool) ([]string, error) {
				own := asked.Where(func(token string) bool {
					return slices.ContainsFunc(served, func(r string) bool { return knows(r, token) })
				})
				for _, r := range served {
					if own.Equal(own.Where(func(token string) bool { return knows(r, token) })) {
						return []string{r}, nil
					}
				}
				return nil, refserver.Refuse("invalid_scope", "the scopes are of more than one resource")
			}
		},
	},
	{
		ID: "resource-named-for-token", Text: "Whoever was granted several APIs has to name one of them for each token.",
		Source: "RFC 8707 section 2.2 (the client selects with resource), section 2 (invalid_target)",
		Apply: func(p *refserver.Policy) {
			chosen := p.Resources.Chosen
			p.Resources.Chosen = func(granted, asked []string) (string, error) {
				if len(granted) > 1 && len(asked) == 0 {
					return "", refserver.Refuse("invalid_target", "the request names none of the resources that were granted")
				}
				return chosen(granted, asked)
			}
		},
	},
	{
		ID: "audience-with-server", Text: "An access token is for the API and for the server itself.",
		Source: "RFC 9068 section 3, RFC 7519 section 4.1.3 (an array)",
		Apply: func(p *refserver.Policy) {
			alsoFor(p, func(i refserver.Issue, served []string) string { return issuerOf(served) })
		},
	},
	{
		ID: "audience-with-client", Text: "An access token is for the API and for the client that holds it.",
		Source:   "RFC 7519 section 4.1.3 (an array), RFC 9068 section 3",
		Deviates: []string{"RES-07"},
		Apply: func(p *refserver.Policy) {
			alsoFor(p, func(i refserver.Issue, _ []string) string { return i.Client.ID })
		},
	},
	{
		ID: "details-enriched", Text: "Authorization details are told with where they are good.",
		Source: "RFC 9396 section 7.1 (the AS may enrich them)",
		Apply: func(p *refserver.Policy) {
			p.Details.Reported = func(i refserver.Issue) refserver.Details {
				told := slices.Clone(i.Details)
				for n := range told {
					told[n].Locations = []string{i.Authorization.Resource}
				}
				return told
			}
		},
	},
	{
		ID: "details-reduced", Text: "A detail is granted for one appointment at a time, whatever was asked, and the response says so.",
		Source: "RFC 9396 section 7 (the details as granted)",
		Apply: func(p *refserver.Policy) {
			p.Details.Granted = func(_, ticked refserver.Details, _ refserver.ScopeSet) refserver.Details {
				granted := slices.Clone(ticked)
				for n := range granted {
					granted[n].Limit = 1
				}
				return granted
			}
		},
	},
	{
		ID: "details-required", Text: "Who does not agree to the authorization details of a request ends it.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied), RFC 9396 section 7",
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if a.Details < a.DetailsAsked {
					return nil, refserver.Refuse("access_denied", "the resource owner declined the authorization details")
				}
				return decide(a)
			}
		},
	},
	{
		ID: "details-fixed-at-refresh", Text: "A refresh that asks for authorization details is refused.",
		Source: "RFC 9396 section 6 (otherwise the AS refuses the request)",
		Apply: func(p *refserver.Policy) {
			p.Details.Refreshed = func(granted, asked refserver.Details) (refserver.Details, error) {
				if asked != nil {
					return nil, refserver.Refuse("invalid_authorization_details", "the details are what was granted")
				}
				return granted, nil
			}
		},
	},
	{
		ID: "redirect-scope-always", Text: "A token in the redirect comes with its scope each time.",
		Source: "RFC 6749 section 4.2.2 (OPTIONAL if identical)",
		Apply: func(p *refserver.Policy) {
			p.Front.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) { return i.Scope, true }
		},
	},
	{
		ID: "redirect-token-reads-only", Text: "A token in the redirect never writes, and says so.",
		Source: "RFC 6749 section 3.3 (based on the authorization server policy), OpenID Connect Core section 3.3.3.8 (the access tokens may differ)",
		Apply: func(p *refserver.Policy) {
			scope := p.Front.Scope
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet {
				return scope(i).Without(refserver.WriteAppointments)
			}
		},
	},
	{
		ID: "id-token-without-openid", Text: "Who asks for an ID token by response type gets one, also without openid.",
		Source:   "OpenID Connect Core section 3.1.2.1 (without openid the behavior is entirely unspecified)",
		Deviates: []string{"OIDC-03"},
		Apply: func(p *refserver.Policy) {
			p.Front.WithoutOpenID = func(_, _ refserver.ScopeSet) error { return nil }
		},
	},
	{
		ID: "redirect-tokens-not-for-clients", Text: "The server knows tokens in the redirect, and lets no new client have them.",
		Source: "RFC 6749 section 4.2.2.1 (unauthorized_client), RFC 9700 section 2.1.2 (SHOULD NOT use the implicit grant)",
		Apply: func(p *refserver.Policy) {
			p.Front.Registered = func(refserver.Client, refserver.ScopeSet) bool { return false }
		},
	},
}

// alsoFor names somebody else beside the API in each access token.
func alsoFor(p *refserver.Policy, who func(i refserver.Issue, served []string) string) {
	audience := p.Resources.Audience
	p.Resources.Audience = func(i refserver.Issue, resource string, served []string) []string {
		return append(slices.Clone(audience(i, resource, served)), who(i, served))
	}
}

// issuerOf is the issuer identifier, of which every API of the reference is a
// part.
func issuerOf(served []string) string {
	return strings.TrimSuffix(served[0], "/"+refserver.CalendarAPI)
}

// otherwise is the same refusal with another code.
func otherwise(err error) error {
	if err == nil {
		return nil
	}
	return refserver.Refuse("invalid_request", "the resource cannot be used")
}
