package refserver

import "maps"

// ExchangePolicy is every decision that token exchange takes (RFC 8693).
type ExchangePolicy struct {
	// TokenUsable says whether a subject or actor token still counts (RFC 8693 section 2.2.2).
	TokenUsable func(l Live) error
	// MayPresent says whether a client may exchange a token that was issued to another client for an audience (RFC 8693 section 2.2.2).
	MayPresent func(c Client, tokenClient, tokenAudience string) error
	// Target is what the subject's scope comes to at the target, or the refusal of that target (RFC 8693 sections 2.1 and 2.2.2, RFC 9068 section 2.2.3).
	Target func(e Exchange) (ScopeSet, error)
	// Scope is the scope of the token (RFC 8693 sections 2.1 and 5).
	Scope func(e Exchange) (ScopeSet, error)
	// Actor is the act claim (RFC 8693 section 4.1); before is that of the subject token.
	Actor func(actor string, before map[string]any) map[string]any
	// State is what the authorization behind an exchanged token comes to now (RFC 7009 section 2.1).
	State func(d Derived) Authorization
}

// Exchange is an exchange that is asked for.
type Exchange struct {
	Client Client
	User   User
	// Asked is the scope parameter; empty if omitted.
	Asked ScopeSet
	// SubjectScope is what the subject token is good for now, SubjectResource
	// where.
	SubjectScope    ScopeSet
	SubjectResource string
	// Delegated is true if an actor token was sent; ActorScope is what that one is
	// good for now.
	Delegated  bool
	ActorScope ScopeSet
	// Resource is the target and API its name; TargetGrant is what the user
	// granted the client there.
	Resource, API string
	TargetGrant   Grant
	// Available is what Policy.Exchange.Target returned.
	Available ScopeSet
	// Origin is the authorization that the subject token goes back to, in the end,
	// as it is now.
	Origin Authorization
	// ClientMay and UserMay are what the client and the user may now have of
	// everything named in this question.
	ClientMay, UserMay ScopeSet
}

// Derived is the authorization behind an exchanged token.
type Derived struct {
	// Own is what the exchange made, Parent what the subject token stands for now.
	Own, Parent Authorization
	// TargetGrant is what the user grants the client at the token's audience now.
	TargetGrant Grant
}

func conformantExchange() ExchangePolicy {
	p := ExchangePolicy{}
	p.TokenUsable = func(l Live) error {
		if !l.Now.Before(l.Expires) || l.TokenRevoked || l.ClientGone || l.Authorization.Revoked {
			return Refuse("invalid_request", "the token is no longer good")
		}
		return nil
	}
	// Choice: a client exchanges its own tokens, and a resource server those that
	// it was sent.
	p.MayPresent = func(c Client, tokenClient, tokenAudience string) error {
		if c.ID == tokenClient || c.Audience != "" && c.Audience == tokenAudience {
			return nil
		}
		return Refuse("invalid_request", "the token was issued to another client")
	}
	// At another API a name means another thing: the user must have granted it
	// there as well.
	p.Target = func(e Exchange) (ScopeSet, error) {
		switch {
		case e.Resource == e.SubjectResource:
			return e.SubjectScope, nil
		case e.TargetGrant.Scope.IsEmpty():
			return nil, Refuse("invalid_target", "the user granted nothing there")
		}
		return e.SubjectScope.And(e.TargetGrant.Scope), nil
	}
	// Choice: never more than the subject token, and an actor adds nothing.
	// Without a refresh token offline_access has no meaning.
	p.Scope = func(e Exchange) (ScopeSet, error) {
		most := e.Available.And(e.ClientMay).And(e.UserMay).Without(OfflineAccess)
		if e.Asked.IsEmpty() {
			return most, nil
		}
		if !most.Covers(e.Asked) {
			return nil, Refuse("invalid_scope", "the scope exceeds that of the subject token")
		}
		return e.Asked, nil
	}
	p.Actor = func(actor string, before map[string]any) map[string]any {
		act := map[string]any{"sub": actor}
		if before != nil {
			act["act"] = maps.Clone(before)
		}
		return act
	}
	p.State = func(d Derived) Authorization {
		state := d.Own
		state.Revoked = state.Revoked || d.Parent.Revoked
		state.Current = state.Current.And(d.Parent.Current)
		if d.Own.Resource != d.Parent.Resource {
			state.Current = state.Current.And(d.TargetGrant.Scope)
		}
		return state
	}
	return p
}
