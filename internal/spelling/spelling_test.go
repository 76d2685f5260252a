package spelling

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatSomebodyMeant(t *testing.T) {
	commands := []string{"test", "load", "prove", "rules", "check", "init", "serve", "report", "compare"}
	servers := []string{"dex", "hydra", "node-oidc-provider", "oathkeeper-introspection", "oathkeeper-jwt", "reference"}
	for _, c := range []struct {
		what, got string
		known     []string
		want      string
	}{
		{"a letter too few", "tst", commands, "test"},
		{"a letter too many", "rulles", commands, "rules"},
		{"another letter", "chick", commands, "check"},
		{"two letters exchanged", "laod", commands, "load"},
		{"two letters exchanged in a short name", "dxe", servers, "dex"},
		{"two letters exchanged at the end", "hydar", servers, "hydra"},
		{"other letter case", "Hydra", servers, "hydra"},
		{"the beginning", "node", servers, "node-oidc-provider"},
		{"the beginning of two", "oathkeeper", servers, "oathkeeper-introspection oathkeeper-jwt"},
		{"a word of it", "jwt", servers, "oathkeeper-jwt"},
		{"a near one before one that begins so", "rule", append([]string{"rules-of-thumb"}, commands...), "rules"},
		{"nothing like it", "keycloak", servers, ""},
		{"nothing", "", servers, ""},
		{"one letter", "r", servers, ""},
	} {
		if got := strings.Join(Near(c.got, c.known), " "); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.what, c.got, got, c.want)
		}
	}
}

func TestManyNamesAreCountedAndFewAreListed(t *testing.T) {
	if got := Wanted(slices.Repeat([]string{"a"}, 25)); got != "one of 25" {
		t.Errorf("got %q", got)
	}
	for want, names := range map[string][]string{"": nil, `"a"`: {"a"}, `"a" or "b"`: {"a", "b"}, `"a", "b" or "c"`: {"a", "b", "c"}} {
		if got := Wanted(names); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := DidYouMean("zzz", []string{"a"}, "look"); got != "look" {
		t.Errorf("got %q, want the other hint", got)
	}
}
