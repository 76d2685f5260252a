package target

import (
	"net"
	"reflect"
	"slices"
)

// besides are the keys that the file of an API alone may have: the rest is about
// an authorization server, which is ours there.
func besides() []string {
	return []string{
		"name", "version", "container", "api", "tokens", "scopes", "choices", "capabilities", "control", "parallel", "judged",
	}
}

// checkOnlyAPI judges the file of an API that is under test without an
// authorization server.
func (r *reader) checkOnlyAPI(d *Description) {
	v := reflect.ValueOf(d).Elem()
	for _, f := range fieldsOf(v.Type()) {
		if !v.Field(f.index).IsZero() && !slices.Contains(besides(), f.name) {
			r.at(f.name, "", "got it beside an API alone, want it left out: tokens come from the reference server, which is not under test")
		}
	}
	if d.Tokens != nil && d.Tokens.Listen != "" {
		at := d.Tokens.Listen
		if _, _, err := net.SplitHostPort(at); err != nil {
			r.at("tokens.listen", "", "got %q, want host:port, such as %s", at, TokensListen)
		}
	}
}
