package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// asking are choices about what may be asked for.
var asking = []Choice{
	{
		ID: "unknown-scope-refused", Text: "A request that names an unknown scope is refused.",
		Source:   "RFC 6749 section 3.3 (MAY fully or partially ignore), section 4.1.2.1 (invalid_scope)",
		Deviates: []string{"UNK-07"},
		Apply: func(p *refserver.Policy) {
			p.Unknown = func(_ string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !known.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "a scope is unknown")
				}
				return asked, nil
			}
		},
	},
	{
		ID: "client-excess-dropped", Text: "What a client may not have is left out, and the response says so.",
		Source: "RFC 6749 section 3.3 (MAY fully or partially ignore the scope)",
		Apply: func(p *refserver.Policy) {
			p.ClientExcess = func(_ string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) { return asked.And(may), nil }
		},
	},
	{
		ID: "user-excess-refused", Text: "A request for more than the resource owner may hand out is refused.",
		Source: "RFC 6749 section 4.1.2.1 (invalid_scope)",
		Apply: func(p *refserver.Policy) {
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				if !may.Covers(asked) {
					return nil, refserver.Refuse("invalid_scope", "the resource owner may not hand out every scope")
				}
				return asked, nil
			}
		},
	},
}
