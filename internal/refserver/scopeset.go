package refserver

import (
	"slices"
	"strings"
)

// ScopeSet is a set of scope tokens in the order in which they were first
// named. Tokens are compared octet by octet (RFC 6749 section 3.3). A ScopeSet
// is never changed once made: every method returns a new one. The zero value is
// the empty set.
type ScopeSet []string

// NewScopeSet returns the set of tokens, without repetitions.
func NewScopeSet(tokens ...string) ScopeSet {
	set := make(ScopeSet, 0, len(tokens))
	if len(tokens) <= few {
		for _, token := range tokens {
			if !slices.Contains(set, token) {
				set = append(set, token)
			}
		}
		return set
	}
	seen := make(map[string]bool, len(tokens))
	for _, token := range tokens {
		if !seen[token] {
			seen[token] = true
			set = append(set, token)
		}
	}
	return set
}

// few is how many tokens are looked through one by one. Whoever asks decides how
// many there are, so that with more of them the time must not grow with the
// square of their number.
const few = 16

// Has says whether token is in s.
func (s ScopeSet) Has(token string) bool { return slices.Contains(s, token) }

// lookup is Has, for asking about so many tokens.
func (s ScopeSet) lookup(times int) func(token string) bool {
	if len(s) <= few || times <= few {
		return s.Has
	}
	in := make(map[string]bool, len(s))
	for _, token := range s {
		in[token] = true
	}
	return func(token string) bool { return in[token] }
}

// Covers says whether every token of other is in s.
func (s ScopeSet) Covers(other ScopeSet) bool {
	has := s.lookup(len(other))
	for _, token := range other {
		if !has(token) {
			return false
		}
	}
	return true
}

// Equal says whether s and other hold the same tokens, in whatever order.
func (s ScopeSet) Equal(other ScopeSet) bool { return s.Covers(other) && other.Covers(s) }

// And returns the tokens of s that are also in other, in the order of s.
func (s ScopeSet) And(other ScopeSet) ScopeSet {
	return s.Where(other.lookup(len(s)))
}

// Minus returns the tokens of s that are not in other.
func (s ScopeSet) Minus(other ScopeSet) ScopeSet {
	has := other.lookup(len(s))
	return s.Where(func(token string) bool { return !has(token) })
}

// Without returns s less the given tokens.
func (s ScopeSet) Without(tokens ...string) ScopeSet { return s.Minus(ScopeSet(tokens)) }

// Or returns the tokens of s followed by those of other that s lacks.
func (s ScopeSet) Or(other ScopeSet) ScopeSet {
	return NewScopeSet(slices.Concat(s, other)...)
}

// Where returns the tokens of s for which keep is true.
func (s ScopeSet) Where(keep func(token string) bool) ScopeSet {
	set := make(ScopeSet, 0, len(s))
	for _, token := range s {
		if keep(token) {
			set = append(set, token)
		}
	}
	return set
}

// IsEmpty says whether s holds no token.
func (s ScopeSet) IsEmpty() bool { return len(s) == 0 }

// String returns the tokens separated by one space each, as RFC 6749 section
// 3.3 writes a scope; the empty string for the empty set.
func (s ScopeSet) String() string { return strings.Join(s, " ") }
