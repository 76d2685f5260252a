package oauth_test

import (
	"testing"

	"github.com/scopeproof/scopeproof/oauth"
)

func hierarchy() oauth.Hierarchy {
	return oauth.NewHierarchy(map[oauth.ScopeToken]oauth.ScopeSet{
		"all":      oauth.MustParseScope("calendar contacts"),
		"calendar": oauth.MustParseScope("calendar.read calendar.write"),
	})
}

func TestAScopeIncludesWhatIsBelowIt(t *testing.T) {
	for _, tt := range []struct{ name, set, want string }{
		{"nothing", "", ""},
		{"a child stands for itself", "calendar.read", "calendar.read"},
		{"what nobody speaks of stands for itself", "openid", "openid"},
		{"a parent", "calendar", "calendar calendar.read calendar.write"},
		{"and its parent", "all", "all calendar calendar.read calendar.write contacts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := hierarchy().Closure(oauth.MustParseScope(tt.set)); got.String() != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatIsBeyondALimit(t *testing.T) {
	for _, tt := range []struct{ name, held, limit, want string }{
		{"a child of the limit", "calendar.read", "calendar", ""},
		{"the limit and its children", "calendar calendar.read calendar.write", "calendar", ""},
		{"the parent of the limit", "calendar", "calendar.read", "calendar"},
		{"the parent of all of the limit", "calendar", "calendar.read calendar.write", "calendar"},
		{"a sibling", "calendar.write", "calendar.read", "calendar.write"},
		{"a child of a sibling", "calendar.read", "contacts", "calendar.read"},
		{"a grandchild", "calendar.read", "all", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held, limit := oauth.MustParseScope(tt.held), oauth.MustParseScope(tt.limit)
			if got := hierarchy().Beyond(held, limit); got.String() != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := (oauth.Hierarchy{}).Beyond(held, limit); !got.Equal(held.Minus(limit)) {
				t.Errorf("without a hierarchy: got %q, want %q", got, held.Minus(limit))
			}
		})
	}
}

func TestSetsThatComeToTheSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"calendar", "calendar calendar.read", true},
		{"calendar", "calendar.read calendar.write", false},
		{"calendar.read", "calendar.write", false},
		{"", "calendar", false},
	} {
		a, b := oauth.MustParseScope(tt.a), oauth.MustParseScope(tt.b)
		if got := hierarchy().Alike(a, b); got != tt.want || hierarchy().Alike(b, a) != tt.want {
			t.Errorf("%q and %q: got %v, want %v", a, b, got, tt.want)
		}
	}
}

func TestWhatIsHeldAndNotExplained(t *testing.T) {
	for _, tt := range []struct{ name, held, none, want string }{
		{"the child, by the parent that stays", "calendar calendar.read", "calendar.read", ""},
		{"the child alone", "calendar.read", "calendar.read", "calendar.read"},
		{"the child, where the parent is not to be there either", "calendar calendar.read", "calendar calendar.read", "calendar calendar.read"},
		{"the parent", "calendar calendar.read", "calendar", "calendar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := hierarchy().Unexplained(oauth.MustParseScope(tt.held), oauth.MustParseScope(tt.none)); got.String() != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLimitsMeetInWhatBothInclude(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"calendar", "calendar.read", "calendar.read"},
		{"calendar.read calendar", "calendar.write contacts", "calendar.write"},
		{"calendar", "contacts", ""},
	} {
		a, b := oauth.MustParseScope(tt.a), oauth.MustParseScope(tt.b)
		if got := hierarchy().Meet(a, b); got.String() != tt.want {
			t.Errorf("%q and %q: got %q, want %q", a, b, got, tt.want)
		}
	}
	if got := hierarchy().Above("calendar.read").String(); got != "all calendar" {
		t.Errorf("above calendar.read: got %q, want %q", got, "all calendar")
	}
}
