package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// exchanging are choices about token exchange.
var exchanging = []Choice{
	{
		ID: "exchange-bounded-by-client", Text: "An exchange may yield what the client and the resource owner may have, also beyond the subject token.",
		Source: "RFC 8693 section 2.2.1 (meets all policy and other criteria of the authorization server)",
		Apply: func(p *refserver.Policy) {
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				asked := e.Asked
				if asked.IsEmpty() {
					asked = e.Available
				}
				most := e.ClientMay.And(e.UserMay).Without(refserver.OfflineAccess)
				if !most.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "the client may not have every scope")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "exchange-excess-dropped", Text: "An exchange for more than its token holds yields what the token holds of it, and says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				most := mostAtExchange(e)
				if left := most.And(e.Asked); !left.IsEmpty() {
					return left, nil
				}
				return most, nil
			}
		},
	},
	{
		ID: "exchange-ignores-scope", Text: "An exchange yields the scope of its token, whatever is asked for, and says so.",
		Source:   "RFC 6749 section 3.3 (MAY fully or partially ignore the scope), RFC 8693 section 2.2.1",
		Deviates: []string{"TX-03"},
		Apply: func(p *refserver.Policy) {
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) { return mostAtExchange(e), nil }
		},
	},
	{
		ID: "exchange-needs-scope", Text: "An exchange without a scope is refused.",
		Source: "RFC 6749 section 3.3 (or fail the request indicating an invalid scope)",
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if e.Asked.IsEmpty() {
					return nil, refserver.Refuse("invalid_scope", "the scope is missing")
				}
				return scope(e)
			}
		},
	},
	{
		ID: "exchange-for-apis-alone", Text: "A client cannot exchange a token of its own: only an API can that was sent one.",
		Source: "RFC 8693 section 2.2.2 (unacceptable based on policy)",
		Apply: func(p *refserver.Policy) {
			p.Exchange.MayPresent = func(c refserver.Client, _, audience string) error {
				if c.Audience != "" && c.Audience == audience {
					return nil
				}
				return refserver.Refuse("invalid_request", "the client is not in the audience of the token")
			}
		},
	},
	{
		ID: "exchange-of-others-tokens", Text: "A client exchanges a token that another one was issued, for what it may have itself.",
		Source: "RFC 8693 section 2.2.2 (which token is acceptable is a matter of policy)",
		Apply: func(p *refserver.Policy) {
			excess := p.ClientExcess
			p.Exchange.MayPresent = func(refserver.Client, string, string) error { return nil }
			p.ClientExcess = func(grantType string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.TokenExchange {
					return asked.And(may), nil
				}
				return excess(grantType, asked, may)
			}
		},
	},
	{
		ID: "exchange-keeps-to-its-api", Text: "A token is exchanged for one for the same API alone.",
		Source: "RFC 8693 section 2.2.2 (unwilling or unable to issue a token for any target service)",
		Apply: func(p *refserver.Policy) {
			p.Exchange.Target = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if e.Resource != e.SubjectResource {
					return nil, refserver.Refuse("invalid_target", "the token is for another API")
				}
				return e.SubjectScope, nil
			}
		},
	},
	{
		ID: "exchanged-tokens-live-on", Text: "A token that was made by an exchange is not reached by what becomes of the grant.",
		Source:   "RFC 8693 section 2.1 (does not create a tight linkage between the input and output tokens)",
		Deviates: []string{"TX-09"},
		Apply: func(p *refserver.Policy) {
			p.Exchange.State = func(d refserver.Derived) refserver.Authorization { return d.Own }
		},
	},
}

// mostAtExchange is all that an exchange can be given.
func mostAtExchange(e refserver.Exchange) refserver.ScopeSet {
	return e.Available.And(e.ClientMay).And(e.UserMay).Without(refserver.OfflineAccess)
}
