package loadtest

import (
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Allows reports whether a token of that scope may perform an operation, by what its
// scopes include as well. An API need not go by that.
func (s *Stage) Allows(op target.Operation, held oauth.ScopeSet) bool {
	return op.Allows(s.Target.Hierarchy.Closure(held))
}

// Within reports whether a limit has or includes all of a scope.
func (s *Stage) Within(scope, limit oauth.ScopeSet) bool {
	return s.Target.Hierarchy.Beyond(scope, limit).IsEmpty()
}

// Of is what of a scope a limit has or includes.
func (s *Stage) Of(scope, limit oauth.ScopeSet) oauth.ScopeSet {
	return scope.Intersect(s.Target.Hierarchy.Closure(limit))
}

// Meet is what is within both of two limits.
func (s *Stage) Meet(a, b oauth.ScopeSet) oauth.ScopeSet { return s.Target.Hierarchy.Meet(a, b) }

// bounds is the range from must to must and may together: with each scope what it
// includes may be there, and in place of each what includes it.
func (s *Stage) bounds(must, may oauth.ScopeSet) bounds {
	h := s.Target.Hierarchy
	b := bounds{may: textsOf(s.wire(h.Closure(must.Union(may))).Union(s.always()))}
	for i, t := range must.Tokens() {
		b.must = append(b.must, s.wire(oauth.NewScopeSet(t)).String())
		if above := h.Above(t); !above.IsEmpty() {
			if b.instead == nil {
				b.instead = make([][]string, must.Len())
			}
			b.instead[i] = textsOf(s.wire(above))
		}
	}
	return b
}
