// Package scenarios holds the load scenarios, a file each: what is sent, which
// answer is right, and which rules the answers are judged by.
package scenarios

import (
	"fmt"
	"slices"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
)

// All are the scenarios there are, in the order in which they are run.
func All() []loadtest.Scenario {
	return []loadtest.Scenario{
		TokenClientCredentials(), TokenRefresh(), AuthorizationCode(), CodeRedemption(), PushedAuthorization(), TokenExchange(), Device(),
		APIScopeCheck(), Introspection(), UserInfo(), Isolation(), Revocation(), GrantEdits(),
	}
}

// Find returns the scenarios of the given names; none means all. The error names
// those that there are.
func Find(names ...string) ([]loadtest.Scenario, error) {
	all := All()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, s := range all {
		known = append(known, s.Name)
	}
	var found []loadtest.Scenario
	for _, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return nil, fmt.Errorf("no scenario is called %q: want %s", name, spelling.Listed(known))
		}
		if !slices.ContainsFunc(found, func(s loadtest.Scenario) bool { return s.Name == name }) {
			found = append(found, all[at])
		}
	}
	return found, nil
}

// burst is how many requests are due at the same moment: enough for requests of
// several clients to overlap at any rate, and few enough to be served at once.
const burst = 16

// The scopes of the calendar, and both.
var (
	reading = oauth.NewScopeSet("read:appointments")
	writing = oauth.NewScopeSet("write:appointments")
	both    = reading.Union(writing)
)
