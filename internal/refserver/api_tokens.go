package refserver

import (
	"context"
	"errors"
	"time"
)

// ownTokens verifies tokens of the server in the same process.
type ownTokens struct {
	server   *Server
	audience string
	harness  *trustedKey // nil: no key of the harness is trusted here
}

func (v *ownTokens) verify(_ context.Context, token string) (Principal, error) {
	s := v.server
	switch {
	case s.unreachable.Load():
		return Principal{}, errUnavailable
	case !looksLikeJWT(token):
		return v.handle(token)
	}
	trusted := []trust{{s.issuer, s.signing.public, &s.verified}}
	if v.harness != nil {
		trusted = append(trusted, v.harness.trust()...)
	}
	claims, err := believed(token, trusted, s.policy.API.Tokens)
	return principalOf(claims, err, s.policy.API, v.audience, s.clock.now())
}

// handle looks a handle up where it was issued, so that edits count at once.
func (v *ownTokens) handle(token string) (Principal, error) {
	p, kind, err := v.server.holder(token)
	policy := v.server.policy.API
	switch {
	case err != nil:
		return p, err
	case !policy.Tokens.TypeFits(TokenType{Kind: kind}):
		return p, errors.New("this is not an access token")
	case !policy.AudienceFits(p.Audience, v.audience):
		return p, errors.New("the token is for another API")
	}
	return p, nil
}

// holder finds what a handle of ours is and whom it stands for.
func (s *Server) holder(token string) (p Principal, kind string, err error) {
	if id, _, ok := s.readRefreshToken(token); ok {
		if a := s.grants.authorization(id); a != nil {
			return holderOf(a.snapshot()), KindRefreshToken, nil
		}
	}
	if a, ok := s.codes.get(token, s.clock.now()); ok {
		return holderOf(a.snapshot()), KindCode, nil
	}
	t, ok := s.readAccessToken(token)
	if !ok {
		return Principal{}, "", errors.New("the token is not known")
	}
	live := s.live(t)
	p = Principal{
		Subject: t.subject, ClientID: t.clientID, Audience: []string{t.resource}, Scope: s.policy.LiveScope(live), Roles: t.roles,
		ACR: live.Authorization.ACR, Key: t.key,
	}
	if !s.policy.TokenActive(live) {
		return p, KindAccessToken, errors.New("the token is no longer active")
	}
	return p, KindAccessToken, nil
}

func holderOf(a Authorization) Principal {
	return Principal{Subject: a.User, ClientID: a.Client, Audience: []string{a.Resource}, Scope: a.Current, ACR: a.ACR}
}

// principalOf reads claims; wrong is what was found to be wrong with them so far.
// own is the audience that is needed, empty if any will do.
func principalOf(claims map[string]any, wrong error, policy APIPolicy, own string, now time.Time) (Principal, error) {
	text := func(name string) string { value, _ := claims[name].(string); return value }
	instant := func(name string) time.Time {
		if value, ok := claims[name].(float64); ok {
			return time.Unix(int64(value), 0)
		}
		return time.Time{}
	}
	p := Principal{
		Subject: text("sub"), ClientID: text("client_id"), Audience: textsOf(claims["aud"]), Roles: textsOf(claims["roles"]),
		ACR: text("acr"), Key: confirmed(claims),
	}
	if p.ClientID == "" {
		p.ClientID = text("azp")
	}
	var malformed error
	p.Scope, malformed = policy.ClaimedScope(claims)
	switch {
	case wrong != nil:
		return p, wrong
	case !policy.Tokens.InTime(instant("nbf"), instant("exp"), now):
		return p, errors.New("the token has expired or is not good yet")
	case own != "" && !policy.AudienceFits(p.Audience, own):
		return p, errors.New("the token is for another API")
	}
	return p, malformed
}
