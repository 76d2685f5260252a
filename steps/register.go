package steps

import (
	"context"
	"regexp"
	"sync"

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
	register(compiled{sc, expressions()}, w)
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err == nil {
			w.checkInvariants(ctx)
		}
		return ctx, nil
	})
}

// expressions are the compiled patterns. To compile them anew for each scenario
// would be a third of the work of a run.
var expressions = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for _, p := range patterns() {
		all[p.expr] = regexp.MustCompile(p.expr)
	}
	return all
})

// compiled hands godog expressions in place of patterns.
type compiled struct {
	to          registrar
	expressions map[string]*regexp.Regexp
}

func (c compiled) Given(expr, step any) { c.to.Given(c.expressions[expr.(string)], step) }
func (c compiled) When(expr, step any)  { c.to.When(c.expressions[expr.(string)], step) }
func (c compiled) Then(expr, step any)  { c.to.Then(c.expressions[expr.(string)], step) }

func register(r registrar, w *World) {
	registerGrants(r, w)
	registerRequests(r, w)
	registerTokens(r, w)
	registerAnswers(r, w)
	registerRefresh(r, w)
	registerConsent(r, w)
	registerControl(r, w)
	registerAPI(r, w)
	registerWire(r, w)
	registerClaims(r, w)
	registerChoices(r, w)
	registerRace(r, w)
	registerRaceJudge(r, w)
}
