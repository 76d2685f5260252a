package embedded

import (
	"fmt"
	"maps"
	"slices"

	"github.com/scopeproof/scopeproof/internal/refserver"
	"github.com/scopeproof/scopeproof/internal/refserver/lawful"
	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/target"
)

// declared is what the file of such a server says in place of the reference's.
func declared(ids []string) []target.Override {
	all := []target.Override{
		{Key: "choices", Remove: true}, // others are made
		{Key: "capabilities.consent.ui", Remove: true},
	}
	for _, id := range ids {
		c, _ := lawful.Find(id) // an unknown one is refused when the server is started
		for _, key := range slices.Sorted(maps.Keys(c.Declares)) {
			all = append(all, target.Override{Key: key, Value: c.Declares[key]})
		}
	}
	return all
}

// choose adds what lawful answers need of the server. An unknown one is refused
// when the server is started.
func choose(e *target.Embedded) {
	for _, id := range e.Lawful {
		c, _ := lawful.Find(id)
		for _, f := range c.Without {
			e.Without = append(e.Without, string(f))
		}
		for _, f := range c.With {
			e.With = append(e.With, string(f))
		}
	}
}

// withLawful puts other lawful answers in place of the reference's, one after the
// other.
func withLawful(o *refserver.Options, ids []string) error {
	if len(ids) > 0 && o.Policy.ParseScope == nil {
		o.Policy = refserver.Conformant()
	}
	for _, id := range ids {
		c, ok := lawful.Find(id)
		if !ok {
			return &target.Problems{List: []target.Problem{{
				File: "target", Path: "embedded.lawful", Text: fmt.Sprintf("got %q, want the id of a lawful answer", id),
				Hint: spelling.DidYouMean(id, lawful.IDs(), `"scopeproof prove --list" lists them`),
			}}}
		}
		if c.Apply != nil {
			c.Apply(&o.Policy)
		}
	}
	return nil
}
