package refserver

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// trust is a key, and whose it is.
type trust struct {
	issuer string
	key    jose.JSONWebKey
	known  *verifiedTokens // that the key verified; nil: none are remembered
}

// jwtHeader is what is read of a header before anything is verified.
type jwtHeader struct {
	Algorithm string          `json:"alg"`
	Type      string          `json:"typ"`
	KeyID     string          `json:"kid"`
	Key       json.RawMessage `json:"jwk"`
}

// believed returns the claims of a JWT that the policy believes: signature,
// issuer and type, not its time and audience. The claims come with an error if
// they can be read.
func believed(token string, trusted []trust, policy TokenPolicy) (map[string]any, error) {
	read, issuer, verified := remembered(token, trusted)
	if !verified {
		var err error
		if read, err = readJWT(token); err != nil {
			return nil, err
		}
		issuer, verified = verifiedBy(token, trusted)
	}
	header, claims := read.header, read.claims
	if !policy.SignatureFits(Signature{
		Algorithm: header.Algorithm, KeyID: header.KeyID, Value: token[strings.LastIndexByte(token, '.')+1:], Verified: verified,
		KeyedWithPublic: func() bool { return keyedWithPublic(token, trusted) },
		VerifiesItself:  func() bool { return verifiesItself(token, header) },
	}) {
		return claims, errors.New("the token is not signed with a trusted key")
	}
	named, _ := claims["iss"].(string)
	if !policy.IssuerFits(named, issuer) {
		return claims, errors.New("the token is of another issuer")
	}
	kind := KindAccessToken
	if isIdentity(claims) {
		kind = KindIDToken
	}
	if !policy.TypeFits(TokenType{Kind: kind, Header: header.Type, Claims: claims}) {
		return claims, fmt.Errorf("token type: got %q, want an access token", header.Type)
	}
	return claims, nil
}

// remembered is a token that is known to be verified, and the issuer whose key did.
func remembered(token string, trusted []trust) (read decodedJWT, issuer string, verified bool) {
	for _, t := range trusted {
		if read, verified = t.known.get(token); verified {
			return read, t.issuer, true
		}
	}
	return read, "", false
}

// verifiedBy returns the issuer whose key verifies the token; the first issuer if
// none does.
func verifiedBy(token string, trusted []trust) (issuer string, verified bool) {
	if _, issuer, verified = remembered(token, trusted); verified {
		return issuer, true
	}
	if parsed, err := jwt.ParseSigned(token, algorithms()); err == nil {
		for _, t := range namedFirst(trusted, parsed.Headers[0].KeyID) {
			if parsed.Claims(t.key.Key) != nil {
				continue
			}
			if read, err := readJWT(token); err == nil && t.known != nil && read.claims["iss"] == t.issuer {
				t.known.add(token)
			}
			return t.issuer, true
		}
	}
	if len(trusted) == 0 {
		return "", false
	}
	return trusted[0].issuer, false
}

// namedFirst puts the keys of an id before the others: to try a wrong one costs as
// much as the right one.
func namedFirst(trusted []trust, id string) []trust {
	var named, others []trust
	for _, t := range trusted {
		if t.key.KeyID == id {
			named = append(named, t)
		} else {
			others = append(others, t)
		}
	}
	return append(named, others...)
}

// decodedJWT is what a JWT says. It is not to be changed.
type decodedJWT struct {
	header jwtHeader
	claims map[string]any
}

// readJWT decodes a JWT without verifying it.
func readJWT(token string) (read decodedJWT, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return read, fmt.Errorf("read the token: got %d parts, want 3", len(parts))
	}
	for i, into := range []any{&read.header, &read.claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			return decodedJWT{}, fmt.Errorf("read the token: %w", err)
		}
	}
	return read, nil
}

// keyedWithPublic says whether a token is an HMAC under a trusted public key, as
// PEM or as JWK.
func keyedWithPublic(token string, trusted []trust) bool {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512})
	if err != nil {
		return false
	}
	for _, t := range trusted {
		for _, secret := range spelled(t.key) {
			if parsed.Claims(secret) == nil {
				return true
			}
		}
	}
	return false
}

// spelled is a public key as it is commonly written.
func spelled(key jose.JSONWebKey) [][]byte {
	var all [][]byte
	if der, err := x509.MarshalPKIXPublicKey(key.Key); err == nil {
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		all = append(all, der, text)
	}
	if text, err := json.Marshal(key); err == nil {
		all = append(all, text)
	}
	return all
}

// verifiesItself says whether the key in a token's own header verifies it.
func verifiesItself(token string, header jwtHeader) bool {
	var key jose.JSONWebKey
	if header.Key == nil || json.Unmarshal(header.Key, &key) != nil {
		return false
	}
	parsed, err := jwt.ParseSigned(token, algorithms())
	return err == nil && parsed.Claims(key.Key) == nil
}
