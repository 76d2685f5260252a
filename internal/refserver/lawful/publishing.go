package lawful

import (
	"github.com/scopeproof/scopeproof/internal/refserver"
)

// publishing are choices about what is published of scopes.
var publishing = []Choice{
	{
		ID: "no-scopes-published", Text: "No metadata lists scopes.",
		Source: "RFC 8414 section 2, OpenID Connect Discovery section 3, RFC 9728 section 2 (RECOMMENDED)",
		Apply:  func(p *refserver.Policy) { published(p, func(string, refserver.ScopeSet) any { return nil }) },
	},
	{
		ID: "few-scopes-published", Text: "The metadata lists what ordinary clients ask for.",
		Source: "RFC 8414 section 2 (servers MAY choose not to advertise some supported scope values)",
		Apply: func(p *refserver.Policy) {
			published(p, func(_ string, scopes refserver.ScopeSet) any {
				return scopes.And(refserver.ScopeSet{refserver.OpenID, refserver.Profile, refserver.Email, refserver.Address, refserver.Phone, refserver.ReadAppointments})
			})
		},
	},
	{
		ID: "all-scopes-published", Text: "The metadata lists every scope, also those that few may have, in an order of its own.",
		Source: "RFC 8414 section 2 (a list of the scope values that this authorization server supports)",
		Apply: func(p *refserver.Policy) {
			p.Metadata.ScopesSupported = func(_ string, scopes refserver.ScopeSet) any { return backwards(scopes) }
		},
	},
	{
		ID: "machine-scopes-published", Text: "The metadata lists a scope that only machines are given.",
		Source: "RFC 8414 section 2 (a list of the scope values that this authorization server supports)",
		Apply: func(p *refserver.Policy) {
			own := refserver.ScopeSet{"synchronise:appointments"}
			published(p, func(_ string, scopes refserver.ScopeSet) any { return scopes.Or(own) })
			known, may := p.Unknown, p.ClientMay
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				if grantType == refserver.ClientCredentials {
					all = all.Or(own)
				}
				return known(grantType, asked, all)
			}
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				if c.MayUse(refserver.ClientCredentials) {
					c.Scope = c.Scope.Or(own)
				}
				return may(c, asked)
			}
		},
	},
	{
		ID: "scopes-published-by-discovery", Text: "Only OpenID Connect Discovery lists scopes.",
		Source: "RFC 8414 section 2 (RECOMMENDED)",
		Apply: func(p *refserver.Policy) {
			published(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ServerMetadata {
					return nil
				}
				return scopes
			})
		},
	},
	{
		ID: "scopes-not-published-by-discovery", Text: "OpenID Connect Discovery lists no scopes, and RFC 8414's metadata does.",
		Source: "OpenID Connect Discovery section 3 (RECOMMENDED)",
		Apply: func(p *refserver.Policy) {
			published(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ProviderMetadata {
					return nil
				}
				return scopes
			})
		},
	},
	{
		ID: "api-publishes-no-scopes", Text: "The metadata of an API lists no scopes.",
		Source: "RFC 9728 section 2 (RECOMMENDED)",
		Apply: func(p *refserver.Policy) {
			published(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ResourceMetadata {
					return nil
				}
				return scopes
			})
		},
	},
	{
		ID: "challenge-names-no-metadata", Text: "A refusal of an API does not say where its metadata is.",
		Source: "RFC 9728 section 5 (MAY)",
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Metadata = func(refserver.Refusal, string) string { return "" }
		},
	},
}

// published changes what a document lists.
func published(p *refserver.Policy, change func(document string, scopes refserver.ScopeSet) any) {
	list := p.Metadata.ScopesSupported
	p.Metadata.ScopesSupported = func(document string, scopes refserver.ScopeSet) any {
		if set, ok := list(document, scopes).(refserver.ScopeSet); ok {
			return change(document, set)
		}
		return nil
	}
}
