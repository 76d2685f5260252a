package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// roles are choices about what a user may hand out.
var roles = []Choice{
	{
		ID: "user-excess-denied", Text: "A request for more than the resource owner may hand out is answered with access_denied.",
		Source: "RFC 6749 section 4.1.2.1 (access_denied)",
		Apply: func(p *refserver.Policy) {
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !may.Covers(asked) {
					return nil, refserver.Refuse("access_denied", "the resource owner may not hand out every scope")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "role-counts-at-the-token", Text: "The page lists what is asked for; a token has what the user's role allows of it.",
		Source: "RFC 6749 section 3.3 (based on the authorization server policy or the resource owner's instructions)",
		Apply: func(p *refserver.Policy) {
			p.UserExcess = func(asked, _ refserver.ScopeSet) (refserver.ScopeSet, error) { return asked, nil }
			allowed := func(i refserver.Issue, scope refserver.ScopeSet) refserver.ScopeSet {
				return scope.Where(func(token string) bool {
					return i.User.Name == "" || refserver.IsOIDC(token) || i.User.Permissions.Has(token)
				})
			}
			token, reported, front := p.TokenScope, p.ReportedScope, p.Front.Scope
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet { return allowed(i, token(i)) }
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, ok := reported(i)
				return allowed(i, scope), ok
			}
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet { return allowed(i, front(i)) }
		},
	},
	{
		ID: "role-change-ends-the-grant", Text: "A grant that the user's role no longer covers has ended.",
		Source: "RFC 6749 section 5.2 (invalid_grant)",
		Apply: func(p *refserver.Policy) {
			refresh, code, active := p.RefreshScope, p.CodeScope, p.TokenActive
			ended := refserver.Refuse("invalid_grant", "the user may no longer grant this")
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if !r.UserMay.Covers(r.Authorization.Current) {
					return nil, ended
				}
				return refresh(r)
			}
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if !r.UserMay.Covers(r.Authorization.Current) {
					return nil, ended
				}
				return code(r)
			}
			p.TokenActive = func(l refserver.Live) bool {
				return active(l) && (!l.UserBound || l.UserMay.Covers(l.TokenScope))
			}
		},
	},
}
