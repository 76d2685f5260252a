package conformance

import (
	"testing"

	"github.com/scopeproof/scopeproof/target"
)

// Where scenarios share clients they are played one by one, by go test as well.
func TestHowManyRulesAreJudgedAtOnce(t *testing.T) {
	static := target.Clients{Register: target.Registration{Static: true}}
	for _, c := range []struct {
		what    string
		options int
		d       target.Description
		want    int
	}{
		{"as asked", 4, target.Description{}, 4},
		{"as asked, where requests take turns", 4, target.Description{Parallel: 1}, 4},
		{"as many as there are sets of clients", 8, target.Description{Clients: target.Clients{Register: static.Register, Sets: 3}}, 3},
		{"one by one where scenarios share clients", 8, target.Description{Parallel: 3, Clients: static}, 1},
	} {
		r := &run{options: Options{Parallel: c.options}, target: &target.Target{Description: &c.d}}
		if got := r.parallel(); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
}
