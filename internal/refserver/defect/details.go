package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// richRequests are faults of authorization details beside a scope.
var richRequests = []Defect{
	{
		ID:     "details-count-without-scope-only",
		Text:   "Authorization details are looked at only where a request has no scope.",
		Breaks: []string{"RAR-01", "RAR-02", "RAR-04"},
		Shows:  `Planner was told of no authorization details`,
		Apply: func(p *refserver.Policy) {
			p.Details.Beside = func(scope refserver.ScopeSet, details refserver.Details) (refserver.ScopeSet, refserver.Details) {
				if !scope.IsEmpty() {
					details = nil
				}
				return scope, details
			}
		},
	},
	{
		ID:     "page-shows-details-alone",
		Text:   "With authorization details the consent page shows those alone; the scopes are granted unseen.",
		Breaks: []string{"RAR-02", "CONS-02", "RAR-04"},
		Shows:  `Ada was asked about "authorization_details"`,
		Apply: func(p *refserver.Policy) {
			items := p.ConsentItems
			p.ConsentItems = func(q refserver.ConsentQuestion) []refserver.ConsentItem {
				list := items(q)
				for i := range list {
					list[i].Hidden = list[i].Hidden || len(q.Details) > 0
				}
				return list
			}
		},
	},
	{
		ID:     "details-not-compared-at-refresh",
		Text:   "Whatever authorization details a refresh asks for are issued.",
		Breaks: []string{"RAR-03"},
		Shows:  `Planner was issued a token for "offline_access read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Details.Refreshed = func(granted, asked refserver.Details) (refserver.Details, error) {
				if asked != nil {
					return asked, nil
				}
				return granted, nil
			}
		},
	},
	{
		ID:     "details-of-the-token-request",
		Text:   "Authorization details that are sent with a code take the place of those that were granted.",
		Breaks: []string{"RAR-03"},
		Shows:  `Planner holds larger authorization details than the plain ones: the response says "actions" is ["list","create"]`,
		Apply: func(p *refserver.Policy) {
			p.Details.Redeemed = func(granted, asked refserver.Details) (refserver.Details, error) {
				if asked == nil {
					return granted, nil
				}
				return asked, nil
			}
		},
	},
	{
		ID:     "details-reset-scope-at-refresh",
		Text:   "A refresh with authorization details starts from what the client may have at the calendar, and no longer from what was granted.",
		Breaks: []string{"RAR-03", "REF-03"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.RefreshScope
			p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
				if r.Details != nil && r.Asked.IsEmpty() {
					calendar := refserver.ScopeSet{refserver.ReadAppointments, refserver.WriteAppointments, refserver.OfflineAccess}
					return r.Client.Scope.And(calendar), nil
				}
				return scope(r)
			}
		},
	},
	{
		ID:     "details-come-with-scope",
		Text:   "Who allows anything at all grants the authorization details, unticked or not.",
		Breaks: []string{"RAR-04"},
		Shows:  `Planner holds authorization details that were not granted: the response says {"actions":["list"],"limit":5,"ty`,
		Apply: func(p *refserver.Policy) {
			p.Details.Granted = func(asked, _ refserver.Details, _ refserver.ScopeSet) refserver.Details { return asked }
		},
	},
	{
		ID:     "scope-comes-with-details",
		Text:   "Who ticks the authorization details grants every scope that is asked for with them.",
		Breaks: []string{"RAR-04", "CONS-02"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			decide := p.ConsentDecision
			p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
				if a.Allow && a.Details > 0 {
					return a.Asked, nil
				}
				return decide(a)
			}
		},
	},
}
