package refserver

import (
	"net/url"
	"strings"
)

// Token types of RFC 8693 section 3.
const (
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	jwtType         = "urn:ietf:params:oauth:token-type:jwt"
)

// exchanging is token exchange (RFC 8693).
func exchanging() part {
	return part{feature: "token_exchange", grants: map[string]grant{TokenExchange: (*Server).exchange}}
}

// subjectToken is a subject or actor token that was sent.
type subjectToken struct {
	accessToken
	live Live
}

// exchange issues a token in place of another. Choice: only access tokens of
// this server, and of users, are exchanged, for access tokens alone.
func (s *Server) exchange(q tokenRequest) (tokenResponse, error) {
	if wanted := q.form.Get("requested_token_type"); wanted != "" && wanted != accessTokenType && (wanted != jwtType || s.opaque) {
		return tokenResponse{}, Refuse("invalid_request", "the token type asked for cannot be issued")
	}
	subject, err := s.present(q, "subject_token")
	if err != nil {
		return tokenResponse{}, err
	}
	if !subject.live.UserBound {
		return tokenResponse{}, Refuse("invalid_request", "the subject token is not a user's")
	}
	if err := s.policy.Exchange.MayPresent(q.client, subject.clientID, subject.resource); err != nil {
		return tokenResponse{}, err
	}
	act, actor, err := s.actor(q, subject)
	if err != nil {
		return tokenResponse{}, err
	}
	e, err := s.exchangeQuestion(q, subject, actor)
	if err != nil {
		return tokenResponse{}, err
	}
	if e.Available, err = s.policy.Exchange.Target(e); err != nil {
		return tokenResponse{}, err
	}
	scope, err := s.policy.Exchange.Scope(e)
	if err != nil {
		return tokenResponse{}, err
	}
	now := s.clock.now()
	a := s.unaskedAuthorization(TokenExchange, q, e.User, e.Resource, scope)
	a.parent = s.authorization(subject.authorization)
	s.exchanged.put(a.ID, a, a.expires, now)
	response, err := s.respond(Issue{
		GrantType: TokenExchange, Client: q.client, User: e.User, Authorization: a.snapshot(), Asked: q.asked, Scope: scope, Act: act,
	}, a, 0)
	response.IssuedTokenType = accessTokenType
	return response, err
}

// present reads the subject or the actor token of a request.
func (s *Server) present(q tokenRequest, name string) (subjectToken, error) {
	token, kind := q.form.Get(name), q.form.Get(name+"_type")
	if token == "" || kind != accessTokenType && (kind != jwtType || s.opaque) {
		return subjectToken{}, Refuse("invalid_request", name+" is missing, or not of a type that can be exchanged")
	}
	t, ok := s.readAccessToken(token)
	if !ok {
		return subjectToken{}, Refuse("invalid_request", "the "+name+" is not known")
	}
	live := s.live(t)
	return subjectToken{t, live}, s.policy.Exchange.TokenUsable(live)
}

// actor is the act claim, and the actor token where there is one.
func (s *Server) actor(q tokenRequest, subject subjectToken) (map[string]any, *subjectToken, error) {
	if !q.form.Has("actor_token") {
		if q.form.Has("actor_token_type") {
			return nil, nil, Refuse("invalid_request", "actor_token is missing")
		}
		return subject.act, nil, nil
	}
	actor, err := s.present(q, "actor_token")
	if err != nil {
		return nil, nil, err
	}
	return s.policy.Exchange.Actor(actor.subject, subject.act), &actor, nil
}

func (s *Server) exchangeQuestion(q tokenRequest, subject subjectToken, actor *subjectToken) (Exchange, error) {
	user, _ := s.parties.user(subject.subject)
	e := Exchange{
		Client: q.client, User: user, SubjectScope: s.policy.LiveScope(subject.live), SubjectResource: subject.resource,
		Origin: s.origin(subject.authorization),
	}
	var err error
	if e.Resource, e.API, err = s.exchangeTarget(q.form, subject.resource); err != nil {
		return e, err
	}
	e.Asked = q.asked
	if !e.Asked.IsEmpty() {
		if e.Asked, err = s.screen(TokenExchange, q.client, e.API, e.Asked, true); err != nil {
			return e, err
		}
	}
	if actor != nil {
		e.Delegated, e.ActorScope = true, s.policy.LiveScope(actor.live)
	}
	e.TargetGrant = s.grants.of(grantKey{user.Name, q.client.ID, e.Resource})
	named := e.Asked.Or(e.SubjectScope).Or(e.ActorScope).Or(e.Origin.Granted).Or(e.TargetGrant.Scope).Or(q.client.Scope)
	e.ClientMay, e.UserMay = s.clientMay(TokenExchange, q.client, named), s.userMay(TokenExchange, user, q.client, named)
	return e, nil
}

// exchangeTarget is the target of an exchange: resource or audience, which may
// be an API's name (RFC 8693 section 2.1); where the subject token is good if
// there is neither.
func (s *Server) exchangeTarget(form url.Values, otherwise string) (resource, api string, err error) {
	resource, audience := form.Get("resource"), form.Get("audience")
	if audience != "" && !strings.Contains(audience, ":") {
		audience = s.audience(audience)
	}
	switch {
	case resource != "" && audience != "" && resource != audience:
		return "", "", Refuse("invalid_target", "more than one target is not supported")
	case resource == "" && audience == "":
		resource = otherwise
	case resource == "":
		resource = audience
	}
	return s.target(url.Values{"resource": {resource}})
}

// authorization returns the authorization behind a token, or nil.
func (s *Server) authorization(id string) *authorization {
	if a, ok := s.exchanged.get(id, s.clock.now()); ok {
		return a
	}
	return s.grants.authorization(id)
}

// state is what an authorization comes to now. What an exchange made depends on
// what the subject token stands for.
func (s *Server) state(a *authorization) Authorization {
	own := a.snapshot()
	if a.parent == nil {
		return own
	}
	return s.policy.Exchange.State(Derived{
		Own: own, Parent: s.state(a.parent), TargetGrant: s.grants.of(grantKey{own.User, own.Client, own.Resource}),
	})
}

// origin is the authorization at the beginning of a chain of exchanges.
func (s *Server) origin(id string) Authorization {
	a := s.authorization(id)
	if a == nil {
		return Authorization{Revoked: true}
	}
	for a.parent != nil {
		a = a.parent
	}
	return a.snapshot()
}
