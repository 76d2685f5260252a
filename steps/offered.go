package steps

import (
	"fmt"

	"github.com/scopeproof/scopeproof/internal/actor"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// operations are those of an API that a verb stands for: reading is reading the
// list and the one, of which it may offer one alone. Where hoped is not nil, they are
// those that a token with these scopes may open. The error is *[actor.Lacking] where
// there is none of those that most judgements rest on; without another one, a
// scenario that also tries these is still worth playing.
func (w *World) operations(api *target.ResourceServer, verb string, hoped *oauth.ScopeSet) ([]string, error) {
	all := []string{verb}
	if verb == "read" {
		all = []string{"list", "read"}
	}
	var offered []string
	lacking := actor.NotOffered(verb)
	for _, name := range all {
		op, ok := api.Operation(name)
		switch {
		case !ok:
		case hoped != nil && !w.allows(op, *hoped):
			lacking = &actor.Lacking{What: fmt.Sprintf("the operation %q for %q, and there it needs %q (declared: api.operations)", name, *hoped, needs(api, name))}
		default:
			offered = append(offered, name)
		}
	}
	switch {
	case len(offered) > 0:
		w.tried = true
	case verb == "read" || verb == "create":
		return nil, lacking
	default:
		w.lacks = lacking
	}
	return offered, nil
}

// hoped is the most that features expect the token of a client to be good for: what
// was asked for with it, and what it was said to be good for. An API that wants another
// scope for an operation, as its description says, is right to refuse that token. Nil:
// nobody said what it is good for.
func (w *World) hoped(client string) *oauth.ScopeSet {
	all := w.carried[client].scope
	if _, issue := w.bearer(client); issue != nil {
		all = all.Union(issue.Root().Wanted()).Union(issue.Wanted()).Union(issue.Means())
		all = all.Union(w.ledger.consents[consentKey{issue.Owner, issue.Root().Client, issue.Other}])
	}
	if all.IsEmpty() {
		return nil
	}
	return &all
}
