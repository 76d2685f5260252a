package actor_test

import (
	"maps"
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

func TestLooksAtOnceSeeWhatLooksOneAfterAnotherSee(t *testing.T) {
	learned := func(atOnce int) map[target.ChoiceName]string {
		s := stage(t, nil, func(up *target.Target) { up.Description.Choices = nil })
		s.AtOnce = atOnce
		if err := s.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(s.Target.Mixed) > 0 || len(s.Target.Unlearned) > 0 {
			t.Errorf("%d at once: got %v mixed, %v unlearned, want none", atOnce, s.Target.Mixed, s.Target.Unlearned)
		}
		values := map[target.ChoiceName]string{}
		for name, found := range s.Target.Choices {
			values[name] = found.Value
		}
		return values
	}
	one, many := learned(0), learned(4)
	if len(one) < 10 || !maps.Equal(one, many) {
		t.Errorf("got %v one after another, %v at once, want the same", one, many)
	}
}
