package actor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
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
	key := c.Stage.key
	if key == nil {
		return "", fmt.Errorf("the API trusts no key of ours")
	}
	if subject == "" {
		return "", fmt.Errorf("a token is signed for nobody: got no subject")
	}
	now := time.Now().Add(c.ahead)
	all := map[string]any{
		"iss": HarnessIssuer, "aud": c.Stage.Target.API.Audience, "sub": subject, "client_id": clientID,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": random(8),
	}
	for name, value := range claims {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	token, err := key.sign(all, typ)
	c.Recorder.keep(token)
	return token, err
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

// decodeJWT returns the claims of a compact JWS without checking its signature,
// or false when the token is opaque.
func decodeJWT(token oauth.Secret) (map[string]json.RawMessage, bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, false
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(payload, &claims) != nil {
		return nil, false
	}
	return claims, true
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
	if k.set, err = jwk.Parse(got.body); err != nil {
		return nil, fmt.Errorf("%s: %w", k.url, err)
	}
	return k.set, nil
}
