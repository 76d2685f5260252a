package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
)

// Secret is a value that must not be shown: a token, a code, a password or a
// client secret. Printing, logging or encoding it shows a digest; only
// [Secret.Reveal] gives the value.
type Secret string

// AccessToken is an access token (RFC 6749 section 1.4).
type AccessToken = Secret

// RefreshToken is a refresh token (RFC 6749 section 1.5).
type RefreshToken = Secret

// Reveal returns the value itself, for the wire only.
func (s Secret) Reveal() string { return string(s) }

// String shows the digest; see [Digest].
func (s Secret) String() string { return Digest(string(s)) }

// GoString shows the digest, so that %#v does not reveal the value either.
func (s Secret) GoString() string { return s.String() }

// MarshalText writes the digest.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue logs the digest.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// digestKey is made anew by each process, and never leaves it.
var digestKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: crypto/rand
	return key
})

// Digest names a secret without giving it away: "‹" and "›" around "sha256:"
// and the first 8 hexadecimal digits of its HMAC-SHA256, under a key that is
// random for each process. Within a run equal secrets have equal digests; they
// differ from run to run, so that nobody can try out weak passwords against a
// published report. The empty string stays empty.
func Digest(secret string) string {
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, digestKey())
	mac.Write([]byte(secret))
	return "‹sha256:" + hex.EncodeToString(mac.Sum(nil)[:4]) + "›"
}
