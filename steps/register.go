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
	c := &chosen{to: sc, wanted: make([]bool, len(expressions()))}
	for _, text := range sentences {
		for _, n := range fitting(text) {
			c.wanted[n] = true
		}
	}
	register(c, w)
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err == nil {
			w.checkInvariants(ctx)
		}
		return ctx, nil
	})
}

// expressions are the compiled patterns, in the order in which they are
// registered. To compile them anew for each scenario would be a third of the work
// of a run.
var expressions = sync.OnceValue(func() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, p := range patterns() {
		all = append(all, regexp.MustCompile(p.expr))
	}
	return all
})

// fitting are the places of the expressions that match a sentence.
func fitting(text string) []int {
	if known, ok := fits.Load(text); ok {
		return known.([]int)
	}
	var all []int
	for n, e := range expressions() {
		if e.MatchString(text) {
			all = append(all, n)
		}
	}
	fits.Store(text, all)
	return all
}

// fits are the places of the expressions that match, by sentence.
var fits sync.Map

// chosen hands godog the steps that are wanted, with their expressions in place
// of the patterns.
type chosen struct {
	to     registrar
	wanted []bool // in the order in which steps are registered
	next   int
}

func (c *chosen) Given(_, step any) { c.hand(c.to.Given, step) }
func (c *chosen) When(_, step any)  { c.hand(c.to.When, step) }
func (c *chosen) Then(_, step any)  { c.hand(c.to.Then, step) }

func (c *chosen) hand(to func(expr, step any), step any) {
	if c.wanted[c.next] {
		to(expressions()[c.next], step)
	}
	c.next++
}

func register(r registrar, w *World) {
	registerGrants(r, w)
	registerRequests(r, w)
	registerTokens(r, w)
	registerSyntax(r, w)
	registerAnswers(r, w)
	registerIntrospection(r, w)
	registerPushed(r, w)
	registerRefresh(r, w)
	registerExchange(r, w)
	registerResources(r, w)
	registerConsent(r, w)
	registerControl(r, w)
	registerAPI(r, w)
	registerWire(r, w)
	registerChallenges(r, w)
	registerClaims(r, w)
	registerManaged(r, w)
	registerChoices(r, w)
	registerRace(r, w)
	registerRaceJudge(r, w)
	registerRegistration(r, w)
	registerMetadata(r, w)
}
