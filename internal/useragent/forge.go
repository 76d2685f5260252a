package useragent

import (
	"maps"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/oauth"
)

// boxFor is the field and the value that stand for a scope, whether or not the page
// has such a box: those that the target file names, else what a box of the page would
// be called that stood for this scope and not for its own.
func (c *consent) boxFor(token oauth.ScopeToken) (name, value string) {
	boxes := c.reader.consent.Checkboxes
	for _, key := range slices.Sorted(maps.Keys(boxes)) {
		if boxes[key] == string(token) {
			name, value, found := strings.Cut(key, "=")
			if !found {
				value = "on"
			}
			return name, value
		}
	}
	for _, field := range c.form.controls {
		if name, value, ok := c.reader.like(c.form, field, token); ok {
			return name, value
		}
	}
	return c.reader.consent.Checkbox, string(token)
}

// like is a box that stands for one scope, made to stand for another, where its value
// or its name holds the scope.
func (r reader) like(f *form, box *control, token oauth.ScopeToken) (name, value string, ok bool) {
	scopes, ok := r.boxScopes(f, box)
	if !ok || scopes.Len() != 1 {
		return "", "", false
	}
	own := string(scopes.Tokens()[0])
	granting, _ := r.grants(f, box)
	switch {
	case strings.Contains(granting, own):
		return box.name, strings.Replace(granting, own, string(token), 1), true
	case strings.Contains(box.name, own):
		return strings.Replace(box.name, own, string(token), 1), granting, true
	}
	return "", "", false
}
