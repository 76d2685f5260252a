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
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				return r.Authorization.Current.And(r.ClientMay).And(r.UserMay), nil
			}
		},
	},
}
