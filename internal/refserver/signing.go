package refserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// signing holds the server's key and the signers made from it.
type signing struct {
	public                   jose.JSONWebKey
	accessTokens, identities signer
}

func newSigning() (signing, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signing{}, fmt.Errorf("make a key: %w", err)
	}
	id := rand.Text()[:8]
	return signing{
		public:       jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: string(jose.ES256), Use: "sig"},
		accessTokens: newSigner(key, id, "at+jwt"),
		identities:   newSigner(key, id, "JWT"),
	}, nil
}

// signer signs JWTs of one type with ES256 (RFC 7518 section 3.4). Half of what the
// token endpoint does is signing: the header is encoded once for all of them.
type signer struct {
	key    *ecdsa.PrivateKey
	header string // encoded, with the dot after it
}

func newSigner(key *ecdsa.PrivateKey, id, typ string) signer {
	header := fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":%q}`, id, typ)
	return signer{key, base64.RawURLEncoding.EncodeToString([]byte(header)) + "."}
}

// sign is a JWT of claims (RFC 7515 section 7.1).
func (s signer) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	token := make([]byte, 0, len(s.header)+(len(payload)+2)/3*4+90)
	token = append(token, s.header...)
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	digest := sha256.Sum256(token)
	r, t, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	t.FillBytes(signature[32:])
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature[:])), nil
}
