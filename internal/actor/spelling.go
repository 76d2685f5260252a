package actor

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/scopeproof/scopeproof/oauth"
)

// Wire replaces the names that features use for scopes by the target's own, token by
// token. A token that only looks like one of them, since it is longer, in other
// letters or a pattern, is made to look like the target's own in the same way, unless
// the target knows it by that name as a decoy.
func (c *Cast) Wire(raw oauth.RawScope) string {
	d := c.Stage.Target.Description
	if len(d.Scopes) == 0 {
		return string(raw)
	}
	parts := strings.Split(string(raw), " ")
	for i, p := range parts {
		own, ok := d.Scopes[p]
		if !ok && !slices.Contains(strings.Fields(d.AuthorizationServer.Decoys), p) {
			own, ok = c.alike(p), true
		}
		if ok {
			parts[i] = own
		}
	}
	return strings.Join(parts, " ")
}

// alike is what looks like the target's own scopes as a token looks like those of the
// features. What that stands for is kept for [Cast.Canonical].
func (c *Cast) alike(token string) string {
	own := c.Spell(token)
	names := c.Stage.Target.Description.Scopes
	switch token {
	case "write:*":
		own = pattern(names["write:appointments"], token, true)
	case "*:appointments":
		own = pattern(names["write:appointments"], token, false)
	}
	if own != token {
		c.Stage.spelled.Store(oauth.ScopeToken(own), oauth.ScopeToken(token))
	}
	return own
}

// pattern is a name with a star for all before, or all after, the first character
// that is no letter and no digit; other where there is none.
func pattern(name, other string, begins bool) string {
	at := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	switch {
	case at < 0:
		return other
	case begins:
		return name[:at+1] + "*"
	}
	return "*" + name[at:]
}

// Spell is [Cast.Wire] for a text that no client asks for: the names are replaced
// also within longer ones and in capitals, so that what looks like a scope of the
// features looks like the target's own.
func (c *Cast) Spell(text string) string {
	names := c.Stage.Target.Description.Scopes
	var pairs []string
	for _, name := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { return len(b) - len(a) }) {
		pairs = append(pairs, name, names[name])
		for _, other := range []func(string) string{strings.ToUpper, capitals} {
			if o := other(name); o != name {
				pairs = append(pairs, o, other(names[name]))
			}
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// capitals is a text with a capital at the beginning of each word.
func capitals(text string) string {
	begins := true
	return strings.Map(func(r rune) rune {
		was := begins
		if begins = !unicode.IsLetter(r); was {
			return unicode.ToUpper(r)
		}
		return r
	}, text)
}

// Canonical is a scope as the target spells it, by the names that features use.
func (c *Cast) Canonical(wire string) oauth.ScopeSet { return c.canonical(oauth.FieldsScope(wire)) }

// canonical is the reverse of Wire, for sets.
func (c *Cast) canonical(set oauth.ScopeSet) oauth.ScopeSet {
	d := c.Stage.Target.Description
	if len(d.Scopes) == 0 {
		return set
	}
	return d.Canonical(set).Map(func(t oauth.ScopeToken) oauth.ScopeToken {
		if ours, ok := c.Stage.spelled.Load(t); ok {
			return ours.(oauth.ScopeToken)
		}
		return t
	})
}
