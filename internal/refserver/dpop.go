package refserver

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const dpop = Feature("dpop")

// proofAge is how far the iat of a DPoP proof may be from now.
const proofAge = 5 * time.Minute

// senderConstrained is RFC 9449: access tokens that are bound to a key.
func senderConstrained() part {
	return part{
		feature:  dpop,
		metadata: func(_ *Server, m map[string]any) { m["dpop_signing_alg_values_supported"] = []string{"ES256"} },
	}
}

// Binding is how a token was presented, and the key that it is bound to.
type Binding struct {
	// Key is the thumbprint in the token (RFC 9449 section 6); empty: it is bound to
	// none.
	Key string
	// Scheme is "Bearer" or "DPoP".
	Scheme string
	// Proven is the thumbprint of the key that the request proves; empty: none.
	Proven string
	// Nonce is that of the proof (RFC 9449 section 9); empty: none.
	Nonce string
}

// fitsBinding takes a bound token with its proof only, and any other as a bearer
// token only (RFC 9449 section 7.1 and 7.2).
func fitsBinding(b Binding) bool {
	if b.Key == "" {
		return b.Scheme == "Bearer"
	}
	return b.Scheme == "DPoP" && b.Proven == b.Key
}

// schemeOf is the scheme under which a request presents its token.
func schemeOf(r *http.Request) string {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "DPoP") {
		return "DPoP"
	}
	return "Bearer"
}

// proven is the thumbprint of the key that a token request proves; empty if it
// proves none (RFC 9449 section 5).
func (s *Server) proven(r *http.Request) (string, error) {
	if r.Header.Get("DPoP") == "" || !s.has(dpop) {
		return "", nil
	}
	key, nonce, err := provenKey(r, "", s.clock.now())
	if err != nil {
		return "", Refuse("invalid_dpop_proof", "the DPoP proof is no good")
	}
	if want := s.policy.API.Tokens.Nonce(); want != nonce && want != "" {
		return "", Refuse(NonceNeeded, "the DPoP proof has to have the nonce")
	}
	return key, nil
}

// provenKey checks a DPoP proof and returns the thumbprint of its key and its nonce
// (RFC 9449 section 4.3); token is what is presented along with it, if anything.
func provenKey(r *http.Request, token string, now time.Time) (key, nonce string, err error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 {
		return "", "", fmt.Errorf("got %d DPoP proofs, want 1", len(proofs))
	}
	parsed, err := jwt.ParseSigned(proofs[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", "", fmt.Errorf("read the proof: %w", err)
	}
	header := parsed.Headers[0]
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" || header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() {
		return "", "", errors.New("this is not a DPoP proof")
	}
	var claims struct {
		Method string `json:"htm"`
		URL    string `json:"htu"`
		Issued int64  `json:"iat"`
		Hash   string `json:"ath"`
		ID     string `json:"jti"`
		Nonce  string `json:"nonce"`
	}
	if err := parsed.Claims(header.JSONWebKey.Key, &claims); err != nil {
		return "", "", fmt.Errorf("verify the proof: %w", err)
	}
	if claims.Method != r.Method || claims.URL != "http://"+r.Host+r.URL.EscapedPath() || claims.ID == "" {
		return "", "", errors.New("the proof is for another request")
	}
	if age := now.Sub(time.Unix(claims.Issued, 0)); age.Abs() > proofAge {
		return "", "", errors.New("the proof is too old")
	}
	sum := sha256.Sum256([]byte(token))
	if token != "" && claims.Hash != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return "", "", errors.New("the proof is for another token")
	}
	thumbprint, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(thumbprint), claims.Nonce, err
}

// confirmed is the thumbprint in the cnf claim (RFC 9449 section 6.1).
func confirmed(claims map[string]any) string {
	confirmation, _ := claims["cnf"].(map[string]any)
	key, _ := confirmation["jkt"].(string)
	return key
}

// confirmation is the cnf claim of a key.
func confirmation(key string) map[string]any { return map[string]any{"jkt": key} }

// tokenType is the token_type of a client's tokens (RFC 9449 section 5).
func tokenType(c Client) string {
	if c.proven != "" {
		return "DPoP"
	}
	return "Bearer"
}
