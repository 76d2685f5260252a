package oauth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
)

func TestDigest(t *testing.T) {
	if got := oauth.Digest(""); got != "" {
		t.Errorf("got %q for nothing, want nothing", got)
	}
	got := oauth.Digest("ada-password")
	if !regexp.MustCompile(`^‹sha256:[0-9a-f]{8}›$`).MatchString(got) {
		t.Errorf("got %q, want ‹sha256:8 digits›", got)
	}
	if got != oauth.Digest("ada-password") || got == oauth.Digest("ada-passwore") {
		t.Error("equal secrets must have equal digests, others must not")
	}
	sum := sha256.Sum256([]byte("ada-password"))
	if strings.Contains(got, hex.EncodeToString(sum[:4])) {
		t.Error("the digest is a bare hash: a weak password can be found from a report")
	}
}

func TestNoWayOfPrintingASecretShowsIt(t *testing.T) {
	const value = "s3cret-value"
	s := oauth.Secret(value)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s)
	encoded, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{s.String(), fmt.Sprintf("%v %s %q %+v %#v", s, s, s, s, s), log.String(), string(encoded)} {
		if strings.Contains(shown, value) {
			t.Errorf("got %s", shown)
		}
	}
}
