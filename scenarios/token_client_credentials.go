package scenarios

import (
	"context"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// TokenClientCredentials asks for tokens for clients that act for themselves, in
// bursts in which several clients ask for pairwise different scopes: for one, for
// several, for very many, for some that they are not allowed, and for none. A client
// may be issued what it asked for (GRANT-01), what the response says is what the
// token has (GRANT-03), and nothing that the client may not have (CC-01); who names no
// scope is issued the default and nothing that others ask for (DEF-03).
func TokenClientCredentials() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "token-client-credentials",
		Text:    "Clients ask for tokens on their own behalf, each for another scope; none is issued more or less than is due to it.",
		Rules:   []string{"CC-01", "DEF-03", "GRANT-01", "GRANT-03"},
		Needs:   []target.Capability{"as.cc"},
		Prepare: prepareClientCredentials,
	}
}

func prepareClientCredentials(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	for _, name := range []string{"Worker", "Robot"} {
		if !s.HasClient(name) {
			continue
		}
		c, err := s.Client(ctx, name)
		if err != nil {
			return plan, err
		}
		if _, err := s.Player().Machine(ctx, c, reading); err != nil { // so that it is known what it says of itself
			return plan, err
		}
		for _, asked := range []oauth.ScopeSet{reading, writing, both} {
			may := s.MachineMay(c, asked)
			g := loadtest.Grant{Rule: "GRANT-01", Denied: "GRANT-03", Asked: asked, Must: may, May: s.MachineMost(c, asked), Holder: loadtest.Holder{Client: c}}
			weight := 2
			if !may.Equal(asked) {
				weight, g.Rule, g.Refusal = 1, "CC-01", excess(s, may, g.May)
			}
			plan.Hits = append(plan.Hits, loadtest.Hit{
				Weight: weight, Request: s.ClientCredentialsRequest(c, asked), Expect: s.Issues(g),
			})
		}
	}
	if err := unnamed(ctx, s, &plan); err != nil {
		return plan, err
	}
	if err := many(ctx, s, &plan); err != nil {
		return plan, err
	}
	if len(plan.Hits) == 0 {
		return plan, errors.New("the target has neither a client Worker nor a client Robot")
	}
	return plan, nil
}

// many adds a request for everything that Worker may have and that belongs to the
// API. What is issued of it while nobody else asks is due among others.
func many(ctx context.Context, s *loadtest.Stage, plan *loadtest.Plan) error {
	if !s.HasClient("Worker") {
		return nil
	}
	c, err := s.Client(ctx, "Worker")
	if err != nil {
		return err
	}
	as := s.Target.Description.AuthorizationServer
	asked := s.MachineMay(c, both.Union(oauth.FieldsScope(as.Decoys+" "+as.RequiredScopes+" "+as.ConfidentialOnlyScopes)))
	t, err := s.Player().Machine(ctx, c, asked)
	if err != nil || t == nil || asked.Len() <= both.Len() {
		return err
	}
	due := s.Of(t.Scope, asked)
	plan.Hits = append(plan.Hits, loadtest.Hit{
		Weight: 2, Request: s.ClientCredentialsRequest(c, asked),
		Expect: s.Issues(loadtest.Grant{Rule: "GRANT-01", Denied: "GRANT-03", Asked: asked, Must: due, May: due, Holder: loadtest.Holder{Client: c}}),
	})
	return nil
}

// unnamed adds a request that names no scope. What comes of it while nobody else
// asks is due among others: a default, or a refusal.
func unnamed(ctx context.Context, s *loadtest.Stage, plan *loadtest.Plan) error {
	if !s.HasClient("Worker") {
		return nil
	}
	c, err := s.Client(ctx, "Worker")
	if err != nil {
		return err
	}
	none := oauth.ScopeSet{}
	t, err := s.Player().Machine(ctx, c, none)
	g := loadtest.Grant{Rule: "DEF-03", Denied: "DEF-03", Refusal: loadtest.RefusalIsLawful, Holder: loadtest.Holder{Client: c}}
	switch {
	case err != nil:
		return err
	case t != nil && t.Scope.IsEmpty():
		return nil // it is not told what the default is
	case t != nil:
		g.Asked, g.Must, g.May, g.Refusal = t.Scope, t.Scope, t.Scope, loadtest.RefusalIsFalse
	}
	plan.Hits = append(plan.Hits, loadtest.Hit{Request: s.ClientCredentialsRequest(c, none), Expect: s.Issues(g)})
	return nil
}

// excess says what refusing a request is of which a client may have only may, or
// most because of what scopes include.
func excess(s *loadtest.Stage, may, most oauth.ScopeSet) loadtest.Refusal {
	switch {
	case !most.SubsetOf(may):
		return loadtest.RefusalIsLawful
	case may.IsEmpty() && s.Choice(target.EmptyGrant) != "token":
		return loadtest.RefusalIsLawful
	case s.Choice(target.ClientExcess) == "reject":
		return loadtest.RefusalIsDue
	case s.Choice(target.ClientExcess) == "drop" && !may.IsEmpty():
		return loadtest.RefusalIsFalse
	}
	return loadtest.RefusalIsLawful
}
