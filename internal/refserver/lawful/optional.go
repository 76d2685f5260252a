package lawful

import (
	"strings"

	"github.com/scopeproof/scopeproof/internal/refserver"
)

// optional are servers that lack one of the optional features, lack all of them,
// or have an extra one.
func optional() []Choice {
	const source = "RFC 6749 section 1.8 (many optional components)"
	var all []Choice
	for _, f := range refserver.Features() {
		name := strings.ReplaceAll(string(f), "_", "-")
		if refserver.IsExtra(f) {
			all = append(all, Choice{ID: "with-" + name, Text: "A server that has " + string(f) + ".", Source: source, With: []refserver.Feature{f}})
			continue
		}
		all = append(all, Choice{ID: "without-" + name, Text: "A server that lacks " + string(f) + ".", Source: source, Without: []refserver.Feature{f}})
	}
	return append(all,
		Choice{ID: "without-anything", Text: "A server that has no optional feature at all.", Source: source, Without: refserver.Features()},
		Choice{
			ID: "opaque-tokens", Text: "A server whose access tokens tell nothing.", Source: "RFC 6749 section 1.4 (usually opaque to the client)",
			Declares: map[string]string{"embedded.tokens": "opaque"},
		},
	)
}
