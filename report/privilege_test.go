package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scopeproof/scopeproof/conformance"
)

func TestWhereLessScopeWouldDo(t *testing.T) {
	exact := &conformance.Privilege{
		Operations: []conformance.OperationUse{{API: "API", Name: "list", Declared: []string{"read"}, Sufficient: []string{"read"}}},
		Scopes:     []conformance.ScopeUse{{Scope: "read", Tokens: 1, Exercised: 1, NeededBy: []string{"API list"}}, {Scope: "openid", Protocol: true}},
	}
	either := &conformance.Privilege{
		Operations: []conformance.OperationUse{
			{API: "API", Name: "list", Declared: []string{"read", "admin"}, Sufficient: []string{"admin", "read"}},
			{API: "API", Name: "page", Declared: []string{"read"}, Sufficient: []string{""}, Undeclared: []string{""}},
		},
	}
	for _, c := range []struct {
		name  string
		p     *conformance.Privilege
		lines []string
		brief string
	}{
		{"no API was called", nil, nil, ""},
		{"nothing is too much", exact, []string{"no operation was served with less than it is declared to need, and every scope that was granted opened something"}, ""},
		{"what is too much is named", privilegeFixture(), []string{
			"no operation was seen to need: share:appointments", "granted, and opened nothing to any token: admin",
			`API list is served with "write:appointments", and is declared to need "read:appointments"`,
		}, "1 scope that no operation was seen to need, 1 scope granted that opened nothing, 1 operation served with less or else than declared (-v and report.html list them)"},
		{"more than one scope is accepted", either, []string{
			`API list accepts "admin" or "read", as declared: to ask for one is enough`, `API page is served with no scope, and is declared to need "read"`,
		}, "1 operation served with less or else than declared (-v and report.html list them)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &conformance.Report{Privilege: c.p}
			if diff := cmp.Diff(c.lines, privilegeLines(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := privilegeBrief(r); got != c.brief {
				t.Errorf("got %q, want %q", got, c.brief)
			}
		})
	}
}
