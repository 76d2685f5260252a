package scenarios

import (
	"context"
	"fmt"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// TokenExchange exchanges tokens of pairwise different scope for less, for the
// same and for more (RFC 8693). Who asks for less gets it (TX-03); what is beyond
// the bound that the server has for all of them is never issued (TX-01), and the
// scope of no exchange is left for the next (TX-08).
func TokenExchange() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "token-exchange",
		Text:    "Clients exchange tokens for narrower, equal and wider ones; none is issued more than its subject token allows.",
		Rules:   []string{"TX-01", "TX-03", "TX-08"},
		Needs:   needs("as.tx", "as.code"),
		Prepare: prepareExchange,
	}
}

func prepareExchange(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	c, err := s.Client(ctx, "Planner")
	if err != nil {
		return plan, err
	}
	for _, k := range []struct {
		held, asked oauth.ScopeSet
		weight      int
	}{
		{both, reading, 2}, {both, writing, 2}, {both, both, 1}, {reading, reading, 1}, {reading, both, 2}, {writing, both, 1}, {reading, writing, 1},
	} {
		t, err := s.UserToken(ctx, c, "Ada", k.held)
		if err != nil {
			return plan, err
		}
		g, err := exchanging(ctx, s, t, k.asked)
		if err != nil {
			return plan, err
		}
		g.Holder = loadtest.Holder{Client: c, Owner: "Ada"}
		plan.Hits = append(plan.Hits, loadtest.Hit{Weight: k.weight, Request: s.ExchangeRequest(t, k.asked), Expect: s.Issues(g)})
	}
	return plan, nil
}

// exchanging is what may come of an exchange.
func exchanging(ctx context.Context, s *loadtest.Stage, t *loadtest.Token, asked oauth.ScopeSet) (loadtest.Grant, error) {
	alone, err := s.Player().Exchange(ctx, t, asked)
	if err != nil {
		return loadtest.Grant{}, err
	}
	if asked.SubsetOf(t.Scope) {
		if alone == nil {
			return loadtest.Grant{}, fmt.Errorf("%s exchanges its token for %q alone: it was refused", t.Client.Name, asked)
		}
		may := asked
		if s.Within(alone.Scope, t.Scope) { // to narrow need not be honoured (TX-03 is judged of single requests)
			may = alone.Scope
		}
		return loadtest.Grant{Rule: "TX-08", Denied: "TX-03", Asked: asked, Must: may, May: may}, nil
	}
	g := loadtest.Grant{Rule: "TX-01", Denied: "TX-01", Asked: asked, May: s.Meet(t.Scope, asked), Refusal: loadtest.RefusalIsLawful}
	bound := s.Choice(target.TokenExchangeBound)
	if bound == "" && alone != nil && !s.Within(alone.Scope, t.Scope) {
		bound = "client" // the server's policy, whether it keeps to it is for TX-01 of single requests
	}
	if bound == "client" {
		g.May = s.Meet(asked, t.Client.Scope)
	}
	if alone == nil {
		g.Refusal = loadtest.RefusalIsDue
	} else if s.Within(alone.Scope, t.Scope) { // what was asked for need not be looked at (RFC 8693 section 2.2.1)
		g.May = g.May.Union(alone.Scope)
	}
	return g, nil
}
