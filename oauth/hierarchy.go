package oauth

import "maps"

// Hierarchy says which scopes include others: who may have, is granted or holds the
// one may have the others as well. What a scope stands for is up to the
// authorization server (RFC 6749 section 3.3), so that only it can say so; nothing
// follows from the names. The zero value says that no scope includes another.
type Hierarchy struct {
	below map[ScopeToken]ScopeSet // of each scope that includes others, all of those
}

// NewHierarchy returns the hierarchy in which each scope includes those given for
// it, and what these include.
func NewHierarchy(includes map[ScopeToken]ScopeSet) Hierarchy {
	h := Hierarchy{maps.Clone(includes)}
	for grown := true; grown; {
		grown = false
		for parent, below := range h.below {
			if all := below.Union(h.Below(below)); !all.Equal(below) {
				h.below[parent], grown = all, true
			}
		}
	}
	return h
}

// Below returns everything that the scopes of a set include beside themselves; a
// scope of the set is in it where another one includes it.
func (h Hierarchy) Below(s ScopeSet) ScopeSet {
	var all ScopeSet
	if len(h.below) == 0 {
		return all
	}
	for _, t := range s.tokens {
		all = all.Union(h.below[t])
	}
	return all
}

// Closure returns the scopes of a set and everything that they include.
func (h Hierarchy) Closure(s ScopeSet) ScopeSet { return s.Union(h.Below(s)) }

// Beyond returns the scopes that a limit neither has nor includes.
func (h Hierarchy) Beyond(s, limit ScopeSet) ScopeSet {
	extra := s.Minus(limit)
	if extra.IsEmpty() {
		return extra
	}
	return extra.Minus(h.Below(limit))
}

// Alike reports whether two sets come to the same.
func (h Hierarchy) Alike(a, b ScopeSet) bool {
	return h.Beyond(a, b).IsEmpty() && h.Beyond(b, a).IsEmpty()
}

// Meet returns what is within both of two limits.
func (h Hierarchy) Meet(a, b ScopeSet) ScopeSet { return h.Closure(a).Intersect(h.Closure(b)) }

// Unexplained returns the scopes of a set that are in others as well, except where
// the set has them because something else in it includes them.
func (h Hierarchy) Unexplained(s, others ScopeSet) ScopeSet {
	both := s.Intersect(others)
	if both.IsEmpty() {
		return both
	}
	return both.Minus(h.Below(s.Minus(others)))
}

// Above returns the scopes that include a scope.
func (h Hierarchy) Above(t ScopeToken) ScopeSet {
	var all []ScopeToken
	for parent, below := range h.below {
		if below.Has(t) {
			all = append(all, parent)
		}
	}
	return setOf(all)
}

// Included returns all that each scope includes, of those that include others.
func (h Hierarchy) Included() map[ScopeToken]ScopeSet { return maps.Clone(h.below) }
