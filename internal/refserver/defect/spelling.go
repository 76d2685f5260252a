package defect

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// spelling are faults of readers that mend what they read.
var spelling = []Defect{
	{
		ID:     "zero-ends-scope",
		Text:   "The scope is handed to a library in C, which reads as far as the first zero.",
		Breaks: []string{"SYN-03", "GRANT-01"},
		Shows:  `Planner holds "write:appointments"`,
		Apply:  mending(func(raw string) string { raw, _, _ = strings.Cut(raw, "\x00"); return raw }),
	},
	{
		ID:     "control-characters-dropped",
		Text:   "Control characters are taken out of every parameter, against forged lines in the log.",
		Breaks: []string{"SYN-03", "GRANT-01"},
		Shows:  `Planner holds "write:appointments"`,
		Apply: mending(func(raw string) string {
			return strings.Map(func(r rune) rune {
				if r < 0x20 || r == 0x7f {
					return -1
				}
				return r
			}, raw)
		}),
	},
	{
		ID:     "invisible-letters-dropped",
		Text:   "Letters without a width are taken out of every parameter.",
		Breaks: []string{"SYN-03", "GRANT-01"},
		Shows:  `Planner holds "write:appointments"`,
		Apply:  mending(strings.NewReplacer("\u200b", "", "\ufeff", "").Replace),
	},
	{
		ID:     "accents-dropped",
		Text:   "The scope is brought to a form without accents before it is compared.",
		Breaks: []string{"SYN-03", "GRANT-01"},
		Shows:  `Planner holds "write:appointments"`,
		Apply:  mending(strings.NewReplacer("é", "e", "è", "e", "ä", "a").Replace),
	},
	{
		ID:     "scope-as-json-list",
		Text:   "A scope that looks like a list in JSON is read as one.",
		Breaks: []string{"SYN-03", "GRANT-01"},
		Shows:  `Planner holds "write:appointments"`,
		Apply: mending(func(raw string) string {
			if !strings.HasPrefix(raw, "[") {
				return raw
			}
			return strings.NewReplacer("[", "", "]", "", `"`, "", ",", " ").Replace(raw)
		}),
	},
	{
		ID:     "form-feed-separates",
		Text:   "The scope is split by a regular expression for white space.",
		Breaks: []string{"SYN-04", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mending(strings.NewReplacer("\v", " ", "\f", " ").Replace),
	},
	{
		ID:     "wide-space-separates",
		Text:   "The wide space of an East Asian keyboard separates scopes.",
		Breaks: []string{"SYN-04", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mending(strings.NewReplacer("\u3000", " ").Replace),
	},
	{
		ID:     "letters-alike-exchanged",
		Text:   "Cyrillic letters are exchanged for the Latin ones that they look like, as the search does.",
		Breaks: []string{"SYN-12", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mending(strings.NewReplacer("а", "a", "е", "e", "о", "o").Replace),
	},
	{
		ID:     "last-segment-is-the-scope",
		Text:   "Of a scope that is an address the last segment counts, whosever address it is.",
		Breaks: []string{"SYN-12", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mendingEach(func(token string) string { return token[strings.LastIndexByte(token, '/')+1:] }),
	},
	{
		ID:     "full-stop-trimmed",
		Text:   "Marks at the end of a scope are trimmed, which come along when it is copied from a sentence.",
		Breaks: []string{"SYN-12", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mendingEach(func(token string) string { return strings.TrimRight(token, "./") }),
	},
	{
		ID:     "query-of-a-scope-dropped",
		Text:   "What follows a question mark in a scope is taken for its parameters and dropped.",
		Breaks: []string{"SYN-12", "GRANT-01"},
		Shows:  `Planner holds "read:appointments write:appointments"`,
		Apply:  mendingEach(func(token string) string { token, _, _ = strings.Cut(token, "?"); return token }),
	},
	{
		ID:     "longer-scope-implies-shorter",
		Text:   "Scopes are a tree by their colons: whoever is granted a leaf holds the branch.",
		Breaks: []string{"GRANT-01"},
		Shows:  `Planner holds "read:appointments read:appointments:all"`,
		Apply: func(p *refserver.Policy) {
			known := p.Unknown
			p.Unknown = func(grantType string, asked, all refserver.ScopeSet) (refserver.ScopeSet, error) {
				kept, err := known(grantType, asked, all)
				if err == nil && kept.Has("read:appointments:all") {
					kept = kept.Or(refserver.ScopeSet{refserver.ReadAppointments}.And(all))
				}
				return kept, err
			}
		},
	},
}

// mending reads a scope after something was done to it.
func mending(mend func(raw string) string) func(*refserver.Policy) {
	return func(p *refserver.Policy) {
		parse := p.ParseScope
		p.ParseScope = func(raw string) (refserver.ScopeSet, error) { return parse(mend(raw)) }
	}
}

// mendingEach is mending, token by token.
func mendingEach(mend func(token string) string) func(*refserver.Policy) {
	return mending(func(raw string) string {
		tokens := strings.Split(raw, " ")
		for i := range tokens {
			tokens[i] = mend(tokens[i])
		}
		return strings.Join(tokens, " ")
	})
}
