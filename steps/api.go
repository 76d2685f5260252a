package steps

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerAPI adds the judgements about what a token opens.
func registerAPI(r registrar, w *World) {
	const act = `(read|create|replace|change|delete|move|annotate) an appointment`
	const look = `list the appointments|read a summary|read the notes|see the page|see its own page`
	r.Then(`^(\w+)(?:'s token)? (can|cannot) `+act+`(?: (?:of|for) (\w+))?$`, w.judgeAct)
	r.Then(`^(\w+) (can|cannot) (`+look+`)(?: of (\w+))?$`, w.judgeLook)
	r.Then(`^(\w+)'s first token cannot create an appointment for (\w+)$`, w.firstCannot)
	r.Then(`^(\w+)'s token does not show an appointment of (\w+)$`, w.doesNotShow)
	r.Then(`^(\w+)'s token opens exactly what "([^"]*)" should$`, w.opensExactly)
	r.Then(`^a request without a token opens nothing of (\w+)'s$`, w.nothingWithoutToken)
	r.Then(`^each operation is (served|refused) to a token for (\w+) (?:with just|that lacks one of) the scopes that it needs$`, w.eachOperation)
	r.Then(`^(\w+)'s calendar is (unchanged|changed)$`, w.judgeCalendar)
}

func (w *World) judgeAct(ctx context.Context, client, how, verb, owner string) error {
	switch {
	case owner == "" && how == "cannot":
		return w.cannotAlone(ctx, client, verb)
	case owner == "":
		return fmt.Errorf("%s can %s an appointment: whose?", client, verb)
	case how == "cannot":
		return w.cannot(ctx, client, verb, owner)
	}
	return w.can(ctx, client, verb, owner)
}

func (w *World) judgeLook(ctx context.Context, client, how, what, owner string) error {
	operation := map[string]string{"list the appointments": "list", "read a summary": "summary", "read the notes": "notes", "see the page": "me"}[what]
	if operation == "" {
		return w.cannotSeePage(ctx, client)
	}
	return w.opens(ctx, client, operation, owner, how == "can")
}

// object is an appointment of an owner that nothing has been done to yet.
func (w *World) object(ctx context.Context, owner *actor.Owner) (*actor.Object, error) {
	for _, o := range w.objects {
		if o.Owner == owner && !w.changed[o] {
			return o, nil
		}
	}
	o, err := w.cast.Seed(ctx, owner)
	if err != nil {
		return nil, err
	}
	w.objects = append(w.objects, o)
	return o, nil
}

// try performs an operation with a client's token.
func (w *World) try(ctx context.Context, client, operation string, token oauth.AccessToken, api *target.ResourceServer, owner *actor.Owner) (*actor.Attempt, error) {
	op, ok := api.Operation(operation)
	if !ok {
		return nil, actor.NotOffered(operation)
	}
	var on *actor.Object
	if owner != nil && addressed(op) {
		var err error
		if on, err = w.object(ctx, owner); err != nil {
			return nil, err
		}
	}
	a, err := w.cast.Call(ctx, client, api, operation, token, on, owner)
	if err != nil {
		return nil, err
	}
	return a, w.note(a, op, on)
}

// note files an attempt: what was served may have changed its object, what was
// refused must have changed nothing.
func (w *World) note(a *actor.Attempt, op target.Operation, on *actor.Object) error {
	w.last = a
	switch {
	case a.Served():
		if on != nil && mutates(op) {
			w.changed[on] = true
		}
	case a.Refused():
		w.attempts = append(w.attempts, a)
	default:
		return fmt.Errorf("%s %s: got %d, want 2xx, 401, 403 or 404", op.Method, op.Path, a.Status)
	}
	return nil
}

// addressed says that an operation is about one object.
func addressed(op target.Operation) bool {
	if strings.Contains(op.Path, "${id}") {
		return true
	}
	for _, v := range op.JSON {
		if v == "${id}" {
			return true
		}
	}
	return false
}

func mutates(op target.Operation) bool {
	return op.Method != http.MethodGet && op.Method != http.MethodHead && op.Method != http.MethodOptions
}

// parties resolves a client's token and an owner for a judgement.
func (w *World) parties(ctx context.Context, client, owner string) (oauth.AccessToken, *target.ResourceServer, *actor.Owner, error) {
	o, err := w.owner(ctx, owner)
	if err != nil {
		return "", nil, nil, err
	}
	token, issue := w.bearer(client)
	api := w.target().API
	if issue != nil {
		api = issue.API()
	}
	if api == nil {
		return "", nil, nil, fmt.Errorf("there is no API")
	}
	return token, api, o, nil
}

func (w *World) can(ctx context.Context, client, verb, owner string) error {
	if err := w.refusedNow(client); err != nil {
		return err
	}
	if w.target().API == nil {
		return w.holdsFor(ctx, client, verb)
	}
	token, api, o, err := w.parties(ctx, client, owner)
	if err != nil {
		return err
	}
	if token == "" {
		return fmt.Errorf("%s has no token to %s an appointment of %s with: %w", client, verb, owner, w.refusalOf(client))
	}
	names, err := w.operations(api, verb, w.hoped(client))
	if err != nil {
		return err
	}
	for _, name := range names {
		a, err := w.try(ctx, client, name, token, api, o)
		if err != nil {
			return err
		}
		if !a.Served() {
			return violation("%s cannot %s an appointment of %s: got %d%s, want 2xx", client, verb, owner, a.Status, reason(a))
		}
	}
	return nil
}

func (w *World) cannot(ctx context.Context, client, verb, owner string) error {
	if w.target().API == nil {
		return w.holdsNotFor(ctx, client, verb)
	}
	token, api, o, err := w.parties(ctx, client, owner)
	if err != nil {
		return err
	}
	if token == "" {
		return nil // it was given nothing to try with
	}
	names, err := w.operations(api, verb, nil)
	if err != nil {
		return err
	}
	for _, name := range names {
		if w.entitled(client, api, name) {
			continue
		}
		if err := w.inheritsAt(client, api, name); err != nil {
			return err
		}
		a, err := w.try(ctx, client, name, token, api, o)
		if err != nil {
			return err
		}
		if a.Served() {
			return excess("%s can %s an appointment of %s without %q: %s got %d, want 401 or 403", client, verb, owner, needs(api, name), name, a.Status)
		}
	}
	return nil
}

// entitled says that nothing follows from an operation being served to a client:
// it was refused just now and holds a token from before that was meant for it,
// which may lawfully work on.
func (w *World) entitled(client string, api *target.ResourceServer, name string) bool {
	op, _ := api.Operation(name)
	_, issue := w.bearer(client)
	if issue == nil || !w.allows(op, issue.Means()) {
		return false
	}
	if w.unites() && issue.Owner != nil && w.allows(op, w.ledger.consents[consentKey{issue.Owner, issue.Root().Client, issue.Other}]) {
		return true // what was agreed to before comes with every request, as declared
	}
	_, all := op.Needs()
	return w.refused(client) || !all // one of several scopes will do, and this is one of them
}

// inheritsAt is inherits for the token that a client would use now.
func (w *World) inheritsAt(client string, api *target.ResourceServer, name string) error {
	op, _ := api.Operation(name)
	held := w.carried[client].scope
	if _, issue := w.bearer(client); issue != nil {
		held = issue.Means()
	}
	return w.inherits(op, held)
}

// needs is the scope that an operation needs, for messages.
func needs(api *target.ResourceServer, operation string) oauth.ScopeSet {
	op, _ := api.Operation(operation)
	set, _ := op.Needs()
	return set
}

func reason(a *actor.Attempt) string {
	if code, ok := a.Challenge.Get("error"); ok {
		return " " + code
	}
	return ""
}

func (w *World) cannotAlone(ctx context.Context, client, verb string) error {
	token, _ := w.bearer(client)
	if token == "" {
		return nil
	}
	if err := w.inheritsAt(client, w.target().API, verb); err != nil {
		return err
	}
	a, err := w.try(ctx, client, verb, token, w.target().API, nil)
	if err != nil {
		return err
	}
	if a.Served() {
		return excess("%s can %s an appointment without %q: got %d, want 401 or 403", client, verb, needs(w.target().API, verb), a.Status)
	}
	return nil
}

func (w *World) firstCannot(ctx context.Context, client, owner string) error {
	i, err := w.first(ctx, client)
	if err != nil {
		return err
	}
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	op, _ := i.API().Operation("create")
	if err := w.inherits(op, i.Means()); err != nil {
		return err
	}
	a, err := w.try(ctx, client, "create", i.Response.AccessToken, i.API(), o)
	if err != nil {
		return err
	}
	if a.Served() {
		return excess("%s's first token can create an appointment for %s without %q: got %d, want 401 or 403", client, owner, needs(i.API(), "create"), a.Status)
	}
	return nil
}

// opens judges one operation that is about no single appointment.
func (w *World) opens(ctx context.Context, client, operation, owner string, want bool) error {
	if err := w.refusedNow(client); err != nil && want {
		return err
	}
	token, api, o, err := w.parties(ctx, client, owner)
	if err != nil {
		return err
	}
	if token == "" || (!want && w.refused(client)) {
		if want {
			return fmt.Errorf("%s has no token: %w", client, w.refusalOf(client))
		}
		return nil
	}
	if err := w.inheritsAt(client, api, operation); err != nil && !want {
		return err
	}
	a, err := w.try(ctx, client, operation, token, api, o)
	if err != nil {
		return err
	}
	if a.Served() && !want {
		return excess("%s is served %q without %q: got %d, want 401 or 403", client, operation, needs(api, operation), a.Status)
	}
	if !a.Served() && want {
		return violation("%s is not served %q with %q: got %d%s, want 2xx", client, operation, needs(api, operation), a.Status, reason(a))
	}
	return nil
}

func (w *World) cannotSeePage(ctx context.Context, client string) error {
	token, _ := w.bearer(client)
	if token == "" {
		return nil
	}
	a, err := w.try(ctx, client, "me", token, w.target().API, nil)
	if err != nil {
		return err
	}
	switch {
	case a.Served() && w.namesSomebody(a):
		return excess("%s which is nobody is served a resource owner's page: got %d, want 401 or 403", client, a.Status)
	case a.Served():
		return violation("%s which is nobody is served the page that only resource owners have: got %d, want 401 or 403", client, a.Status)
	}
	return nil
}

// namesSomebody reports whether an answer is about one of the resource owners,
// and not about the client itself.
func (w *World) namesSomebody(a *actor.Attempt) bool {
	for _, o := range w.cast.Owners() {
		for _, name := range []string{o.Subject, o.Username} {
			if name != "" && strings.Contains(string(a.Body), name) {
				return true
			}
		}
	}
	return w.shows(a, "") != nil
}

func (w *World) doesNotShow(ctx context.Context, client, owner string) error {
	token, api, o, err := w.parties(ctx, client, owner)
	if err != nil {
		return err
	}
	names, err := w.operations(api, "read", nil)
	if err != nil {
		return err
	}
	for _, name := range names {
		a, err := w.try(ctx, client, name, token, api, o)
		if err != nil {
			return err
		}
		if err := w.shows(a, owner); err != nil {
			return err
		}
	}
	return nil
}

// shows is a violation when an answer holds something of a seeded appointment.
func (w *World) shows(a *actor.Attempt, owner string) error {
	for _, o := range w.objects {
		if o.Owner.Name != owner && owner != "" {
			continue
		}
		if strings.Contains(string(a.Body), o.Marker) {
			return excess("the answer (%d) shows an appointment of %s", a.Status, o.Owner.Name)
		}
	}
	return nil
}

// calendar is what an owner's calendar shows to a token that may do everything.
// It is made sure that something that is there is shown: otherwise that something
// is not shown would mean nothing.
func (w *World) calendar(ctx context.Context, owner *actor.Owner) (string, error) {
	there, err := w.cast.Seed(ctx, owner)
	if err != nil {
		return "", err
	}
	for until := time.Now().Add(lag); ; {
		shown, err := w.cast.Calendar(ctx, owner)
		if err != nil || strings.Contains(shown, there.Marker) {
			return shown, err
		}
		if time.Now().After(until) {
			return "", fmt.Errorf("the list does not show an appointment of %s that is there", owner.Name)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lag is how long after it was made an appointment may be missing from the list:
// some lists are an index of their own.
const lag = 10 * time.Second

func (w *World) judgeCalendar(ctx context.Context, owner, how string) error {
	if how == "unchanged" {
		return w.unchanged(ctx, owner)
	}
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	before := w.objects
	listed, err := w.calendar(ctx, o)
	if err != nil {
		return err
	}
	for _, on := range before {
		if on.Owner.Name != owner {
			continue
		}
		if !strings.Contains(listed, on.Marker) { // it may still be shown, as something that is over
			return nil
		}
		a, err := w.cast.Audit(ctx, on)
		if err != nil || !a.Served() || !strings.Contains(string(a.Body), on.Marker) {
			return err
		}
	}
	return violation("the appointments of %s are as they were, want one changed", owner)
}

// unchanged looks with a token that may do everything: nothing that a refused
// request would have written is there, and what this scenario put there still
// is, unless it was changed by a request that was served.
func (w *World) unchanged(ctx context.Context, owner string) error {
	if w.target().API == nil {
		return nil // there is nothing that could be changed
	}
	o, err := w.owner(ctx, owner)
	if err != nil {
		return err
	}
	calendar, err := w.calendar(ctx, o)
	if err != nil {
		return err
	}
	for _, a := range append(w.cast.RefusedAttempts(), w.attempts...) {
		if strings.Contains(calendar, a.Marker) {
			return excess("%s was refused with %d and has changed %s's calendar all the same", a.Operation, a.Status, owner)
		}
	}
	for _, on := range w.objects {
		if on.Owner != o || w.changed[on] {
			continue
		}
		a, err := w.cast.Audit(ctx, on)
		if err != nil {
			return err
		}
		if !a.Served() || !strings.Contains(string(a.Body), on.Marker) {
			return excess("an appointment of %s is gone or changed: got %d, want it as it was", owner, a.Status)
		}
	}
	return nil
}
