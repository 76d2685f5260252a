package steps

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func TestARegistrationIsHeldToItsAnswer(t *testing.T) {
	read := refserver.Conformant().Registration.ReadScope
	picky := func(p *refserver.Policy) { // refuses what others leave out
		p.Registration.ReadScope = func(member json.RawMessage, parse func(string) (refserver.ScopeSet, error)) (refserver.ScopeSet, error) {
			scope, err := read(member, parse)
			if err == nil && scope.Has("appointments-admin") {
				err = refserver.Refuse("invalid_scope", "not for you")
			}
			return scope, err
		}
	}
	w := faulty(t, picky)
	ctx := t.Context()
	judge := func(what string, err error, want string) {
		t.Helper()
		var broken *Violation
		switch {
		case want == "" && err != nil, want != "" && (!errors.As(err, &broken) || !strings.Contains(broken.Message, want)):
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	privileged := `"read:appointments appointments-admin"`
	must(w.registers(ctx, "Newcomer", "registers for", privileged, ", 5 times"))
	judge("refused", w.isRegisteredFor(ctx, "Newcomer", "none of", privileged), "")
	judge("refused, and a control", w.isRegisteredFor(ctx, "Newcomer", "at least", privileged), "refused a registration with 400")
	judge("the code of the refusal", w.registrationIs(ctx, "Newcomer", "well written, or refused"), "want 400 invalid_client_metadata")
	if seen, ok := w.registrationClasses("registration_privileged"); !ok || strings.Join(seen, " ") != "reject reject reject reject reject" {
		t.Errorf("got %v, want it rejected each time", seen)
	}
	if err := w.hasRegistered(ctx, "Newcomer", "registered for", privileged, ""); err == nil {
		t.Error("got a state that was refused, want an error")
	}
	must(w.hasRegistered(ctx, "Newcomer", "registered for", `"`+both+`"`, ""))
	must(w.registers(ctx, "Newcomer", "changes its registration to", privileged, ""))
	judge("a change that is refused changes nothing", w.isRegisteredFor(ctx, "Newcomer", "exactly", `"`+both+`"`), "refused")
	judge("what it was before", w.isRegisteredFor(ctx, "Newcomer", "no scope beyond", `"`+ra+`"`), `"write:appointments" is too much`)
	judge("what is read", w.registrationIs(ctx, "Newcomer", "the same when it is read"), "")
	must(w.asks(ctx, "Newcomer", "Ada", `"`+both+`"`, ""))
	judge("what is obtained", w.obtainsWhatIsRegistered(ctx, "Newcomer"), "")
	judge("more is told than was registered", w.isRegisteredFor(ctx, "Newcomer", "none of", `"`+wa+`"`), "want none of")
	w.registrations["Newcomer"].current.Scope.Present = false
	judge("told of nothing", w.obtainsWhatIsRegistered(ctx, "Newcomer"), "its registration says nothing")
	if err := w.registers(ctx, "Rival", "changes its registration to", `"`+ra+`"`, ""); err == nil {
		t.Error("got a registration changed that there is not")
	}
}
