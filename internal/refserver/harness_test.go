package refserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// missing stands for a scope claim that is not there.
type missing struct{}

// raw is JSON that is sent as it is.
type raw []byte

func (r raw) MarshalJSON() ([]byte, error) { return r, nil }

// harnessKey returns a public JWK and a function that signs tokens for an
// audience with any scope claim.
func harnessKey(t *testing.T) ([]byte, func(audience string, scope any) string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "harness", Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	return public, func(audience string, scope any) string {
		claims := map[string]any{
			"iss": refserver.HarnessIssuer, "aud": audience, "sub": "ada", "client_id": "harness",
			"exp": time.Now().Add(time.Minute).Unix(), "scope": scope,
		}
		if _, ok := scope.(missing); ok {
			delete(claims, "scope")
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
}
