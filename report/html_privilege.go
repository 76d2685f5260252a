package report

import (
	"strings"

	"github.com/scopeproof/scopeproof/conformance"
	"github.com/scopeproof/scopeproof/oauth"
)

// pagePrivilege is which scope opened what.
type pagePrivilege struct {
	Lines      []string
	Operations []pageOperation
	Scopes     []pageScope
}

type pageOperation struct {
	conformance.OperationUse
	Needs, Opened, Short []chips // alternatives
}

type pageScope struct {
	conformance.ScopeUse
	Idle   string // why it is marked: nothing needs it, or it opened nothing
	Tenths int    // of its tokens that exercised it
	NeedBy string
}

func newPrivilege(r *conformance.Report) *pagePrivilege {
	if r.Privilege == nil {
		return nil
	}
	p := &pagePrivilege{Lines: privilegeLines(r)}
	for _, o := range r.Privilege.Operations {
		row := pageOperation{OperationUse: o, Needs: alternatives(o.Declared, nil), Opened: alternatives(o.Sufficient, o.Undeclared), Short: alternatives(o.Insufficient, nil)}
		p.Operations = append(p.Operations, row)
	}
	for _, s := range r.Privilege.Scopes {
		row := pageScope{ScopeUse: s, NeedBy: strings.Join(s.NeededBy, ", ")}
		switch {
		case s.Protocol:
		case len(s.NeededBy) == 0:
			row.Idle = "no operation was seen to need it"
		case s.Exercised == 0:
			row.Idle = "granted, and it opened nothing"
		}
		if s.Tokens > 0 {
			row.Tenths = (s.Exercised*10 + s.Tokens - 1) / s.Tokens
		}
		p.Scopes = append(p.Scopes, row)
	}
	return p
}

// mostAlternatives is how many are listed.
const mostAlternatives = 4

// alternatives are scopes of which one is enough; those that are not declared are
// marked.
func alternatives(scopes, undeclared []string) []chips {
	var list []chips
	for i, s := range scopes {
		if i == mostAlternatives {
			return append(list, chips{Word: "one of " + count(len(scopes)-i, "other scope")})
		}
		c := plainChips("", oauth.FieldsScope(s))
		for _, u := range undeclared {
			for i := range c.Scopes {
				if u == s {
					c.Scopes[i].Class = "more"
				}
			}
		}
		list = append(list, c)
	}
	return list
}
