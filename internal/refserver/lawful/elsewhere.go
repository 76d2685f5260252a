package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// elsewhere are choices about requests that are decided in another place, or by
// nobody: devices, the backchannel, passwords and assertions.
var elsewhere = []Choice{
	{
		ID: "poll-with-scope-refused", Text: "A device that sends a scope while polling is refused.",
		Source: "RFC 8628 section 3.4 (lists no scope), RFC 6749 section 5.2 (invalid_request)",
		Apply: func(p *refserver.Policy) {
			for _, pending := range []*refserver.PendingPolicy{&p.Device, &p.CIBA} {
				scope := pending.Scope
				pending.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
					if !r.Asked.IsEmpty() {
						return nil, refserver.Refuse("invalid_request", "polling comes without scope")
					}
					return scope(r)
				}
			}
		},
	},
	{
		ID: "poll-scope-honoured", Text: "A narrower scope that is sent while polling narrows the access token; a wider one is refused.",
		Source: "RFC 6749 section 3.3 (the token endpoint allows the client to specify the scope)",
		Apply: func(p *refserver.Policy) {
			for _, pending := range []*refserver.PendingPolicy{&p.Device, &p.CIBA} {
				scope := pending.Scope
				pending.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return narrowed(scope, r) }
			}
		},
	},
	{
		ID: "device-page-lists-nothing", Text: "The page for a device names the client, and no scope.",
		Source: "RFC 8628 section 3.3 (should inform the user about the action they are undertaking)",
		Apply: func(p *refserver.Policy) {
			items, decide := p.ConsentItems, p.ConsentDecision
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				if q.GrantType == refserver.DeviceCode {
					return nil
				}
				return items(q)
			}
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if a.GrantType == refserver.DeviceCode {
					a.Ticked = a.Asked
				}
				return decide(a)
			}
		},
	},
	{
		ID: "device-needs-scope", Text: "A device that names no scope is refused, other clients are given the default.",
		Source:   "RFC 6749 section 3.3 (or fail the request indicating an invalid scope)",
		Deviates: []string{"DEF-05"},
		Apply: func(p *refserver.Policy) {
			requested := p.Device.Requested
			p.Device.Requested = func(c refserver.Client, asked refserver.ScopeSet) (refserver.ScopeSet, error) {
				if asked.IsEmpty() {
					return nil, refserver.Refuse("invalid_scope", "the scope is missing")
				}
				return requested(c, asked)
			}
		},
	},
	{
		ID: "device-without-refresh-token", Text: "Devices are given no refresh token.",
		Source: "RFC 6749 section 1.5 (at the discretion of the authorization server)",
		Apply:  withoutRefreshToken(refserver.DeviceCode),
	},
	{
		ID: "password-without-refresh-token", Text: "A password buys no refresh token.",
		Source: "RFC 6749 section 4.3.3 (optional refresh token)",
		Apply:  withoutRefreshToken(refserver.PasswordGrant),
	},
	{
		ID: "password-needs-scope", Text: "A password request without scope is refused.",
		Source: "RFC 6749 section 3.3 (or fail the request indicating an invalid scope)",
		Apply: func(p *refserver.Policy) {
			p.Password.DefaultScope = func(refserver.Client) refserver.ScopeSet { return nil }
		},
	},
	{
		ID: "assertion-excess-dropped", Text: "An assertion for more than was granted yields what was granted of it, and says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				q.Omitted = true
				return scope(q)
			}
		},
	},
	{
		ID: "assertion-needs-scope", Text: "An assertion without scope is refused.",
		Source: "RFC 6749 section 3.3 (or fail the request indicating an invalid scope)",
		Apply: func(p *refserver.Policy) {
			p.Assertion.DefaultScope = func(refserver.Client) refserver.ScopeSet { return nil }
		},
	},
	{
		ID: "assertion-needs-grant", Text: "An assertion for a resource owner who granted its client less than is asked for is no good.",
		Source: "RFC 7521 section 4.1.1 (invalid_grant)",
		Apply: func(p *refserver.Policy) {
			scope := p.Assertion.Scope
			p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
				found, err := scope(q)
				if err != nil {
					err = refserver.Refuse("invalid_grant", "the resource owner has not granted this")
				}
				return found, err
			}
		},
	},
}

// withoutRefreshToken gives none on one way.
func withoutRefreshToken(grantType string) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		gives := p.GivesRefreshToken
		p.GivesRefreshToken = func(i refserver.Issue) bool { return i.GrantType != grantType && gives(i) }
	}
}
