package actor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/scopeproof/scopeproof/oauth"
)

// HarnessIssuer is the iss of tokens that we sign for an API that trusts our
// key.
const HarnessIssuer = "urn:scopeproof:harness"

// harnessKey signs tokens that no authorization server would issue.
type harnessKey struct {
	private jwk.Key
	public  []byte // a JWK
}

func newHarnessKey() (*harnessKey, error) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	private, err := jwk.Import(raw)
	if err != nil {
		return nil, err
	}
	if err := private.Set(jwk.KeyIDKey, "scopeproof-"+random(4)); err != nil {
		return nil, err
	}
	if err := private.Set(jwk.AlgorithmKey, jwa.ES256()); err != nil {
		return nil, err
	}
	public, err := private.PublicKey()
	if err != nil {
		return nil, err
	}
	if err := public.Set(jwk.KeyUsageKey, jwk.ForSignature); err != nil { // some servers skip a key that does not say
		return nil, err
	}
	data, err := json.Marshal(public)
	return &harnessKey{private, data}, err
}

// Mint signs an access token for the API (RFC 9068) with the given claims
// beside iss, aud, sub, client_id, iat, exp and jti. A claim given as nil is
// left out. The subject of a resource owner is [Owner.LearnSubject].
func (c *Cast) Mint(subject, clientID string, claims map[string]any) (oauth.AccessToken, error) {
	return c.MintAs("at+jwt", subject, clientID, claims)
}

// MintAs is [Cast.Mint] for a JWT of another typ, such as the "JWT" of ID tokens.
func (c *Cast) MintAs(typ, subject, clientID string, claims map[string]any) (oauth.AccessToken, error) {
	if !c.Stage.mints() {
		return "", fmt.Errorf("the API trusts no key of ours")
	}
	if subject == "" {
		return "", fmt.Errorf("a token is signed for nobody: got no subject")
	}
	now := time.Now().Add(c.ahead)
	issuer, mint := HarnessIssuer, c.Stage.Target.API.Mint
	if mint != nil {
		issuer = c.Stage.Target.Issuer
	}
	all := map[string]any{
		"iss": issuer, "aud": c.Stage.Target.API.Audience, "sub": subject, "client_id": clientID,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": random(8),
	}
	for name, value := range claims {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	if mint != nil {
		text, err := mint(typ, all)
		c.Recorder.keep(oauth.Secret(text))
		return oauth.AccessToken(text), err
	}
	token, err := c.Stage.key.sign(all, typ)
	c.Recorder.keep(token)
	return token, err
}

// mints reports whether we can sign tokens that the API trusts.
func (s *Stage) mints() bool {
	return s.key != nil || s.Target.API != nil && s.Target.API.Mint != nil
}

// sign makes a JWT of a type.
func (k *harnessKey) sign(claims map[string]any, typ string) (oauth.Secret, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, typ); err != nil {
		return "", err
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), k.private, jws.WithProtectedHeaders(header)))
	return oauth.Secret(signed), err
}

// encodePart is a part of a compact JWS (RFC 7515 section 3.1).
func encodePart(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decodeJWT returns the claims of a compact JWS without checking its signature,
// or false when the token is opaque.
func decodeJWT(token oauth.Secret) (oauth.Object, bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, false
	}
	claims, err := oauth.ParseObject(payload)
	return claims, err == nil
}

// IsJWT reports whether a token can be read as a JWT.
func IsJWT(token oauth.AccessToken) bool {
	_, ok := decodeJWT(token)
	return ok
}

// UnknownToken is an opaque token that nobody issued.
func (c *Cast) UnknownToken() oauth.AccessToken {
	token := oauth.AccessToken(random(26))
	c.Recorder.keep(token)
	return token
}

// jwtType is the typ in the header of a JWT, in lower case and without
// "application/" (RFC 7515 section 4.1.9); "" if it has none.
func jwtType(token oauth.Secret) string {
	head, _, _ := strings.Cut(token.Reveal(), ".")
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(head, "="))
	if err != nil {
		return ""
	}
	header, err := oauth.ParseObject(plain)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(text(header["typ"])), "application/")
}

// text is a claim that is a string, or "".
func text(claim json.RawMessage) string {
	var s string
	_ = json.Unmarshal(claim, &s) // another type is no text
	return s
}

// keySet is the key set of the authorization server, fetched once.
type keySet struct {
	url string
	mu  sync.Mutex
	set jwk.Set
}

func newKeySet(url string) *keySet { return &keySet{url: url} }

// verify checks the signature of a token with the keys of the authorization
// server.
func (k *keySet) verify(ctx context.Context, c *Cast, token oauth.Secret) error {
	set, err := k.get(ctx, c)
	if err != nil {
		return err
	}
	_, err = jws.Verify([]byte(token.Reveal()), jws.WithKeySet(set, jws.WithInferAlgorithmFromKey(true), jws.WithRequireKid(false)))
	return err
}

func (k *keySet) get(ctx context.Context, c *Cast) (jwk.Set, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set != nil {
		return k.set, nil
	}
	ctx = as(ctx, "scopeproof", "reads the keys")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	got, err := c.Recorder.do(ctx, req)
	if err != nil {
		return nil, err
	}
	if !got.ok() {
		return nil, fmt.Errorf("%s: got %d, want a key set", bare(k.url), got.status)
	}
	set, err := parseKeySet(got.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bare(k.url), err)
	}
	k.set = set
	return set, nil
}

// A signature is tried with every key of the set, and the time for one grows
// with the square of its length: a hostile set must not keep us busy.
const (
	maxKeys   = 100
	maxKeyLen = 16384 / 8 // bytes of an RSA modulus
)

// parseKeySet reads a JWK set (RFC 7517 section 5), or one key alone. Keys of
// types that we do not know are left out.
func parseKeySet(body []byte) (jwk.Set, error) {
	object, err := oauth.ParseObject(body)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	var keys []json.RawMessage
	if err := json.Unmarshal(object["keys"], &keys); err != nil {
		return nil, errors.New(`key set: got no list "keys" (RFC 7517 section 5.1)`)
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("key set: got %d keys, want at most %d", len(keys), maxKeys)
	}
	set := jwk.NewSet()
	for i, raw := range keys {
		if len(raw) > 64*maxKeyLen {
			return nil, fmt.Errorf("key set: got key %d of %d bytes, want at most %d", i, len(raw), 64*maxKeyLen)
		}
		key, err := jwk.ParseKey(raw)
		if err != nil {
			continue // section 5: of an unknown type, or not whole
		}
		if rsa, ok := key.(interface{ N() ([]byte, bool) }); ok {
			if n, _ := rsa.N(); len(n) > maxKeyLen {
				return nil, fmt.Errorf("key set: got key %d with a modulus of %d bits, want at most %d", i, 8*len(n), 8*maxKeyLen)
			}
		}
		if err := set.AddKey(key); err != nil {
			continue // there twice
		}
	}
	if set.Len() == 0 {
		return nil, errors.New("key set: got no key that can be read")
	}
	return set, nil
}
