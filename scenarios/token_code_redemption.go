package scenarios

import (
	"context"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

// CodeRedemption redeems codes that were obtained before, each for what was decided
// about it (CODE-05), and some of them once more, which has to be refused (CODE-04).
// Of a server that takes only so many requests at once each code is obtained in turn,
// as what is done beside the load would be more.
func CodeRedemption() loadtest.Scenario {
	return loadtest.Scenario{
		Name:  "code-redemption",
		Text:  "Clients redeem codes that people have consented to; each code is good for its own scope, and once.",
		Rules: []string{"CODE-04", "CODE-05"},
		Needs: needs("as.code"),
		Prepare: func(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
			list, err := authorizations(ctx, s, "CODE-05", false, true)
			if err != nil {
				return loadtest.Plan{}, err
			}
			if s.Target.Description.Parallel > 0 {
				plan := flows(s, list)
				return plan, twice(ctx, s, &plan)
			}
			var kinds []loadtest.CodeKind
			for _, a := range list {
				kinds = append(kinds, loadtest.CodeKind{Client: a.client, Owner: a.owner, Want: a.want, Grant: a.grant})
			}
			chains, err := s.Redemptions(ctx, atOnce(s), kinds...)
			if err != nil {
				return loadtest.Plan{}, err
			}
			plan := loadtest.Plan{Burst: s.Burst(burst), Hits: []loadtest.Hit{{Weight: 3, Chains: chains}}}
			return plan, twice(ctx, s, &plan)
		},
	}
}

// twice adds codes that are redeemed once more. They are those of a client of its
// own: a server may end with such a code whatever it has of that client and person
// (RFC 6749 section 4.1.2), also the other codes.
func twice(ctx context.Context, s *loadtest.Stage, plan *loadtest.Plan) error {
	if !s.Registers() || !s.HasOwner("Ada") {
		return nil
	}
	o := s.Others()
	c, err := o.Client(ctx, "Planner")
	if err != nil {
		return err
	}
	kind := loadtest.CodeKind{
		Client: c, Owner: "Ada", Want: loadtest.Consent{Scope: reading}, Again: "CODE-04",
		Grant: loadtest.Grant{Rule: "CODE-05", Denied: "CODE-05", Asked: reading, May: reading.Union(asked(s)), Refusal: loadtest.RefusalIsLawful, Holder: loadtest.Holder{Client: c, Owner: "Ada"}},
	}
	n := max(2, atOnce(s)/4)
	if s.Target.Description.Parallel > 0 {
		if err := o.Owner(ctx, kind.Owner); err != nil {
			return err
		}
		plan.Hits = append(plan.Hits, loadtest.Hit{Chains: o.Scripts(n, redeemedTwice(o, kind))})
		return nil
	}
	chains, err := o.Redemptions(ctx, n, kind)
	if err == nil {
		plan.Hits = append(plan.Hits, loadtest.Hit{Chains: chains})
	}
	return err
}

// redeemedTwice obtains a code and redeems it twice.
func redeemedTwice(s *loadtest.Stage, kind loadtest.CodeKind) func(context.Context, *loadtest.Player) error {
	issues := s.Issues(kind.Grant)
	return func(ctx context.Context, p *loadtest.Player) error {
		code, err := p.Code(ctx, kind.Client, kind.Owner, kind.Want)
		if err != nil {
			return err
		}
		t, err := p.Redeem(ctx, code)
		if err != nil {
			return err
		}
		if p.Expect(issues); t == nil {
			return nil
		}
		if t, err = p.Redeem(ctx, code); err != nil {
			return err
		}
		if t != nil {
			p.Judge(loadtest.Verdict{Class: loadtest.Leak, Rule: kind.Again, Message: "issued a token for a code that was redeemed before, want a refusal"})
		}
		return nil
	}
}

// asked is what every request of a target has in it.
func asked(s *loadtest.Stage) oauth.ScopeSet {
	return oauth.FieldsScope(s.Target.Description.AuthorizationServer.AlwaysAsked)
}
