package defect

import (
	"sync"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// introspecting are faults of the introspection endpoint, and of an API that asks
// there.
var introspecting = []Defect{
	{
		ID:     "introspection-shows-registration",
		Text:   "Introspection shows for a machine's token what the machine is registered for.",
		Breaks: []string{"INTR-01", "CC-03", "DEF-03", "GRANT-01", "GRANT-03", "GRANT-07", "UNK-01", "UNK-04"},
		Shows:  `introspection shows Worker's token active with "READ:APPOINTMENTS address appointments-admin basic:appointment`,
		Apply: func(p *refserver.Policy) {
			var registered sync.Map // scope by client
			may, view := p.ClientMay, p.Introspection.View
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				registered.Store(c.ID, c.Scope)
				return may(c, asked)
			}
			p.Introspection.View = func(caller refserver.Client, active bool, all map[string]any) map[string]any {
				if scope, known := registered.Load(all["client_id"]); known && all["username"] == nil && all["act"] == nil {
					all["scope"] = scope.(refserver.ScopeSet).String()
				}
				return view(caller, active, all)
			}
		},
	},
	{
		ID:     "inactive-tokens-are-described",
		Text:   "Introspection calls an ended token inactive, and describes it all the same.",
		Breaks: []string{"INTR-02"},
		Shows:  `introspection shows Planner's token inactive and tells ["aud" "client_id" "exp" "iat" "iss" "jti" "sub" "token`,
		Apply: func(p *refserver.Policy) {
			p.Introspection.View = func(_ refserver.Client, _ bool, all map[string]any) map[string]any { return all }
		},
	},
	{
		ID:     "introspection-for-every-api",
		Text:   "Introspection tells every API that any token is active, and not which API it is for.",
		Breaks: []string{"INTR-03"},
		Shows:  `introspection shows the other API Planner's token active with "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			may, view := p.MayIntrospect, p.Introspection.View
			p.MayIntrospect = func(caller refserver.Client, client, audience string) bool {
				return caller.Audience != "" || may(caller, client, audience)
			}
			p.Introspection.View = func(caller refserver.Client, active bool, all map[string]any) map[string]any {
				delete(all, "aud")
				return view(caller, active, all)
			}
		},
	},
	{
		ID:     "introspection-tells-others-registration",
		Text:   "A client that asks about the token of another is told that it is active, with the scope that the other is registered for.",
		Breaks: []string{"INTR-01"},
		Shows:  `introspection shows Planner's token to Rival active with "READ:APPOINTMENTS address appointments-admin basic:a`,
		Apply: func(p *refserver.Policy) {
			var registered sync.Map // scope by client
			clientMay, may, view := p.ClientMay, p.MayIntrospect, p.Introspection.View
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				registered.Store(c.ID, c.Scope)
				return clientMay(c, asked)
			}
			p.MayIntrospect = func(caller refserver.Client, client, audience string) bool {
				return caller.Audience == "" || may(caller, client, audience)
			}
			p.Introspection.View = func(caller refserver.Client, active bool, all map[string]any) map[string]any {
				scope, known := registered.Load(all["client_id"])
				if active && known && caller.Audience == "" && caller.ID != all["client_id"] {
					all["scope"] = scope.(refserver.ScopeSet).String()
				}
				return view(caller, active, all)
			}
		},
	},
	{
		ID:     "introspection-joins-grant",
		Text:   "Introspection reads the scope from the authorization, not from the token.",
		Breaks: []string{"INTR-04", "CLM-01", "CODE-06", "CONC-06", "CONC-10", "GRANT-03", "REF-02", "REF-11", "REF-12", "REF-14", "ROLE-06", "TX-01", "UNK-09"},
		Shows:  `introspection shows Planner's token active with "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			live := p.LiveScope
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet {
				if l.UserBound {
					l.TokenScope, l.ClientMay, l.UserMay = l.Authorization.Current, l.Authorization.Current, l.Authorization.Current
				}
				return live(l)
			}
		},
	},
	{
		ID:     "introspection-open-to-all",
		Text:   "Introspection answers whoever asks, with or without credentials.",
		Breaks: []string{"INTR-05"},
		Shows:  `introspection shows a stranger Planner's token active with "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			may := p.MayIntrospect
			p.Introspection.Caller = func(refserver.Client, error) error { return nil }
			p.MayIntrospect = func(caller refserver.Client, client, audience string) bool {
				return caller.ID == "" || caller.Public || may(caller, client, audience)
			}
		},
	},
	{
		ID:     "active-is-enough-for-machines",
		Text:   "The API asks whether a machine's token is active, and does not look at its scope.",
		Breaks: []string{"INTR-06", "CC-01", "CC-03", "CLI-01", "DEF-03", "GRANT-01", "GRANT-03", "GRANT-07", "SYN-06", "SYN-13", "UNK-01", "UNK-04"},
		Shows:  `Robot's token opens "calendar.read read:appointments write:appointments", and introspection tells the API "rea`,
		Apply: func(p *refserver.Policy) {
			held := p.API.HeldScope
			p.API.HeldScope = func(by refserver.Principal) refserver.ScopeSet {
				if by.Subject == by.ClientID {
					return refserver.AllScopes()
				}
				return held(by)
			}
		},
	},
}
