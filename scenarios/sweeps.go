package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/scopeproof/scopeproof/internal/spelling"
	"github.com/scopeproof/scopeproof/loadtest"
	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

// Sweeps are what can be made to grow in a request for a token, each as far as a
// user would try first: the number of scope tokens, the length of one, and how
// often one is repeated (RFC 6749 section 3.3 bounds none of them).
func Sweeps() []loadtest.Sweep {
	return []loadtest.Sweep{
		sweep("scopes", "scope tokens", "A client asks for more and more scopes that do not exist, and for one that does.", 1, 1024,
			func(known string, size int) string {
				names := make([]string, size)
				for i := range names[1:] {
					names[i] = fmt.Sprintf("unknown%05d", i)
				}
				names[size-1] = known
				return strings.Join(names, " ")
			}),
		sweep("length", "characters", "A client asks for a scope with a longer and longer name, which does not exist, and for one that does.", 1, 65536,
			func(known string, size int) string { return strings.Repeat("x", size) + " " + known }),
		sweep("duplicates", "times the same scope", "A client asks for the same scope over and over in one request.", 1, 1024,
			func(known string, size int) string { return strings.TrimSuffix(strings.Repeat(known+" ", size), " ") }),
	}
}

// FindSweep returns the sweep of that name, from one size to another. The error
// names those that there are.
func FindSweep(name string, from, to int) (loadtest.Sweep, error) {
	var known []string
	for _, s := range Sweeps() {
		if s.Name == name {
			s.From, s.To = from, to
			return s, nil
		}
		known = append(known, s.Name)
	}
	return loadtest.Sweep{}, fmt.Errorf("nothing that can grow is called %q, want %s", name, spelling.Listed(known))
}

// sweep is a sweep of token requests of a client that acts for itself. What is
// issued may be no more than it is due (CC-01); refusing is lawful at any size.
func sweep(name, unit, text string, from, to int, scope func(known string, size int) string) loadtest.Sweep {
	return loadtest.Sweep{
		Name: name, Text: text, Unit: unit, From: from, To: to, Rules: []string{"CC-01"}, Needs: []target.Capability{"as.cc"},
		Prepare: func(ctx context.Context, s *loadtest.Stage) (func(int) loadtest.Hit, error) {
			at := slices.IndexFunc([]string{"Worker", "Robot"}, s.HasClient)
			if at < 0 {
				return nil, errors.New("the target has neither a client Worker nor a client Robot")
			}
			c, err := s.Client(ctx, []string{"Worker", "Robot"}[at])
			if err != nil {
				return nil, err
			}
			may := s.MachineMay(c, both)
			if may.IsEmpty() {
				return nil, fmt.Errorf("%s may have none of %q", c.Name, both)
			}
			known := oauth.NewScopeSet(may.Tokens()[0])
			name := string(s.OwnNames(known))
			expect := s.Issues(loadtest.Grant{Rule: "CC-01", Denied: "CC-01", Asked: known, May: may, Refusal: loadtest.RefusalIsLawful})
			return func(size int) loadtest.Hit {
				return loadtest.Hit{Request: s.RawScopeRequest(c, oauth.RawScope(scope(name, size))), Expect: expect}
			}, nil
		},
	}
}
