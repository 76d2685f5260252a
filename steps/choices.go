package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/target"
)

// registerChoices adds the judgement of open choices.
func registerChoices(r registrar, w *World) {
	r.Then(`^the choice of "([^"]*)" is the same (each time|on every way)$`, w.sameChoice)
}

// class names which lawful answer an outcome is, for an open choice.
func (w *World) class(ctx context.Context, name target.ChoiceName, o *outcome) (string, error) {
	if name == target.Incremental {
		return w.incrementalClass(ctx, o)
	}
	epoch := w.epoch
	if o.seen != nil {
		epoch = o.looked
	}
	return actor.Class(ctx, name, o.auth, o.issue, epoch)
}

// incrementalClass looks at the new token and at the one from before.
func (w *World) incrementalClass(ctx context.Context, o *outcome) (string, error) {
	issue, err := o.issued()
	if err != nil {
		return "", err
	}
	before, err := w.first(ctx, o.client.Name)
	if err != nil {
		return "", err
	}
	return actor.IncrementalClass(ctx, before, issue, w.epoch)
}

// sameChoice holds the target to one answer: the same in every repetition, and
// the one that was declared, or observed before the rules.
func (w *World) sameChoice(ctx context.Context, name, where string) error {
	choice := target.ChoiceName(name)
	seen, err := w.classes(ctx, choice)
	if err != nil {
		return err
	}
	if where == "on every way" {
		return w.sameEverywhere(choice, seen)
	}
	if len(seen) < repetitions {
		return fmt.Errorf("the choice of %s was seen %d times, want %d", name, len(seen), repetitions)
	}
	for _, class := range seen {
		if class != seen[0] {
			return violation("the choice of %s is mixed: got %s, want the same each time", name, strings.Join(seen, ", "))
		}
	}
	if known, ok := w.target().Choices[choice]; ok && known.Value != seen[0] && lawful(choice, known.Value) {
		return violation("the choice of %s is %q, want %q (%s)", name, seen[0], known.Value, known.Source)
	}
	if mixed, ok := w.target().Mixed[choice]; ok {
		return violation("the choice of %s is mixed: %s", name, mixed)
	}
	return nil
}

// lawful reports whether an answer is one that a standard allows: whoever was seen
// to give another is not held to it.
func lawful(name target.ChoiceName, answer string) bool {
	return slices.ContainsFunc(target.Choices(), func(c target.ChoiceInfo) bool {
		return c.Name == name && slices.Contains(c.Allowed, answer)
	})
}

// sameEverywhere compares the ways of a batch with each other, and those with
// what is declared of them for which the target declares another answer.
func (w *World) sameEverywhere(choice target.ChoiceName, seen []string) error {
	if len(seen) < 2 {
		return fmt.Errorf("there is one way to ask, and nothing to compare it with")
	}
	var told, alike []string
	for n, o := range w.batch {
		if !o.way.Shows(choice) {
			continue
		}
		told = append(told, seen[n]+" ("+o.how+")")
		known, ok := w.target().ByWay[o.way][choice]
		switch {
		case !ok || known.Source != "declared":
			alike = append(alike, seen[n])
		case known.Value != seen[n]:
			return violation("the choice of %s is %q (%s), want %q (%s)", choice, seen[n], o.how, known.Value, known.Source)
		}
	}
	if slices.ContainsFunc(alike, func(class string) bool { return class != alike[0] }) {
		return violation("the choice of %s is not the same on every way: got %s", choice, strings.Join(told, ", "))
	}
	return nil
}

// classes are the lawful answers that were seen, one for each repetition.
func (w *World) classes(ctx context.Context, choice target.ChoiceName) ([]string, error) {
	if seen, about, err := w.answered(choice); about || err != nil {
		return seen, err
	}
	if seen, ok := w.registrationClasses(choice); ok {
		return seen, nil
	}
	var seen []string
	for _, o := range w.batch {
		class, err := w.class(ctx, choice, o)
		if err != nil {
			return nil, err
		}
		seen = append(seen, class)
	}
	return seen, nil
}

// answered says of each answer of the API which one it was; about says that the
// choice is one of an API.
func (w *World) answered(choice target.ChoiceName) (seen []string, about bool, err error) {
	for _, a := range w.answers {
		class, about, err := actor.APIClass(choice, a)
		if err != nil || !about {
			return nil, about, err
		}
		seen = append(seen, class)
	}
	return seen, len(seen) > 0, nil
}
