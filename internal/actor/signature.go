package actor

import (
	"context"

	"github.com/scopeproof/scopeproof/oauth"
)

// Signatures checks the signatures of tokens with the keys of an authorization
// server (RFC 7515 section 5.2). It is not for several goroutines at once.
type Signatures struct {
	cast *Cast
	keys *keySet
}

// Signatures is nil where the server's metadata name no keys.
func (c *Cast) Signatures() *Signatures {
	if c.Stage.keys.url == "" {
		return nil
	}
	return &Signatures{c, newKeySet(c.Stage.keys.url)}
}

// Check is an error where none of the keys signed the token, or where there are no
// keys to be had.
func (s *Signatures) Check(ctx context.Context, token oauth.Secret) error {
	return s.keys.verify(ctx, s.cast, token)
}

// Renew makes the next check read the keys anew: they may have been rotated.
func (s *Signatures) Renew() { s.keys = newKeySet(s.keys.url) }
