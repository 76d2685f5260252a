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

// Register adds to a scenario the steps that its sentences may be, and checks the
// invariants after each. Godog tries each step that it is given on each sentence:
// with all of them, that would be a good part of the work of a run.
func Register(sc *godog.ScenarioContext, w *World, sentences []string) {
	wanted := map[string]*regexp.Regexp{}
	for _, text := range sentences {
		for _, e := range fitting(text) {
			wanted[e.String()] = e
		}
	}
	register(chosen{sc, wanted}, w)
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

// fitting are the expressions that match a sentence.
func fitting(text string) []*regexp.Regexp {
	if known, ok := fits.Load(text); ok {
		return known.([]*regexp.Regexp)
	}
	var all []*regexp.Regexp
	for _, e := range expressions() {
		if e.MatchString(text) {
			all = append(all, e)
		}
	}
	fits.Store(text, all)
	return all
}

// fits are the expressions that match, by sentence.
var fits sync.Map

// chosen hands godog the steps that are wanted, with their expressions in place
// of the patterns.
type chosen struct {
	to     registrar
	wanted map[string]*regexp.Regexp
}

func (c chosen) Given(expr, step any) { c.hand(c.to.Given, expr, step) }
func (c chosen) When(expr, step any)  { c.hand(c.to.When, expr, step) }
func (c chosen) Then(expr, step any)  { c.hand(c.to.Then, expr, step) }

func (c chosen) hand(to func(expr, step any), expr, step any) {
	if e := c.wanted[expr.(string)]; e != nil {
		to(e, step)
	}
}

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
}
