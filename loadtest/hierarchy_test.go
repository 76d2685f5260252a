package loadtest

import (
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
	"github.com/scopeproof/scopeproof/target"
)

func TestABoundAllowsWhatItsScopesInclude(t *testing.T) {
	s := bare(target.Description{Scopes: map[string]string{"write": "calendar"}, Hierarchy: map[string]string{"write": "read"}})
	s.Target.Hierarchy = s.Target.Description.Includes()
	for _, tt := range []struct {
		name, must, may, said string
		beyond, missing       bool
	}{
		{"the scope itself", "write", "", "calendar", false, false},
		{"with what it includes", "write", "", "calendar read", false, false},
		{"what it includes alone", "write", "", "read", false, true},
		{"the parent of what is allowed", "", "read", "calendar", true, false},
		{"the parent in place of both", "read write", "", "calendar", false, false},
		{"another", "write", "", "calendar other", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := s.bounds(oauth.MustParseScope(tt.must), oauth.MustParseScope(tt.may))
			if beyond, missing := b.measure([]byte(tt.said)); beyond != tt.beyond || missing != tt.missing {
				t.Errorf("got beyond %v and missing %v, want %v and %v", beyond, missing, tt.beyond, tt.missing)
			}
		})
	}
}
