package lawful

import "github.com/scopeproof/scopeproof/internal/refserver"

// writingIncludes is what the file says of a server at which writing includes
// reading.
var writingIncludes = map[string]string{"hierarchy": "{write:appointments: read:appointments}"}

// its is where servers are given to say what their scopes mean.
const its = "RFC 6749 section 3.3 (scopes are defined by the authorization server)"

// including are choices of servers at which one scope includes another: whoever may
// write may read as well.
var including = []Choice{
	{
		ID: "included-may-be-had", Text: "Who may have, agreed to or holds the scope to write may be given the one to read as well.",
		Source: its, Declares: writingIncludes,
		Apply: includedIsAllowed,
	},
	{
		ID: "included-is-named", Text: "A token to write names the scope to read as well, and so does every answer about it.",
		Source: its, Declares: writingIncludes,
		Apply: includedIsNamed,
	},
	{
		ID: "included-is-named-to-clients", Text: "The response names what the scope to write includes; the token does not, and the API knows.",
		Source: its, Declares: writingIncludes,
		Apply: func(p *refserver.Policy) {
			includedOpens(p)
			reported := p.ReportedScope
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, present := reported(i)
				return withReading(scope), present
			}
		},
	},
	{
		ID: "included-opens", Text: "The API serves a token to write what one to read is served.",
		Source: its, Declares: writingIncludes,
		Apply: includedOpens,
	},
	{
		ID: "included-throughout", Text: "The scope to write includes the one to read: in what may be had, in what is said of tokens, and at the API.",
		Source: its, Declares: writingIncludes,
		Apply: func(p *refserver.Policy) {
			includedIsAllowed(p)
			includedIsNamed(p)
			includedOpens(p)
		},
	},
	{
		ID: "included-goes-without-saying", Text: "Where a token is good for both, it and what is said of it name the scope to write alone.",
		Source: its, Declares: writingIncludes,
		Apply: func(p *refserver.Policy) {
			includedIsAllowed(p)
			includedOpens(p)
			token, reported, front, live := p.TokenScope, p.ReportedScope, p.Front.Scope, p.LiveScope
			p.TokenScope = func(i refserver.Issue) refserver.ScopeSet { return withoutReading(token(i)) }
			p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet { return withoutReading(front(i)) }
			p.LiveScope = func(l refserver.Live) refserver.ScopeSet { return withoutReading(live(l)) }
			p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
				scope, present := reported(i)
				return withoutReading(scope), present
			}
		},
	},
	{
		ID: "included-instead", Text: "Who asks for writing and may only read is given reading in its place.",
		Source: its + ", section 5.1 (the scope that differs is named)", Declares: writingIncludes,
		Apply: func(p *refserver.Policy) {
			includedIsAllowed(p)
			client, user := p.ClientMay, p.UserMay
			p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				return client(c, withReading(asked))
			}
			p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
				return user(u, c, withReading(asked))
			}
			instead := func(asked, may refserver.ScopeSet) refserver.ScopeSet {
				if may.Covers(asked) {
					return asked
				}
				return may
			}
			p.ClientExcess = func(_ string, asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				return instead(asked, may), nil
			}
			p.PAR.ClientExcess = p.ClientExcess
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) { return instead(asked, may), nil }
		},
	},
	{
		ID: "included-is-shown", Text: "The page lists what the scope to write includes, and each can be unticked.",
		Source: its, Declares: writingIncludes,
		Apply: func(p *refserver.Policy) {
			includedIsAllowed(p)
			user := p.UserExcess
			p.UserExcess = func(asked, may refserver.ScopeSet) (refserver.ScopeSet, error) {
				scope, err := user(asked, may)
				return withReading(scope), err
			}
		},
	},
}

// withReading is a scope with what it includes.
func withReading(scope refserver.ScopeSet) refserver.ScopeSet {
	if !scope.Has(refserver.WriteAppointments) {
		return scope
	}
	return scope.Or(refserver.ScopeSet{refserver.ReadAppointments})
}

// withoutReading is a scope without what something else in it includes.
func withoutReading(scope refserver.ScopeSet) refserver.ScopeSet {
	if !scope.Has(refserver.WriteAppointments) {
		return scope
	}
	return scope.Without(refserver.ReadAppointments)
}

// includedIsAllowed has every limit of the authorization server include what its
// scopes include. What a request comes to without scope stays as it is.
func includedIsAllowed(p *refserver.Policy) {
	client, user, remembered, decision := p.ClientMay, p.UserMay, p.Remembered, p.ConsentDecision
	p.ClientMay = func(c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
		c.Scope = withReading(c.Scope)
		return client(c, asked)
	}
	p.UserMay = func(u refserver.User, c refserver.Client, asked refserver.ScopeSet) refserver.ScopeSet {
		u.Permissions = withReading(u.Permissions)
		return user(u, c, asked)
	}
	p.Remembered = func(q refserver.ConsentQuestion, grants refserver.Grants) refserver.ScopeSet {
		return withReading(remembered(q, grants))
	}
	p.ConsentDecision = func(a refserver.ConsentAnswer) (refserver.ScopeSet, error) {
		a.Ticked = withReading(a.Ticked)
		return decision(a)
	}
	refresh, exchange, assertion, live := p.RefreshScope, p.Exchange.Scope, p.Assertion.Scope, p.LiveScope
	p.RefreshScope = func(r refserver.Refresh) (refserver.ScopeSet, error) {
		if !r.Asked.IsEmpty() {
			r.Authorization.Current = withReading(r.Authorization.Current)
		}
		return refresh(r)
	}
	p.Exchange.Scope = func(e refserver.Exchange) (refserver.ScopeSet, error) {
		if !e.Asked.IsEmpty() {
			e.Available = withReading(e.Available)
		}
		return exchange(e)
	}
	p.Assertion.Scope = func(q refserver.AssertionRequest) (refserver.ScopeSet, error) {
		q.Accessor.Scope = withReading(q.Accessor.Scope)
		return assertion(q)
	}
	p.LiveScope = func(l refserver.Live) refserver.ScopeSet {
		l.Authorization.Current = withReading(l.Authorization.Current)
		return live(l)
	}
	edited, memory, authorization := p.EditedGrant, p.EditedMemory, p.EditedAuthorization
	staying := func(e refserver.Edit) refserver.Edit {
		e.Wanted = withReading(e.Wanted)
		return e
	}
	p.EditedGrant = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet { return edited(staying(e), held) }
	p.EditedMemory = func(e refserver.Edit, held refserver.ScopeSet) refserver.ScopeSet { return memory(staying(e), held) }
	p.EditedAuthorization = func(e refserver.Edit, held refserver.ScopeSet) (refserver.ScopeSet, bool) {
		return authorization(staying(e), held)
	}
}

// includedIsNamed has tokens, and what is said of them, name what their scopes
// include.
func includedIsNamed(p *refserver.Policy) {
	token, reported, front, live := p.TokenScope, p.ReportedScope, p.Front.Scope, p.LiveScope
	p.TokenScope = func(i refserver.Issue) refserver.ScopeSet { return withReading(token(i)) }
	p.Front.Scope = func(i refserver.Issue) refserver.ScopeSet { return withReading(front(i)) }
	p.ReportedScope = func(i refserver.Issue) (refserver.ScopeSet, bool) {
		scope, present := reported(i)
		return withReading(scope), present
	}
	p.LiveScope = func(l refserver.Live) refserver.ScopeSet {
		l.Authorization.Current = withReading(l.Authorization.Current)
		return withReading(live(l))
	}
}

// includedOpens has the API take what a token's scope includes.
func includedOpens(p *refserver.Policy) {
	covers := p.API.Covers
	p.API.Covers = func(held, required refserver.ScopeSet) bool { return covers(withReading(held), required) }
}
