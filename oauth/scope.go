package oauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ScopeToken is one scope-token of RFC 6749 section 3.3: one or more bytes of
// %x21 / %x23-5B / %x5D-7E. It is compared byte by byte.
type ScopeToken string

// ScopeSet is a set of scope tokens (RFC 6749 section 3.3). The zero value is
// the empty set. A ScopeSet is never changed once made.
type ScopeSet struct {
	tokens []ScopeToken // sorted, without duplicates
}

// RawScope is a scope value as it is put on the wire, lawful or not. Only
// actors send it; nothing is judged by it.
type RawScope string

// SyntaxError says which byte of a scope value RFC 6749 section 3.3 does not
// allow.
type SyntaxError struct {
	Value  string // the whole value
	Offset int    // in bytes, from 0
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("scope %q: byte %d: %s", e.Value, e.Offset, e.Reason)
}

// NewScopeSet returns the set of the given tokens. It does not check their
// syntax; [ParseScope] does.
func NewScopeSet(tokens ...ScopeToken) ScopeSet { return setOf(slices.Clone(tokens)) }

// setOf is the set of tokens that nobody else holds.
func setOf(tokens []ScopeToken) ScopeSet {
	if len(tokens) == 0 {
		return ScopeSet{}
	}
	slices.Sort(tokens)
	return ScopeSet{tokens: slices.Compact(tokens)}
}

// ParseScope reads a scope value, tokens separated by exactly one space (RFC
// 6749 section 3.3 and appendix A.4). The empty string is the empty set, which
// a server may not emit but a feature may name. The error is a [*SyntaxError].
func ParseScope(value string) (ScopeSet, error) {
	if value == "" {
		return ScopeSet{}, nil
	}
	for i := range len(value) {
		c := value[i]
		switch {
		case c == ' ':
			if i == 0 || i == len(value)-1 || value[i-1] == ' ' {
				return ScopeSet{}, &SyntaxError{value, i, "a space must stand between two tokens, got an empty token"}
			}
		case c < 0x21 || c == '"' || c == '\\' || c > 0x7e:
			return ScopeSet{}, &SyntaxError{value, i, fmt.Sprintf("got 0x%02x, want %%x21, %%x23-5B or %%x5D-7E", c)}
		}
	}
	return FieldsScope(value), nil
}

// MustParseScope is [ParseScope] for literals; it panics on a syntax error.
func MustParseScope(value string) ScopeSet {
	set, err := ParseScope(value)
	if err != nil {
		panic(err)
	}
	return set
}

// FieldsScope splits at spaces and takes what stands between, whatever its
// bytes are: what a lenient reader would understand. Judges use it so that a
// malformed value cannot hide a scope.
func FieldsScope(value string) ScopeSet {
	tokens := make([]ScopeToken, 0, strings.Count(value, " ")+1)
	for part := range strings.SplitSeq(value, " ") {
		if part != "" {
			tokens = append(tokens, ScopeToken(part))
		}
	}
	return setOf(tokens)
}

// Tokens returns the tokens in byte order.
func (s ScopeSet) Tokens() []ScopeToken { return slices.Clone(s.tokens) }

// Len is the number of tokens.
func (s ScopeSet) Len() int { return len(s.tokens) }

// IsEmpty reports whether there is no token in the set.
func (s ScopeSet) IsEmpty() bool { return len(s.tokens) == 0 }

// Has reports whether token is in the set.
func (s ScopeSet) Has(token ScopeToken) bool {
	_, found := slices.BinarySearch(s.tokens, token)
	return found
}

// Union returns the tokens that are in s, in o or in both.
func (s ScopeSet) Union(o ScopeSet) ScopeSet {
	switch {
	case o.SubsetOf(s):
		return s
	case s.SubsetOf(o):
		return o
	}
	return setOf(slices.Concat(s.tokens, o.tokens))
}

// Intersect returns the tokens that are in both s and o.
func (s ScopeSet) Intersect(o ScopeSet) ScopeSet { return s.keep(o.Has) }

// Minus returns the tokens of s that are not in o.
func (s ScopeSet) Minus(o ScopeSet) ScopeSet {
	return s.keep(func(t ScopeToken) bool { return !o.Has(t) })
}

// Equal reports whether s and o have the same tokens.
func (s ScopeSet) Equal(o ScopeSet) bool { return slices.Equal(s.tokens, o.tokens) }

// SubsetOf reports whether every token of s is in o.
func (s ScopeSet) SubsetOf(o ScopeSet) bool {
	return !slices.ContainsFunc(s.tokens, func(t ScopeToken) bool { return !o.Has(t) })
}

// Map returns the set of f(t) for every token t of s.
func (s ScopeSet) Map(f func(ScopeToken) ScopeToken) ScopeSet {
	mapped := make([]ScopeToken, len(s.tokens))
	for i, t := range s.tokens {
		mapped[i] = f(t)
	}
	return setOf(mapped)
}

// String is the set as a scope value, tokens in byte order.
func (s ScopeSet) String() string {
	parts := make([]string, len(s.tokens))
	for i, t := range s.tokens {
		parts[i] = string(t)
	}
	return strings.Join(parts, " ")
}

// Raw is the set as a scope value to send.
func (s ScopeSet) Raw() RawScope { return RawScope(s.String()) }

// MarshalJSON writes the set as a scope value.
func (s ScopeSet) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads a scope value.
func (s *ScopeSet) UnmarshalJSON(data []byte) error {
	var value string
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	set, err := ParseScope(value)
	*s = set
	return err
}

func (s ScopeSet) keep(want func(ScopeToken) bool) ScopeSet {
	var kept []ScopeToken
	for _, t := range s.tokens {
		if want(t) {
			kept = append(kept, t)
		}
	}
	return ScopeSet{tokens: kept}
}
