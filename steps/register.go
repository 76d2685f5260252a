package steps

import (
	"context"

	"github.com/cucumber/godog"
)

// registrar is the part of godog that registers steps. A test records what is
// registered through it.
type registrar interface {
	Given(expr, stepFunc any)
	When(expr, stepFunc any)
	Then(expr, stepFunc any)
}

// Register adds every step to a scenario, and checks the invariants after each.
func Register(sc *godog.ScenarioContext, w *World) {
	register(sc, w)
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err == nil {
			w.checkInvariants(ctx)
		}
		return ctx, nil
	})
}

func register(r registrar, w *World) {
	registerGrants(r, w)
	registerRequests(r, w)
	registerTokens(r, w)
	registerRefresh(r, w)
	registerConsent(r, w)
	registerControl(r, w)
	registerAPI(r, w)
	registerWire(r, w)
	registerClaims(r, w)
	registerChoices(r, w)
}
