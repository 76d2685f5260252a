package conformance

import (
	"cmp"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Privilege is which scope opened what: what least privilege is measured by (RFC
// 9700 section 2.3). It speaks of the requests that were made in this run, one at
// a time and in their ordinary shape, and of no others.
type Privilege struct {
	// Operations are those that were tried, in the order of their names.
	Operations []OperationUse `json:"operations"`
	// Scopes are those that tokens were issued with, in the order of their names.
	Scopes []ScopeUse `json:"scopes"`
}

// OperationUse is what was observed of one operation.
type OperationUse struct {
	API    string `json:"api"`    // "API" or "other API"
	Name   string `json:"name"`   // "list"
	Method string `json:"method"` // "GET"
	Path   string `json:"path"`
	// Declared are the scopes, each of which is enough as the target is described.
	Declared []string `json:"declared"`
	Served   int      `json:"served"`  // requests
	Refused  int      `json:"refused"` // for want of scope
	// Sufficient are the smallest scopes of tokens that it was served to, without
	// those that mean nothing to an API where the rest is declared to be enough. An
	// empty one is a token without scope, or no token.
	Sufficient []string `json:"sufficient"`
	// Insufficient are scopes that it was refused for want of more with.
	Insufficient []string `json:"insufficient"`
	// Undeclared are those of Sufficient that are not enough as the target is
	// described.
	Undeclared []string `json:"undeclared,omitempty"`
}

// ScopeUse is what was observed of one scope.
type ScopeUse struct {
	Scope string `json:"scope"`
	// Protocol says that it means something to the authorization server, such as
	// openid, and need mean nothing to an API.
	Protocol bool `json:"protocol,omitempty"`
	Tokens   int  `json:"tokens"` // that it was issued with
	// Exercised are those of them that an operation was served to which needs the
	// scope.
	Exercised int `json:"exercised"`
	// NeededBy are the operations that need it: as observed for those that were
	// served, as declared for the others.
	NeededBy []string `json:"needed_by"`
}

// mostSets bounds how many scopes are listed for one operation.
const mostSets = 12

// usage collects what scenarios did at the API.
type usage struct {
	operations []*operationUsage
	tokens     map[string]map[string]int // by scope, then by the operations it was served: how many
}

type operationUsage struct {
	OperationUse
	op              target.Operation
	includes        oauth.Hierarchy
	served, refused map[string]bool // by scope
}

// add counts the tokens of one scenario.
func (u *usage) add(t *target.Resolved, tokens []actor.Token) {
	if u.tokens == nil {
		u.tokens = map[string]map[string]int{}
	}
	for _, token := range tokens {
		scope, opened := token.Scope.String(), map[string]bool{}
		for _, use := range token.Uses {
			o := u.operation(t, use)
			switch {
			case use.Served:
				o.Served++
				o.served[scope], opened[o.key()] = true, true
			case use.Refused:
				o.Refused++
				o.refused[scope] = true
			}
		}
		if u.tokens[scope] == nil {
			u.tokens[scope] = map[string]int{}
		}
		names := make([]string, 0, len(opened))
		for name := range opened {
			names = append(names, name)
		}
		slices.Sort(names)
		u.tokens[scope][strings.Join(names, "\n")]++
	}
}

func (o *operationUsage) key() string { return o.API + " " + o.Name }

func (u *usage) operation(t *target.Resolved, use actor.Use) *operationUsage {
	name := "API"
	if use.API != t.API {
		name = "other API"
	}
	for _, o := range u.operations {
		if o.API == name && o.Name == use.Operation.Name {
			return o
		}
	}
	needs, all := use.Operation.Needs()
	declared := []string{needs.String()}
	if !all {
		declared = strings.Fields(needs.String())
	}
	o := &operationUsage{
		OperationUse: OperationUse{API: name, Name: use.Operation.Name, Method: use.Operation.Method, Path: use.Operation.Path, Declared: declared},
		op:           use.Operation, includes: t.Hierarchy, served: map[string]bool{}, refused: map[string]bool{},
	}
	u.operations = append(u.operations, o)
	return o
}

// privilege is what was collected, or nil where no token was used at an API.
func (u *usage) privilege(protocol oauth.ScopeSet) *Privilege {
	if len(u.operations) == 0 {
		return nil
	}
	p := &Privilege{Scopes: []ScopeUse{}}
	slices.SortFunc(u.operations, func(a, b *operationUsage) int { return cmp.Or(cmp.Compare(a.API, b.API), cmp.Compare(a.Name, b.Name)) })
	for _, o := range u.operations {
		o.settle(protocol)
		p.Operations = append(p.Operations, o.OperationUse)
	}
	var all oauth.ScopeSet
	for scope := range u.tokens {
		all = all.Union(oauth.FieldsScope(scope))
	}
	for _, s := range all.Tokens() {
		p.Scopes = append(p.Scopes, u.scope(s, protocol.Has(s)))
	}
	return p
}

// allows reports whether a scope is declared to be enough, by what it includes as
// well.
func (o *operationUsage) allows(s oauth.ScopeSet) bool { return o.op.Allows(o.includes.Closure(s)) }

// settle finds the smallest scopes that were enough, and those that were not.
func (o *operationUsage) settle(protocol oauth.ScopeSet) {
	var enough []oauth.ScopeSet
	for scope := range o.served {
		held := oauth.FieldsScope(scope)
		if rest := held.Minus(protocol); o.allows(rest) {
			held = rest
		}
		enough = append(enough, held)
	}
	enough = smallest(enough)
	var short []oauth.ScopeSet
	for scope := range o.refused {
		held := oauth.FieldsScope(scope)
		if !slices.ContainsFunc(enough, func(s oauth.ScopeSet) bool { return s.SubsetOf(held) }) {
			short = append(short, held.Minus(protocol))
		}
	}
	o.Sufficient, o.Insufficient = texts(enough), texts(short)
	for _, s := range enough {
		if !o.allows(s) && len(o.Undeclared) < mostSets {
			o.Undeclared = append(o.Undeclared, s.String())
		}
	}
}

// smallest are the sets that none of the others is a part of, the shortest first.
func smallest(sets []oauth.ScopeSet) []oauth.ScopeSet {
	order(sets)
	var kept []oauth.ScopeSet
	for _, s := range sets {
		if !slices.ContainsFunc(kept, func(k oauth.ScopeSet) bool { return k.SubsetOf(s) }) {
			kept = append(kept, s)
		}
	}
	return kept
}

func order(sets []oauth.ScopeSet) {
	slices.SortFunc(sets, func(a, b oauth.ScopeSet) int {
		return cmp.Or(cmp.Compare(a.Len(), b.Len()), cmp.Compare(a.String(), b.String()))
	})
}

func texts(sets []oauth.ScopeSet) []string {
	order(sets)
	list := []string{}
	for _, s := range sets {
		if len(list) < mostSets && !slices.Contains(list, s.String()) {
			list = append(list, s.String())
		}
	}
	return list
}

// scope is what was observed of one scope, once the operations are settled.
func (u *usage) scope(s oauth.ScopeToken, protocol bool) ScopeUse {
	use := ScopeUse{Scope: string(s), Protocol: protocol, NeededBy: []string{}}
	needing := map[string]bool{}
	for _, o := range u.operations {
		from := o.Sufficient
		if len(from) == 0 {
			from = o.Declared
		}
		if slices.ContainsFunc(from, func(set string) bool { return oauth.FieldsScope(set).Has(s) }) {
			needing[o.key()] = true
			use.NeededBy = append(use.NeededBy, o.key())
		}
	}
	for scope, byOperations := range u.tokens {
		if !oauth.FieldsScope(scope).Has(s) {
			continue
		}
		for names, n := range byOperations {
			use.Tokens += n
			if slices.ContainsFunc(strings.Split(names, "\n"), func(name string) bool { return needing[name] }) {
				use.Exercised += n
			}
		}
	}
	return use
}

// Unneeded are the scopes of tokens that no operation was seen to need.
func (p *Privilege) Unneeded() []string {
	return p.scopes(func(s ScopeUse) bool { return len(s.NeededBy) == 0 })
}

// Unexercised are the scopes that tokens were issued with and that opened nothing
// to any of them, although an operation needs them.
func (p *Privilege) Unexercised() []string {
	return p.scopes(func(s ScopeUse) bool { return len(s.NeededBy) > 0 && s.Exercised == 0 })
}

func (p *Privilege) scopes(fit func(ScopeUse) bool) []string {
	var names []string
	for _, s := range p.Scopes {
		if !s.Protocol && fit(s) {
			names = append(names, s.Scope)
		}
	}
	return names
}

// Undeclared are the operations that were served with less than they are declared
// to need, or with something else.
func (p *Privilege) Undeclared() []OperationUse {
	return slices.DeleteFunc(slices.Clone(p.Operations), func(o OperationUse) bool { return len(o.Undeclared) == 0 })
}
