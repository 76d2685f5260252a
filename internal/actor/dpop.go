package actor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// ProofKey is a key whose possession a client proves (RFC 9449).
type ProofKey struct {
	key    *harnessKey
	nonces map[string]string // that servers want in proofs (RFC 9449 section 8), by host
}

// NewProofKey returns a new key.
func NewProofKey() (*ProofKey, error) {
	key, err := newHarnessKey()
	return &ProofKey{key, map[string]string{}}, err
}

// wanted reports whether a server refuses for want of a nonce, which it tells (RFC
// 9449 sections 8 and 9). The nonce is kept.
func (k *ProofKey) wanted(host string, status int, header http.Header) bool {
	nonce := header.Get("DPoP-Nonce")
	if k == nil || nonce == "" {
		return false
	}
	known := k.nonces[host]
	k.nonces[host] = nonce
	return nonce != known && (status == http.StatusBadRequest || status == http.StatusUnauthorized)
}

// Bind makes the client prove possession of a key at the token endpoint from now
// on, so that its access tokens are bound to it (RFC 9449 section 5); nil: no
// longer.
func (c *Client) Bind(key *ProofKey) { c.proof = key }

// prove adds a DPoP proof to a request (RFC 9449 section 4.2); token is what is
// presented along with it, if anything.
func (c *Cast) prove(req *http.Request, by *ProofKey, token oauth.AccessToken) error {
	place := *req.URL
	place.RawQuery, place.Fragment = "", ""
	claims := map[string]any{
		"htm": req.Method, "htu": place.String(), "iat": time.Now().Add(c.ahead).Unix(), "jti": random(12),
	}
	if nonce := by.nonces[place.Host]; nonce != "" {
		claims["nonce"] = nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token.Reveal()))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	public, err := by.key.private.PublicKey()
	if err != nil {
		return err
	}
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, "dpop+jwt"); err != nil {
		return err
	}
	if err := header.Set(jws.JWKKey, public); err != nil {
		return err
	}
	proof, err := jws.Sign(payload, jws.WithKey(jwa.ES256(), by.key.private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return fmt.Errorf("a DPoP proof is signed: %w", err)
	}
	c.Recorder.keep(oauth.Secret(proof))
	req.Header.Set("DPoP", string(proof))
	c.Recorder.proves(string(proof), func(again *http.Request) error { return c.prove(again, by, token) })
	return nil
}

// CallBound sends an operation with a token that is bound to a key, and the proof
// of it (RFC 9449 section 7.1).
func (c *Cast) CallBound(ctx context.Context, who string, api *target.ResourceServer, op target.Operation, token oauth.AccessToken, by *ProofKey, on *Object, owner *Owner) (*Attempt, error) {
	ctx = as(ctx, who, "calls "+op.Name+" with a bound token")
	call := func() (*Attempt, string, error) {
		probe, err := c.apiRequest(ctx, api, op, on, "", Wire{})
		if err != nil {
			return nil, "", err
		}
		if err := c.prove(probe, by, token); err != nil {
			return nil, "", err
		}
		a, err := c.sendOperation(ctx, api, op, "", on, owner, Wire{Header: http.Header{
			"Authorization": {"DPoP " + token.Reveal()}, "Dpop": {probe.Header.Get("DPoP")},
		}})
		return a, probe.URL.Host, err
	}
	a, host, err := call()
	if err == nil && by.wanted(host, a.Status, a.Header) {
		a, _, err = call()
	}
	return a, err
}

// Bound reports whether the access token is bound to a key of the client.
func (i *Issue) Bound() bool { return i.proof != nil }

// unbound is why the API takes no tokens that are bound to a key; empty: it does, or
// nobody can tell. One that knows nothing of them serves them as ordinary ones, which
// is lawful (RFC 9449 section 7.2), and refuses their scheme without speaking of it.
func (c *Cast) unbound(ctx context.Context) string {
	planner, err := c.Client(ctx, "Planner")
	if err != nil {
		return ""
	}
	key, err := NewProofKey()
	if err != nil {
		return ""
	}
	planner.Bind(key)
	scope := oauth.RawScope("read:appointments")
	_, i, err := c.obtain(ctx, "Planner", "Ada", Request{Scope: &scope})
	list, offered := c.Stage.Target.API.Operation("list")
	if err != nil || i == nil || i.Response == nil || !i.Bound() || !offered {
		return ""
	}
	a, err := c.CallBound(ctx, "Planner", c.Stage.Target.API, list, i.Response.AccessToken, key, nil, i.Owner)
	if err != nil || !a.Refused() {
		return ""
	}
	if _, speaks := a.ChallengeOf("DPoP"); speaks {
		return ""
	}
	return fmt.Sprintf("a token that is bound to a key is refused with %d and no challenge of the scheme DPoP", a.Status)
}

// ChallengeOf is the first challenge of a scheme with the answer, such as "DPoP"
// (RFC 9449 section 7.1).
func (a *Attempt) ChallengeOf(scheme string) (oauth.Challenge, bool) {
	for _, value := range a.Header.Values("WWW-Authenticate") {
		challenges, err := oauth.ParseChallenges(value)
		if err != nil {
			continue
		}
		for _, c := range challenges {
			if strings.EqualFold(c.Scheme, scheme) {
				return c, true
			}
		}
	}
	return oauth.Challenge{}, false
}
