package loadtest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/target"
)

func encoded(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// signing is an authorization server that publishes one key and signs with
// another, if there is one.
func signing(t *testing.T, spoil func(n int64, token string) string) *target.Target {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var issued atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		text := encoded([]byte(`{"alg":"ES256"}`)) + "." + encoded([]byte(`{"scope":"read"}`))
		hash := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
		if err != nil {
			panic(err)
		}
		signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"access_token": spoil(issued.Add(1), text+"."+encoded(signature)), "token_type": "Bearer", "scope": "read",
		})
	})
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}]}`, encoded(public[1:33]), encoded(public[33:]))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &target.Target{
		Description: &target.Description{Name: "signing"}, Issuer: server.URL,
		Metadata: map[string]any{"jwks_uri": server.URL + "/keys", "token_endpoint": server.URL + "/token"},
	}
}

func TestSignaturesOfIssuedTokensAreChecked(t *testing.T) {
	foreign := func(token string) string {
		at := strings.LastIndexByte(token, '.')
		return token[:at+1] + strings.Repeat("A", 86)
	}
	for _, tt := range []struct {
		name    string
		spoil   func(n int64, token string) string
		outcome loadtest.Outcome
		reason  string // of the signatures, or of the outcome
		bad     bool
	}{
		{"all are good", func(_ int64, token string) string { return token }, loadtest.Kept, "", false},
		{"one is not", func(n int64, token string) string {
			if n == 10 {
				return foreign(token)
			}
			return token
		}, loadtest.Broken, "tokens are signed with no key of the server", true},
		{"the first is not", func(n int64, token string) string {
			if n == 1 {
				return foreign(token)
			}
			return token
		}, loadtest.Broken, "tokens are signed with no key of the server", true},
		{"none is", func(_ int64, token string) string { return foreign(token) }, loadtest.Kept, "no token is signed with a key that the server publishes", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := signing(t, tt.spoil)
			s := apiScenario(tg.Issuer, issues)
			s = withRequest(s, loadtest.Request{Method: "POST", URL: tg.Issuer + "/token", Body: []byte("a=b")})
			o := short()
			o.Rate = 80
			_, got := run(t, tg, s, o)
			// A slow host may leave it inconclusive that all is kept.
			if got.Outcome != tt.outcome && (tt.bad || got.Outcome != loadtest.Inconclusive) || got.Signatures == nil {
				t.Fatalf("got %s (%s) and signatures %+v, want %s", got.Outcome, got.Reason, got.Signatures, tt.outcome)
			}
			if all := got.Signatures.Checked + got.Signatures.Unchecked; all != got.Requests || got.Signatures.Bad > 1 || (got.Signatures.Bad > 0) != tt.bad {
				t.Errorf("got signatures %+v of %d tokens", got.Signatures, got.Requests)
			}
			if said := got.Signatures.Reason + got.Reason; !strings.Contains(said, tt.reason) {
				t.Errorf("got %q, want %q", said, tt.reason)
			}
			if tt.bad && (len(got.Samples) != 1 || got.Samples[0].Class != "fault" || strings.Contains(got.Samples[0].Exchange.Response.Body, "eyJ")) {
				t.Errorf("got samples %+v, want the one exchange, without the token", got.Samples)
			}
		})
	}
}

// withRequest is a scenario whose hits send another request.
func withRequest(s loadtest.Scenario, r loadtest.Request) loadtest.Scenario {
	prepare := s.Prepare
	s.Prepare = func(ctx context.Context, stage *loadtest.Stage) (loadtest.Plan, error) {
		plan, err := prepare(ctx, stage)
		for i := range plan.Hits {
			plan.Hits[i].Request = r
		}
		return plan, err
	}
	return s
}
