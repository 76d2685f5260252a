package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// managed are faults of grants that are managed one by one.
var managed = []Defect{
	{
		ID:     "merge-changes-grant-id",
		Text:   "Each merge gives the grant another id, so that the client loses sight of what it had.",
		Breaks: []string{"GM-01"},
		Shows:  `Steward was given another grant id`,
		Apply: func(p *refserver.Policy) {
			p.Manage.GrantID = func(action, id, random string) string {
				if action == refserver.MergeGrant {
					return random
				}
				return id
			}
		},
	},
	{
		ID:     "merge-keeps-refresh-tokens",
		Text:   "A merge leaves the earlier refresh tokens alive, and adds to them what is new.",
		Breaks: []string{"GM-02", "REF-03"},
		Shows:  `Steward was issued a token for "offline_access read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			earlier := p.Manage.Earlier
			p.Manage.Earlier = func(o refserver.ManagedOutcome, current refserver.ScopeSet) (refserver.ScopeSet, bool, bool) {
				if o.Allowed && o.Action == refserver.MergeGrant {
					return current.Or(o.Accepted), true, false
				}
				return earlier(o, current)
			}
		},
	},
	{
		ID:     "replace-merges",
		Text:   "To replace a grant adds to it.",
		Breaks: []string{"GM-03", "GRANT-01"},
		Shows:  `Steward holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			holds := p.Manage.Held
			p.Manage.Held = func(action string, held, accepted refserver.ScopeSet) refserver.ScopeSet {
				if action == refserver.ReplaceGrant {
					return held.Or(accepted)
				}
				return holds(action, held, accepted)
			}
		},
	},
	{
		ID:     "anybody-merges",
		Text:   "Nobody looks whose grant it is that a request merges into.",
		Breaks: []string{"GM-04"},
		Shows:  `Steward was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Manage.Reaches = func(bool, refserver.Grant, string, string) error { return nil }
		},
	},
	{
		ID:     "grant-id-alone-merges",
		Text:   "A grant_id without an action is taken for a merge, and one beside create is ignored.",
		Breaks: []string{"GM-05", "GRANT-01"},
		Shows:  `Steward was issued a token for "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Manage.Asked = func(action, grantID string) (string, error) {
				if action == "" && grantID != "" {
					return refserver.MergeGrant, nil
				}
				return action, nil
			}
		},
	},
	{
		ID:     "query-shows-history",
		Text:   "A query of a grant shows all that it ever held.",
		Breaks: []string{"GM-06", "GM-03"},
		Shows:  `a query of Steward's grant shows "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Manage.Shown = func(g refserver.Grant) refserver.ScopeSet { return g.History }
		},
	},
	{
		ID:     "any-token-manages",
		Text:   "The grant management API takes any token that is good.",
		Breaks: []string{"GM-07"},
		Shows:  `the grant management API serves Steward with 204`,
		Apply: func(p *refserver.Policy) {
			p.Manage.Allowed = func(string, refserver.ScopeSet, string, refserver.Grant) error { return nil }
		},
	},
	{
		ID:     "revoked-managed-grant-lives-on",
		Text:   "To revoke a grant takes it off the list and ends none of its tokens.",
		Breaks: []string{"GM-08"},
		Shows:  `Steward was issued a token for "offline_access read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Manage.Ends = func(bool) bool { return false }
		},
	},
	{
		ID:     "one-grant-for-a-client",
		Text:   "There is one row for a user and a client: a second grant is written over the first.",
		Breaks: []string{"GM-09"},
		Shows:  `Steward was given the same grant id`,
		Apply: func(p *refserver.Policy) {
			p.Manage.NewID = func(user, client, _ string) string { return user + "-" + client }
		},
	},
	{
		ID:     "denied-merge-ends-refresh-tokens",
		Text:   "The refresh tokens of a grant end when a merge is asked for, before anybody has decided.",
		Breaks: []string{"GM-10"},
		Shows:  `Steward was refused with 400 invalid_grant (the grant was revoked)`,
		Apply: func(p *refserver.Policy) {
			earlier := p.Manage.Earlier
			p.Manage.Earlier = func(o refserver.ManagedOutcome, current refserver.ScopeSet) (refserver.ScopeSet, bool, bool) {
				if !o.Allowed {
					return current, false, false
				}
				return earlier(o, current)
			}
		},
	},
}
