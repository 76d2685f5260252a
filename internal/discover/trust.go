package discover

import (
	"fmt"

	"github.com/scopeproof/scopeproof/target"
)

// trust hints at what an API alone must be told where it honours nothing of what
// the server beside it issues.
func (f *Found) trust(t *target.Target) {
	if !t.Description.OnlyAPI() || f.API == nil || f.API.Opened != "" {
		return
	}
	at := t.Variables["authority"]
	f.Hints = append(f.Hints, fmt.Sprintf(
		"the API honours no token of ours: it has to trust the issuer %s, by its keys at %s/jwks or by introspection at %s/introspect, and the audience %s; see tokens and api.resource in the target file",
		t.Issuer, at, at, t.API.Audience))
}
