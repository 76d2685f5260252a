package refserver

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// What an API needs that is not ours: tokens that no authorization server would
// issue, and outages.

// Mint signs claims as an access token of a type, "at+jwt" or "JWT" (RFC 9068
// section 2.1). Where tokens are opaque it makes a handle. Introspection answers
// either with the claims, as far as they are this server's and in time (RFC 7662
// section 2.2). They need not be lawful: a scope may be a number.
func (s *Server) Mint(typ string, claims map[string]any) (string, error) {
	token := rand.Text()
	if !s.opaque {
		signer := s.signing.accessTokens
		if typ == "JWT" {
			signer = s.signing.identities
		}
		var err error
		if token, err = signer.sign(claims); err != nil {
			return "", fmt.Errorf("sign a token: %w", err)
		}
	}
	now := s.clock.now()
	s.minted.put(token, asRead(claims), now.Add(time.Hour), now)
	return token, nil
}

// asRead are claims as they come out of a token.
func asRead(claims map[string]any) map[string]any {
	read := map[string]any{}
	if text, err := json.Marshal(claims); err != nil || json.Unmarshal(text, &read) != nil {
		return nil
	}
	return read
}

// introspectedMinted is what could be said of a token that Mint made; false if it
// made none such.
func (s *Server) introspectedMinted(token string) (active bool, all map[string]any, ok bool) {
	claims, ok := s.minted.get(token, s.clock.now())
	if !ok {
		return false, nil, false
	}
	ends, _ := claims["exp"].(float64)
	active = claims["iss"] == s.issuer && s.clock.now().Before(time.Unix(int64(ends), 0))
	all = maps.Clone(claims)
	all["token_type"] = "Bearer"
	return active, all, true
}

// SetAnswering lets the endpoints that an API asks, those of keys and of
// introspection, answer, or drop every connection.
func (s *Server) SetAnswering(answering bool) { s.silent.Store(!answering) }

// unlessSilent drops connections while the server is not answering APIs.
func (s *Server) unlessSilent(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.silent.Load() {
			panic(http.ErrAbortHandler)
		}
		answer(w, r)
	}
}
