package loadtest

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/scopeproof/scopeproof/oauth"
)

// bounds is what a scope must have and may have, in the target's own names.
type bounds struct {
	must, may []string
	// instead are, for each of must, others of which one will do; nil: there are none
	// for any.
	instead [][]string
}

func textsOf(set oauth.ScopeSet) []string {
	var list []string
	for _, t := range set.Tokens() {
		list = append(list, string(t))
	}
	return list
}

// measure says whether the scope value has a token that it may not have, or
// lacks one that it must have.
func (b bounds) measure(value []byte) (beyond, missing bool) {
	for rest := value; len(rest) > 0; {
		var token []byte
		token, rest = nextToken(rest)
		if len(token) > 0 && !contains(b.may, token) {
			return true, false
		}
	}
	for i, want := range b.must {
		if !names(value, want) && (b.instead == nil || !namesOne(value, b.instead[i])) {
			return false, true
		}
	}
	return false, false
}

// set is measure for a set.
func (b bounds) set(s oauth.ScopeSet) (beyond, missing bool) { return b.measure([]byte(s.String())) }

func nextToken(value []byte) (token, rest []byte) {
	if at := bytes.IndexByte(value, ' '); at >= 0 {
		return value[:at], value[at+1:]
	}
	return value, nil
}

func contains(list []string, token []byte) bool {
	for _, name := range list {
		if name == string(token) {
			return true
		}
	}
	return false
}

// namesOne reports whether the scope value names one of the tokens.
func namesOne(value []byte, list []string) bool {
	for _, want := range list {
		if names(value, want) {
			return true
		}
	}
	return false
}

// names reports whether the scope value names the token.
func names(value []byte, want string) bool {
	for rest := value; len(rest) > 0; {
		var token []byte
		token, rest = nextToken(rest)
		if string(token) == want {
			return true
		}
	}
	return false
}

// scopeOf is a scope member as a scope value, and whether it says anything. An
// array counts as its members, so that a malformed value cannot hide a scope.
func scopeOf(m *member) (value []byte, present bool) {
	switch m.kind {
	case 0, 'n':
		return nil, false
	case '"':
		return m.bytes(), true
	}
	return []byte(oauth.ParseScopeMember(slices.Clone(m.raw)).Set.String()), true
}

// jwtClaims are the claims of a token that is a JWT (RFC 7519 section 3), decoded
// into room; nil: it is none.
func jwtClaims(token []byte, room *room) []byte {
	first := bytes.IndexByte(token, '.')
	if first < 0 {
		return nil
	}
	payload, signature, found := bytes.Cut(token[first+1:], []byte{'.'})
	if !found || bytes.IndexByte(signature, '.') >= 0 {
		return nil
	}
	payload = bytes.TrimRight(payload, "=")
	claims := room.of(base64.RawURLEncoding.DecodedLen(len(payload)))
	n, failed := base64.RawURLEncoding.Decode(claims, payload)
	if failed != nil || n == 0 || claims[0] != '{' {
		return nil // opaque, with dots in it
	}
	return claims[:n]
}

// claimedScope is the scope that claims state (RFC 9068 section 2.2.3).
func claimedScope(claims []byte) (value []byte, present bool, err error) {
	want := [2]member{{name: "scope"}, {name: "scp"}}
	if err := readObject(claims, want[:]); err != nil {
		return nil, false, err
	}
	for i := range want {
		if value, present := scopeOf(&want[i]); present {
			return value, true, nil
		}
	}
	return nil, false, nil
}

// room is memory that judges use over and over; nil makes some each time.
type room struct {
	bytes []byte
	// issued is the token that the answer issues, where it is a JWT as which it was
	// judged.
	issued []byte
}

// issue notes the token that is issued.
func (r *room) issue(token []byte) {
	if r != nil {
		r.issued = token
	}
}

func (r *room) of(n int) []byte {
	if r == nil {
		return make([]byte, n)
	}
	if len(r.bytes) < n {
		r.bytes = make([]byte, 2*n)
	}
	return r.bytes[:n]
}
