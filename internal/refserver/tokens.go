package refserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// handleShards is the number of maps that opaque access tokens are spread over,
// so that issuing and checking them do not queue on one lock.
const handleShards = 16

// codeLifetime is how long an authorization code is good; RFC 6749 section 4.1.2
// recommends at most ten minutes.
const codeLifetime = 60 * time.Second

// accessToken is an access token of our own, whatever it looks like.
type accessToken struct {
	id       string
	clientID string
	subject  string
	resource string
	// audience is usually the resource alone.
	audience []string
	// authorization is the id of the Authorization; empty for a client's own.
	authorization string
	scope         ScopeSet
	roles         []string
	act           map[string]any // who acts for the subject (RFC 8693 section 4.1)
	issued        time.Time
	expires       time.Time
	// key is the thumbprint of the key it is bound to; empty: none.
	key     string
	details Details
}

// newAccessToken stores or signs a token for what was decided.
func (s *Server) newAccessToken(i Issue, resource string) (token string, lifetime time.Duration, err error) {
	now := s.clock.now()
	lifetime = s.policy.Lifetime(i)
	t := accessToken{
		id: rand.Text(), clientID: i.Client.ID, subject: i.Client.ID, resource: resource,
		audience: s.policy.Resources.Audience(i, resource, s.served()), details: s.policy.Details.Reported(i),
		scope: s.policy.TokenScope(i), act: i.Act, issued: now, expires: now.Add(lifetime), key: i.Client.proven,
	}
	if i.GrantType != ClientCredentials {
		t.subject, t.authorization, t.roles = i.User.Name, i.Authorization.ID, i.User.Roles
	}
	if a := s.grants.authorization(t.authorization); a != nil {
		a.mu.Lock()
		a.latest = t.id
		a.mu.Unlock()
	}
	if s.opaque {
		s.shard(t.id).put(t.id, t, t.expires, now)
		return t.id, lifetime, nil
	}
	claims := map[string]any{
		"iss": s.issuer, "sub": t.subject, "aud": single(t.audience), "client_id": t.clientID, "jti": t.id,
		"iat": now.Unix(), "exp": t.expires.Unix(),
	}
	maps.Copy(claims, s.policy.ScopeClaims(t.scope))
	if named, _ := claims["scope"].(string); named != t.scope.String() {
		s.shard(t.id).put(t.id, t, t.expires, now) // the claims do not say all of it
	}
	if t.authorization != "" {
		claims["authorization"] = t.authorization
	}
	if t.key != "" {
		claims["cnf"] = confirmation(t.key)
	}
	if i.Authorization.ACR != "" {
		claims["acr"] = i.Authorization.ACR
	}
	if len(t.roles) > 0 {
		claims["roles"] = t.roles
	}
	if t.act != nil {
		claims["act"] = t.act
	}
	if len(t.details) > 0 {
		claims["authorization_details"] = t.details
	}
	maps.Copy(claims, s.policy.AccessTokenClaims(claimsQuestion(i)))
	token, err = s.signing.accessTokens.sign(claims)
	if err != nil {
		return "", 0, fmt.Errorf("sign an access token: %w", err)
	}
	if claims["iss"] == s.issuer {
		s.verified.add(token) // what we signed ourselves need not be verified
	}
	return token, lifetime, nil
}

// single is a claim of one or several strings (RFC 7519 section 4.1.3).
func single(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}

func claimsQuestion(i Issue) ClaimsQuestion {
	return ClaimsQuestion{
		User: i.User, Client: i.Client, Scope: i.Scope, TokenScope: i.Scope,
		UserBound: i.GrantType != ClientCredentials, Authorization: i.Authorization, GrantType: i.GrantType,
	}
}

func (s *Server) shard(id string) *expiring[accessToken] {
	hash := fnv.New32a()
	hash.Write([]byte(id))
	return &s.handles[hash.Sum32()%handleShards]
}

// readAccessToken returns the access token of ours that token stands for, also
// if it has expired; false if it is none.
func (s *Server) readAccessToken(token string) (accessToken, bool) {
	if !looksLikeJWT(token) {
		return s.shard(token).get(token, s.clock.now())
	}
	claims, err := s.ownClaims(token)
	if err != nil {
		return accessToken{}, false
	}
	t := accessTokenOf(claims)
	if kept, ok := s.shard(t.id).get(t.id, s.clock.now()); ok {
		t.scope = kept.scope
	}
	return t, true
}

func looksLikeJWT(token string) bool {
	return strings.Count(token, ".") == 2 && strings.HasPrefix(token, "ey")
}

// ownClaims verifies signature, type and issuer of an access token of ours, not
// its time and audience. The claims are not to be changed.
func (s *Server) ownClaims(token string) (map[string]any, error) {
	if read, ok := s.verified.get(token); ok && isAccessTokenType(read.header.Type) {
		return read.claims, nil
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, fmt.Errorf("read the token: %w", err)
	}
	if typ, _ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string); !isAccessTokenType(typ) {
		return nil, fmt.Errorf("token type: got %q, want %q", typ, "at+jwt")
	}
	if parsed.Headers[0].KeyID != s.signing.public.KeyID {
		return nil, errors.New("the token is signed with another key")
	}
	if err := parsed.Claims(s.signing.public.Key); err != nil {
		return nil, fmt.Errorf("verify the token: %w", err)
	}
	read, err := readJWT(token)
	if err != nil {
		return nil, err
	}
	if read.claims["iss"] != s.issuer {
		return nil, errors.New("the token is of another issuer")
	}
	s.verified.add(token)
	return read.claims, nil
}

// verifiedTokens are tokens whose signature is known to be good, so that they are
// not verified and decoded for each request. What changes, such as whether the
// token has ended or was revoked, is no part of that.
type verifiedTokens struct {
	mu     sync.RWMutex
	tokens map[string]func() (decodedJWT, error) // decodes the token, once
}

// maxVerified bounds how many are remembered.
const maxVerified = 1024

// get returns a token that is remembered.
func (v *verifiedTokens) get(token string) (read decodedJWT, ok bool) {
	if v == nil {
		return read, false
	}
	v.mu.RLock()
	decode, ok := v.tokens[token]
	v.mu.RUnlock()
	if !ok {
		return read, false
	}
	read, err := decode()
	return read, err == nil
}

// add remembers a token. Many are never looked at: it is decoded when it is.
func (v *verifiedTokens) add(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil || len(v.tokens) >= maxVerified {
		v.tokens = map[string]func() (decodedJWT, error){}
	}
	v.tokens[token] = sync.OnceValues(func() (decodedJWT, error) { return readJWT(token) })
}

func isAccessTokenType(typ string) bool {
	typ = strings.ToLower(typ)
	return typ == "at+jwt" || typ == "application/at+jwt"
}

// accessTokenOf reads the claims of a JWT that newAccessToken made.
func accessTokenOf(claims map[string]any) accessToken {
	text := func(name string) string { value, _ := claims[name].(string); return value }
	instant := func(name string) time.Time { value, _ := claims[name].(float64); return time.Unix(int64(value), 0) }
	t := accessToken{
		id: text("jti"), clientID: text("client_id"), subject: text("sub"), audience: textsOf(claims["aud"]),
		authorization: text("authorization"), issued: instant("iat"), expires: instant("exp"),
		key: confirmed(claims),
	}
	if audience := textsOf(claims["aud"]); len(audience) > 0 {
		t.resource = audience[0]
	}
	if scope := text("scope"); scope != "" {
		t.scope = NewScopeSet(strings.Split(scope, " ")...)
	}
	t.roles = textsOf(claims["roles"])
	t.act, _ = claims["act"].(map[string]any)
	if len(t.audience) > 0 {
		t.resource = t.audience[0]
	}
	if details := claims["authorization_details"]; details != nil {
		raw, _ := json.Marshal(details)     // it was JSON before
		_ = json.Unmarshal(raw, &t.details) // newAccessToken wrote it
	}
	return t
}

// textsOf returns a claim that is a string or an array of strings.
func textsOf(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		var texts []string
		for _, member := range claim {
			if text, ok := member.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// live gathers what the policy needs to know about a token issued earlier.
func (s *Server) live(t accessToken) Live {
	_, revoked := s.revoked.get(t.id, s.clock.now())
	l := Live{TokenScope: t.scope, TokenRevoked: revoked, Expires: t.expires, Now: s.clock.now()}
	client, ok := s.parties.client(t.clientID)
	l.ClientGone = !ok
	l.ClientMay = s.policy.ClientMay(client, t.scope)
	if t.authorization == "" {
		return l
	}
	l.UserBound = true
	user, _ := s.parties.user(t.subject)
	l.UserMay = s.policy.UserMay(user, client, t.scope)
	if a := s.authorization(t.authorization); a != nil {
		l.Authorization = s.state(a)
		a.mu.Lock()
		l.Latest = a.latest == t.id
		a.mu.Unlock()
	} else {
		l.Authorization.Revoked = true
	}
	l.Grant = s.grants.row(rowKey{grantKey{t.subject, t.clientID, t.resource}, l.Authorization.GrantID})
	return l
}

// newRefreshToken returns the refresh token number sequence of an authorization.
// It is a handle with a MAC: nothing need be stored to know a used one again
// (RFC 9700 section 4.14.2).
func (s *Server) newRefreshToken(authorization string, sequence int) string {
	handle := authorization + "." + strconv.Itoa(sequence)
	return "rt." + handle + "." + s.mac("refresh", handle)
}

// readRefreshToken returns what newRefreshToken put into token.
func (s *Server) readRefreshToken(token string) (authorization string, sequence int, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 || parts[0] != "rt" {
		return "", 0, false
	}
	if !hmac.Equal([]byte(parts[3]), []byte(s.mac("refresh", parts[1]+"."+parts[2]))) {
		return "", 0, false
	}
	sequence, err := strconv.Atoi(parts[2])
	return parts[1], sequence, err == nil
}

// mac is a MAC of text for one purpose, under the server's secret.
func (s *Server) mac(purpose, text string) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(purpose + "\n" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// newIDToken signs an ID token (OpenID Connect Core section 2).
func (s *Server) newIDToken(i Issue, nonce string, loggedIn time.Time, accessToken string) (string, error) {
	claims := map[string]any{"at_hash": halfHash(accessToken)}
	maps.Copy(claims, s.policy.IDTokenClaims(claimsQuestion(i)))
	maps.Copy(claims, s.opened(i.User, i.Scope, i.Authorization.IDTokenNames))
	return s.signIDToken(i, nonce, loggedIn, claims)
}

// halfHash is what at_hash and c_hash hold (OpenID Connect Core sections 3.1.3.6
// and 3.3.2.11).
func halfHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// signIDToken signs an ID token with more claims than those it always has.
func (s *Server) signIDToken(i Issue, nonce string, loggedIn time.Time, more map[string]any) (string, error) {
	now := s.clock.now()
	claims := map[string]any{
		"iss": s.issuer, "sub": s.policy.OpenID.Subject(i.User, i.Client), "aud": i.Client.ID, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	if i.GrantType == ClientCredentials {
		claims["sub"] = i.Client.ID
	} else if !loggedIn.IsZero() {
		claims["auth_time"] = loggedIn.Unix()
	}
	if i.Authorization.ACR != "" {
		claims["acr"] = i.Authorization.ACR
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	maps.Copy(claims, more)
	token, err := s.signing.identities.sign(claims)
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	return token, nil
}
