package prove

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/defect"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// reach is which decisions of the reference each rule has it take.
//
// A defect is nothing but other functions in the place of some of the policy's. A
// rule that has the reference call none of them is answered alike with the defect
// and without it, request by request: up to the first such call there is no
// difference, and so that call does not come. Such rules need not be run again.
type reach struct {
	first  map[string]bool            // before any rule
	byRule map[string]map[string]bool // by id
}

// observe runs the rules once against the reference as it is. They must all hold.
func observe(ctx context.Context, catalogue *conformance.Catalogue, patterns []string) (*reach, error) {
	r := &reach{byRule: map[string]map[string]bool{}}
	var mu sync.Mutex
	called := map[string]bool{}
	rest := func() map[string]bool {
		mu.Lock()
		defer mu.Unlock()
		seen := called
		called = map[string]bool{}
		return seen
	}
	var wrong []string
	all := conformance.Options{Seed: 1, Parallel: 1, Version: "prove", Catalogue: catalogue, Rules: patterns}
	all.Verdicts = func(_, _ int, v conformance.Verdict) {
		r.byRule[v.ID] = rest()
		if v.Outcome != conformance.Conforms && v.Outcome != conformance.NotApplicable {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", v.ID, v.Outcome, v.Reason))
		}
	}
	all.Ready = func() { r.first = rest() }
	_, err := conformance.Run(ctx, embedded.Reference(embedded.Watch(func(decision string) {
		mu.Lock()
		defer mu.Unlock()
		called[decision] = true
	})), conformance.With(all))
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the reference without any defect: %q", wrong)
	}
	return r, err
}

// of are the ids of the rules that a defect can change, and of those that it says
// it breaks; all, if it can change what is seen before the rules.
func (r *reach) of(d defect.Defect, rules []*conformance.Rule) []string {
	replaced := refserver.Replaced(d.Apply)
	in := func(calls map[string]bool) bool {
		return slices.ContainsFunc(replaced, func(name string) bool { return calls[name] })
	}
	everything := len(d.With) > 0 || in(r.first)
	var ids []string
	for _, rule := range rules {
		if everything || in(r.byRule[rule.ID]) || slices.Contains(d.Breaks, rule.ID) {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}
