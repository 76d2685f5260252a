package defect

import (
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// polling are faults of requests that are decided in another place than they
// were made: of the device grant and of the backchannel.
var polling = []Defect{
	{
		ID:     "device-default-is-everything",
		Text:   "A device authorization request without scope is stored without one, which the approval takes for all that the client may have.",
		Breaks: []string{"DEF-04", "DEF-05"},
		Shows:  `request 1: Planner was told "READ:APPOINTMENTS appointments-admin basic:appointments export:appointments read:`,
		Apply: func(p *refserver.Policy) {
			requested := p.Device.Requested
			p.Device.Requested = func(c refserver.Client, asked refserver.ScopeSet) (refserver.ScopeSet, error) {
				if asked.IsEmpty() {
					return c.Scope.Where(func(token string) bool { return !refserver.IsOIDC(token) }), nil
				}
				return requested(c, asked)
			}
		},
	},
	{
		ID:     "device-scope-lost-in-session",
		Text:   "The scope is lost between the device's session and the token, which gets what the client is registered for.",
		Breaks: []string{"DEV-01", "CODE-06", "CONC-09", "CONS-02", "DEF-04", "DEF-05", "DEV-02", "DEV-04", "DEV-05", "DEV-06", "EDIT-09", "GRANT-01", "GRANT-03", "OIDC-02", "ROLE-06", "UNK-04"},
		Shows:  `Planner holds "READ:APPOINTMENTS address appointments-admin basic:appointments email export:appointments offli`,
		Apply: func(p *refserver.Policy) {
			scope := p.Device.Scope
			p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				if _, err := scope(r); err != nil {
					return nil, err
				}
				return r.ClientMay.And(r.UserMay), nil
			}
		},
	},
	{
		ID:     "device-poll-merges-scope",
		Text:   "The token handler adds the scope of the polling request to what was approved for the device.",
		Breaks: []string{"DEV-02", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Device.Scope
			p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				granted, err := scope(r)
				return granted.Or(r.Asked.And(r.ClientMay).And(r.UserMay)), err
			}
		},
	},
	{
		ID:     "device-denial-can-be-undone",
		Text:   "A device's request that was denied can be approved later, on a page that was still open.",
		Breaks: []string{"DEV-03"},
		Shows:  `Planner was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			may := p.Device.MayDecide
			p.Device.MayDecide = func(s refserver.PendingState) error {
				s.Denied = false
				return may(s)
			}
		},
	},
	{
		ID:     "device-denial-looks-pending",
		Text:   "A device whose request was denied goes on being told that the decision is pending.",
		Breaks: []string{"DEV-03"},
		Shows:  `Planner was refused with 400 authorization_pending (the resource owner has not decided yet)`,
		Apply: func(p *refserver.Policy) {
			polled := p.Device.Polled
			p.Device.Polled = func(s refserver.PendingState) error {
				s.Denied = false
				return polled(s)
			}
		},
	},
	{
		ID:     "device-partial-consent-unsaid",
		Text:   "The token response of the device grant has no scope, not even after the user has left some of it out.",
		Breaks: []string{"DEV-04", "DEF-04", "GRANT-02", "GRANT-04"},
		Shows:  `Planner was told nothing, which means "read:appointments write:appointments" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.DeviceCode {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID:     "device-page-shows-default",
		Text:   "The consent page of the device grant lists the default scope; whatever else was asked for is granted with it, unseen.",
		Breaks: []string{"DEV-05", "CONC-09", "CONS-02", "DEV-04", "DEV-08"},
		Shows:  `Ada was asked about "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			list := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				items := list(q)
				for i := range items {
					items[i].Hidden = q.GrantType == refserver.DeviceCode && items[i].Scope != refserver.ReadAppointments
				}
				return items
			}
		},
	},
	{
		ID:     "device-link-approves",
		Text:   "Opening verification_uri_complete approves the request at once: the code in the address counts as the user's answer.",
		Breaks: []string{"DEV-05", "CONC-09", "CONS-12", "DEV-03", "DEV-04", "DEV-08"},
		Shows:  `Planner was issued a token for "read:appointments write:appointments" and Ada was not asked`,
		Apply: func(p *refserver.Policy) {
			p.Device.PageNeeded = func(_ refserver.ConsentQuestion, complete bool) bool { return !complete }
		},
	},
	{
		ID:     "device-skips-client-limit",
		Text:   "The device authorization endpoint does not look at the scopes that the client is registered for.",
		Breaks: []string{"DEV-06", "CLI-01", "CLI-02", "CODE-06"},
		Shows:  `the choice of client_excess is "drop"`,
		Apply:  func(p *refserver.Policy) { unlimited(p, refserver.DeviceCode, refserver.ClientLimit) },
	},
	{
		ID:     "device-code-of-any-client",
		Text:   "Any client may poll with any device_code.",
		Breaks: []string{"DEV-07"},
		Shows:  `Rival was issued a token for "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			check := p.Presenter
			p.Presenter = func(grantType string, owner, presenter refserver.Client) error {
				if grantType == refserver.DeviceCode {
					return nil
				}
				return check(grantType, owner, presenter)
			}
		},
	},
	{
		ID:     "device-refresh-has-no-scope",
		Text:   "No scope is stored with the refresh token of a device, so that a refresh is bounded by what the client is registered for.",
		Breaks: []string{"DEV-08", "GRANT-03", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			refresh := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if r.Authorization.GrantType == refserver.DeviceCode {
					r.Authorization.Current = r.ClientMay.And(r.UserMay)
				}
				return refresh(r)
			}
		},
	},
	{
		ID:     "approved-device-outlives-grant",
		Text:   "The device's session keeps the approval: revoking or editing the grant before the next poll changes nothing.",
		Breaks: []string{"EDIT-09"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Device.Scope
			p.Device.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) {
				r.Authorization.Revoked, r.Authorization.Current = false, r.Authorization.Granted
				return scope(r)
			}
		},
	},
	{
		ID:     "backchannel-grants-registration",
		Text:   "The token of a backchannel request is made from the scopes of the client, not from those of the request.",
		Breaks: []string{"CIBA-01", "CODE-06", "CONS-02", "EDIT-08", "EDIT-09", "GRANT-01", "GRANT-03", "ROLE-06", "UNK-04"},
		Shows:  `Planner holds "READ:APPOINTMENTS address appointments-admin basic:appointments email export:appointments offli`,
		Apply: func(p *refserver.Policy) {
			p.CIBA.Scope = func(r refserver.Redemption) (refserver.ScopeSet, error) { return r.ClientMay.And(r.UserMay), nil }
		},
	},
}

// unlimited drops limits at one grant.
func unlimited(p *refserver.Policy, grantType string, limits ...refserver.Limit) {
	applies := p.Applies
	p.Applies = func(limit refserver.Limit, at string) bool {
		return applies(limit, at) && !(at == grantType && slices.Contains(limits, limit))
	}
}
