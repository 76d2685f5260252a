package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// editing are choices about what follows when a grant is edited or revoked, by
// the user or by its client.
var editing = []Choice{
	{
		ID: "edit-ends-the-grant", Text: "Whoever takes back a scope ends the grant: the client has to ask anew.",
		Source: "RFC 6749 section 10.2 and 5.2 (invalid_grant: the refresh token is revoked)",
		Apply: func(p *refserver.Policy) {
			whole := func(e refserver.Edit) refserver.Edit {
				e.Revoke = true
				return e
			}
			grant, memory, authorization := p.EditedGrant, p.EditedMemory, p.EditedAuthorization
			p.EditedGrant = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet { return grant(whole(e), held) }
			p.EditedMemory = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet { return memory(whole(e), held) }
			p.EditedAuthorization = func(e refserver.Edit, current refserver.ScopeSet) (refserver.ScopeSet, bool) {
				return authorization(whole(e), current)
			}
		},
	},
	{
		ID: "edit-forgets-consent", Text: "After an edit the user is asked again, also about what was left.",
		Source: "OpenID Connect Core section 3.1.2.4 (how consent is obtained is up to the server)",
		Apply: func(p *refserver.Policy) {
			p.EditedMemory = func(refserver.Edit, refserver.ScopeSet) refserver.ScopeSet { return nil }
		},
	},
	{
		ID: "edit-ends-the-tokens", Text: "An edit ends every token of the client; what is left is remembered.",
		Source: "RFC 7009 section 2.1 (invalidation of the tokens of the same grant)",
		Apply: func(p *refserver.Policy) {
			p.EditedAuthorization = func(refserver.Edit, refserver.ScopeSet) (refserver.ScopeSet, bool) { return nil, true }
		},
	},
	{
		ID: "revocation-forgets-consent", Text: "A client that revokes its refresh token has to ask anew.",
		Source: "RFC 7009 section 2.1 (the server may revoke the authorization grant)",
		Apply: func(p *refserver.Policy) {
			p.Revocation.Remembered = func(refserver.ScopeSet, refserver.ScopeSet) refserver.ScopeSet { return nil }
		},
	},
	{
		ID: "access-tokens-live-on", Text: "Access tokens are good until they expire, whatever becomes of the grant.",
		Source:   "RFC 7009 section 3 (self-contained access tokens) and RFC 9068 section 4",
		Declares: map[string]string{"capabilities.token.revocation_visible": "expiry"},
		Apply: func(p *refserver.Policy) {
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet { return l.TokenScope }
			p.TokenActive = func(l refserver.Live) bool { return l.Now.Before(l.Expires) }
		},
	},
}

// managing are choices about managed grants.
var managing = []Choice{
	{
		ID: "query-names-api-scopes", Text: "A query of a grant names the scopes of APIs; those of OpenID Connect show as claims.",
		Source: "Grant Management draft section 6.4 (scopes, and claims beside them)",
		Apply: func(p *refserver.Policy) {
			p.Manage.Shown = func(g refserver.Grant) refserver.ScopeSet {
				return g.Scope.Where(func(token string) bool { return !refserver.IsOIDC(token) })
			}
		},
	},
	{
		ID: "merging-ends-access-tokens", Text: "To merge ends the access tokens from before as well.",
		Source: "Grant Management draft section 5.2 (shall invalidate existing refresh tokens)",
		Apply: func(p *refserver.Policy) {
			earlier := p.Manage.Earlier
			p.Manage.Earlier = func(o refserver.ManagedOutcome, current refserver.ScopeSet) (refserver.ScopeSet, bool, bool) {
				if o.Allowed && o.Action == refserver.MergeGrant {
					return nil, false, true
				}
				return earlier(o, current)
			}
		},
	},
	{
		ID: "replaced-access-tokens-live-on", Text: "Access tokens from before a replacement are good until they expire.",
		Source:   "Grant Management draft section 5.2 (shall invalidate existing refresh tokens, and says no more of access tokens)",
		Deviates: []string{"GM-03"},
		Apply: func(p *refserver.Policy) {
			earlier := p.Manage.Earlier
			p.Manage.Earlier = func(o refserver.ManagedOutcome, current refserver.ScopeSet) (refserver.ScopeSet, bool, bool) {
				if o.Allowed && o.Action == refserver.ReplaceGrant {
					return current, false, false
				}
				return earlier(o, current)
			}
		},
	},
}
