package defect

import "github.com/scopeproof/scopeproof/internal/refserver"

// exchanging are faults of token exchange.
var exchanging = []Defect{
	{
		ID:     "exchange-adds-what-client-may",
		Text:   "An exchange that asks for more than its token holds is given what the client may have.",
		Breaks: []string{"TX-01", "TX-05", "TX-07", "TX-08"},
		Shows:  `the choice of tx is "client"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if !e.Asked.IsEmpty() && !e.Available.Covers(e.Asked) {
					return e.Asked.And(e.ClientMay).And(e.UserMay), nil
				}
				return scope(e)
			}
		},
	},
	{
		ID:     "exchange-for-whoever-holds-it",
		Text:   "Whoever holds a token exchanges it for all that it holds: nobody asks whose it is, nor what the client may have.",
		Breaks: []string{"CLI-02", "CLI-01"},
		Shows:  `Viewer holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Exchange.MayPresent = func(refserver.Client, string, string) error { return nil }
			unlimited(p, refserver.TokenExchange, refserver.ClientLimit)
		},
	},
	{
		ID:     "exchange-does-not-say-scope",
		Text:   "The answer to an exchange has no scope: the handler fills in the members of RFC 8693 and forgets the one of RFC 6749.",
		Breaks: []string{"TX-02"},
		Shows:  `Planner was told nothing, which means "read:appointments write:appointments" as asked`,
		Apply: func(p *refserver.Policy) {
			report := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				if i.GrantType == refserver.TokenExchange {
					return nil, false
				}
				return report(i)
			}
		},
	},
	{
		ID:     "exchange-copies-subject-scope",
		Text:   "The new token gets the scope of the old one, whatever less is asked for.",
		Breaks: []string{"TX-03"},
		Shows:  `request 1: Planner asked for "read:appointments": the server ignores it`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if _, err := scope(e); err != nil {
					return nil, err
				}
				e.Asked = nil
				return scope(e)
			}
		},
	},
	{
		ID:     "exchange-stamps-any-audience",
		Text:   "Where no grant is recorded for the target there is nothing to compare with, and the check of the target is skipped.",
		Breaks: []string{"TX-04"},
		Shows:  `Planner's token opens the other API`,
		Apply: func(p *refserver.Policy) {
			check := p.Exchange.Target
			p.Exchange.Target = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if e.TargetGrant.Scope.IsEmpty() {
					return e.SubjectScope, nil
				}
				return check(e)
			}
		},
	},
	{
		ID:     "exchange-carries-names-over",
		Text:   "A grant at the target lets the client in, and the scope string of the old audience is copied into the token for the new one.",
		Breaks: []string{"TX-05"},
		Shows:  `Planner's token opens the other API`,
		Apply: func(p *refserver.Policy) {
			check := p.Exchange.Target
			p.Exchange.Target = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if _, err := check(e); err != nil {
					return nil, err
				}
				return e.SubjectScope, nil
			}
		},
	},
	{
		ID:     "exchange-checks-signature-only",
		Text:   "A subject token whose signature fits is good for an exchange, though it has expired or its grant was revoked.",
		Breaks: []string{"TX-06"},
		Shows:  `Planner was issued a token for "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Exchange.TokenUsable = func(refserver.Live) error { return nil }
		},
	},
	{
		ID:     "exchange-unites-actor-scope",
		Text:   "The scopes of the subject token and of the actor token are united.",
		Breaks: []string{"TX-07", "TX-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if e.Delegated {
					e.Available = e.Available.Or(e.ActorScope)
				}
				return scope(e)
			}
		},
	},
	{
		ID:     "exchange-looks-up-origin",
		Text:   "A scope that the subject token lacks is looked for in the grant that it goes back to.",
		Breaks: []string{"TX-08", "TX-01", "TX-05"},
		Shows:  `Planner holds "write:appointments"`,
		Apply: func(p *refserver.Policy) {
			scope := p.Exchange.Scope
			p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
				if !e.Asked.IsEmpty() {
					e.Available = e.Available.Or(e.Asked.And(e.Origin.Current))
				}
				return scope(e)
			}
		},
	},
	{
		ID:     "exchanged-token-outlives-grant",
		Text:   "An exchanged token stands for itself: revoking or editing the grant behind it does not reach it.",
		Breaks: []string{"TX-09"},
		Shows:  `introspection shows Planner's token active with "read:appointments"`,
		Apply: func(p *refserver.Policy) {
			p.Exchange.State = func(d refserver.Derived) refserver.Authorization { return d.Own }
		},
	},
}
