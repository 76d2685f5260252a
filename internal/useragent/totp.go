package useragent

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	oneTimeStep   = 30 * time.Second // RFC 6238 section 5.2
	oneTimeDigits = 6
)

// oneTimeCode is the code of a moment for a key in base32, as authenticator apps show
// it (RFC 6238 section 4, with SHA-1 and six digits).
func oneTimeCode(key string, at time.Time) (string, error) {
	text := strings.TrimRight(strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(key)), "=")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(secret) == 0 {
		return "", errors.New("got a text that is no key, want base32, as an authenticator app takes it")
	}
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/int64(oneTimeStep/time.Second)))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff // RFC 4226 section 5.3
	return fmt.Sprintf("%0*d", oneTimeDigits, number%1_000_000), nil
}
