package refserver_test

import (
	"slices"
	"testing"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

func TestAWatchedPolicyTellsWhatItDecides(t *testing.T) {
	var called []string
	p := refserver.Watched(refserver.Conformant(), func(d refserver.Decision) { called = append(called, d.Name) })
	scope, err := p.ParseScope("read:appointments read:appointments")
	if err != nil || scope.String() != "read:appointments" {
		t.Errorf("got %q and %v, want the answer of the policy that is watched", scope, err)
	}
	if p.Device.PageNeeded(refserver.ConsentQuestion{}, false); !slices.Equal(called, []string{"ParseScope", "Device.PageNeeded"}) {
		t.Errorf("got %q called", called)
	}
}

func TestADecisionIsSharedByWhoDecidesAlike(t *testing.T) {
	var taken []refserver.Decision
	p := refserver.Watched(refserver.Conformant(), func(d refserver.Decision) { taken = append(taken, d) })
	_, _ = p.ParseScope("read:appointments")
	p.ClientMay(refserver.Client{Scope: refserver.NewScopeSet("openid")}, refserver.NewScopeSet("openid", "profile"))
	alike, other := refserver.Conformant(), refserver.Conformant()
	other.ClientMay = func(_ refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet { return asked }
	for n, want := range []bool{true, false} {
		if !taken[n].Shared(&alike) {
			t.Errorf("%s: got a decision of its own, want the same of the same policy", taken[n].Name)
		}
		if got := taken[n].Shared(&other); got != want {
			t.Errorf("%s of another policy is the same: got %t, want %t", taken[n].Name, got, want)
		}
	}
}

func TestReplacedNamesWhatAFaultIsIn(t *testing.T) {
	same := func(*refserver.Policy) {}
	if got := refserver.Replaced(same); len(got) > 0 {
		t.Errorf("nothing is replaced: got %q", got)
	}
	wraps := func(p *refserver.Policy) {
		parse, asked := p.ParseScope, p.JAR.Accept
		p.ParseScope = func(raw string) (refserver.ScopeSet, error) { return parse(raw) }
		p.JAR.Accept = func(o refserver.RequestObject) error { return asked(o) }
	}
	if got := refserver.Replaced(wraps); !slices.Equal(got, []string{"ParseScope", "JAR.Accept"}) {
		t.Errorf("got %q, want both that are wrapped", got)
	}
	lent := func(p *refserver.Policy) { p.CodeScope = refserver.Conformant().CodeScope }
	if got := refserver.Replaced(lent); !slices.Equal(got, []string{"CodeScope"}) {
		t.Errorf("got %q, want one that is put there anew", got)
	}
	swapped := func(p *refserver.Policy) { p.CIBA.Scope = p.Device.Scope }
	if got := refserver.Replaced(swapped); !slices.Equal(got, []string{"CIBA.Scope"}) {
		t.Errorf("got %q, want one that is another's", got)
	}
}
