package discover

import (
	"fmt"
	"slices"

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

// doubt hints at what was seen to be missing, and would be missing as well where the
// server is broken in just that.
func (f *Found) doubt() {
	var told []string
	for _, c := range target.Capabilities() {
		if found := f.Capabilities[c.Name]; found.Doubtful() && !slices.Contains(told, found.Source) {
			told = append(told, found.Source)
			f.Hints = append(f.Hints, fmt.Sprintf(
				"%s is %s (%s): a server that is broken in this looks the same, and rules that need it otherwise do not apply; where it should be otherwise, capabilities.%[1]s says so",
				c.Name, found.Value, found.Source))
		}
	}
}
