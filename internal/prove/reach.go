package prove

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/target/embedded"
)

// reach is which decisions of the reference each rule has it take.
//
// A defect is nothing but other functions in the place of some of the policy's. A
// rule that has the reference call none of them is answered alike with the defect
// and without it, request by request: up to the first such call there is no
// difference, and so that call does not come. Such rules need not be run again, if
// what was found out before the rules is the same as well: what is done for that
// is done for clients and resource owners that no rule meets.
type reach struct {
	found  string                     // what was found out before the rules
	byRule map[string]map[string]bool // by id
}

// narrowing chooses the rules to be run.
type narrowing = func(found string, selected []*conformance.Rule) []*conformance.Rule

// worthwhile is the number of servers from which on it takes less time to find out
// first what of them can be reached.
const worthwhile = 4

// observe runs the rules once against a server without any defect, if there are
// servers enough to compare with it. The rules must all hold.
func (p *proof) observe(ctx context.Context, servers int, options ...embedded.Option) (*reach, error) {
	if servers < worthwhile {
		return nil, nil
	}
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
	all := conformance.Options{Seed: 1, Parallel: 1, Version: "prove", Catalogue: p.catalogue, Rules: p.options.Rules}
	all.Verdicts = func(_, _ int, v conformance.Verdict) {
		r.byRule[v.ID] = rest()
		if v.Outcome != conformance.Conforms && v.Outcome != conformance.NotApplicable {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", v.ID, v.Outcome, v.Reason))
		}
	}
	all.Narrow = func(found string, selected []*conformance.Rule) []*conformance.Rule {
		r.found = found
		rest()
		return selected
	}
	watched := append(slices.Clone(options), embedded.Watch(func(decision string) {
		mu.Lock()
		defer mu.Unlock()
		called[decision] = true
	}))
	_, err := conformance.Run(ctx, embedded.Reference(watched...), conformance.With(all))
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the reference without any defect: %q", wrong)
	}
	return r, err
}

// within leaves the rules that other functions of the policy can change, and those
// named, if nothing else was found out before the rules than without them. It is
// nil where nothing was observed.
func (r *reach) within(apply func(*refserver.Policy), named []string) narrowing {
	if r == nil {
		return nil
	}
	replaced := refserver.Replaced(apply)
	return func(found string, selected []*conformance.Rule) []*conformance.Rule {
		if found != r.found {
			return selected
		}
		var left []*conformance.Rule
		for _, rule := range selected {
			takes := slices.ContainsFunc(replaced, func(name string) bool { return r.byRule[rule.ID][name] })
			if takes || slices.Contains(named, rule.ID) {
				left = append(left, rule)
			}
		}
		return left
	}
}
