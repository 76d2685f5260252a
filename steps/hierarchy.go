package steps

import (
	"fmt"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// A scope may include others, as the target file says (RFC 6749 section 3.3 leaves
// to the server what its scopes mean). Three things follow, and they are the same
// for every judgement:
//
//   - A limit is its closure. What was asked for, agreed to, may be had, was granted
//     before or is allowed by a role allows what that includes. A child never allows
//     its parent, nor a sibling.
//   - What is to be there may be there by the name of what includes it, unless the
//     API was seen to refuse it.
//   - What is not to be there is so only if nothing else that is there includes it.
//
// An API that serves the parent what the child opens does as declared, and one that
// refuses it does no wrong: RFC 6749 section 7 has it check that a scope covers a
// request, and its own list of words may be shorter than the server's. Whoever was
// granted the child by name, and is refused, is what RSM-01 is about.

// hierarchy is which scopes include others at the target.
func (w *World) hierarchy() oauth.Hierarchy { return w.target().Hierarchy }

// beyond is what of a scope a limit neither has nor includes.
func (w *World) beyond(scope, limit oauth.ScopeSet) oauth.ScopeSet {
	return w.hierarchy().Beyond(scope, limit)
}

// within reports whether a limit has or includes all of a scope.
func (w *World) within(scope, limit oauth.ScopeSet) bool { return w.beyond(scope, limit).IsEmpty() }

// allows reports whether a scope allows an operation, by what it includes as well.
func (w *World) allows(op target.Operation, held oauth.ScopeSet) bool {
	return op.Allows(w.hierarchy().Closure(held))
}

// inherits is an error where a scope allows an operation because of what it includes:
// then nothing follows from the operation being served, and a scenario in which it
// is not to be does not apply.
func (w *World) inherits(op target.Operation, held oauth.ScopeSet) error {
	needs, _ := op.Needs()
	if !w.allows(op, held) || needs.Intersect(w.hierarchy().Below(held)).IsEmpty() {
		return nil
	}
	return &actor.Lacking{What: fmt.Sprintf("a token that does not include %q (declared: hierarchy)", needs)}
}

// removed is what was taken out of a grant: with a scope also what it includes, but
// for what is granted still, by itself or with another.
func (w *World) removed(key consentKey) oauth.ScopeSet {
	h, removed := w.hierarchy(), w.ledger.removed[key]
	left := w.ledger.consents[key].Minus(removed)
	return h.Closure(removed).Minus(h.Closure(left))
}

// mayInclude ends a message about what is too much, where its name suggests that
// what is allowed includes it at this server.
func (w *World) mayInclude(extra, limit oauth.ScopeSet) string {
	for _, child := range extra.Tokens() {
		own := w.cast.Wire(oauth.RawScope(child))
		for _, parent := range limit.Tokens() {
			if whole := w.cast.Wire(oauth.RawScope(parent)); looksIncluded(own, whole) {
				return fmt.Sprintf("; if %[1]q includes %[2]q here, the target file can say so with hierarchy: {%[1]q: %[2]q}", whole, own)
			}
		}
	}
	return ""
}

// looksIncluded reports whether the name of a scope is that of another with a part
// added, or in place of a star at its end, or says read where the other says write.
func looksIncluded(own, whole string) bool {
	if start, star := strings.CutSuffix(whole, "*"); star && strings.HasPrefix(own, start) {
		return true
	}
	if rest, longer := strings.CutPrefix(own, whole); longer && rest != "" && strings.ContainsRune(".:/", rune(rest[0])) {
		return true
	}
	return strings.Contains(whole, "write") && own == strings.Replace(whole, "write", "read", 1)
}
