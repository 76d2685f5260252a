package defect

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// service are faults of the client credentials grant.
var service = []Defect{
	{
		ID:     "service-skips-client-limit",
		Text:   "Limits are applied where the user consents; a client that acts for itself gets whatever it asks for.",
		Breaks: []string{"CC-01", "CLI-01", "CLI-02"},
		Shows:  `Robot holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			excess := p.ClientExcess
			p.ClientExcess = func(grantType string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.ClientCredentials {
					return asked, nil
				}
				return excess(grantType, asked, may)
			}
		},
	},
	{
		ID:     "service-gets-id-token",
		Text:   "A client that acts for itself and asks for openid gets it, with an ID token about nobody.",
		Breaks: []string{"CC-02"},
		Shows:  `Worker was given an ID token`,
		Apply: func(p *refserver.Policy) {
			without := p.ServiceScope
			p.ServiceScope = func(asked refserver.ScopeSet) refserver.ScopeSet {
				return asked.Where(refserver.IsOIDC).Or(without(asked))
			}
			p.GivesIDToken = func(i refserver.Issue) bool { return i.Scope.Has(refserver.OpenID) }
		},
	},
	{
		ID:     "service-gets-user-scopes",
		Text:   "A scope that needs a user's consent is issued to machines, since nobody is there to be asked.",
		Breaks: []string{"CC-03"},
		Shows:  `Worker holds "read:appointments share:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.ServiceScope = func(asked refserver.ScopeSet) refserver.ScopeSet {
				return asked.Where(func(token string) bool { return !refserver.IsOIDC(token) })
			}
		},
	},
	{
		ID:     "service-for-public-clients",
		Text:   "A client_id alone, without any secret, is enough to get a token as a machine.",
		Breaks: []string{"CC-04"},
		Shows:  `Pocket was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.ServiceClient = func(refserver.Client) error { return nil }
		},
	},
	{
		ID:     "service-taken-for-user",
		Text:   "The API takes the subject of any token for a user, also that of a machine.",
		Breaks: []string{"CC-05"},
		Shows:  `Robot which is nobody is served the page that only resource owners have: got 200`,
		Apply: func(p *refserver.Policy) {
			p.API.Admits = func(_ refserver.Principal, _ refserver.Operation, _ refserver.Requirement, covered bool) bool {
				return covered
			}
			p.API.Owner = func(by refserver.Principal) string { return "user/" + by.Subject }
		},
	},
}
