package defect

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// metadata are faults of what is published about scopes.
var metadata = []Defect{
	{
		ID:     "scopes-as-one-string",
		Text:   "The metadata of the APIs has all scopes in one string.",
		Breaks: []string{"DISC-01"},
		Shows:  `the metadata at /.well-known/oauth-protected-resource/calendar: scopes_supported: got "\"calendar.read read:ap`,
		Apply: func(p *refserver.Policy) {
			publishing(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ResourceMetadata {
					return scopes.String()
				}
				return scopes
			})
		},
	},
	{
		ID:     "metadata-lacks-openid",
		Text:   "The list of scopes is made from the catalogue of the APIs: those of OpenID Connect are not in it.",
		Breaks: []string{"DISC-02"},
		Shows:  `the metadata lists ["offline_access" "read:appointments" "write:appointments" "share:appointments" "basic:appo`,
		Apply: func(p *refserver.Policy) {
			publishing(p, func(_ string, scopes refserver.ScopeSet) any {
				return scopes.Where(func(token string) bool { return !refserver.IsOIDC(token) || token == refserver.OfflineAccess })
			})
		},
	},
	{
		ID:     "metadata-lists-stale-scope",
		Text:   "The list of scopes is kept by hand, and has one that was taken out of the catalogue long ago.",
		Breaks: []string{"DISC-03"},
		Shows:  `request 9 (old:appointments): Planner was refused with access_denied (none of the scopes asked for can be gran`,
		Apply: func(p *refserver.Policy) {
			publishing(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ResourceMetadata {
					return scopes
				}
				return scopes.Or(refserver.ScopeSet{"old:appointments"})
			})
		},
	},
	{
		ID:     "unadvertised-scope-hidden",
		Text:   "The consent page is made from the published list: a scope that is not on it is agreed to unseen.",
		Breaks: []string{"DISC-04"},
		Shows:  `Planner holds "appointments-admin read:appointments" and Ada was shown "basic:appointments read:appointments":`,
		Apply: func(p *refserver.Policy) {
			items, published := p.ConsentItems, p.Metadata.ScopesSupported
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				listed, _ := published(refserver.ServerMetadata, q.Asked).(refserver.ScopeSet)
				all := items(q)
				for n := range all {
					all[n].Hidden = !listed.Has(all[n].Scope)
				}
				return all
			}
		},
	},
	{
		ID:     "metadata-differs-by-place",
		Text:   "OpenID Connect Discovery is served by older code, which does not know the latest scopes.",
		Breaks: []string{"DISC-05"},
		Shows:  `the metadata lists "READ:APPOINTMENTS address basic:appointments calendar.read email export:appointments grant`,
		Apply: func(p *refserver.Policy) {
			publishing(p, func(document string, scopes refserver.ScopeSet) any {
				if document == refserver.ProviderMetadata {
					return scopes.Without(refserver.ExportAppointments, refserver.ShareAppointments)
				}
				return scopes
			})
		},
	},
	{
		ID:     "api-advertises-sibling-scope",
		Text:   "The metadata of the calendar lists a scope of the address book.",
		Breaks: []string{"DISC-06"},
		Shows:  `request 3 (read:contacts): Planner was refused with access_denied (none of the scopes asked for can be granted`,
		Apply: func(p *refserver.Policy) {
			p.Metadata.ResourceScopes = func(api string, needed refserver.ScopeSet) refserver.ScopeSet {
				if api == refserver.CalendarAPI {
					return needed.Or(refserver.ScopeSet{refserver.ReadContacts})
				}
				return needed
			}
		},
	},
	{
		ID:     "challenge-names-sibling",
		Text:   "The refusals of the calendar name the metadata of the address book.",
		Breaks: []string{"DISC-07"},
		Shows:  `the refusal of Planner names the metadata of`,
		Apply: func(p *refserver.Policy) {
			p.API.Challenge.Metadata = func(_ refserver.Refusal, own string) string {
				return strings.Replace(own, refserver.CalendarAPI, refserver.ContactsAPI, 1)
			}
		},
	},
}

// publishing changes what a document lists.
func publishing(p *refserver.Policy, change func(document string, scopes refserver.ScopeSet) any) {
	list := p.Metadata.ScopesSupported
	p.Metadata.ScopesSupported = func(document string, scopes refserver.ScopeSet) any {
		if set, ok := list(document, scopes).(refserver.ScopeSet); ok {
			return change(document, set)
		}
		return nil
	}
}
