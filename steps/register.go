package steps

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/cucumber/godog"
)

// registrar is what sentences are registered with, as with godog's
// ScenarioContext. A test records what is registered through it.
type registrar interface {
	Given(expr, stepFunc any)
	When(expr, stepFunc any)
	Then(expr, stepFunc any)
}

// Play plays a step in the world, and checks the invariants if it holds. The error is
// a [*Violation], [godog.ErrUndefined] where no sentence fits, or says why the
// step cannot tell. A suite of godog's own for each scenario would parse, match and
// store each step anew: a tenth of the work of a run.
func (w *World) Play(ctx context.Context, s *godog.Step) (err error) {
	said, err := understood(s)
	if err != nil {
		return err
	}
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("a step stopped: %v", reason)
		}
	}()
	if err := w.call(ctx, said, s); err != nil {
		return err
	}
	w.checkInvariants(ctx)
	return nil
}

// call calls the function behind a sentence.
func (w *World) call(ctx context.Context, said sentence, s *godog.Step) error {
	function := w.function(said.place)
	kind, values := function.Type(), said.values
	in := make([]reflect.Value, kind.NumIn())
	for n := range in {
		switch p := kind.In(n); {
		case p.Kind() == reflect.Interface: // the context
			in[n] = reflect.ValueOf(ctx)
		case p.Kind() == reflect.Pointer: // a table
			if s.Argument == nil || s.Argument.DataTable == nil {
				return fmt.Errorf("got no table beneath %q, want one", s.Text)
			}
			in[n] = reflect.ValueOf(s.Argument.DataTable)
		case p.Kind() == reflect.Int:
			number, err := strconv.Atoi(values[0])
			if err != nil {
				return fmt.Errorf("got %q, want a number", values[0])
			}
			in[n], values = reflect.ValueOf(number), values[1:]
		default:
			in[n], values = reflect.ValueOf(values[0]), values[1:]
		}
	}
	err, _ := function.Call(in)[0].Interface().(error)
	return err
}

// function is the function at a place, about this world.
func (w *World) function(place int) reflect.Value {
	if all := expressions(); w.functions == nil {
		w.functions = make([]reflect.Value, len(all.compiled))
	}
	if !w.functions[place].IsValid() {
		b, noun := &binder{functions: w.functions}, 0
		for ends := expressions().ends; ends[noun] <= place; noun++ {
			b.next = ends[noun]
		}
		nouns()[noun](b, w)
	}
	return w.functions[place]
}

// binder is a registrar that notes functions, from a place on.
type binder struct {
	functions []reflect.Value
	next      int
}

func (b *binder) Given(_, step any) { b.note(step) }
func (b *binder) When(_, step any)  { b.note(step) }
func (b *binder) Then(_, step any)  { b.note(step) }

func (b *binder) note(step any) {
	b.functions[b.next] = reflect.ValueOf(step)
	b.next++
}

// sentence is a step that is understood.
type sentence struct {
	place  int // of its pattern
	values []string
}

// understood finds the one pattern that fits a step. What was found is remembered:
// scenarios are played many times.
func understood(s *godog.Step) (sentence, error) {
	key := said{string(s.Type), s.Text}
	if known, ok := sentences.Load(key); ok {
		return known.(sentence), nil
	}
	keyword := map[string]string{"Context": "Given", "Action": "When", "Outcome": "Then"}[key.kind]
	var found []sentence
	var fitting []string
	for place, e := range expressions().compiled {
		if p := expressions().patterns[place]; keyword != "" && p.keyword != keyword {
			continue
		}
		if values := e.FindStringSubmatch(s.Text); values != nil {
			found, fitting = append(found, sentence{place, values[1:]}), append(fitting, e.String())
		}
	}
	switch len(found) {
	case 0:
		return sentence{}, fmt.Errorf("%w: %s", godog.ErrUndefined, s.Text)
	case 1:
		sentences.Store(key, found[0])
		return found[0], nil
	}
	return sentence{}, fmt.Errorf("%w: %s: %s", godog.ErrAmbiguous, s.Text, strings.Join(fitting, "  "))
}

// said is what a step says, and of which kind it is.
type said struct{ kind, text string }

// sentences are the steps that are understood, by what they say.
var sentences sync.Map

// expressions are the patterns, compiled.
var expressions = sync.OnceValue(func() (all struct {
	patterns []pattern // in the order in which they are registered
	compiled []*regexp.Regexp
	ends     []int // where those of each of the nouns end
}) {
	r := &recorder{}
	for _, add := range nouns() {
		add(r, &World{})
		all.ends = append(all.ends, len(r.patterns))
	}
	all.patterns = r.patterns
	for _, p := range r.patterns {
		all.compiled = append(all.compiled, regexp.MustCompile(p.expr))
	}
	return all
})

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
