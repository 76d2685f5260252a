package steps

import (
	"context"
	"regexp"
	"slices"
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
	all := expressions()
	c := &chosen{to: sc, wanted: make([]bool, len(all.compiled))}
	for _, text := range sentences {
		for _, n := range fitting(text) {
			c.wanted[n] = true
		}
	}
	for n, add := range nouns() {
		if slices.Contains(c.wanted[c.next:all.ends[n]], true) {
			add(c, w)
		}
		c.next = all.ends[n]
	}
	sc.StepContext().After(func(ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err == nil {
			w.checkInvariants(ctx)
		}
		return ctx, nil
	})
}

// expressions are the compiled patterns. To compile them anew for each scenario
// would be a third of the work of a run.
var expressions = sync.OnceValue(func() (all struct {
	compiled []*regexp.Regexp // in the order in which they are registered
	ends     []int            // where those of each of the nouns end
}) {
	r := &recorder{}
	for _, add := range nouns() {
		add(r, &World{})
		all.ends = append(all.ends, len(r.patterns))
	}
	for _, p := range r.patterns {
		all.compiled = append(all.compiled, regexp.MustCompile(p.expr))
	}
	return all
})

// fitting are the places of the expressions that match a sentence.
func fitting(text string) []int {
	if known, ok := fits.Load(text); ok {
		return known.([]int)
	}
	var all []int
	for n, e := range expressions().compiled {
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
		to(expressions().compiled[c.next], step)
	}
	c.next++
}

// nouns are what registers the sentences about each actor or noun.
func nouns() []func(registrar, *World) {
	return []func(registrar, *World){
		registerGrants, registerRequests, registerTokens, registerSyntax,
		registerAnswers, registerIntrospection, registerPushed, registerRefresh,
		registerExchange, registerResources, registerConsent, registerControl,
		registerAPI, registerWire, registerChallenges, registerClaims,
		registerManaged, registerChoices, registerRace, registerRaceJudge,
		registerRegistration, registerMetadata,
	}
}
