package scenarios

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Introspection asks about the tokens of several clients and people, with
// pairwise different scopes, and about one that was never issued. A token is
// active with exactly the scope that it was issued with, and whose it was issued
// for (GRANT-03); and who does not say who they are is told nothing (INTR-05).
func Introspection() loadtest.Scenario {
	return loadtest.Scenario{
		Name:    "introspection",
		Text:    "Tokens of several clients are introspected; each is active with exactly its own scope, one that was never issued is not, and nobody is told who has not proved who they are.",
		Rules:   []string{"GRANT-03", "INTR-05"},
		Needs:   []target.Capability{"as.introspection"},
		Prepare: prepareIntrospection,
	}
}

func prepareIntrospection(ctx context.Context, s *loadtest.Stage) (loadtest.Plan, error) {
	const rule = "GRANT-03"
	plan := loadtest.Plan{Burst: s.Burst(burst)}
	tokens, err := apiTokens(ctx, s)
	if err != nil {
		return plan, err
	}
	for _, t := range tokens {
		if t.Client.IsPublic() {
			continue
		}
		r, seen, err := s.Introspection(ctx, t)
		if errors.Is(err, loadtest.ErrUntold) {
			continue
		}
		if err != nil {
			return plan, err
		}
		plan.Hits = append(plan.Hits, loadtest.Hit{
			Weight: 3, Request: r, Expect: s.Introspects(rule, t.Scope, seen),
		})
	}
	if len(plan.Hits) == 0 {
		return plan, &loadtest.Inapplicable{Reason: "introspection tells no client of its token, also while nobody else asks"}
	}
	r, err := s.IntrospectionRequest(ctx, tokens[0].Client, oauth.Secret("never-issued-"+rand.Text()))
	if err != nil {
		return plan, err
	}
	plan.Hits = append(plan.Hits, loadtest.Hit{Weight: 2, Request: r, Expect: s.IntrospectsInactive(rule)})
	return plan, stranger(ctx, s, tokens[0], &plan)
}

// stranger adds somebody without credentials who asks about a good token, where the
// endpoint asks for some.
func stranger(ctx context.Context, s *loadtest.Stage, t *loadtest.Token, plan *loadtest.Plan) error {
	if !s.Can("as.introspection.auth") {
		return nil
	}
	hit := loadtest.Hit{Weight: 2, Request: s.StrangersIntrospection(t.Secret), Expect: s.TellsNothing("INTR-05")}
	a, err := s.Player().Send(ctx, hit.Request)
	if err == nil && hit.Expect(a).Class != loadtest.Fault {
		plan.Hits = append(plan.Hits, hit)
	}
	return err
}
