package steps

import (
	"context"
	"fmt"
	"net/http"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/target"
)

// registerWire adds the requests to the API that are not the usual ones, and the
// judgements of their answers.
func registerWire(r registrar, w *World) {
	r.When(`^(\w+) (list|read|create|delete)s (?:the|an) appointments? (?:of|for) (\w+)`+calling().capture()+`$`, w.calls)
	r.When(`^(\w+) tries every way to (read|write in) (\w+)'s calendar$`, w.triesEveryWay)
	r.Then(`^the answer shows nothing of (\w+)'s$`, w.answerShowsNothing)
	r.Then(`^(\w+)'s request is refused$`, w.requestIsRefused)
	r.Then(`^every answer was a refusal that shows nothing of (\w+)'s$`, w.everyAnswerRefused)
	r.Then(`^HEAD is (refused|served) to (\w+) (?:and tells nothing|without a body)$`, w.judgeHead)
}

func (w *World) operation(name string) (target.Operation, error) {
	op, ok := w.target().API.Operation(name)
	if !ok {
		return op, actor.NotOffered(name)
	}
	return op, nil
}

func (w *World) lastOwner(client string) (*actor.Owner, error) {
	o, err := w.outcomeOf(client)
	if err != nil {
		return nil, err
	}
	if o.owner == nil {
		return nil, fmt.Errorf("%s acts for nobody", client)
	}
	return o.owner, nil
}

// triesEveryWay performs each operation that reads, or that writes, and keeps
// the answers.
func (w *World) triesEveryWay(ctx context.Context, client, what, owner string) error {
	token, api, o, err := w.parties(ctx, client, owner)
	if err != nil {
		return err
	}
	w.act()
	w.attempts = nil
	w.answers = nil
	for _, op := range api.Operations {
		if mutates(op) != (what == "write in") || op.AllOf == "" {
			continue
		}
		a, err := w.try(ctx, client, op.Name, token, api, o)
		if err != nil {
			return err
		}
		w.answers = append(w.answers, a)
	}
	return nil
}

func (w *World) answerShowsNothing(ctx context.Context, owner string) error {
	if w.last == nil {
		return fmt.Errorf("nothing was asked of the API")
	}
	if err := w.visible(ctx, owner); err != nil {
		return err
	}
	return w.shows(w.last, owner)
}

// visible makes sure that an owner has an appointment that an entitled answer
// shows, so that its absence means something.
func (w *World) visible(ctx context.Context, owner string) error {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	if _, err := w.object(ctx, o); err != nil {
		return err
	}
	_, err = w.calendar(ctx, o)
	return err
}

func (w *World) requestIsRefused(_ context.Context, client string) error {
	if w.last == nil {
		return fmt.Errorf("%s asked nothing of the API", client)
	}
	if w.last.Served() || w.last.Status == http.StatusNotModified {
		return excess("%s's request was answered with %d, want 401 or 403", client, w.last.Status)
	}
	return nil
}

func (w *World) everyAnswerRefused(ctx context.Context, owner string) error {
	if len(w.answers) == 0 {
		return fmt.Errorf("nothing was asked of the API")
	}
	if err := w.visible(ctx, owner); err != nil {
		return err
	}
	for _, a := range w.answers {
		if a.Served() {
			return excess("%q was served: got %d, want 401 or 403", a.Operation, a.Status)
		}
		if err := w.shows(a, owner); err != nil {
			return err
		}
	}
	return nil
}

// head sends HEAD for the list and for one appointment.
func (w *World) head(ctx context.Context, client string) ([]*actor.Attempt, error) {
	token, _ := w.bearer(client)
	if token == "" {
		return nil, fmt.Errorf("%s has no token", client)
	}
	o, err := w.lastOwner(client)
	if err != nil {
		return nil, err
	}
	on, err := w.object(ctx, o)
	if err != nil {
		return nil, err
	}
	names, err := w.operations(w.target().API, "read", nil)
	if err != nil {
		return nil, err
	}
	var all []*actor.Attempt
	for _, name := range names {
		op, err := w.operation(name)
		if err != nil {
			return nil, err
		}
		a, err := w.cast.CallWire(ctx, client, w.target().API, op, token, on, o, actor.Wire{Method: http.MethodHead})
		if err != nil {
			return nil, err
		}
		if a.Status >= 500 && a.Status != http.StatusNotImplemented {
			return nil, fmt.Errorf("HEAD %s: got %d", op.Path, a.Status)
		}
		all = append(all, a)
	}
	return all, nil
}

func (w *World) judgeHead(ctx context.Context, how, client string) error {
	if how == "served" {
		return w.headServed(ctx, client)
	}
	return w.headRefused(ctx, client)
}

func (w *World) headRefused(ctx context.Context, client string) error {
	all, err := w.head(ctx, client)
	if err != nil {
		return err
	}
	o, err := w.lastOwner(client)
	if err != nil {
		return err
	}
	on, err := w.object(ctx, o)
	if err != nil {
		return err
	}
	entitled, err := w.cast.Audit(ctx, on)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Served() {
			return excess("HEAD is served to %s (%s): got %d, want 401 or 403", client, a.Operation, a.Status)
		}
		// A refusal may bear validators of its own, but not those of what it refuses.
		for _, name := range []string{"Etag", "Last-Modified"} {
			if v := a.Header.Get(name); v != "" && v == entitled.Header.Get(name) {
				return excess("the refusal of HEAD (%s) tells %s: %q", a.Operation, name, v)
			}
		}
	}
	return nil
}

func (w *World) headServed(ctx context.Context, client string) error {
	all, err := w.head(ctx, client)
	if err != nil {
		return err
	}
	for _, a := range all {
		if !a.Served() {
			op, _ := w.operation(a.Operation) // it was called
			if err := w.headNotServed(ctx, a, op, w.objects[len(w.objects)-1], a.Owner, true); err != nil {
				return err
			}
		}
		if len(a.Body) > 0 {
			return violation("HEAD (%s) is answered with a body of %d bytes", a.Operation, len(a.Body))
		}
	}
	return nil
}

// headNotServed judges HEAD that was refused to a token that may read: then it must
// be offered to nobody.
func (w *World) headNotServed(ctx context.Context, a *actor.Attempt, op target.Operation, on *actor.Object, owner *actor.Owner, allowed bool) error {
	if !allowed || a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented {
		return nil
	}
	offered, err := w.cast.OffersHead(ctx, op, on, owner)
	if err == nil && offered {
		err = violation("HEAD %s is refused to a token that may read it: got %d%s, want 2xx", op.Path, a.Status, reason(a))
	}
	return err
}
