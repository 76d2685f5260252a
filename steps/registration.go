package steps

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// registerRegistration adds what a client can do about its own registration, and
// the judgements about what it is told there.
func registerRegistration(r registrar, w *World) {
	how := registering().capture()
	r.Given(`^(\w+) has (registered for|changed its registration to) `+what+how+`$`, w.hasRegistered)
	r.When(`^(\w+) (registers for|changes its registration to) `+what+how+`$`, w.registers)
	r.Then(`^(\w+) is registered for (exactly|at least|no scope beyond|none of) `+what+`$`, w.isRegisteredFor)
	r.Then(`^(\w+) obtains exactly what it asked for and is registered for$`, w.obtainsWhatIsRegistered)
	r.Then(`^(\w+)'s registration is (well written, or refused|the same when it is read)$`, w.registrationIs)
}

// registration is what a client knows of its own.
type registration struct {
	answer  *actor.Registration // the latest
	current *actor.Registration // the latest that was no refusal
	all     []*actor.Registration
}

// registrationRequest is client metadata that a scenario has a client send.
type registrationRequest struct {
	scope     *oauth.RawScope
	list      bool   // as a JSON array
	public    bool   // without a secret
	signed    bool   // UserInfo is to be signed
	statement string // the scope of a software statement; empty: there is none
	trusted   bool   // the statement is of somebody who is trusted
	times     int
}

// registering is how a client may register.
var registering = phrased("registers for, changes its registration to", func() []manner[registrationRequest] {
	statement := func(trusted bool) func(*registrationRequest, []string) error {
		return func(r *registrationRequest, v []string) error {
			r.statement, r.trusted = v[0], trusted
			return nil
		}
	}
	return []manner[registrationRequest]{
		{`as a list`, func(r *registrationRequest, _ []string) error { r.list = true; return nil }},
		{`as a public client`, func(r *registrationRequest, _ []string) error { r.public = true; return nil }},
		{`with a software statement for "[^"]*"`, statement(true)},
		{`with a software statement of nobody's for "[^"]*"`, statement(false)},
		{`with signed claims`, func(r *registrationRequest, _ []string) error { r.signed = true; return nil }},
		{`5 times`, func(r *registrationRequest, _ []string) error { r.times = repetitions; return nil }},
	}
})

// hasRegistered is registers as a state: a refusal leaves the scenario without it.
// A change that is refused leaves the registration as it was (RFC 7592 section
// 2.2), which is a state like another.
func (w *World) hasRegistered(ctx context.Context, client, act, asked, how string) error {
	if err := w.registers(ctx, client, act, asked, how); err != nil {
		return err
	}
	if r := w.registrations[client].answer; r.Refused != nil && !strings.HasPrefix(act, "change") {
		return fmt.Errorf("%s is refused a registration for %s: %d %w", client, asked, r.Status, r.Refused)
	}
	return nil
}

func (w *World) registers(ctx context.Context, client, act, asked, how string) error {
	var r registrationRequest
	var err error
	if r.scope, err = w.spoken(asked); err != nil {
		return err
	}
	if err := registering().apply(how, &r); err != nil {
		return err
	}
	members, err := w.members(r)
	if err != nil {
		return err
	}
	known := w.registrations[client]
	if known == nil {
		known = &registration{}
		w.registrations[client] = known
	}
	w.act()
	for range max(1, r.times) {
		if err := w.sendRegistration(ctx, client, known, members, strings.HasPrefix(act, "change")); err != nil {
			return err
		}
	}
	return nil
}

// sendRegistration registers a client, or changes what it registered, and makes
// an actor of it.
func (w *World) sendRegistration(ctx context.Context, client string, known *registration, members map[string]any, change bool) error {
	var r *actor.Registration
	var err error
	switch {
	case !change:
		r, err = w.cast.Register(ctx, client, members)
	case known.current == nil:
		return fmt.Errorf("%s has not registered in this scenario", client)
	default:
		r, err = w.cast.UpdateRegistration(ctx, client, known.current, members)
	}
	if err != nil {
		return err
	}
	known.answer = r
	known.all = append(known.all, r)
	if r.Refused != nil {
		return nil
	}
	known.current = r
	if change {
		return w.cast.Reenter(client, r)
	}
	_, err = w.cast.Enter(client, r)
	return err
}

// members are the client metadata that a scenario speaks of (RFC 7591 section 2).
func (w *World) members(r registrationRequest) (map[string]any, error) {
	members := map[string]any{"scope": nil}
	switch {
	case r.scope != nil && r.list:
		members["scope"] = strings.Fields(w.cast.Wire(*r.scope))
	case r.scope != nil:
		members["scope"] = string(*r.scope)
	}
	if r.public {
		members["token_endpoint_auth_method"] = string(oauth.AuthNone)
	}
	if r.signed {
		members["userinfo_signed_response_alg"] = actor.UserInfoAlg(w.target().Target)
	}
	if r.statement != "" {
		signed, err := w.cast.SoftwareStatement(map[string]any{"scope": r.statement}, r.trusted)
		if err != nil {
			return nil, err
		}
		members["software_statement"] = signed.Reveal()
	}
	return members, nil
}

// registered is what a client knows of its registration.
func (w *World) registered(client string) (*registration, error) {
	if r := w.registrations[client]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%s has not registered in this scenario", client)
}

// isRegisteredFor compares the latest client information response with a set. To
// be refused is to be registered for nothing more than before.
func (w *World) isRegisteredFor(ctx context.Context, client, how, named string) error {
	set, err := w.set(named)
	if err != nil {
		return err
	}
	r, err := w.registered(client)
	if err != nil {
		return err
	}
	if r.answer.Refused != nil && (how == "exactly" || how == "at least") {
		return violation("%s is refused a registration with %d %s, want one for %q", client, r.answer.Status, r.answer.Refused, set)
	}
	if r.current == nil {
		return nil
	}
	got := r.current.Scope.Set
	if how == "no scope beyond" && !w.beyond(got, set).IsEmpty() {
		if got, err = w.ownOf(ctx, client, r.current, set); err != nil {
			return err
		}
	}
	switch extra, missing := w.beyond(got, set), w.beyond(set, got); {
	case how == "none of":
		if some := w.hierarchy().Unexplained(got, set); !some.IsEmpty() {
			return excess("%s is registered for %q, want none of %q", client, got, some)
		}
	case how != "at least" && !extra.IsEmpty():
		return excess("%s is registered for %q, want at most %q: %q is too much", client, got, set, extra)
	case how != "no scope beyond" && !missing.IsEmpty():
		return violation("%s is registered for %q, want %q as well", client, got, missing)
	}
	return nil
}

// ownOf is what a registration names of what was asked for, if it is that of who asks for nothing
// in particular, and all of it elsewhere: a server may replace what is asked for by what
// it gives to everybody (RFC 7591 section 3.2.1).
func (w *World) ownOf(ctx context.Context, client string, r *actor.Registration, asked oauth.ScopeSet) (oauth.ScopeSet, error) {
	everybody, err := w.cast.Register(ctx, client, map[string]any{"scope": nil})
	if err != nil || everybody.Refused != nil || !r.Scope.Set.Equal(everybody.Scope.Set) {
		return r.Scope.Set, err
	}
	return r.Scope.Set.Intersect(asked), nil
}

// obtainsWhatIsRegistered holds the server to its own client information response
// (RFC 7591 section 3.2.1). Where a client asks for more than that, or for nothing in
// particular (RFC 6749 section 3.3), to refuse it all is lawful.
func (w *World) obtainsWhatIsRegistered(ctx context.Context, client string) error {
	r, err := w.registered(client)
	if err != nil {
		return err
	}
	o, err := w.outcomeOf(client)
	if err != nil {
		return err
	}
	told := "nothing"
	may := oauth.ScopeSet{}
	if r.current != nil && r.current.Scope.Present {
		may = r.current.Scope.Set
		told = fmt.Sprintf("%q", may)
	}
	due := o.asked.Intersect(may)
	if refused := o.refusal(); refused != nil {
		if !o.asked.IsEmpty() && o.asked.SubsetOf(may) {
			return violation("%s was refused %q with %s, and its registration says %s", client, o.asked, refused, told)
		}
		return nil
	}
	seen, err := w.look(ctx, o)
	if err != nil {
		return err
	}
	held := w.plain(seen.Effective, o.asked)
	if extra := w.beyond(held, may); !extra.IsEmpty() && (r.current == nil || !r.current.Scope.Present) {
		// To register no scope need not mean to allow none (RFC 7591 section 2).
		return lenient("%s holds %q, and its registration says %s: %q is too much", client, held, told, extra)
	} else if !extra.IsEmpty() {
		return excess("%s holds %q, and its registration says %s: %q is too much", client, held, told, extra)
	}
	if missing := w.plain(due, o.asked).Minus(seen.Covers); !missing.IsEmpty() {
		return violation("%s holds %q, and its registration says %s: %q is missing", client, held, told, missing)
	}
	return nil
}

// registrationIs judges the answer itself: how its scope is written, or whether
// it is what is said again later (RFC 7592 section 2.1).
func (w *World) registrationIs(ctx context.Context, client, how string) error {
	r, err := w.registered(client)
	if err != nil {
		return err
	}
	if how == "well written, or refused" {
		return judgeWriting(client, r.answer)
	}
	if r.current == nil {
		return fmt.Errorf("%s is not registered", client)
	}
	again, err := w.cast.ReadRegistration(ctx, client, r.current)
	if err != nil {
		return err
	}
	if again.Refused != nil {
		return violation("%s may not read its registration: got %d %s", client, again.Status, again.Refused)
	}
	if said, now := r.current.Scope, again.Scope; said.Present != now.Present || !w.hierarchy().Alike(said.Set, now.Set) {
		return violation("%s was told of its registration for %q, and reads %q", client, said.Set, now.Set)
	}
	return nil
}

// judgeWriting wants a scope that is one string of scope tokens, or a refusal
// (RFC 7591 sections 2 and 3.2.2).
func judgeWriting(client string, r *actor.Registration) error {
	if refused := r.Refused; refused != nil {
		if r.Status != http.StatusBadRequest || refused.Code != "invalid_client_metadata" {
			return lenient("%s is refused a registration with %d %s, want 400 invalid_client_metadata", client, r.Status, refused)
		}
		return nil
	}
	m := mention{"the registration of " + client, r.Scope}
	if err := m.oneString(); err != nil {
		return err
	}
	return m.wellWritten()
}

// registrationClasses are the classes of every registration of a scenario, for a
// choice about them; ok says that it is one.
func (w *World) registrationClasses(choice target.ChoiceName) (seen []string, ok bool) {
	for _, r := range w.registrations {
		for _, one := range r.all {
			class, about := w.cast.RegistrationClass(choice, one)
			if !about {
				return nil, false
			}
			seen = append(seen, class)
		}
	}
	return seen, len(seen) > 0
}
