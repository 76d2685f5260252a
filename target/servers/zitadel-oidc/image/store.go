package main

import (
	"context"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// store is the example's storage with what an application has to add: which scopes and grants its clients
// have, and the scope in JWT access tokens, for the library and the example put none there.
type store struct {
	*storage.Storage
}

// client is a client of the example with scopes and grants of its own.
type client struct {
	op.Client
	own registration
}

// AccessTokenType is one that our calendar can check by itself, and that the library can exchange: given an
// opaque one to exchange, it panics.
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (c client) GrantTypes() []oidc.GrantType        { return c.own.grants }
func (c client) IsScopeAllowed(scope string) bool    { return slices.Contains(c.own.scopes, scope) }

func (s store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	known, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{known, registrations[id]}, nil
}

// ClientCredentials lets every client that has a secret try: whether it may use the grant is the library's
// to check. The example knows one service user, which can do nothing else.
func (s store) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if err := s.AuthorizeClientIDSecret(ctx, id, secret); err != nil {
		return nil, err
	}
	return s.GetClientByClientID(ctx, id)
}

// ClientCredentialsTokenRequest is what the example answers for its own service user, in another's name.
func (s store) ClientCredentialsTokenRequest(ctx context.Context, id string, scopes []string) (op.TokenRequest, error) {
	request, err := s.Storage.ClientCredentialsTokenRequest(ctx, "sid1", scopes)
	if own, ok := request.(*oidc.JWTTokenRequest); ok {
		own.Subject, own.Audience = id, []string{id}
	}
	return request, err
}

// GetPrivateClaimsFromRequest is called for each JWT access token but those that were exchanged.
func (s store) GetPrivateClaimsFromRequest(ctx context.Context, request op.TokenRequest, restricted []string) (map[string]any, error) {
	claims, err := s.GetPrivateClaimsFromScopes(ctx, request.GetSubject(), "", restricted)
	return withScope(claims, request.GetScopes()), err
}

// GetPrivateClaimsFromTokenExchangeRequest is called for those.
func (s store) GetPrivateClaimsFromTokenExchangeRequest(ctx context.Context, request op.TokenExchangeRequest) (map[string]any, error) {
	claims, err := s.Storage.GetPrivateClaimsFromTokenExchangeRequest(ctx, request)
	return withScope(claims, request.GetScopes()), err
}

// withScope adds the scope claim (RFC 9068 section 2.2.3): what the library says in the token response.
func withScope(claims map[string]any, scopes []string) map[string]any {
	if claims == nil {
		claims = map[string]any{}
	}
	if len(scopes) > 0 {
		claims["scope"] = strings.Join(scopes, " ")
	}
	return claims
}
