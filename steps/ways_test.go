package steps

import (
	"errors"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target"
)

func TestADeclaredDifferenceOfOneWayIsAccepted(t *testing.T) {
	w := faulty(t, func(p *refserver.Policy) {
		unknown := p.Unknown
		p.Unknown = func(grantType string, asked, known refserver.ScopeSet) (refserver.ScopeSet, error) {
			if grantType == refserver.DeviceCode && !known.Covers(asked) {
				return nil, refserver.Refuse("invalid_scope", "not known")
			}
			return unknown(grantType, asked, known)
		}
	})
	if err := w.asks(t.Context(), "Planner", "Ada", `"read:appointments x-unknown:scope"`, " in every way there is"); err != nil {
		t.Fatal(err)
	}
	if kinds := 3; len(w.batch) != len(target.Ways())+kinds { // of authorization requests beside the first
		t.Fatalf("got %d ways, want %d", len(w.batch), len(target.Ways())+kinds)
	}
	judge := func(what, want string) {
		t.Helper()
		err := w.sameChoice(t.Context(), "unknown_scope", "on every way")
		var broken *Violation
		switch {
		case want == "" && err != nil, want != "" && (!errors.As(err, &broken) || !strings.Contains(broken.Message, want)):
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	judge("nothing declared", "reject (device)")
	w.target().ByWay.Set(target.ByDevice, target.UnknownScope, target.Finding{Value: "reject", Source: "observed"})
	judge("observed", "not the same on every way")
	w.target().ByWay.Set(target.ByDevice, target.UnknownScope, target.Finding{Value: "reject", Source: "declared"})
	judge("declared", "")
	w.target().ByWay.Set(target.ByPassword, target.UnknownScope, target.Finding{Value: "reject", Source: "declared"})
	judge("declared wrongly", `is "ignore" (password), want "reject" (declared)`)
}

func TestOnOtherWaysNothingIsSaidOfAnAuthorizationRequest(t *testing.T) {
	w := faulty(t, func(*refserver.Policy) {})
	for _, how := range []string{" silently, on a device", ` with the prompt "consent" and by an assertion`, " over the backchannel, with a foreign redirect URI"} {
		if err := w.asks(t.Context(), "Planner", "Ada", `"openid"`, how); err == nil {
			t.Errorf("%s: got no error", how)
		}
	}
	if err := w.hasCode(t.Context(), "Planner", "Ada", `"openid"`, " with the password of the owner"); err == nil {
		t.Error("got a code for a password")
	}
}
