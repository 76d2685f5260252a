package refserver

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// HarnessIssuer is the issuer of tokens that the harness makes itself, to try on
// the API what no authorization server would issue.
const HarnessIssuer = "urn:scopeproof:harness"

// keySetAge is how long a foreign key set is used at least before it is fetched
// again because a key is not in it.
const keySetAge = 5 * time.Second

// APIOptions configure a calendar API in front of somebody else's authorization
// server.
type APIOptions struct {
	// Issuer is the "iss" of JWT access tokens.
	Issuer string
	// JWKSURI is where the issuer's keys are (RFC 7517); without it JWTs are
	// introspected like every other token.
	JWKSURI string
	// IntrospectionEndpoint answers for tokens that are no JWT (RFC 7662), to the
	// user and password given; without it they are not accepted.
	IntrospectionEndpoint, IntrospectionUser, IntrospectionPassword string
	// IntrospectionPost has the user and password sent in the form (RFC 6749 section
	// 2.3.1), and not with HTTP Basic.
	IntrospectionPost bool
	// Audience is what "aud" must contain; empty: it is not checked.
	Audience string
	// TrustedKey is a public JWK of the harness, as JSON; may be nil. Tokens signed
	// with it have HarnessIssuer as issuer and the API's URL as audience.
	TrustedKey []byte
	// Policy decides; of it only the part for APIs is used.
	Policy Policy
	// AdminKey is the bearer token of /admin; random if empty.
	AdminKey string
}

// API is a running calendar API.
type API struct {
	host     *host
	adminKey string
	steady   *steady
}

// StartAPI serves the calendar API, without authorization server, on a loopback
// port of its own until Close is called or ctx ends. Its paths begin at the root:
// /appointments.
func StartAPI(ctx context.Context, o APIOptions) (*API, error) {
	h, err := listen(ctx, "")
	if err != nil {
		return nil, err
	}
	if o.AdminKey == "" {
		o.AdminKey = rand.Text()
	}
	c := &clock{}
	a, err := newForeignAPI(o, c, h.url())
	if err != nil {
		h.close()
		return nil, fmt.Errorf("start the calendar API: %w", err)
	}
	h.serve(foreignHandler(a, c, o.AdminKey))
	return &API{host: h, adminKey: o.AdminKey, steady: &a.verifier.(*foreignTokens).steady}, nil
}

// URL is where the API is, without a trailing slash. It is also the audience of
// the harness's own tokens.
func (a *API) URL() string { return a.host.url() }

// Hold has the API ask the authorization server about a token at most once until
// release is called: who looks at what a token is good for by several requests, one
// after another, makes one observation of them.
func (a *API) Hold(token string) (release func()) { return a.steady.hold(token) }

// AdminKey is the bearer token of /admin.
func (a *API) AdminKey() string { return a.adminKey }

// Close stops serving and waits until that is done.
func (a *API) Close() { a.host.close() }

func newForeignAPI(o APIOptions, c *clock, own string) (*api, error) {
	policy := filled(o.Policy).API
	visible := policy.Visible
	// Introspection need not say whose a token is (RFC 7662 section 2.2): then nobody's appointments can be told apart.
	policy.Visible = func(p Principal, actsFor, owner string) bool { return p.Subject == "" || visible(p, actsFor, owner) }
	lists := policy.ListsOthers
	policy.ListsOthers = func(p Principal) bool { return p.Subject == "" || lists(p) }
	// Few servers give access tokens a type of their own (RFC 9068 section 4).
	policy.Tokens.TypeFits = func(t TokenType) bool {
		return t.Kind == KindAccessToken || isAccessTokenType(t.Header)
	}
	v := &foreignTokens{
		options: o, policy: policy, clock: c, own: own, harness: &trustedKey{},
		http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 128}},
	}
	if o.TrustedKey != nil {
		if err := v.harness.set(o.TrustedKey); err != nil {
			return nil, err
		}
	}
	return newAPI(CalendarAPI, v.policy, v, c), nil
}

func foreignHandler(a *api, c *clock, adminKey string) http.Handler {
	mux := http.NewServeMux()
	tokens := a.verifier.(*foreignTokens)
	addSharedAdmin(mux, c, tokens.harness.set)
	addNetworkAdmin(mux, tokens.reach)
	admin := onlyWithKey(adminKey, mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/admin/"):
			admin.ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
			healthy(w, r)
		default:
			a.serve(w, r, r.URL.EscapedPath())
		}
	})
}

// trustedKey is a key of the harness, or none yet.
type trustedKey struct {
	mu       sync.RWMutex
	key      *jose.JSONWebKey
	verified *verifiedTokens // by key
}

func (t *trustedKey) set(raw []byte) error {
	var key jose.JSONWebKey
	if err := json.Unmarshal(raw, &key); err != nil {
		return fmt.Errorf("read the trusted key: %w", err)
	}
	if !key.Valid() || !key.IsPublic() {
		return errors.New("the trusted key is not a valid public key")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.key, t.verified = &key, &verifiedTokens{}
	return nil
}

// algorithms are the signature algorithms accepted; none of them is symmetric.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// trust is the key as one that is trusted; none if there is none yet.
func (t *trustedKey) trust() []trust {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.key == nil {
		return nil
	}
	return []trust{{HarnessIssuer, *t.key, t.verified}}
}

// signed says whether token is a JWT of the harness.
func (t *trustedKey) signed(token string) bool {
	_, verified := verifiedBy(token, t.trust())
	return verified
}

// foreignTokens verifies tokens of somebody else's authorization server.
type foreignTokens struct {
	options APIOptions
	policy  APIPolicy
	clock   *clock
	own     string // our URL
	harness *trustedKey
	http    *http.Client

	unreachable atomic.Bool
	steady      steady

	mu      sync.Mutex
	keys    jose.JSONWebKeySet
	fetched time.Time
}

func (v *foreignTokens) verify(ctx context.Context, token string) (Principal, error) {
	if !looksLikeJWT(token) || v.options.JWKSURI == "" && v.options.IntrospectionEndpoint != "" && !v.harness.signed(token) {
		return v.introspected(ctx, token)
	}
	if v.harness.signed(token) {
		claims, err := believed(token, v.harness.trust(), v.policy.Tokens)
		return principalOf(claims, err, v.policy, v.own, v.clock.now())
	}
	read, err := readJWT(token)
	if err != nil {
		return Principal{}, err
	}
	keys, err := v.keysFor(ctx, read.header.KeyID)
	if err != nil {
		return Principal{}, err
	}
	var trusted []trust
	for _, key := range keys {
		trusted = append(trusted, trust{v.options.Issuer, key, nil})
	}
	claims, err := believed(token, trusted, v.policy.Tokens)
	return principalOf(claims, err, v.policy, v.options.Audience, v.clock.now())
}

// isIdentity says whether claims are those of an ID token, in servers that give
// it the same type as an access token.
func isIdentity(claims map[string]any) bool {
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := claims[name]; ok {
			return true
		}
	}
	return claims["typ"] == "ID" || claims["typ"] == "Refresh" || claims["token_use"] == "id"
}

// keysFor returns the issuer's keys with an id; all of them if it is empty. A
// key that is missing is looked for again, not more often than keySetAge.
func (v *foreignTokens) keysFor(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	pick := func() []jose.JSONWebKey {
		if id == "" {
			return v.keys.Keys
		}
		return v.keys.Key(id)
	}
	if keys := pick(); len(keys) > 0 || !v.fetched.IsZero() && time.Since(v.fetched) < keySetAge {
		return keys, nil
	}
	if v.options.JWKSURI == "" {
		return nil, errors.New("the issuer's keys are not known")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.options.JWKSURI, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	var keys jose.JSONWebKeySet
	if err := v.call(request, &keys); err != nil {
		return nil, err
	}
	keys.Keys = slices.DeleteFunc(keys.Keys, oversized)
	v.keys, v.fetched = jose.JSONWebKeySet{Keys: keys.Keys[:min(len(keys.Keys), maxKeys)]}, time.Now()
	return pick(), nil
}

// reach cuts us off from the authorization server, its keys forgotten, or lets us
// ask it again.
func (v *foreignTokens) reach(reachable bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unreachable.Store(!reachable)
	v.keys, v.fetched = jose.JSONWebKeySet{}, time.Time{}
}

// A signature may be tried with every key, and the time for one grows with the
// square of its length.
const (
	maxKeys    = 100
	maxKeyBits = 16384 // of an RSA modulus
)

func oversized(key jose.JSONWebKey) bool {
	public, ok := key.Key.(*rsa.PublicKey)
	return ok && public.N.BitLen() > maxKeyBits
}

// call sends a request and decodes the JSON answer.
func (v *foreignTokens) call(request *http.Request, into any) error {
	if v.unreachable.Load() {
		return errUnavailable
	}
	response, err := v.patiently(request)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s", errUnavailable, response.Status)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return nil
}

// patiently sends a request, and again where the authorization server says that there
// are too many and when to try again (RFC 6585 section 4, RFC 9110 section 10.2.3): it
// does that for at most as long as somebody waits who calls the API.
func (v *foreignTokens) patiently(request *http.Request) (*http.Response, error) {
	const tries, longest = 4, 3 * time.Second
	for try := 1; ; try++ {
		response, err := v.http.Do(request)
		if err != nil {
			return nil, err
		}
		after := response.Header.Get("Retry-After")
		limited := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable && after != ""
		wait := time.Second
		if seconds, err := strconv.Atoi(after); err == nil && seconds > 0 {
			wait = time.Duration(seconds) * time.Second
		} else if at, err := http.ParseTime(after); err == nil {
			wait = max(wait, time.Until(at))
		}
		if !limited || try == tries || wait > longest {
			return response, nil
		}
		_ = response.Body.Close()
		select {
		case <-time.After(wait):
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
		request = request.Clone(request.Context())
		if request.GetBody != nil {
			if request.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// introspected asks the authorization server about a token: each time, unless the
// token is held.
func (v *foreignTokens) introspected(ctx context.Context, token string) (Principal, error) {
	return v.steady.told(token, func() (Principal, error) { return v.ask(ctx, token) })
}

func (v *foreignTokens) ask(ctx context.Context, token string) (Principal, error) {
	if v.options.IntrospectionEndpoint == "" {
		return Principal{}, errors.New("the token is no JWT, and there is nobody to ask about it")
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	if v.options.IntrospectionPost {
		form.Set("client_id", v.options.IntrospectionUser)
		form.Set("client_secret", v.options.IntrospectionPassword)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.options.IntrospectionEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if v.options.IntrospectionUser != "" && !v.options.IntrospectionPost {
		request.SetBasicAuth(url.QueryEscape(v.options.IntrospectionUser), url.QueryEscape(v.options.IntrospectionPassword))
	}
	claims := map[string]any{}
	if err := v.call(request, &claims); err != nil {
		return Principal{}, err
	}
	active, ok := claims["active"].(bool)
	if !ok { // RFC 7662 section 2.2 requires it: without it this is no answer
		return Principal{}, fmt.Errorf("%w: an introspection response without active", errUnavailable)
	}
	if !active || claims["token_type"] == "refresh_token" || claims["token_use"] == "refresh_token" {
		return Principal{}, errors.New("the token is not an active access token")
	}
	if _, ok := claims["exp"]; !ok { // RFC 7662 section 2.2 makes it optional
		claims["exp"] = float64(v.clock.now().Add(time.Minute).Unix())
	}
	return principalOf(claims, nil, v.policy, v.options.Audience, v.clock.now())
}
