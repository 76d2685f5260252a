package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// refreshing are choices about refresh tokens.
var refreshing = []Choice{
	{
		ID: "narrowing-ignored", Text: "A refresh yields the whole grant, whatever is asked for, and says so.",
		Source:   "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Deviates: []string{"REF-02"},
		Apply: func(p *refserver.Policy) {
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) { return mostAtRefresh(r), nil }
		},
	},
	{
		ID: "narrowing-refused", Text: "A refresh that asks for another scope than what was granted is refused.",
		Source:   "RFC 6749 section 5.2 (invalid_scope), section 6 (what a narrower scope leads to is not said)",
		Deviates: []string{"REF-02"},
		Apply: func(p *refserver.Policy) {
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				most := mostAtRefresh(r)
				if !r.Asked.IsEmpty() && !r.Asked.Without(refserver.OfflineAccess).Equal(most.Without(refserver.OfflineAccess)) {
					return nil, refserver.Refuse("invalid_scope", "a refresh is for all that was granted")
				}
				return most, nil
			}
		},
	},
	{
		ID: "refresh-excess-dropped", Text: "A refresh for more than was granted yields what was granted of it, and says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				most := mostAtRefresh(r)
				if left := r.Asked.And(most); !left.IsEmpty() {
					return left, nil
				}
				return most, nil
			}
		},
	},
	{
		ID: "refresh-tokens-for-confidential-clients", Text: "A client that cannot prove who it is is given no refresh token.",
		Source: "RFC 9700 section 2.2.2, RFC 6749 section 1.5 (at the discretion of the authorization server)",
		Apply: func(p *refserver.Policy) {
			gives := p.GivesRefreshToken
			p.GivesRefreshToken = func(i refserver.Issue) bool { return gives(i) && !i.Client.Public }
		},
	},
	{
		ID: "refresh-token-kept", Text: "A refresh token is good as long as the grant; the response to a refresh has none.",
		Source: "RFC 6749 section 6 (MAY issue a new refresh token)",
		Apply: func(p *refserver.Policy) {
			p.Rotation.Used = func(refserver.Client) refserver.Rotation { return refserver.Rotation{} }
		},
	},
	{
		ID: "refresh-token-repeated", Text: "A refresh token is good as long as the grant; the response to a refresh repeats it.",
		Source: "RFC 6749 section 6 (MAY issue a new refresh token)",
		Apply: func(p *refserver.Policy) {
			p.Rotation.Used = func(refserver.Client) refserver.Rotation { return refserver.Rotation{Repeat: true} }
		},
	},
	{
		ID: "old-refresh-tokens-live-on", Text: "Confidential clients are given another refresh token with each refresh, and the old one goes on.",
		Source: "RFC 6749 section 6 (MAY revoke the old refresh token), RFC 9700 section 4.14.2 (rotation is for public clients)",
		Apply: func(p *refserver.Policy) {
			p.Rotation.Used = func(c refserver.Client) refserver.Rotation {
				return refserver.Rotation{Anew: true, Retire: c.Public}
			}
		},
	},
	{
		ID: "reuse-only-refused", Text: "A refresh token that was used before is refused, and nothing else ends.",
		Source: "RFC 6749 section 5.2 (invalid_grant)",
		Apply: func(p *refserver.Policy) {
			again := p.Rotation.Again
			p.Rotation.Again = func() (bool, error) {
				_, err := again()
				return false, err
			}
		},
	},
	{
		ID: "refresh-ends-earlier-token", Text: "A refresh ends the access tokens from before.",
		Source: "RFC 6749 section 1.5 (how long an access token lives is up to the server), RFC 7009 section 3",
		Apply: func(p *refserver.Policy) {
			active := p.TokenActive
			p.TokenActive = func(l refserver.Live) bool {
				return active(l) && (!l.UserBound || l.Latest || l.Authorization.GrantType == refserver.TokenExchange)
			}
		},
	},
	{
		ID: "refresh-token-always", Text: "Every authorization comes with a refresh token.",
		Source:   "RFC 6749 section 1.5 (issuing a refresh token is at the discretion of the server)",
		Declares: map[string]string{"authorization_server.refresh.scope": "", "authorization_server.refresh.prompt": ""},
		Apply: func(p *refserver.Policy) {
			p.GivesRefreshToken = func(i refserver.Issue) bool { return i.Client.MayUse(refserver.RefreshToken) }
		},
	},
	{
		ID: "refresh-ignores-resource", Text: "A refresh is for the API that was granted, whichever it names.",
		Source:   "RFC 6749 section 3.2 (MUST ignore unrecognized request parameters)",
		Deviates: []string{"RES-04"},
		Apply: func(p *refserver.Policy) {
			p.RefreshTarget = func(granted, _ string) (string, error) { return granted, nil }
		},
	},
	{
		ID: "refresh-says-no-scope", Text: "The response to a refresh without scope names none where all of the grant was issued.",
		Source: "RFC 6749 section 5.1 (OPTIONAL, if identical to the scope requested), section 6 (omitted stands for what was granted)",
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				all := i.Asked.IsEmpty() && i.Scope.Equal(i.Authorization.Granted) && len(i.Authorization.Resources) < 2
				if i.GrantType == refserver.RefreshToken && all {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID: "no-id-token-at-refresh", Text: "A refresh yields no ID token.",
		Source: "OpenID Connect Core section 12.2 (might not contain an id_token)",
		Apply: func(p *refserver.Policy) {
			gives := p.GivesIDToken
			p.GivesIDToken = func(i refserver.Issue) bool { return i.GrantType != refserver.RefreshToken && gives(i) }
		},
	},
}

// mostAtRefresh is all that a refresh can be given.
func mostAtRefresh(r refserver.Refresh) refserver.ScopeSet {
	return r.Authorization.Current.And(r.ClientMay).And(r.UserMay)
}
