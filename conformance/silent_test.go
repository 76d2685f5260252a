package conformance

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scopeproof/scopeproof/target"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// silence is the reference, of which nothing is declared, with endpoints that
// never answer.
type silence struct {
	at    string       // the path of the endpoint; "/" is all of them
	asked atomic.Int64 // how often they were
}

func silent(at string) *silence { return &silence{at: at} }

func (s *silence) Open(ctx context.Context) (*target.Target, error) {
	up, err := embedded.Reference().Open(ctx)
	if err != nil {
		return nil, err
	}
	d := *up.Description
	d.Choices, d.ChoicesByWay, d.Capabilities, d.Judged = nil, nil, nil, 0
	up.Kind, up.Transport, up.Description = target.KindExternal, s, &d
	return up, nil
}

func (s *silence) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == s.at || s.at == "/" && !strings.HasPrefix(r.URL.Path, "/admin/") {
		s.asked.Add(1)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// applying is which rules apply to a server with a silence, as far as can be told,
// and which of its choices were learned.
func applying(t *testing.T, source target.Source) (map[string]bool, map[target.ChoiceName]target.Finding) {
	t.Helper()
	r, err := open(t.Context(), source, []Option{With(Options{RequestTimeout: patience})})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	applies := map[string]bool{}
	for _, rule := range r.selected {
		v := verdict(rule)
		r.applicable(rule, v)
		applies[rule.ID] = v.Outcome != NotApplicable
	}
	return applies, r.stage.Target.Choices
}

const patience = 250 * time.Millisecond

// What could not be looked at, because an endpoint says nothing, makes no rule
// cease to apply; what has nothing to do with it is learned.
func TestNoRuleCeasesToApplyBecauseOfSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("to wait for what does not come takes its time")
	}
	want, all := applying(t, silent(""))
	for _, at := range []string{"/token", "/authorize", "/login", "/consent", "/par", "/introspect", "/userinfo", "/device_authorization", "/calendar/appointments"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			got, learned := applying(t, silent(at))
			if at == "/userinfo" && !maps.Equal(learned, all) {
				t.Errorf("got %v learned, want %v", learned, all)
			}
			for id, applies := range got {
				if want[id] && !applies {
					t.Errorf("%s does not apply, and does where all is answered", id)
				}
			}
		})
	}
}

// A server that says nothing is waited for a few times, and not once for each thing
// to know of it and each rule.
func TestASilentServerIsWaitedForAFewTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("to wait for what does not come takes its time")
	}
	source := silent("/")
	rep, err := Run(t.Context(), source, With(Options{RequestTimeout: patience}))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rep.Rules {
		if v.Outcome != NotApplicable && v.Outcome != Inconclusive {
			t.Errorf("%s: got %s", v.ID, v.Outcome)
		}
	}
	if got := source.asked.Load(); got > 400 { // each scenario asks at least once
		t.Errorf("got %d requests that nobody answered, want some that are not made", got)
	}
}
