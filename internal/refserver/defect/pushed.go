package defect

import (
	"maps"
	"net/url"
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// pushed are faults of requests that are pushed first.
var pushed = []Defect{
	{
		ID:     "pushed-scope-unchecked",
		Text:   "What a client may have is checked neither when it pushes its request nor afterwards: each endpoint relies on the other.",
		Breaks: []string{"PAR-01", "CLI-01", "CLI-02"},
		Shows:  `Viewer holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.PAR.ClientExcess = func(_ string, asked, _ refserver.ScopeSet) (refserver.ScopeSet, error) { return asked, nil }
			redeem := p.CodeScope
			p.CodeScope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if r.Authorization.Pushed {
					r.ClientMay = r.ClientMay.Or(r.Authorization.Current)
				}
				return redeem(r)
			}
		},
	},
	{
		ID:     "address-overrides-pushed-scope",
		Text:   "A scope in the address replaces the one that was pushed.",
		Breaks: []string{"PAR-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.PAR.Parameters = func(pushed, sent url.Values) url.Values {
				if sent.Has("scope") {
					pushed.Set("scope", sent.Get("scope"))
				}
				return pushed
			}
		},
	},
	{
		ID:     "address-overrides-pushed-scope-on-an-empty-list",
		Text:   "A scope in the address replaces the one that was pushed, and the page lists it with boxes that come empty.",
		Breaks: []string{"PAR-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			listed(p)
			p.PAR.Parameters = func(pushed, sent url.Values) url.Values {
				if sent.Has("scope") {
					pushed.Set("scope", sent.Get("scope"))
				}
				return pushed
			}
		},
	},
	{
		ID:     "consent-page-reads-the-address",
		Text:   "The consent page looks for the scope in the address, where a pushed request has none, and shows the default; the rest is sent unseen.",
		Breaks: []string{"PAR-03", "CONS-02"},
		Shows:  `Ada was asked about "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items, shown := list(q), q.Sent
				if shown.IsEmpty() {
					shown = p.DefaultScope(q.Client)
				}
				for i := range items {
					items[i].Hidden = q.Pushed && !shown.Has(items[i].Scope)
				}
				return items
			}
		},
	},
	{
		ID:     "pushed-request-of-any-client",
		Text:   "A request_uri is not compared with the client that brings it.",
		Breaks: []string{"PAR-04"},
		Shows:  `Rival was issued a token for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			usable := p.PAR.Usable
			p.PAR.Usable = func(u refserver.PushedUse) error {
				u.Presenter = u.Owner
				return usable(u)
			}
		},
	},
	{
		ID:     "pushed-request-never-expires",
		Text:   "The lifetime of a request_uri is reported and not kept.",
		Breaks: []string{"PAR-05"},
		Shows:  `Planner was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			usable := p.PAR.Usable
			p.PAR.Usable = func(u refserver.PushedUse) error {
				u.Expires = u.Now.Add(1)
				return usable(u)
			}
		},
	},
	{
		ID:     "pushed-request-replayed",
		Text:   "A request_uri that comes a second time is taken for a reload and answered from memory, though it insists on consent.",
		Breaks: []string{"PAR-05", "CONC-13"},
		Shows:  `Planner was given a code for "openid read:appointments" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			usable, seen := p.PAR.Usable, sync.Map{} // by state
			p.PAR.Usable = func(u refserver.PushedUse) error {
				u.Used = false
				return usable(u)
			}
			p.PAR.Parameters = func(pushed, _ url.Values) url.Values {
				if _, again := seen.LoadOrStore(pushed.Get("state"), true); again {
					pushed = maps.Clone(pushed)
					pushed.Del("prompt")
				}
				return pushed
			}
		},
	},
	{
		ID:     "pushing-is-optional",
		Text:   "That a client has to push its requests is registered and not looked at.",
		Breaks: []string{"PAR-06"},
		Shows:  `Strict was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.PAR.Required = func(refserver.Client, bool) error { return nil }
		},
	},
	{
		ID:     "pushed-default-of-its-own",
		Text:   "A pushed request without a scope is given all that can be done with appointments; every other one is given the default.",
		Breaks: []string{"DEF-05"},
		Shows:  `request 3 (pushed request): Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.PAR.Parameters = func(pushed, _ url.Values) url.Values {
				if !pushed.Has("scope") {
					pushed.Set("scope", refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments}.String())
				}
				return pushed
			}
		},
	},
}
