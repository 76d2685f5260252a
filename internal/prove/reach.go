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

// reach is what each rule has the reference decide, and who would decide otherwise.
//
// A defect, or a lawful answer, is nothing but other functions in the place of some
// of the policy's. Where these decide alike whatever a rule has them decide, the
// rule is answered alike, request by request: up to the first decision that differs
// there is no difference, and so that one does not come. Such a rule need not be run
// again, if what was found out before the rules is the same as well: what is done
// for that is done for clients and resource owners that no rule meets.
type reach struct {
	found    string // what was found out before the rules
	suspects map[string]*suspect
	byName   map[string][]*suspect // by the decisions that they replace

	mu    sync.Mutex
	ready bool // the rules have begun
}

// suspect is who may decide otherwise.
type suspect struct {
	apply func(*refserver.Policy)
	// throughout decides everything, alone only what one rule has it decide. If they
	// ever differ, it remembers something from one rule to the next, and how it
	// decides alone says nothing.
	throughout, alone *refserver.Policy
	remembers         bool
	asked, differs    bool            // in the present rule
	askedBy, rules    map[string]bool // the rules in which it was, and those in which it differed
}

// newReach is for servers that decide as the policy does with one of the functions
// applied, by id.
func newReach(servers map[string]func(*refserver.Policy)) *reach {
	r := &reach{suspects: map[string]*suspect{}, byName: map[string][]*suspect{}}
	for id, apply := range servers {
		s := &suspect{apply: apply, throughout: with(apply), askedBy: map[string]bool{}, rules: map[string]bool{}}
		r.suspects[id] = s
		for _, name := range refserver.Replaced(apply) {
			r.byName[name] = append(r.byName[name], s)
		}
	}
	return r
}

func with(apply func(*refserver.Policy)) *refserver.Policy {
	p := refserver.Conformant()
	apply(&p)
	return &p
}

// taken compares one decision of the reference with those of the others. They are
// asked without a lock: what a decision is about may have locks of its own.
func (r *reach) taken(d refserver.Decision) {
	for _, s := range r.byName[d.Name] {
		alone, open := r.asks(s)
		if !open {
			continue
		}
		shared := d.Shared(s.throughout)
		if alone == nil {
			continue
		}
		own := d.Shared(alone)
		r.mu.Lock()
		s.differs = s.differs || !own
		s.remembers = s.remembers || own != shared
		r.mu.Unlock()
	}
}

// asks notes that a decision of s is asked for, and says whether it is open what it
// comes to. Alone is nil before the first rule.
func (r *reach) asks(s *suspect) (alone *refserver.Policy, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.asked = true
	if r.ready && s.alone == nil {
		s.alone = with(s.apply)
	}
	return s.alone, !s.remembers && !s.differs
}

// judged ends a rule, or, before the first, what is found out before the rules.
func (r *reach) judged(rule string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = true
	for _, s := range r.suspects {
		if s.asked {
			s.askedBy[rule] = true
		}
		if s.differs {
			s.rules[rule] = true
		}
		s.asked, s.differs, s.alone = false, false, nil
	}
}

// worthwhile is the number of servers from which on it takes less time to find out
// first what of them can be reached.
const worthwhile = 4

// observe runs the rules once against a server without any defect, if there are
// servers enough to compare with it. The rules must all hold.
func (p *proof) observe(ctx context.Context, servers map[string]func(*refserver.Policy), options ...embedded.Option) (*reach, error) {
	if len(servers) < worthwhile {
		return nil, nil
	}
	r := newReach(servers)
	var wrong []string
	all := conformance.Options{Seed: 1, Parallel: 1, Version: "prove", Catalogue: p.catalogue, Rules: p.options.Rules, RoundsWithin: -1}
	all.Narrow = func(found string, selected []*conformance.Rule) []*conformance.Rule {
		r.found = found
		r.judged("")
		return selected
	}
	all.Verdicts = func(_, _ int, v conformance.Verdict) {
		r.judged(v.ID)
		if v.Outcome != conformance.Conforms && v.Outcome != conformance.NotApplicable {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", v.ID, v.Outcome, v.Reason))
		}
	}
	_, err := conformance.Run(ctx, embedded.Reference(append(slices.Clone(options), embedded.Watch(r.taken))...), conformance.With(all))
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the reference without any defect: %q", wrong)
	}
	return r, err
}

// narrowing chooses the rules to be run.
type narrowing = func(found string, selected []*conformance.Rule) []*conformance.Rule

// within leaves the rules that a server can be told by, and those named, if nothing
// else was found out before the rules than without it. It is nil, and leaves all,
// where nothing was observed.
func (r *reach) within(server string, named []string) narrowing {
	if r == nil || r.suspects[server] == nil {
		return nil
	}
	s := r.suspects[server]
	reached := func(rule *conformance.Rule) bool {
		// Decisions were compared one by one: how they go at once is not known.
		return s.rules[rule.ID] || s.askedBy[rule.ID] && (s.remembers || playedAtOnce(rule))
	}
	return func(found string, selected []*conformance.Rule) []*conformance.Rule {
		if found != r.found {
			return selected
		}
		return slices.DeleteFunc(slices.Clone(selected), func(rule *conformance.Rule) bool {
			return !reached(rule) && !slices.Contains(named, rule.ID)
		})
	}
}
